"""Which Python makes the environment: the running one, or another on this machine.

A name on the PATH proves nothing (pyenv leaves shims that only fail, Windows a stub that
opens a shop), so each candidate is run once and has to say its version.

Why no newer syntax than Python 3.8: see `bootstrap`.
"""

from __future__ import annotations

import glob
import importlib.util
import os
import shutil
import subprocess
import sys
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SUPPORTED = ("3.13", "3.12", "3.11")
VERSION = "{}.{}".format(*sys.version_info)
QUESTION = (
    "import importlib.util as u, sys; print('%d.%d' % sys.version_info[:2],"
    " int(sys.maxsize > 2**32 and all(map(u.find_spec, ('venv', 'ensurepip')))))"
)
ELSEWHERE = (
    "/opt/homebrew/bin/python{}",
    "/usr/local/bin/python{}",
    "/Library/Frameworks/Python.framework/Versions/{}/bin/python3",
    "~/.local/share/uv/python/cpython-{}*/bin/python3",
    "~/.pyenv/versions/{}*/bin/python3",
)


class Interpreter(NamedTuple):
    """A Python that answered: where it is, its version, and whether it can make a venv."""

    executable: str
    version: str
    is_complete: bool


def running() -> Interpreter:
    """Return this very Python; inside a venv, the Python that the venv was made from."""
    is_complete = bool(sys.maxsize > 2**32 and importlib.util.find_spec("ensurepip"))
    executable = getattr(sys, "_base_executable", "") or sys.executable
    return Interpreter(executable, VERSION, is_complete)


def asked(*command: str) -> Interpreter | None:
    """Run a candidate and return what it says of itself, or None if it does not answer."""
    try:
        answer = subprocess.run(
            [*command, "-I", "-c", QUESTION],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=True,
            text=True,
        ).stdout.split()
        version, is_complete = answer
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return Interpreter(_executable(command), version, is_complete == "1")


def _executable(command: tuple[str, ...]) -> str:
    if len(command) == 1:
        return command[0]
    question = [*command, "-I", "-c", "import sys; print(sys.executable)"]  # py -3.13
    return subprocess.check_output(question, text=True).strip()


def others(root: Path) -> Iterator[Interpreter]:
    """Yield the other Pythons of this machine, best first, each run when its turn comes."""
    seen = set()
    for command in chain(_own(root), _on_path(), _launched(), _in_known_places()):
        if command not in seen and shutil.which(command[0]):
            seen.add(command)
            found = asked(*command)
            if found:
                yield found


def _own(root: Path) -> Iterator[tuple[str, ...]]:
    yield (str(python_of(root / ".venv")),)


def _on_path() -> Iterator[tuple[str, ...]]:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    names = ["python" + version for version in SUPPORTED]
    for name in [*names, "python3", "python"]:
        for folder in filter(None, folders):
            yield (os.path.join(folder, name),)


def _launched() -> Iterator[tuple[str, ...]]:
    if os.name == "nt":
        for version in SUPPORTED:
            yield ("py", "-" + version)


def _in_known_places() -> Iterator[tuple[str, ...]]:
    for version in SUPPORTED:
        for pattern in ELSEWHERE:
            place = os.path.expanduser(pattern.format(version))
            for path in sorted(glob.glob(place)):
                yield (path,)


def python_of(venv: Path) -> Path:
    """Return where a virtual environment keeps its Python."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def chosen(root: Path) -> Interpreter:
    """Return the Python to use: the running one if it fits, else the first other that does.

    One that fits but cannot make a venv (Debian ships that part apart) is returned only
    where there is none better.

    Raises
    ------
    SetupError
        If no Python of this machine is in the supported range.
    """
    return best(chain([running()], others(root)))


def best(candidates: Iterable[Interpreter]) -> Interpreter:
    """Return the first that fits and is complete, else the first that fits."""
    incomplete = None
    for candidate in candidates:
        if candidate.version in SUPPORTED and candidate.is_complete:
            return candidate
        if candidate.version in SUPPORTED and incomplete is None:
            incomplete = candidate
    if incomplete is None:
        raise SetupError(_none_fits())
    return incomplete


def _none_fits() -> str:
    return (
        f"Nabla needs Python 3.11, 3.12 or 3.13 (64-bit); this is Python {VERSION} and no"
        " other was found on this machine: install one from"
        " https://www.python.org/downloads/ and run the same command again."
    )


def replace_process(command: list[str]) -> int:
    """Go on as another program: on Windows, which cannot, run it and return its exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    with subprocess.Popen(command) as child:
        while True:
            try:
                return child.wait()
            except KeyboardInterrupt:  # Ctrl+C reaches the child too; the child decides
                continue
