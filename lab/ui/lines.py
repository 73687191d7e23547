"""Curves: a handle with ``set``, drawn as far as the pixels can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter, QPen, QPolygonF

from lab.numerals import shown
from lab.ui import decimation, gate
from lab.ui.mark import Box, Mark, View, extent, logged, unlogged

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from PySide6.QtGui import QPainterPath

    from lab.ui.gate import FloatArray
    from lab.ui.mark import Arrays

    Curve = tuple[FloatArray, FloatArray]
    Drawn = QPolygonF | QPainterPath

Dash = Literal["solid", "dash", "dot"]

DASHES: dict[Dash, list[float]] = {
    "solid": [],
    "dash": [6, 3],
    "dot": [1.5, 2.5],
}
ANTIALIAS_UP_TO = 3_000
FUTURE = 0.42  # how strongly the part beyond the time cursor is drawn


class LineMark(Mark):
    """A curve, bright up to the time cursor and faint beyond it."""

    smooth_up_to = ANTIALIAS_UP_TO
    """Points drawn with smooth edges, which cost time."""

    def __init__(
        self,
        name: str,
        series: int = 0,
        *,
        dash: Dash = "solid",
        width: float = 1,
        is_faint: bool = False,
        label: bool = False,
    ) -> None:
        super().__init__(name, series)
        self.dash: Dash = dash
        self.width, self.is_faint, self.label = width, is_faint, label
        self.x = self.y = np.empty(0)
        self.full: Callable[[], Curve] | None = None
        self._is_sorted = True
        self._drawn: tuple[Drawn, Drawn, bool] | None = None
        self._drawn_for: object = None

    def set(self, x: ArrayLike, y: ArrayLike) -> None:
        """Draw y over x; what is not finite leaves a gap, counted in ``gaps``.

        Raises
        ------
        ValueError
            If the gate refuses them; the curve stays as it was.
        """
        points = gate.line(x, y)
        self.x, self.y, self.gaps = points.x, points.y, points.gaps
        self._is_sorted = decimation.is_sorted(self.x)
        self.changed()

    def data(self) -> Curve:
        """All the numbers behind the curve, shape (N,) each; ``full`` where it is set."""
        return self.full() if self.full is not None else (self.x, self.y)

    def at(self, x: float) -> float | None:
        """The value at or just before x; None outside the curve, in a gap and on a path."""
        if not self._is_sorted or not len(self.x) or not self.x[0] <= x <= self.x[-1]:
            return None
        value = float(self.y[int(np.searchsorted(self.x, x, "right")) - 1])
        return value if np.isfinite(value) else None

    def foot(self, x: float) -> float:
        """The x to which ``at(x)`` belongs, of an x in sight: where the last point lies."""
        place = int(np.searchsorted(self.x, x, "right")) - 1 if self._is_sorted else -1
        return float(self.x[place]) if place >= 0 else x

    def bounds(self) -> Box | None:
        """Extent of the curve in the frame's own scales."""
        frame = self._frame
        return extent(logged(self.x, frame.log_x), logged(self.y, frame.log_y))

    def reduced(self, view: View) -> Curve:
        """As much of the curve as the pixels of a view can show, in the data's own scale."""
        if not self._is_sorted:
            return decimation.thinned(self.x, self.y)
        ends = view.x0, view.x1
        if view.log_x:
            ends = unlogged(view.x0), unlogged(view.x1)
        return decimation.visible(self.x, self.y, ends, max(int(view.width), 50))

    def parts(self, view: View) -> tuple[Curve, Curve]:
        """What is drawn up to the time cursor, and beyond it; both hold the point at it."""
        x, y = self.reduced(view)
        cut = len(x)
        if view.cursor is not None and self._is_sorted:
            cut = int(np.searchsorted(x, view.cursor, "right"))
        after = max(cut - 1, 0) if cut < len(x) else cut
        return (x[:cut], y[:cut]), (x[after:], y[after:])

    def paint(self, painter: QPainter, view: View) -> None:
        """The faint part, then the bright one."""
        key = (self._version, view)
        if self._drawn is None or key != self._drawn_for:
            self._drawn_for = key
            parts = self.parts(view)
            past, future = (polyline(view.across(x), view.down(y)) for x, y in parts)
            self._drawn = past, future, sum(len(x) for x, _y in parts) <= self.smooth_up_to
        past, future, is_smooth = self._drawn
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, is_smooth)
        for drawn, strength in ((future, FUTURE), (past, 1.0)):
            if not drawn.isEmpty():
                painter.setPen(self.pen(strength))
                draw(painter, drawn)

    def paint_sample(self, painter: QPainter, width: float, height: float) -> None:
        """A piece of the line."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.pen())
        painter.drawLine(QPointF(0, height / 2), QPointF(width, height / 2))

    def pen(self, strength: float = 1.0) -> QPen:
        """The pen of the curve at a strength from 0 to 1."""
        ink = self.ink()
        ink.setAlphaF(strength * (0.38 if self.is_faint else 1.0))
        pen = QPen(ink, self.width)
        if DASHES[self.dash]:
            pen.setDashPattern(DASHES[self.dash])
        return pen

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Name and value at x."""
        x = unlogged(place[0]) if self._frame.log_x else place[0]
        value = self.at(x)
        return "" if value is None or not self.name else f"{self.name}  {shown(value)}"

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """All the numbers of the curve."""
        x, y = self.data()
        return {f"{name}: {x_words}": x, f"{name}: {y_words}": y}


def polyline(x: FloatArray, y: FloatArray) -> Drawn:
    """Points in pixels as what Qt draws fastest; a path where there are gaps."""
    if len(x) < 2:
        return QPolygonF()
    if np.isnan(y).any() or np.isnan(x).any():
        path: QPainterPath = pg.functions.arrayToQPath(x, y, connect="finite")
        return path
    polygon: QPolygonF = pg.functions.arrayToQPolygonF(x, y)
    return polygon


def draw(painter: QPainter, drawn: Drawn) -> None:
    """Draw what ``polyline`` made."""
    if isinstance(drawn, QPolygonF):
        painter.drawPolyline(drawn)
    else:
        painter.drawPath(drawn)
