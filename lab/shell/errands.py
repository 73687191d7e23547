"""Work of the window that takes a while and needs no engine: reading a file, mostly."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot

from lab.files.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable


class Errand(QObject):
    """Calls a function in a thread of its own and tells in the window's what came of it.

    What the function raises with words for people (`SaveError`, `LoadError`,
    `ExperimentError`) comes as a sentence; anything
    else goes to the hooks as well.
    """

    done = Signal(object)
    failed = Signal(str)
    _ended = Signal(object, str)

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name="lab-errand", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, timeout: float = 2.0) -> None:
        """Wait for its end; a daemon thread does not hold up the end of the process."""
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            value, words = self._work(), ""
        except (FileError, ValueError, OSError) as error:
            value, words = None, str(error) or type(error).__name__
        except Exception as error:
            self._end(None, f"It failed: {error} ({type(error).__name__}).")
            raise
        self._end(value, words)

    def _end(self, value: object, words: str) -> None:
        try:
            self._ended.emit(value, words)
        except RuntimeError:
            return  # the window is gone, nobody wants to know

    @Slot(object, str)
    def _on_ended(self, value: object, words: str) -> None:
        if words:
            self.failed.emit(words)
        else:
            self.done.emit(value)
        self.deleteLater()
