"""Is there a screen, and does OpenGL work on it? Asked without starting Qt in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import lab

PLATFORM = "QT_QPA_PLATFORM"
TIMEOUT_S = 60

_PROBE = """
from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext
app = QGuiApplication([])
surface = QOffscreenSurface()
surface.create()
context = QOpenGLContext()
works = context.create() and context.makeCurrent(surface)
print(app.platformName())
print(context.functions().glGetString(0x1F02) if works else "")
"""


def is_missing() -> bool:
    """Whether there is no screen at all: on Linux, no display named and no platform chosen."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", PLATFORM)
    return sys.platform.startswith("linux") and not any(os.environ.get(n) for n in named)


def has_qt() -> bool:
    """Whether what draws the window is installed."""
    try:
        return all(find_spec(name) is not None for name in ("PySide6", "pyqtgraph"))
    except (ImportError, ValueError):  # someone keeps it from being imported
        return False


def environment() -> dict[str, str]:
    """Return the environment for a process that draws: without a screen, into memory.

    It finds this very package, from wherever it was started.
    """
    root = str(Path(lab.__file__).resolve().parents[1])
    paths = (root, os.environ.get("PYTHONPATH", ""))
    found = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return found | ({PLATFORM: "offscreen"} if is_missing() else {})


def probe() -> tuple[str, str]:
    """Return the platform that Qt draws on, and the version of OpenGL ("" if there is none).

    A process of its own asks, as a broken driver may end it.

    Raises
    ------
    OSError
        If Qt does not start, in its own words.
    """
    command = [sys.executable, "-c", _PROBE]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT_S, env=environment()
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"Qt did not answer within {TIMEOUT_S} s") from None
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise OSError(said[-1] if said else f"Qt ended with code {done.returncode}")
    return lines[0], lines[1] if len(lines) > 1 else ""
