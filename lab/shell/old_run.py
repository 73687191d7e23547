"""Says of the panels that they show the old run, while another one is on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

if TYPE_CHECKING:
    from lab.engine.news import Event
    from lab.shell.docks import DockHost
    from lab.ui.bridge import EngineBridge

WORDS = "old run"
PATIENCE_MS = 300
"""Most runs are there sooner than this, and a word that flashes up says nothing."""


class OldRun(QObject):
    """Puts a badge into the title of every panel, and takes it away again."""

    def __init__(self, host: DockHost, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._bridge: EngineBridge | None = None
        self._timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._timer.timeout.connect(self._on_timeout)

    def attach(self, bridge: EngineBridge) -> None:
        """Watch for runs that are asked for on this bridge."""
        self._bridge = bridge
        bridge.wished.connect(self._on_wished)
        bridge.happened.connect(self._on_happened)

    @Slot()
    def _on_wished(self) -> None:
        if self._bridge is not None and self._bridge.look is not None:
            self._timer.start()

    @Slot()
    def _on_timeout(self) -> None:
        self._show(WORDS)

    @Slot(object)
    def _on_happened(self, _event: Event) -> None:
        if self._bridge is not None and self._bridge.wish is None:
            self._timer.stop()
            self._show("")

    def _show(self, words: str) -> None:
        for dock in self._host.docks.values():
            if dock.bar.badge() != words:
                dock.bar.set_badge(words)
