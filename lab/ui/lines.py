"""Curves: a handle with ``set``, drawn as far as the pixels can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg

from lab.ui import decimation, gate, theme
from lab.ui.mark import Box, Frame, Mark, News, extent, logged
from lab.ui.paint_guard import forgive

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from PySide6.QtGui import QPen

    from lab.ui.gate import FloatArray

Dash = Literal["solid", "dash", "dot", "dashdot", "long"]

DASHES: dict[Dash, list[float]] = {
    "solid": [],
    "dash": [6, 3],
    "dot": [1.5, 2.5],
    "dashdot": [7, 3, 1.5, 3],
    "long": [10, 4],
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
        series: int,
        frame: Frame,
        news: News,
        *,
        dash: Dash = "solid",
        width: float = 1,
        is_faint: bool = False,
        label: bool = False,
    ) -> None:
        super().__init__(name, series, frame, news)
        self.dash, self.width, self.is_faint, self.label = dash, width, is_faint, label
        self.x = self.y = np.empty(0)
        self.full: Callable[[], tuple[FloatArray, FloatArray]] | None = None
        self._is_sorted = True
        self.past, self.future = pg.PlotCurveItem(name=name), pg.PlotCurveItem()
        self.dot = pg.ScatterPlotItem(size=8)
        self.dot.setZValue(20)
        self.recolour()

    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """The bright part, the faint part, and the dot at the cursor."""
        return self.future, self.past, self.dot

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
        for item in self.items():
            forgive(item)
        self.redraw()
        self._news.changed.emit()

    def data(self) -> tuple[FloatArray, FloatArray]:
        """All the numbers behind the curve, shape (N,) each; ``full`` where it is set."""
        return self.full() if self.full is not None else (self.x, self.y)

    def at(self, x: float) -> float | None:
        """The value at or just before x; None outside the curve, in a gap and on a path."""
        if not self._is_sorted or not len(self.x) or not self.x[0] <= x <= self.x[-1]:
            return None
        value = float(self.y[int(np.searchsorted(self.x, x, "right")) - 1])
        return value if np.isfinite(value) else None

    def bounds(self) -> Box | None:
        """Extent of the curve in the frame's own scales."""
        return extent(*self._scaled(self.x, self.y))

    def redraw(self) -> None:
        """Reduce to the pixels, part at the cursor, hand over."""
        frame = self._frame
        if self._is_sorted:
            lo, hi = frame.x_range
            lo, hi = (10**lo, 10**hi) if frame.log_x else (lo, hi)
            x, y = decimation.visible(self.x, self.y, (lo, hi), frame.pixels)
        else:
            x, y = decimation.thinned(self.x, self.y)
        cut = self._cut(x)
        self._hand_over(self.past, *self._scaled(x[:cut], y[:cut]))
        self._hand_over(self.future, *self._scaled(x[max(cut - 1, 0) :], y[max(cut - 1, 0) :]))
        self._move_dot()

    def _cut(self, x: FloatArray) -> int:
        cursor = self._frame.cursor
        if cursor is None or not self._is_sorted:
            return len(x)
        return int(np.searchsorted(x, cursor, "right"))

    def _hand_over(self, item: pg.PlotCurveItem, x: FloatArray, y: FloatArray) -> None:
        has_gaps = bool(np.isnan(y).any())
        is_smooth = len(x) <= self.smooth_up_to
        item.setData(x, y, connect="finite" if has_gaps else "all", antialias=is_smooth)
        item.setVisible(self.is_visible and len(x) > 0)  # nothing costs nothing

    def _scaled(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        return logged(x, self._frame.log_x), logged(y, self._frame.log_y)

    def _move_dot(self) -> None:
        cursor = self._frame.cursor
        value = self.at(cursor) if cursor is not None and self.label else None
        if cursor is None or value is None:
            self.dot.setData([], [])
            return
        x, y = self._scaled(np.array([cursor]), np.array([value]))
        self.dot.setData(x, y) if np.isfinite(x[0] + y[0]) else self.dot.setData([], [])

    def pen(self, strength: float = 1.0) -> QPen:
        """The pen of the curve at a strength from 0 to 1."""
        ink = self.ink()
        ink.setAlphaF(strength * (0.38 if self.is_faint else 1.0))
        pen: QPen = pg.mkPen(ink, width=self.width * self._frame.pen_scale)
        if DASHES[self.dash]:
            pen.setDashPattern(DASHES[self.dash])
        return pen

    def recolour(self) -> None:
        """Pens of the theme of this moment."""
        self.past.setPen(self.pen())
        self.future.setPen(self.pen(FUTURE))
        self.dot.setBrush(pg.mkBrush(self.ink()))
        self.dot.setPen(pg.mkPen(theme.current().base, width=1.5))
