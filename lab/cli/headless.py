"""The main job without a screen: train, and leave numbers, pictures and weights in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from lab.cli import screens, train
from lab.cli.answers import FAILED
from lab.cli.metrics import EVERY, thinning
from lab.cli.outputs import checked
from lab.presets import DEFAULT, load

TIMEOUT_S = 600


def headless(file: Path | None) -> int:
    """Train a file or the default preset into a new folder, and return the exit code."""
    from lab.engine.records import Record, read_record

    record = Record(load(DEFAULT)) if file is None else read_record(file)
    folder = checked(_fresh(Path.cwd()), overwrite=False)
    train.tell(
        "There is no screen here (neither DISPLAY nor WAYLAND_DISPLAY is set), so Nabla "
        f"trains {record.experiment.title!r} without a window; the results go to {folder}."
    )
    run, request = train.begun(record), train.requested(record)
    notices = run.trainer.device.notice, *run.trainer.data.notes
    train.tell(*notices, thinning(request.last, EVERY))
    summary = train.carried_out(run, request, folder)
    train.tell(summary.in_words())
    missing = pictures(folder)
    train.tell(missing, summary.ending.text)
    print(folder)
    return 0 if summary.ending.is_good and not missing else FAILED


def _fresh(parent: Path) -> Path:
    """Return the name of a folder there is not yet, from the time of day."""
    name = time.strftime("nabla-out-%Y%m%d-%H%M%S")
    names = (name, *(f"{name}-{k}" for k in range(2, 1000)))
    return next(parent / n for n in names if not os.path.lexists(parent / n))


def pictures(folder: Path) -> str:
    """Leave plots and a picture of the window; return what went wrong, or nothing."""
    if not screens.has_qt():
        return "There are no pictures, as PySide6 and pyqtgraph are not installed."
    try:
        _draw("plots", folder)
        _draw("window", folder)
    except OSError as error:
        return f"Pictures are missing: {str(error).rstrip('.')}; `nabla doctor` may say more."
    return ""


def _draw(what: str, folder: Path) -> None:
    """Draw in a process of its own, into memory."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lab.cli.drawings", what, str(folder)],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            env=screens.environment() | {screens.PLATFORM: "offscreen"},
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"drawing took longer than {TIMEOUT_S} s") from None
    if done.returncode:
        said = (done.stderr + done.stdout).split("\n")  # ours last
        said = [line for line in said if line.strip()]
        raise OSError(said[-1] if said else f"drawing ended with code {done.returncode}")
