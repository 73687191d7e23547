"""Symbols of points: their outlines, and a stamp by which thousands are set at once."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPaintEngine, QPainter, QPainterPath, QPixmap, QTransform

if TYPE_CHECKING:
    from PySide6.QtGui import QBrush, QPen

    from lab.ui.gate import FloatArray

Symbol = Literal["circle", "triangle", "square", "diamond", "cross", "star", "plus", "strokes"]

_NAMES: dict[Symbol, str] = {
    "circle": "o",
    "triangle": "t1",
    "square": "s",
    "diamond": "d",
    "cross": "x",
    "star": "star",
    "plus": "+",
}


@cache
def outline(symbol: Symbol) -> QPainterPath:
    """The outline of a symbol, of unit size about the origin."""
    if symbol == "strokes":
        return _strokes()
    return QPainterPath(pg.graphicsItems.ScatterPlotItem.Symbols[_NAMES[symbol]])


def _strokes() -> QPainterPath:
    """A thin cross: two strokes from corner to corner."""
    path = QPainterPath(QPointF(-0.5, -0.5))
    path.lineTo(0.5, 0.5)
    path.moveTo(-0.5, 0.5)
    path.lineTo(0.5, -0.5)
    return path


MOST_PATHS = 2_000
"""Points of a vector file that are paths; more are one picture in it, as readers like."""
FINE = 4
"""Pixels of that picture for each one of the plot."""


class Stamp:
    """A symbol of a size, a pen and a brush, to be set at many places.

    On the screen it is painted once and copied; in a vector file every one is a path of its
    own.
    """

    def __init__(self, symbol: Symbol, size: float, pen: QPen, brush: QBrush) -> None:
        self._path = QTransform.fromScale(size, size).map(outline(symbol))
        self._pen, self._brush = pen, brush
        self._side = 2 * math.ceil((size + pen.widthF()) / 2 + 1)  # even: all have one centre
        self._pixmap, self._scale = QPixmap(), 0.0
        self._fragments = PrimitiveArray(QPainter.PixmapFragment, 10)

    def place(self, x: FloatArray, y: FloatArray) -> None:
        """Set the places (N,) in pixels, at which it is painted from now on."""
        self._fragments.resize(len(x))
        found = self._fragments.ndarray()
        found[:, 0], found[:, 1] = x, y
        found[:, 2:4], found[:, 8], found[:, 9] = 0.0, 0.0, 1.0  # source, rotation, opacity
        self._scale = 0.0  # width and scale are set with the pixmap

    def paint(self, painter: QPainter) -> None:
        """Paint it at all its places."""
        if not len(self._fragments):
            return
        engine = painter.paintEngine()
        if engine is not None and engine.type() == QPaintEngine.Type.Raster:
            self._fit(painter.deviceTransform().m11())
            first, count = self._fragments.drawargs()
            painter.drawPixmapFragments(first, count, self._pixmap)
        else:
            self._draw_paths(painter)

    def _fit(self, scale: float) -> None:
        """Have the pixmap in the pixels of the device."""
        if scale == self._scale:
            return
        self._scale = scale
        across = max(1, round(self._side * scale))
        self._pixmap = QPixmap(across, across)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._pixmap)
        painter.scale(across / self._side, across / self._side)
        painter.translate(self._side / 2, self._side / 2)
        self._draw(painter)
        painter.end()
        found = self._fragments.ndarray()
        found[:, 4:6], found[:, 6:8] = across, self._side / across

    def _draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        painter.drawPath(self._path)

    def _draw_paths(self, painter: QPainter) -> None:
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        if len(self._fragments) > MOST_PATHS:
            self._draw_picture(painter)
            return
        for x, y in np.asarray(self._fragments.ndarray())[:, :2].tolist():
            painter.drawPath(self._path.translated(x, y))

    def _draw_picture(self, painter: QPainter) -> None:
        """All points as pixels, as fine as paper wants them."""
        places = np.asarray(self._fragments.ndarray())[:, :2]
        (x0, y0), (x1, y1) = places.min(axis=0) - self._side, places.max(axis=0) + self._side
        area = QRectF(x0, y0, x1 - x0, y1 - y0)
        image = QImage((area.size() * FINE).toSize(), QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        inner = QPainter(image)
        inner.scale(image.width() / area.width(), image.height() / area.height())
        inner.translate(-area.topLeft())
        self.paint(inner)
        inner.end()
        painter.drawImage(area, image)
