"""Separate points: a handle with ``set``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from lab.ui import gate, theme
from lab.ui.mark import Box, Frame, Mark, News, extent, logged
from lab.ui.paint_guard import forgive

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from lab.ui.gate import FloatArray

Symbol = Literal["circle", "triangle", "square", "diamond", "cross", "star", "plus"]

SYMBOLS: dict[Symbol, str] = {
    "circle": "o",
    "triangle": "t1",
    "square": "s",
    "diamond": "d",
    "cross": "x",
    "star": "star",
    "plus": "+",
}
MOST_SCATTERED = 100_000


class ScatterMark(Mark):
    """Separate points; a symbol besides the colour, so that colour is never the only cue."""

    def __init__(
        self,
        name: str,
        series: int,
        frame: Frame,
        news: News,
        *,
        symbol: Symbol = "circle",
        size: float = 7,
        is_filled: bool = True,
        is_class: bool = False,
    ) -> None:
        super().__init__(name, series, frame, news)
        self.symbol, self.size, self.is_filled, self.is_class = (
            symbol,
            size,
            is_filled,
            is_class,
        )
        self.x = self.y = np.empty(0)
        self.item = pg.ScatterPlotItem(name=name, symbol=SYMBOLS[symbol], size=size)
        self.item.setZValue(10)
        self.recolour()

    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """The one item."""
        return (self.item,)

    def set(self, x: ArrayLike, y: ArrayLike) -> None:
        """Draw points; those that are not finite are left out and counted in ``gaps``.

        Raises
        ------
        ValueError
            If the gate refuses them; the points stay as they were.
        """
        points = gate.scatter(x, y)
        if np.array_equal(points.x, self.x) and np.array_equal(points.y, self.y):
            return  # what stays is not laid out anew with every frame
        self.x, self.y, self.gaps = points.x, points.y, points.gaps
        forgive(self.item)
        self.redraw()
        self._news.changed.emit()

    def data(self) -> tuple[FloatArray, FloatArray]:
        """All finite points, shape (N,) each."""
        return self.x, self.y

    def nearest(self, x: float, y: float) -> int | None:
        """The index of the point nearest to a place in the plot's scales, or None."""
        xs, ys = self._scaled()
        if not len(xs):
            return None
        distance = (xs - x) ** 2 + (ys - y) ** 2
        return int(np.nanargmin(distance)) if np.isfinite(distance).any() else None

    def bounds(self) -> Box | None:
        """Extent of the points in the frame's own scales."""
        return extent(*self._scaled())

    def _scaled(self) -> tuple[FloatArray, FloatArray]:
        return logged(self.x, self._frame.log_x), logged(self.y, self._frame.log_y)

    def redraw(self) -> None:
        """Hand over, every k-th point where there are more than can be told apart."""
        x, y = self._scaled()
        stride = max(1, -(-len(x) // MOST_SCATTERED))
        kept = np.isfinite(x) & np.isfinite(y)
        self.item.setData(x[kept][::stride], y[kept][::stride])
        self.item.setVisible(self.is_visible and bool(kept.any()))  # nothing costs nothing

    def ink(self) -> QColor:
        """The colour of the class or the series."""
        palette = theme.current()
        if self.role is None and self.is_class:
            return QColor(palette.classes[self.series % len(palette.classes)])
        return super().ink()

    def recolour(self) -> None:
        """Filled: a thin halo of the ground; open: the ground inside a coloured line."""
        ink, ground = self.ink(), QColor(theme.current().base)
        is_stroke = self.symbol in ("cross", "plus")
        outline = ground if self.is_filled and not is_stroke else ink
        self.item.setPen(
            pg.mkPen(outline, width=1.4 if is_stroke or not self.is_filled else 0.8)
        )
        self.item.setBrush(pg.mkBrush(ink if self.is_filled else ground))
