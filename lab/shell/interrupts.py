"""Ctrl-C and SIGTERM close the window as the cross does, at once.

Why: Python runs its handlers between two of its own instructions only, and Qt's loop may wait
for seconds without one. The signal writes into a socket, and the socket wakes Qt.
"""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, Slot

if TYPE_CHECKING:
    from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
WINDOWS_MS = 100


class Interrupts(QObject):
    """Tells ``wanted`` once the process was asked to end."""

    wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._asked = False
        self._before: dict[Any, Any] = {}
        self._old_fd = -1
        self._near, self._far = socket.socketpair()
        for end in (self._near, self._far):
            end.setblocking(False)
        self._notifier: QSocketNotifier | None = None
        self._timer = QTimer(self, interval=WINDOWS_MS)
        self._timer.timeout.connect(self._on_tick)

    def install(self) -> None:
        """Listen; only in the main thread."""
        self._before = {number: signal.signal(number, self._on_signal) for number in SIGNALS}
        self._old_fd = signal.set_wakeup_fd(self._far.fileno(), warn_on_full_buffer=False)
        if sys.platform == "win32":  # a Python instruction now and then lets handlers run
            self._timer.start()
            return
        self._notifier = QSocketNotifier(self._near.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_readable)

    def remove(self) -> None:
        """Put back what was there before."""
        self._timer.stop()
        signal.set_wakeup_fd(self._old_fd)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._notifier is not None:
            self._notifier.setEnabled(False)
        self._near.close()
        self._far.close()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    @Slot()
    def _on_readable(self) -> None:
        with suppress(OSError):
            self._near.recv(4096)
        self._on_tick()

    @Slot()
    def _on_tick(self) -> None:
        if self._asked:
            self._asked = False
            self.wanted.emit()
