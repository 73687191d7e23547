"""Names beside what they name: labels at the time cursor, and a legend inside the plot."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtGui import QColor

from lab.ui import theme
from lab.ui.axes import clean
from lab.ui.images import ImageMark
from lab.ui.lines import LineMark
from lab.ui.numbers import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.ui.mark import Frame, Mark


class CursorLabels:
    """``Training 0.123`` beside the cursor, in the curve's colour, kept apart from each other.

    The uppermost curve's label stands above it, right of the cursor; the lowest one's below,
    left of it. So two labels, the common case, never meet and hide little of the curves.
    """

    def __init__(self, box: pg.ViewBox) -> None:
        self._box = box
        self._texts: list[pg.TextItem] = []

    def place(self, marks: Sequence[Mark], frame: Frame) -> None:
        """Write and place the labels for a cursor; hide those that have no value there."""
        there = self._values(marks, frame)
        while len(self._texts) < len(there):
            self._texts.append(self._make())
        for text in self._texts[len(there) :]:
            text.hide()
        for place, (mark, value) in enumerate(there):
            self._write(self._texts[place], mark, value, frame, place, len(there))

    def _values(self, marks: Sequence[Mark], frame: Frame) -> list[tuple[LineMark, float]]:
        if frame.cursor is None:
            return []
        lines = [m for m in marks if isinstance(m, LineMark) and m.label and m.is_visible]
        values = [(m, m.at(frame.cursor)) for m in lines]
        there = [(m, v) for m, v in values if v is not None and (v > 0 or not frame.log_y)]
        return sorted(there, key=lambda pair: -pair[1])

    def _make(self) -> pg.TextItem:
        text = pg.TextItem()
        text.setZValue(30)
        self._box.addItem(text, ignoreBounds=True)
        return text

    def _write(
        self, text: pg.TextItem, mark: LineMark, value: float, frame: Frame, place: int, of: int
    ) -> None:
        assert frame.cursor is not None
        palette = theme.current()
        text.setText(f"{clean(mark.name)} {shown(value, 3)}")
        text.setFont(theme.number_font("caption", bold=True))
        text.setColor(QColor(theme.readable(mark.ink().name(), palette)))
        ground = QColor(palette.base)
        ground.setAlpha(190)
        text.fill = pg.mkBrush(ground)
        is_upper = place < of / 2
        (x0, x1), _y = self._box.viewRange()
        x = frame.scaled_x(frame.cursor)
        share = (x - x0) / (x1 - x0) if x1 > x0 else 0.5
        to_right = share < 0.25 or (is_upper and share < 0.7)
        text.setAnchor((-0.08 if to_right else 1.08, 1.5 if is_upper else -0.5))
        text.setPos(x, frame.scaled_y(value))
        text.setVisible(0 <= share <= 1)


class Legend:
    """Names and samples inside the plot, on the ground's colour; it can be moved."""

    def __init__(self, item: pg.PlotItem) -> None:
        self._legend = pg.LegendItem(offset=(-6, 6), horSpacing=12, verSpacing=-4)
        self._legend.setParentItem(item.getViewBox())
        self._marks: list[Mark] = []
        self.recolour()

    def add(self, mark: Mark) -> None:
        """Add a line; colour maps have a scale instead."""
        if not isinstance(mark, ImageMark) and mark.name:
            self._marks.append(mark)
            item = next(i for i in mark.items() if i.opts.get("name"))
            self._legend.addItem(item, html.escape(clean(mark.name)))

    def recolour(self) -> None:
        """Write all lines again in the theme of this moment."""
        palette = theme.current()
        ground = QColor(palette.base)
        ground.setAlpha(215)
        self._legend.setBrush(pg.mkBrush(ground))
        self._legend.setPen(pg.mkPen(palette.line))
        self._legend.setLabelTextColor(palette.text)
        self._legend.setLabelTextSize(f"{theme.pixels('caption')}px")
        marks, self._marks = self._marks, []
        self._legend.clear()
        for mark in marks:
            self.add(mark)
