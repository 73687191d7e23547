"""The time cursor across a plot: the step that everything is drawn at, and the values there."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.numerals import shown
from lab.ui import theme
from lab.ui.axes import clean
from lab.ui.lines import LineMark
from lab.ui.mark import Mark, View

if TYPE_CHECKING:
    from collections.abc import Sequence

DOT = 4.0
ROOM = 8.0  # between the cursor and a label, and between a value and its label


class CursorMark(Mark):
    """The time cursor: a line in the text colour, and ``Training 0.123`` beside it.

    The uppermost curve's label stands above it, right of the cursor; the lowest one's below,
    left of it. So two labels, the common case, never meet and hide little of the curves.
    """

    z = 15.0

    def __init__(self, marks: Sequence[Mark]) -> None:
        super().__init__()
        self._marks = marks

    def paint(self, painter: QPainter, view: View) -> None:
        """The line, the dots, and the labels over all."""
        if view.cursor is None or (view.log_x and view.cursor <= 0):
            return
        x, _y = view.place(view.cursor, 1.0)
        if not 0 <= x <= view.width:
            return
        painter.setPen(QPen(theme.colour("text"), 1))
        painter.drawLine(QPointF(x, 0), QPointF(x, view.height))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        there = self.values()
        places = [QPointF(*view.place(m.foot(view.cursor), value)) for m, value in there]
        for (mark, _value), place in zip(there, places, strict=True):
            painter.setPen(QPen(theme.colour("base"), 1.5))
            painter.setBrush(mark.ink())
            if isfinite(place.x()):  # a logarithmic axis has no place for step 0
                painter.drawEllipse(place, DOT, DOT)
        for nth, ((mark, value), place) in enumerate(zip(there, places, strict=True)):
            at = QPointF(x, place.y())
            _label(painter, label_of(mark, value), mark.ink(), at, view,
                   is_upper=nth < len(there) / 2)  # fmt: skip

    def values(self) -> list[tuple[LineMark, float]]:
        """The labelled curves that have a value at the cursor, the greatest first."""
        frame = self._frame
        if frame.cursor is None:
            return []
        lines = [m for m in self._marks if isinstance(m, LineMark) and m.label and m.is_visible]
        values = [(m, m.at(frame.cursor)) for m in lines]
        there = [(m, v) for m, v in values if v is not None and (v > 0 or not frame.log_y)]
        return sorted(there, key=lambda pair: -pair[1])


def label_of(mark: Mark, value: float) -> str:
    """Name and value in three digits."""
    return f"{clean(mark.name)} {shown(value, 3)}"


def _label(
    painter: QPainter, words: str, ink: QColor, at: QPointF, view: View, *, is_upper: bool
) -> None:
    """Write beside a place, on the ground's colour."""
    palette = theme.current()
    painter.setFont(theme.number_font("caption", bold=True))
    metrics = painter.fontMetrics()
    wide, high = metrics.horizontalAdvance(words) + 6.0, metrics.height() + 2.0
    share = at.x() / max(view.width, 1.0)
    is_wanted = share < 0.25 or (is_upper and share < 0.7)
    has_room = at.x() + ROOM + wide <= view.width
    to_right = (is_wanted and has_room) or at.x() - ROOM - wide < 0
    left = at.x() + ROOM if to_right else at.x() - ROOM - wide
    left = max(min(left, view.width - wide), 0.0)  # across the cursor rather than cut off
    top = at.y() - ROOM - high if is_upper else at.y() + ROOM
    room = QRectF(left, min(max(top, 0.0), max(view.height - high, 0.0)), wide, high)
    ground = QColor(palette.base)
    ground.setAlpha(190)
    painter.fillRect(room, ground)
    painter.setPen(QColor(theme.readable(ink.name(), palette)))
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)
