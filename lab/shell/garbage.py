"""Garbage collected in the window's thread only.

Why: a widget in a reference cycle is destroyed by whichever thread happens to collect; in the
engine's thread that is a crash. So the automatic collector is off, and a timer collects.
"""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer, Slot

TICK_MS = 1000
FULL_S = 30.0
YOUNG, MIDDLE = 700, 10
"""Objects since the last collection, and collections of the youngest since the last older."""


class Collector(QObject):
    """Collects by counts, as Python would, and everything twice a minute."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._full = time.monotonic()

    def start(self) -> None:
        """Take over from the automatic collector."""
        gc.disable()
        self._timer.start()

    def freeze(self) -> None:
        """What is there now stays for good: a full collection then takes no time."""
        gc.collect()
        gc.freeze()

    def stop(self) -> None:
        """Give the collector back."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_tick(self) -> None:
        young, middle, _old = gc.get_count()
        if time.monotonic() - self._full > FULL_S:
            self._full = time.monotonic()
            gc.collect()
        elif young > YOUNG:
            gc.collect(1 if middle > MIDDLE else 0)
