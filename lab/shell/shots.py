"""The window brought to a step and held there, so that a picture can be taken of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot

if TYPE_CHECKING:
    from lab.engine.news import Event, RunLook
    from lab.engine.records import Record
    from lab.shell.main_window import MainWindow

SETTLED_MS = 700
"""Without a new look for so long, every plot has ranged itself and painted."""


class Shot(QObject):
    """Trains a window's run to a step and waits until every panel has drawn it."""

    def __init__(self, window: MainWindow, record: Record, steps: int) -> None:
        super().__init__(window)
        self._window, self._record, self._steps = window, record, steps
        self._loop = QEventLoop(self)
        self._settled = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settled.timeout.connect(self._loop.quit)
        self.trouble = ""

    def wait(self) -> None:
        """Load, train, and return once the look of the step has been drawn.

        A run that diverges or stops early is shown where it stands; ``trouble`` holds what
        kept the run from being made at all.
        """
        bridge = self._window.bridge
        assert bridge is not None
        bridge.looked.connect(self._on_looked)
        bridge.happened.connect(self._on_happened)
        self._window.files.open_record(self._record, self._record.experiment.title)
        self._loop.exec()

    @Slot(object)
    def _on_looked(self, look: RunLook) -> None:
        if not look.playing and look.step >= self._steps:
            self._settled.start()

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        status, bridge = type(event.status), self._window.bridge
        if event.channel != "run" or bridge is None:
            return  # a panel's job is not the run
        if event.status is status.LOADED and self._steps:
            bridge.run_to(self._steps)
        elif event.status in (status.DIVERGED, status.FINISHED):
            self._settled.start()
        elif event.status in (status.FAILED, status.REFUSED):
            self.trouble = event.text
            self._loop.quit()
