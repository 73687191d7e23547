"""Separate points: a handle with ``set``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from lab.numerals import shown
from lab.ui import gate, theme
from lab.ui.mark import Box, Mark, View, extent, logged
from lab.ui.symbols import Stamp, Symbol

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from lab.ui.gate import FloatArray
    from lab.ui.mark import Arrays

MOST_SCATTERED = 100_000
NEAR_PX = 10.0


class ScatterMark(Mark):
    """Separate points; a symbol besides the colour, so that colour is never the only cue."""

    z = 10.0

    def __init__(
        self,
        name: str,
        series: int = 0,
        *,
        symbol: Symbol = "circle",
        size: float = 7,
        is_filled: bool = True,
        is_class: bool = False,
    ) -> None:
        super().__init__(name, series)
        self.symbol: Symbol = symbol
        self.size, self.is_filled, self.is_class = size, is_filled, is_class
        self.x = self.y = np.empty(0)
        self._stamp: Stamp | None = None
        self._stamped_for: object = None

    def set(self, x: ArrayLike, y: ArrayLike) -> None:
        """Draw points; those that are not finite are left out and counted in ``gaps``.

        Raises
        ------
        ValueError
            If the gate refuses them; the points stay as they were.
        """
        points = gate.scatter(x, y)
        self.gaps = points.gaps
        if np.array_equal(points.x, self.x) and np.array_equal(points.y, self.y):
            return  # what stays is not laid out anew with every frame
        self.x, self.y = points.x, points.y
        self.changed()

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

    def places(self, view: View) -> tuple[FloatArray, FloatArray]:
        """Pixels of the points in sight; of more than can be told apart every k-th."""
        stride = max(1, -(-len(self.x) // MOST_SCATTERED))
        x, y = view.across(self.x[::stride]), view.down(self.y[::stride])
        room = self.size  # a point beyond the border may reach in
        kept = (np.abs(x - view.width / 2) <= view.width / 2 + room) & (
            np.abs(y - view.height / 2) <= view.height / 2 + room
        )  # NaN compares false
        return x[kept], y[kept]

    def paint(self, painter: QPainter, view: View) -> None:
        """Set the stamp at every point."""
        if not len(self.x):
            return
        key = (self._version, view, theme.current())
        if key != self._stamped_for:
            self._stamped_for = key
            self._stamp = Stamp(self.symbol, self.size, self.pen(), self.brush())
            self._stamp.place(*self.places(view))
        assert self._stamp is not None
        self._stamp.paint(painter)

    def paint_sample(self, painter: QPainter, width: float, height: float) -> None:
        """One point in the middle."""
        stamp = Stamp(self.symbol, self.size, self.pen(), self.brush())
        stamp.place(np.array([width / 2]), np.array([height / 2]))
        stamp.paint(painter)

    def ink(self) -> QColor:
        """The colour of the class or the series."""
        palette = theme.current()
        if self.role is None and self.is_class:
            return QColor(palette.classes[self.series % len(palette.classes)])
        return super().ink()

    def pen(self) -> QPen:
        """Filled: a thin halo of the ground; open: a coloured line."""
        is_stroke = self.symbol in ("cross", "plus")
        is_halo = self.is_filled and not is_stroke
        ground = QColor(theme.current().base)
        return QPen(ground, 0.8) if is_halo else QPen(self.ink(), 1.4)

    def brush(self) -> QBrush:
        """Filled with the colour, or with the ground."""
        return QBrush(self.ink() if self.is_filled else QColor(theme.current().base))

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Name and coordinates of the nearest point, if it is near."""
        near = self.nearest(*place)
        if near is None:
            return ""
        xs, ys = self._scaled()
        away = math.hypot((xs[near] - place[0]) / pixel[0], (ys[near] - place[1]) / pixel[1])
        words = f"{self.name}  ({shown(float(self.x[near]))}, {shown(float(self.y[near]))})"
        return words if away <= NEAR_PX else ""

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """Its coordinates."""
        return {f"{name}: {x_words}": self.x, f"{name}: {y_words}": self.y}
