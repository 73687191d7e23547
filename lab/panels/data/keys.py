"""The line under the decision map: what the points mean, and what the colours mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen, QTransform

from lab.panels.data.dots import symbol_path
from lab.ui import theme
from lab.ui.axes import clean
from lab.ui.scales import ColourScale

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

_STEP = 14.0
MARKS = ("in batch", "test", "wrong")
PALER = "paler: less sure"


class MapKey(ColourScale):
    """Classes, batch, test and wrong as they are drawn, and the scale of the map."""

    def __init__(self, words: str) -> None:
        super().__init__(words, "signed")
        self.class_names: tuple[str, ...] = ()
        self.has_scale = True
        self.marks: tuple[str, ...] = MARKS

    def set_words(self, words: str) -> None:
        """What the colours mean."""
        self._words = words
        self.update()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        """The scale, then as many entries as find room beside it."""
        if self.has_scale:
            super().paint(painter, option, widget)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.number_font("caption"))
        advance = painter.fontMetrics().horizontalAdvance
        taken = advance(self._words) + 24 if self.has_scale else 0
        room = (self._bar().left() if self.has_scale else self.boundingRect().right()) - taken
        x = 14.0
        for label, words in self._entries():
            wide = _STEP + advance(words) + 10
            if x + wide - 10 > room:
                break
            self._draw(painter, x, label, words)
            x += wide

    def _entries(self) -> list[tuple[int | str, str]]:
        classes = [(k, clean(n)) for k, n in enumerate(self.class_names)]
        return [*classes, *((m, m) for m in self.marks)]

    def _bar(self) -> QRectF:
        bar = super()._bar()
        broad = min(bar.width(), self.boundingRect().width() * 0.24)
        return QRectF(bar.right() - broad, bar.top(), broad, bar.height())

    def _draw(self, painter: QPainter, x: float, label: int | str, words: str) -> None:
        centre = QPointF(x + 3, self._bar().center().y())
        self._draw_symbol(painter, centre, label)
        painter.setPen(QPen(theme.colour("secondary")))
        where = QRectF(x + _STEP, centre.y() - 10, 400, 20)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(where, left, words)

    def _draw_symbol(self, painter: QPainter, centre: QPointF, label: int | str) -> None:
        palette = theme.current()
        first = QColor(palette.classes[0])
        if isinstance(label, int):
            ink = QColor(palette.classes[label % len(palette.classes)])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(ink)
            painter.drawPath(_placed(symbol_path(label), centre, 8))
        elif label == PALER:
            fade = QLinearGradient(centre.x() - 5, 0, centre.x() + 5, 0)
            fade.setColorAt(0, theme.colour("base"))
            fade.setColorAt(1, first)
            painter.fillRect(QRectF(centre.x() - 5, centre.y() - 4, 10, 8), fade)
        elif label == "wrong":
            painter.setPen(QPen(theme.colour("text"), 1.6))
            for side in (-1, 1):
                d = QPointF(3.5, 3.5 * side)
                painter.drawLine(centre - d, centre + d)
        else:
            is_batch = label == "in batch"
            painter.setPen(QPen(theme.colour("text") if is_batch else first, 1.6))
            painter.setBrush(first if is_batch else theme.colour("base"))
            painter.drawEllipse(centre, 4, 4)


def _placed(path: object, centre: QPointF, size: float) -> QPainterPath:
    assert isinstance(path, QPainterPath)
    return QTransform.fromTranslate(centre.x(), centre.y()).scale(size, size).map(path)
