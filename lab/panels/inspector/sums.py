"""The terms of a sum: numbers in columns, a bar for each product, the sum below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.numerals import shown
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from lab.maths.explanations import Explanation

LINE = 23
BAR = 56
COLUMN = 62
LABEL = 48


def four(value: float) -> str:
    """A number with four decimals where they say something, so that columns stand in line."""
    if value and not 1e-3 <= abs(value) < 1e4:
        mantissa, exponent = f"{value:.1e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    return f"{value:.4f}".replace("-", "−")


class SumTable(QWidget):
    """Paints the terms of an explanation, largest first where there are many."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: Explanation | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_explanation(self, made: Explanation) -> None:
        """Show the terms of another number."""
        self._made = made
        self.setFixedSize(self._size())
        self.setAccessibleName("; ".join(" ".join(line) for line in self.lines()))
        self.update()

    def lines(self) -> list[tuple[str, ...]]:
        """What stands in each line, from the heads to the sum."""
        made = self._made
        if made is None or not made.terms:
            return []
        largest, rest, others = made.largest()
        width = len(made.columns)
        lines: list[tuple[str, ...]] = [made.columns]
        for term in largest:
            factors = [four(v) for v in term.factors]
            blanks = [""] * (width - 2 - len(factors))
            lines.append((term.label, *factors, *blanks, four(term.value)))
        if others:
            lines.append((f"{others:,} more", *[""] * (width - 2), four(rest)))
        lines.append(("Sum", *[""] * (width - 2), shown(made.total, 5)))
        return lines

    def _size(self) -> QSize:
        made = self._made
        if made is None or not made.terms:
            return QSize(0, 0)
        return QSize(
            LABEL + COLUMN * (len(made.columns) - 1) + BAR + 12, LINE * len(self.lines()) + 6
        )

    def sizeHint(self) -> QSize:
        """As large as the lines."""
        return self._size()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Heads, terms with bars, a line, the sum."""
        made = self._made
        if made is None or not made.terms:
            return
        painter = QPainter(self)
        lines = self.lines()
        for number, line in enumerate(lines):
            self._paint_line(painter, line, number, len(lines))
        self._paint_bars(painter, made)
        painter.end()

    def _paint_line(
        self, painter: QPainter, line: tuple[str, ...], number: int, count: int
    ) -> None:
        is_head, is_sum = number == 0, number == count - 1
        top = number * LINE + (5 if is_sum else 0)
        size = "caption" if is_head else "text"
        painter.setFont(theme.number_font(size, bold=is_sum))
        painter.setPen(theme.colour("secondary" if is_head else "text"))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, top, LABEL + 10, LINE), left, line[0])
        for place, words in enumerate(line[1:]):
            left_edge = LABEL if is_sum else LABEL + place * COLUMN
            area = QRectF(left_edge, top, LABEL + (place + 1) * COLUMN - 4 - left_edge, LINE)
            painter.drawText(area, right, words)
        if is_sum:
            painter.setPen(QPen(theme.colour("line"), 1))
            y = number * LINE + 3
            end = LABEL + COLUMN * (len(line) - 1) - 4
            painter.drawLine(QPointF(0, y), QPointF(end, y))

    def _paint_bars(self, painter: QPainter, made: Explanation) -> None:
        largest, rest, others = made.largest()
        values = [term.value for term in largest] + ([rest] if others else [])
        low, high = min(0.0, *values), max(0.0, *values)
        span = high - low or 1.0
        start = LABEL + COLUMN * (len(made.columns) - 1) + 8
        zero = start - low / span * BAR
        stops = theme.current().signed
        for number, value in enumerate(values):
            end = start + (value - low) / span * BAR
            colour = QColor(stops[2] if value < 0 else stops[-3])
            area = QRectF(min(zero, end), (number + 1) * LINE + 6, abs(end - zero), LINE - 12)
            painter.fillRect(area, colour)
        painter.setPen(QPen(theme.colour("text"), 1))
        bottom = (len(values) + 1) * LINE
        painter.drawLine(QPointF(zero, LINE), QPointF(zero, bottom))
