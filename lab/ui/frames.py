"""Frames of the window: views drawn in turns that are short, and no more of them than needed.

Why in turns: a window that draws all its views in one go keeps everything else waiting for the
sum of them, the mouse included. Why not a turn for each view: training is held up for the
length of a turn, because two threads that both want the interpreter's lock at every call hand
it to and fro; and after each stop, however short, it runs a fifth slower for some 20 ms, its
caches being cold.
"""

from __future__ import annotations

from time import thread_time
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.engine.news import RunLook
    from lab.engine.worker import Worker

FRAME_MS = 33
IDLE_MS = 200
"""Between looks while no view is seen: bands of numbers need no more."""
TURN_S = 0.002
"""A turn that has taken so long leaves the other views to the next one."""
LONGEST_MS = 250
REST_MS = 6
"""Between the turns of one frame."""
SHARE = 0.3
"""The part of its time that the window may spend on frames while training runs."""


class Turn(QObject):
    """A view's turn in every frame; a child of the view, and gone with it."""

    looked = Signal(object)

    def is_seen(self) -> bool:
        """Whether anyone would see what the view draws."""
        view = self.parent()
        return isinstance(view, QWidget) and view.isVisible()


class Frames(QObject):
    """Takes the newest look once a frame, and serves the views that are seen one by one.

    Parameters
    ----------
    take : callable
        Takes over what is new and returns the look, or None where there is no new one.
    worker : Worker
        Whose training is held up while a view is painted.
    """

    def __init__(
        self, take: Callable[[], RunLook | None], worker: Worker, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._take, self._worker = take, worker
        self._turns: list[Turn] = []
        self._waiting: list[Turn] = []
        self._look: RunLook | None = None
        self._cost_s = 0.0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)
        self._timer.start()

    def turn_of(self, view: QWidget) -> Turn:
        """A turn for a view; connect its ``looked``."""
        turn = Turn(view)
        self._turns = [t for t in self._turns if isValid(t)]
        self._turns.append(turn)
        return turn

    def stop(self) -> None:
        """No frames any more."""
        self._timer.stop()

    def serve_all(self, look: RunLook) -> None:
        """Serve every view at once, as for what a person has asked for."""
        self._look, self._waiting = look, self._seen()
        self.serve_rest()

    def serve_rest(self) -> None:
        """Serve the views that still wait for their turn with the look of this frame."""
        while self._waiting:
            turn = self._waiting.pop(0)
            if isValid(turn):
                turn.looked.emit(self._look)

    @Slot()
    def _on_tick(self) -> None:
        began = thread_time()
        self._worker.hold()
        try:
            if not self._waiting:
                self._begin()
            while self._waiting and thread_time() - began < TURN_S:
                self._serve(self._waiting.pop(0))
        finally:
            self._worker.go_on()
        self._cost_s += thread_time() - began
        self._timer.setInterval(REST_MS if self._waiting else self._pause_ms())

    def _begin(self) -> None:
        """Take the newest look; views that nobody sees are not served."""
        self._cost_s = 0.0
        self._look = self._take()
        if self._look is not None:
            self._waiting = self._seen()
            QCoreApplication.sendPostedEvents()  # what listens beside the views is painted

    def _seen(self) -> list[Turn]:
        return [t for t in self._turns if isValid(t) and t.is_seen()]

    def _serve(self, turn: Turn) -> None:
        """Have one view draw, and paint it now."""
        if isValid(turn):
            turn.looked.emit(self._look)
            QCoreApplication.sendPostedEvents()

    def _pause_ms(self) -> int:
        """Until the next frame; dear frames come less often while training runs."""
        frame = FRAME_MS if self._seen() else IDLE_MS
        if self._look is not None and self._look.playing:
            frame = max(frame, min(int(1000 * self._cost_s / SHARE), LONGEST_MS))
        return max(frame - int(1000 * self._cost_s), 1)
