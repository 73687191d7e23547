"""The run one was at when the window closed, kept so that it comes back. No Qt."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lab.files.atomic import write_bytes
from lab.files.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

    from lab.engine.news import RunLook
    from lab.engine.records import Record

log = logging.getLogger(__name__)

FILE = "session.toml"


def keep(look: RunLook, folder: Path) -> bool:
    """Write down the run of a look; return whether it could be."""
    from lab.engine.kinds import ExperimentError
    from lab.engine.records import record_text

    try:
        text = record_text(record_of_look(look))
        write_bytes(folder / FILE, text.encode(), overwrite=True)
    except (FileError, ExperimentError) as error:
        log.warning("the session is not kept: %s", error)
        return False
    return True


def record_of_look(look: RunLook) -> Record:
    """Return the run as it was asked for, the edits made up to the cursor, and its step.

    Weights that were loaded are in no description, so no replay could lead to the step then.
    """
    from lab.engine.edits import WEIGHTS
    from lab.engine.records import Record, Recorded

    made = [e for e in look.edits if e.step <= look.step]
    edits = tuple(e for e in made if e.what != WEIGHTS)
    step = look.step if len(edits) == len(made) else None
    recorded = Recorded(steps=step, device=look.device, threads=look.experiment.threads)
    return Record(look.experiment, edits, recorded)


def kept(folder: Path) -> Record | None:
    """Return the run that was kept, or None."""
    from lab.engine.records import read_record

    if not (folder / FILE).exists():
        return None
    try:
        return read_record(folder / FILE)
    except FileError as error:
        log.warning("the last session is not opened: %s", error)
        return None
