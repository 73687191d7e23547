"""The line under a picture: what its marks mean, and what its colours mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QImage,
    QLinearGradient,
    QPainter,
    QPen,
    QTransform,
)

from lab.panels.data.dots import class_symbol
from lab.ui import colours, theme
from lab.ui.axes import clean
from lab.ui.scales import ColourScale
from lab.ui.symbols import outline

if TYPE_CHECKING:
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

Shape = Literal["dot", "open", "outlined", "cross", "line", "dash", "fade"]
_STEP = 15.0
_INSET = 14.0


@dataclass(frozen=True, slots=True)
class Entry:
    """A mark and its meaning.

    ``ink`` is a role of the palette, or ``class 0``, ``series 1``; ``symbol`` the class whose
    symbol a dot has.
    """

    words: str
    shape: Shape
    ink: str = "text"
    symbol: int = 0


BATCH = Entry("in batch", "outlined", "class 0")
TEST = Entry("test", "open", "class 0")
WRONG = Entry("wrong", "cross")
PALER = Entry("fainter: less sure", "fade", "class 0")


def class_entries(names: tuple[str, ...]) -> tuple[Entry, ...]:
    """An entry for each class."""
    return tuple(Entry(clean(n), "dot", f"class {k}", k) for k, n in enumerate(names))


class Key(ColourScale):
    """As many entries as find room, and the scale of the map where there is one."""

    def __init__(self, entries: tuple[Entry, ...] = (), words: str = "", share: float = 1.0):
        super().__init__(words, "signed")
        self.entries, self.has_scale, self._share = entries, bool(words), share

    def show_entries(
        self, entries: tuple[Entry, ...], *, words: str = "", has_scale: bool = False
    ) -> None:
        """Say what the marks mean, and the colours."""
        if (entries, words, has_scale) != (self.entries, self._words, self.has_scale):
            self.entries, self._words, self.has_scale = entries, words, has_scale
            self.update()

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionGraphicsItem,
        widget: QWidget | None = None,
    ) -> None:
        """The scale, then the entries."""
        if self.has_scale:
            super().paint(painter, option, widget)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.number_font("caption"))
        advance = painter.fontMetrics().horizontalAdvance
        room = self.boundingRect().right()
        if self.has_scale:
            room = self._bar().left() - advance(self._words) - 24
        x = _INSET
        for entry in self.entries:
            wide = _STEP + advance(entry.words)
            if x + wide > room:
                break
            self._draw(painter, QPointF(x + 4, self._bar().center().y()), entry)
            x += wide + 10

    def _bar(self) -> QRectF:
        bar = super()._bar()
        broad = min(bar.width(), self.boundingRect().width() * 0.24)
        return QRectF(bar.right() - broad, bar.top(), broad, bar.height())

    def _ramp(self) -> QImage:
        """The inner part of the map that the picture uses."""
        cut = round(128 * (1 - self._share))
        ramp = np.ascontiguousarray(colours.table("signed")[None, cut : 256 - cut])
        width = ramp.shape[1]
        return QImage(ramp.tobytes(), width, 1, 3 * width, QImage.Format.Format_RGB888).copy()

    def _draw(self, painter: QPainter, centre: QPointF, entry: Entry) -> None:
        _SHAPES[entry.shape](painter, centre, _ink(entry.ink), entry.symbol)
        painter.setPen(QPen(theme.colour("secondary")))
        where = QRectF(centre.x() - 4 + _STEP, centre.y() - 10, 400, 20)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(where, left, entry.words)


def _ink(name: str) -> QColor:
    palette = theme.current()
    role, _, number = name.partition(" ")
    if role == "class":
        return QColor(palette.classes[int(number) % len(palette.classes)])
    return QColor(palette.series[int(number)]) if role == "series" else theme.colour(name)


def _dot(painter: QPainter, centre: QPointF, ink: QColor, symbol: int) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    path = outline(class_symbol(symbol))
    painter.drawPath(QTransform.fromTranslate(centre.x(), centre.y()).scale(8, 8).map(path))


def _open(painter: QPainter, centre: QPointF, ink: QColor, symbol: int) -> None:
    _dot(painter, centre, ink, symbol)
    painter.setBrush(theme.colour("base"))
    path = outline(class_symbol(symbol))
    painter.drawPath(QTransform.fromTranslate(centre.x(), centre.y()).scale(5, 5).map(path))


def _outlined(painter: QPainter, centre: QPointF, ink: QColor, _symbol: int) -> None:
    painter.setPen(QPen(theme.colour("text"), 1.6))
    painter.setBrush(ink)
    painter.drawEllipse(centre, 4, 4)


def _cross(painter: QPainter, centre: QPointF, ink: QColor, _symbol: int) -> None:
    painter.setPen(QPen(ink, 1.6))
    for side in (-1, 1):
        arm = QPointF(3.5, 3.5 * side)
        painter.drawLine(centre - arm, centre + arm)


def _line(painter: QPainter, centre: QPointF, ink: QColor, _symbol: int) -> None:
    painter.setPen(QPen(ink, 2))
    painter.drawLine(centre - QPointF(5, 0), centre + QPointF(6, 0))


def _dash(painter: QPainter, centre: QPointF, ink: QColor, _symbol: int) -> None:
    painter.setPen(QPen(ink, 2))
    for begin in (-5, 2):
        painter.drawLine(centre + QPointF(begin, 0), centre + QPointF(begin + 4, 0))


def _fade(painter: QPainter, centre: QPointF, ink: QColor, _symbol: int) -> None:
    ramp = QLinearGradient(centre.x() - 5, 0, centre.x() + 6, 0)
    ramp.setColorAt(0, theme.colour("base"))
    ramp.setColorAt(1, ink)
    painter.fillRect(QRectF(centre.x() - 5, centre.y() - 4, 11, 8), ramp)


_SHAPES = {
    "dot": _dot,
    "open": _open,
    "outlined": _outlined,
    "cross": _cross,
    "line": _line,
    "dash": _dash,
    "fade": _fade,
}
