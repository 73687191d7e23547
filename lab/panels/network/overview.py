"""A strip with the whole of a long network, and the part of it that is seen."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from lab.panels.network.scene import numbers_in
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from lab.panels.network.scene import Scene

HEIGHT = 30
EDGE = 12


class Overview(QWidget):
    """Bars, one a layer, as high as the logarithm of how many numbers it hands on.

    ``went_to`` tells a place of the layout that a person wants to see.
    """

    went_to = Signal(float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._scene: Scene | None = None
        self._part = (0.0, 0.0)
        self._selected: int | None = None
        self.setFixedHeight(HEIGHT)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("The whole network; click to go there")
        self.hide()

    def show_part(self, scene: Scene, left: float, right: float, selected: int | None) -> None:
        """Show a network and which part of it is seen; it hides where that is all."""
        self._scene, self._part, self._selected = scene, (left, right), selected
        self.setVisible(left > 1 or right < scene.layout.width - 1)
        self.update()

    def _to_pixel(self, x: float) -> float:
        assert self._scene is not None
        return EDGE + x / self._scene.layout.width * (self.width() - 2 * EDGE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to a place."""
        if self._scene is not None:
            share = (event.position().x() - EDGE) / max(self.width() - 2 * EDGE, 1)
            self.went_to.emit(min(max(share, 0.0), 1.0) * self._scene.layout.width)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        self.mousePressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the bars, and a frame around those that are seen."""
        if self._scene is None:
            return
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base", 235))
        painter.fillRect(QRectF(0, 0, self.width(), 1), theme.colour("line"))
        columns = self._scene.layout.columns
        tallest = max(log2(2 + numbers_in(c)) for c in columns)
        for place, column in enumerate(columns):
            problem = self._scene.problem_at(column)
            role = "error" if problem else "accent" if place == self._selected else "secondary"
            height = (HEIGHT - 10) * log2(2 + numbers_in(column)) / tallest
            x0, x1 = (self._to_pixel(column.x + s * column.width / 2) for s in (-1, 1))
            width = max(x1 - x0 - 1, 1.0)
            bar = QRectF(x0, HEIGHT / 2 - height / 2, width, height)
            painter.fillRect(bar, theme.colour(role, 200 if role != "secondary" else 90))
        self._paint_part(painter)
        painter.end()

    def _paint_part(self, painter: QPainter) -> None:
        left = max(self._to_pixel(self._part[0]), 1.0)
        right = min(self._to_pixel(self._part[1]), self.width() - 1.0)
        painter.setPen(theme.colour("accent"))
        painter.setBrush(theme.colour("accent", 24))
        painter.drawRoundedRect(QRectF(left, 2.5, right - left, HEIGHT - 5), 3, 3)
