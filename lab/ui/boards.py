"""A network that is being drawn and cannot be trained yet, beside the one that is.

Why with the bridge, and not in a panel: a panel may be closed while the edits that led to the
draft can still be undone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from lab.engine.experiment import Part

    Layers = tuple[Part, ...]


class DraftBoard(QObject):
    """Holds the layers as drawn where they differ from those of the run; else None.

    ``reason`` says in a sentence why they cannot be trained.
    """

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.layers: Layers | None = None
        self.reason = ""

    def put(self, layers: Layers | None, reason: str = "") -> None:
        """Show other layers in place of the run's, or the run's again."""
        if (layers, reason) != (self.layers, self.reason):
            self.layers, self.reason = layers, reason
            self.changed.emit()
