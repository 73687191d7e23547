"""The way back shown as it happens: one row lights up after the other, from loss to input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lab.ui import motion

if TYPE_CHECKING:
    from collections.abc import Sequence

PACE_MS = 1200
"""Long enough to read a line and look at its numbers."""


class BackwardWalk(QObject):
    """Counts rows from the last to the first, each for a while.

    Where motion is to be reduced nothing runs by itself: each press goes one row on.

    Signals
    -------
    reached : object
        The row that is lit now, or None at the end.
    """

    reached = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._left: list[int] = []
        self._timer = QTimer(self, interval=PACE_MS)
        self._timer.timeout.connect(self._on_tick)

    def press(self, rows: Sequence[int]) -> None:
        """Begin at the last of some rows; pressed again, stop (or go on by one row)."""
        if motion.is_reduced():
            if not self._left:
                self._left = [*rows]
                self.reached.emit(self._left.pop())
            else:
                self._on_tick()
            return
        if self._timer.isActive():
            self.stop()
            return
        self._left = [*rows]
        self._on_tick()
        self._timer.start()

    def is_running(self) -> bool:
        """Whether it goes on by itself."""
        return self._timer.isActive()

    def stop(self) -> None:
        """End: nothing is lit."""
        self._timer.stop()
        self._left = []
        self.reached.emit(None)

    @Slot()
    def _on_tick(self) -> None:
        if self._left:
            self.reached.emit(self._left.pop())
        else:
            self.stop()
