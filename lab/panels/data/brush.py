"""Drawing by mouse over a plot: strokes in the plot's own coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.ui.plots import Plot

    FloatArray = npt.NDArray[np.float64]

SPACING_PX = 9.0


class Brush(QObject):
    """Turns presses and drags into strokes; the right button or Shift makes it a rubber.

    ``moved`` and ``finished`` carry the places so far (M, 2), and whether they rub out.
    """

    moved = Signal(object, bool)
    finished = Signal(object, bool)

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        self._places: list[tuple[float, float]] = []
        self._last: QPointF | None = None
        self._rubs = False
        self._is_on = False

    def set_on(self, is_on: bool) -> None:
        """Take the mouse away from the plot, or give it back."""
        if is_on == self._is_on:
            return
        self._is_on, self._last = is_on, None
        view = self._plot.view
        policy = Qt.ContextMenuPolicy
        view.setContextMenuPolicy(policy.NoContextMenu if is_on else policy.CustomContextMenu)
        if is_on:
            view.viewport().installEventFilter(self)
            view.viewport().setCursor(Qt.CursorShape.CrossCursor)
        else:
            view.viewport().removeEventFilter(self)
            view.viewport().unsetCursor()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take presses, drags and releases; the wheel still zooms."""
        kinds = QEvent.Type
        if event.type() == kinds.MouseButtonDblClick:
            return True
        if not isinstance(event, QMouseEvent):
            return False
        if event.type() == kinds.MouseButtonPress:
            return self._press(event)
        if event.type() == kinds.MouseMove and self._last is not None:
            self._drag(event.position())
            return True
        if event.type() == kinds.MouseButtonRelease and self._last is not None:
            self._last = None
            self.finished.emit(np.array(self._places), self._rubs)
            return True
        return False

    def _press(self, event: QMouseEvent) -> bool:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._rubs = shift or event.button() == Qt.MouseButton.RightButton
        self._places, self._last = [], None
        self._plot.hide_readout()  # it would lie over what is being drawn
        if self._plot.box.sceneBoundingRect().contains(self._scene(event.position())):
            self._add(event.position())
        return True

    def _drag(self, at: QPointF) -> None:
        assert self._last is not None
        step = at - self._last
        if (step.x() ** 2 + step.y() ** 2) ** 0.5 >= SPACING_PX:
            self._add(at)

    def _add(self, at: QPointF) -> None:
        self._last = at
        place = self._plot.box.mapSceneToView(self._scene(at))
        self._places.append((place.x(), place.y()))
        self.moved.emit(np.array(self._places), self._rubs)

    def _scene(self, at: QPointF) -> QPointF:
        place: QPointF = self._plot.view.mapToScene(at.toPoint())
        return place
