"""Work on a table in a thread of its own: a parser of large files cannot yield.

Why a timer and not a signal from the thread: the thread then knows no Qt object, and a dialog
may be closed at any moment without asking it.
"""

from __future__ import annotations

from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lab.files.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable

POLL_MS = 20


class Reading(QObject):
    """Calls a function in a thread and tells in the window's what came of it."""

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._future: Future[object] = Future()
        target, arguments = _carry_out, (self._future, work)
        Thread(target=target, args=arguments, name="lab-table", daemon=True).start()
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    @Slot()
    def _on_timeout(self) -> None:
        if not self._future.done():
            return
        self._timer.stop()
        self.deleteLater()
        error = self._future.exception()
        if error is None:
            self.done.emit(self._future.result())
        elif isinstance(error, LoadError):
            self.failed.emit(str(error))
        else:
            self.failed.emit(f"It failed: {error} ({type(error).__name__}).")
            raise error


def _carry_out(future: Future[object], work: Callable[[], object]) -> None:
    """Run in the thread: whatever is raised belongs to whoever waits."""
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
