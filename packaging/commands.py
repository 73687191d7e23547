"""The two commands, ``run`` and ``test``: first set up what is missing, then hand over."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import environment
import interpreters
import system_packages
from lock import alone

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = {
    "ruff check": ("-m", "ruff", "check"),
    "ruff format": ("-m", "ruff", "format", "--check"),
    "mypy": ("-m", "mypy"),
    "import contracts": (
        "-c",
        "from importlinter.cli import lint_imports_command as main; main()",
    ),
    "pytest": ("-m", "pytest"),
}


def run(root: Path, arguments: list[str]) -> int:
    """Set up what the program needs and become it, in the folder the person is in."""
    hint = set_up(root, frozenset({"full"}), for_tests=False)
    command = [str(interpreters.python_of(root / ".venv")), "-P", "-m", "lab", *arguments]
    if not hint:
        return interpreters.replace_process(command)
    code = subprocess.call(command)
    if code:
        print(hint, file=sys.stderr)
    return code


def test(root: Path, arguments: list[str]) -> int:
    """Set up what the tests need, make every check, and return 1 if any of them failed."""
    hint = set_up(root, frozenset({"full", "dev"}), for_tests=True)
    python = str(interpreters.python_of(root / ".venv"))
    failed = []
    for name, check in CHECKS.items():
        print(f"== {name}", flush=True)
        more = arguments if name == "pytest" else []
        if subprocess.call([python, *check, *more], cwd=root, env=environment_of_tests()):
            failed.append(name)
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed")
    if failed and hint:
        print(hint, file=sys.stderr)
    return 1 if failed else 0


def environment_of_tests() -> dict[str, str]:
    """Return the environment variables that the checks run under."""
    return dict(os.environ) | {"OMP_NUM_THREADS": "1"}


def set_up(root: Path, extras: frozenset[str], for_tests: bool) -> str:
    """Bring the machine and ``.venv`` up to what is asked for; return a hint or nothing.

    The hint is for systems without apt-get, should the program fail there.

    Raises
    ------
    SetupError
        If something is missing that this cannot put right.
    """
    missing = system_packages.missing(for_tests)
    if environment.is_ready(root, extras):
        return _provided(missing)
    base = interpreters.chosen(root)
    if not base.is_complete:
        missing.append(f"python{base.version}-venv")
    hint = _provided(missing)
    with alone(root):
        if not environment.is_ready(root, extras):
            environment.make(root, extras, base.executable)
    return hint


def _provided(packages: list[str]) -> str:
    if not packages:
        return ""
    if not system_packages.is_debian_like():
        return system_packages.hint(packages)
    system_packages.install(packages)
    return ""


COMMANDS = {"run": run, "test": test}
