"""System libraries that Qt needs: found missing before Qt dies of them.

What counts is whether the loader finds a library, not what a package is called this year
(``libglib2.0-0`` became ``libglib2.0-0t64``; apt still answers to the old name).
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from problems import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    # and for a window on X11:
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
PROGRAMS = {"Xvfb": "xvfb", "xauth": "xauth"}  # a screen without a monitor, for the tests


def is_found(library: str) -> bool:
    """Tell whether the loader finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing(
    for_tests: bool,
    has_library: Callable[[str], bool] = is_found,
    has_program: Callable[[str], object] = shutil.which,
) -> list[str]:
    """Return the Debian packages whose library or program is not on this machine."""
    if not sys.platform.startswith("linux"):
        return []
    programs = PROGRAMS if for_tests else {}
    return [package for name, package in LIBRARIES.items() if not has_library(name)] + [
        package for name, package in programs.items() if not has_program(name)
    ]


def is_debian_like() -> bool:
    """Tell whether system packages are installed with apt-get here."""
    return Path("/etc/debian_version").exists() and bool(shutil.which("apt-get"))


def is_root() -> bool:
    """Tell whether this process may install system packages."""
    return sys.platform != "win32" and os.geteuid() == 0


def hint(packages: list[str]) -> str:
    """Return what to say when the program fails where these are missing and there is no apt."""
    return (
        f"On Debian the missing system libraries are called {' '.join(packages)}; if the"
        " window did not open, install what this system calls them."
    )


def install(packages: list[str], may_install: bool | None = None) -> None:
    """Install Debian packages if that is allowed, by default if this is root.

    Raises
    ------
    SetupError
        With the one line to type, if it is not allowed; with apt's own reason, if it failed.
    """
    if not (is_root() if may_install is None else may_install):
        line = f"sudo apt-get install -y {' '.join(packages)}"
        raise SetupError(
            f"System packages are missing; type this line and run it again:\n{line}"
        )
    print(f"Installing system packages: {' '.join(packages)}", file=sys.stderr)
    command = ["install", "-y", "--no-install-recommends", *packages]
    if _apt(command).returncode:
        _apt(["update"])  # the lists may be old, or there may be none yet
        _require_success(_apt(command), packages)


def _apt(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120", *command],
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )


def _require_success(result: subprocess.CompletedProcess[str], packages: list[str]) -> None:
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[0]
        raise SetupError(
            f"apt-get could not install {' '.join(packages)} ({reason});"
            " put that right and run the same command again."
        )
