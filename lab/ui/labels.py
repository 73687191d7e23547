"""Names and samples of the marks inside a plot, on the ground's colour; they can be moved."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from lab.ui import theme
from lab.ui.axes import clean
from lab.ui.images import ImageMark
from lab.ui.paint_guard import forgive

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from lab.ui.mark import Mark

SAMPLE = 20.0


class Sample(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A piece of a mark, as a legend shows it."""

    sigClicked = pg.QtCore.Signal(object)  # the legend connects it

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self._mark = mark
        self.setFixedWidth(SAMPLE)
        self.setFixedHeight(SAMPLE)

    def boundingRect(self) -> QRectF:
        """A square."""
        return QRectF(0, 0, SAMPLE, SAMPLE)

    def paint(self, painter: QPainter, *_args: object) -> None:
        """What the mark paints of itself."""
        self._mark.paint_sample(painter, SAMPLE, SAMPLE)


class Legend:
    """The names of all marks but colour maps, which have a scale instead."""

    def __init__(self, item: pg.PlotItem) -> None:
        self._legend = pg.LegendItem(
            offset=(-6, 6), horSpacing=12, verSpacing=-4, sampleType=Sample
        )
        self._legend.setParentItem(item.getViewBox())
        self._marks: list[Mark] = []
        self.recolour()

    def add(self, mark: Mark) -> None:
        """Add a line of the legend."""
        if not isinstance(mark, ImageMark) and mark.name:
            self._marks.append(mark)
            self._legend.addItem(Sample(mark), html.escape(clean(mark.name)))

    def recolour(self) -> None:
        """Write all lines again in the theme of this moment."""
        forgive(self._legend)
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
