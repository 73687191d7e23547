"""The run of the last sitting: kept when the window closes, open again at the next start.

Why no question at the end: what is kept makes the same weights again, number for number, so
that closing loses time at most. Only the way there is offered, not gone unasked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from lab.shell import sessions

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

    from lab.engine.news import Event
    from lab.shell.file_commands import FileCommands
    from lab.shell.notices import Notices
    from lab.shell.settings import Settings
    from lab.ui.bridge import EngineBridge

REPLAY = "last.replay"
WORDS = "This is the run you left, at its start: trained weights are not kept, but made again."


class LastRun(QObject):
    """Keeps the run that is open, and opens the one that was."""

    def __init__(
        self, files: FileCommands, notices: Notices, settings: Settings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._files, self._notices, self._settings = files, notices, settings
        self._bridge: EngineBridge | None = None
        self._step = 0  # where it was left, until it has been opened again
        self._goal = 0
        notices.acted.connect(self._on_acted)

    def attach(self, bridge: EngineBridge) -> None:
        """Keep and open runs of this engine."""
        self._bridge = bridge
        bridge.happened.connect(self._on_happened)

    def keep(self, folder: Path) -> None:
        """Keep the run that is open, for the next start."""
        look = self._bridge.look if self._bridge else None
        if look is not None:
            self._settings.last = look.title if sessions.keep(look, folder) else ""

    def open(self, folder: Path) -> bool:
        """Open the run of the last sitting; return whether there is one."""
        record = sessions.kept(folder) if self._settings.last else None
        if record is not None:
            self._step = record.recorded.steps or 0
            self._files.open_record(record, record.experiment.title)
        return record is not None

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        status = type(event.status)
        if event.channel != "run" or not self._step:
            return
        if event.status in (status.LOADED, status.REFUSED, status.FAILED):
            self._goal, self._step = self._step, 0
            if event.status is status.LOADED:
                choice = (f"Replay to step {self._goal:,}", REPLAY)
                words = f"{event.text} {WORDS}".strip()
                self._notices.tell("info", words, choices=[choice])

    @Slot(str)
    def _on_acted(self, deed: str) -> None:
        if deed == REPLAY and self._bridge is not None:
            self._bridge.run_to(self._goal)
