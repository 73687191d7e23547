"""The scale beside every colour map: its name, its colours, and what the ends stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPen

from lab.numerals import shown
from lab.ui import colours, theme

if TYPE_CHECKING:
    from PySide6.QtGui import QFont
    from PySide6.QtWidgets import QGraphicsSceneMouseEvent, QStyleOptionGraphicsItem, QWidget

_HEIGHT = 34
_BAR = 8
_BROADEST = 320


class ColourScale(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A bar of the map under the picture, words at its left, three numbers beneath."""

    def __init__(self, words: str, map_name: colours.MapName) -> None:
        super().__init__()
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)  # its text is dear to paint
        self._words, self._map_name = words, map_name
        self._levels, self._strength = (0.0, 1.0), 1.0
        self._note, self._inset = "", 0.0
        self.setFixedHeight(_HEIGHT)

    def set_levels(
        self, levels: tuple[float, float], gaps: int = 0, strength: float = 1.0
    ) -> None:
        """What the ends stand for, how many cells are not finite, how dimmed the map is."""
        note = f"{gaps:,} not finite" if gaps else ""
        if (levels, strength, note) != (self._levels, self._strength, self._note):
            self._levels, self._strength, self._note = levels, strength, note
            self.update()

    def set_inset(self, inset: float) -> None:
        """Keep the bar's right end under that of axes which leave room at their sides."""
        if inset != self._inset:
            self._inset = inset
            self.update()

    def words(self) -> str:
        """What the colours mean."""
        return self._words

    def paint(
        self,
        painter: QPainter,
        _option: QStyleOptionGraphicsItem,
        _widget: QWidget | None = None,
    ) -> None:
        """Words, bar, numbers."""
        font: QFont = theme.number_font("caption")
        painter.setFont(font)
        bar = self._bar()
        painter.setPen(QPen(theme.colour("secondary")))
        words = f"{self._words}; {self._note}" if self._note else self._words
        room = QRectF(0, bar.top() - 6, bar.left() - 12, bar.height() + 12)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, right, words)
        painter.setOpacity(self._strength)
        painter.drawImage(bar, self._ramp())
        painter.setOpacity(1.0)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawRect(bar)
        self._draw_numbers(painter, bar)

    def _bar(self) -> QRectF:
        whole = self.boundingRect()
        broad = min(_BROADEST, max((whole.width() - 2 * self._inset) * 0.5, 64))
        return QRectF(whole.right() - self._inset - broad - 24, 6, broad, _BAR)

    def _ramp(self) -> QImage:
        ramp = np.ascontiguousarray(colours.table(self._map_name)[None])  # (1, 256, 3)
        return QImage(ramp.tobytes(), 256, 1, 768, QImage.Format.Format_RGB888).copy()

    def _draw_numbers(self, painter: QPainter, bar: QRectF) -> None:
        painter.setPen(QPen(theme.colour("secondary")))
        low, high = self._levels
        for share in (0.0, 0.5, 1.0):
            text = shown(low + (high - low) * share, 3)
            wide = painter.fontMetrics().horizontalAdvance(text)
            x = bar.left() + share * bar.width() - wide / 2
            painter.drawText(QPointF(x, bar.bottom() + 14), text)

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        """Nothing to drag here."""
        event.ignore()
