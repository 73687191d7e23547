"""Writes the run down, in the worker, between two iterations."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

if TYPE_CHECKING:
    from collections.abc import Generator

    from lab.engine.news import Event
    from lab.engine.run import Run
    from lab.shell.settings import Settings
    from lab.shell.status import StatusLine
    from lab.ui.bridge import EngineBridge

SAVE = "save"


class Saver(QObject):
    """Saves experiments, and tells when one is on the disk."""

    def __init__(self, settings: Settings, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._settings, self._status = settings, status
        self._bridge: EngineBridge | None = None
        self._pending: dict[int, str] = {}

    def attach(self, bridge: EngineBridge) -> None:
        """Save runs of this engine."""
        self._bridge = bridge
        bridge.happened.connect(self._on_happened)

    def title(self) -> str:
        """A name for the file, made of the run's title."""
        look = self._bridge.look if self._bridge else None
        words = look.title if look else "experiment"
        return "".join(c if c.isalnum() else "-" for c in words).strip("-").lower() or "run"

    def save(self, path: str) -> None:
        """Write the run down, in place of a file of that name."""
        if self._bridge is not None:
            number = self._bridge.submit(f"{SAVE} {path}", partial(_saved, Path(path)))
            self._pending[number] = path

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.number not in self._pending or not event.is_last or self._bridge is None:
            return
        path = self._pending.pop(event.number)
        if event.status is type(event.status).FINISHED:
            self._status.tell(f"Saved {Path(path).name}.")
            self._settings.opened(path)
            if not self._pending:
                self._bridge.undo_stack.setClean()


def _saved(path: Path, run: Run) -> Generator[object, None, None]:
    """Write a run down, one that has not stepped to go its whole way; a job of the worker."""
    from lab.engine.records import Record, record_of, record_text
    from lab.files.atomic import write_bytes

    yield None
    record = record_of(run)
    text = record_text(record if run.newest else Record(record.experiment, record.edits))
    write_bytes(path, text.encode(), overwrite=True)
