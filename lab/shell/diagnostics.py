"""The log file, and the text that a person sends when something is wrong."""

from __future__ import annotations

import logging
import logging.handlers
import platform
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import lab

if TYPE_CHECKING:
    from pathlib import Path

    from lab.engine.news import RunLook

FILE = "nabla.log"
CRASHES = "crash.log"
SIZE, KEPT = 1_000_000, 3
LINES = 40
PACKAGES = ("torch", "PySide6-Essentials", "pyqtgraph", "numpy", "pydantic", "safetensors")


def start_log(folder: Path) -> logging.Handler:
    """Write the log of the program into a folder: 1 MB a file, three old ones kept."""
    handler: logging.Handler
    try:
        handler = logging.handlers.RotatingFileHandler(
            folder / FILE, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8", delay=True
        )
    except OSError:
        handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
    )
    logger = logging.getLogger("lab")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    return handler


def stop_log(handler: logging.Handler) -> None:
    """Close the log."""
    logging.getLogger("lab").removeHandler(handler)
    handler.close()


def versions() -> dict[str, str]:
    """Return what is installed, without importing any of it."""
    found = {"Nabla": lab.__version__, "Python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def report(folder: Path | None, look: RunLook | None, platform_name: str = "") -> str:
    """Return versions, machine, run and the last lines of the log, as plain text."""
    lines = ["Nabla diagnostics"]
    lines += [f"{name}: {number}" for name, number in versions().items()]
    lines.append(f"System: {platform.platform()} {platform.machine()}")
    if platform_name:
        lines.append(f"Window system: {platform_name}")
    if look is not None:
        lines += [
            f"Device: {look.device}, {look.precision}",
            f"Run: {look.title}, step {look.step} of {look.newest}, "
            f"{look.steps_per_second:.0f} steps/s",
        ]
    lines += ["", f"Last {LINES} lines of the log:", *last_lines(folder)]
    return "\n".join(lines)


def last_lines(folder: Path | None, count: int = LINES) -> list[str]:
    """Return the end of the log; at most 64 KiB of it are read."""
    if folder is None:
        return []
    with suppress(OSError), (folder / FILE).open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(stream.tell() - 65536, 0))
        return stream.read().decode("utf-8", "replace").splitlines()[-count:]
    return []
