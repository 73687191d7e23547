"""The project's own virtual environment: made, filled, mended, and recognised as finished."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pip_runs
import stamp
from interpreters import SUPPORTED, python_of
from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GB = 1e9
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
FEWEST_GB = 0.3


def is_ready(root: Path, extras: frozenset[str]) -> bool:
    """Tell whether the environment is whole and holds these extras; takes some 50 ms."""
    venv = root / ".venv"
    found = stamp.read(venv)
    if found is None or not extras <= found.extras:
        return False
    if not found.distributions <= stamp.distributions(venv):
        return False
    version = version_of(venv)
    return version is not None and found.digest == stamp.digest(root, version)


def version_of(venv: Path) -> str | None:
    """Ask an environment's Python for its version, ``3.11``; None if it does not run."""
    question = "import sys; print('%d.%d' % sys.version_info[:2])"
    return _answer(venv, "-c", question)


def _answer(venv: Path, *arguments: str) -> str | None:
    command = [str(python_of(venv)), "-I", *arguments]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def make(root: Path, extras: frozenset[str], base_python: str) -> None:
    """Make the environment, or go on with one whose making was cut short.

    Parameters
    ----------
    root : Path
        The checkout.
    extras : frozenset of str
        Extras of ``pyproject.toml``; those that an earlier stamp names stay.
    base_python : str
        The Python to make it from, if there is none that works.

    Raises
    ------
    SetupError
        If there is too little space, or a download or an installation failed.
    """
    venv = root / ".venv"
    require_space(root, extras)
    earlier = stamp.read(venv)
    extras |= earlier.extras if earlier else frozenset()
    stamp.remove(venv)
    _make_or_keep(venv, base_python)
    _drop_half_installed(venv)
    _fill(root, extras)
    version = version_of(venv) or ""
    stamp.write(
        venv, stamp.Stamp(stamp.digest(root, version), extras, stamp.distributions(venv))
    )


def require_space(
    root: Path, extras: frozenset[str], free: Callable[[Path], float] | None = None
) -> None:
    """Raise SetupError if the disk has not the room that is still needed."""
    present = sum(f.stat().st_size for f in (root / ".venv").rglob("*") if f.is_file())
    needed = max(_whole_gb(extras) - present / GB, FEWEST_GB)
    there = (free or _free)(root) / GB
    if there < needed:
        raise SetupError(
            f"The set-up needs {needed:.1f} GB in {root} and {there:.1f} GB are free:"
            " make room and run the same command again."
        )


def _free(folder: Path) -> float:
    return shutil.disk_usage(folder).free


def _whole_gb(extras: frozenset[str]) -> float:
    with_cuda = 8.0 if sys.platform == "linux" and has_nvidia() else 0.0
    return 2.5 + (0.4 if "dev" in extras else 0.0) + with_cuda


def has_nvidia() -> bool:
    """Tell whether a driver for CUDA is here, so that its libraries are of use."""
    return bool(shutil.which("nvidia-smi"))


def _make_or_keep(venv: Path, base_python: str) -> None:
    if version_of(venv) in SUPPORTED and _answer(venv, "-m", "pip", "--version"):
        return
    print(f"Making {venv}", file=sys.stderr)
    command = [base_python, "-I", "-m", "venv", "--clear", str(venv)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        text = result.stderr or result.stdout
        reason = (text.strip().splitlines() or ["no reason given"])[-1]
        raise SetupError(f"{venv} could not be made ({reason}): put that right and try again.")


def _drop_half_installed(venv: Path) -> None:
    """Remove what a killed pip left: pip itself would take it for installed."""
    packages = stamp.site_packages(venv)
    halves = [i for i in packages.glob("*.dist-info") if not (i / "INSTALLER").exists()]
    for folder in [*halves, *packages.glob("~*")]:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(root: Path, extras: frozenset[str]) -> None:
    print("Installing the libraries, once; some minutes.", file=sys.stderr)
    pins = root / "packaging" / "constraints.txt"
    versions = {name: pinned(name, pins) for name in ("pip", "setuptools", "torch")}
    tools = [f"{name}=={versions[name]}" for name in ("pip", "setuptools") if versions[name]]
    _install(root, *tools)
    if versions["torch"]:
        _install_torch(root, versions["torch"])
    project = f"{root}[{','.join(sorted(extras))}]"
    _install(root, "--constraint", str(pins), "--no-build-isolation", "--editable", project)


def _install(root: Path, *arguments: str) -> None:
    venv = root / ".venv"
    pip_runs.install(python_of(venv), venv, *arguments)


def pinned(name: str, constraints: Path) -> str | None:
    """Return the version that a constraints file gives a distribution, without its marker."""
    for line in constraints.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}=="):
            return line.split(";")[0].split("==")[1].strip()
    return None


def _install_torch(root: Path, version: str) -> None:
    """Install torch: without an NVIDIA driver the CPU build, where one can be had.

    On Linux the ordinary build brings several GB of CUDA along, so the CPU build is asked for
    first where pip looks anyhow, then at PyTorch's own index; elsewhere they are the same.
    """
    if sys.platform == "linux" and not has_nvidia():
        cpu = ("--no-deps", f"torch=={version}+cpu")
        for place in ((), ("--index-url", CPU_INDEX, "--retries", "1", "--timeout", "15")):
            try:
                return _install(root, *place, *cpu)
            except pip_runs.PipFailed as failure:
                if not failure.is_not_found:
                    raise
    _install(root, "--no-deps", f"torch=={version}")
