"""What all marks of a plot share: a name, a colour, the frame they stand in, and how to paint.

A mark holds data and paints them when asked; it keeps what it made of them for the view it
made it for, so that a frame in which it did not change costs one call of the painter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from lab.ui import theme
from lab.ui.paint_guard import forgive

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter

    from lab.ui.gate import FloatArray

    Arrays = dict[str, np.ndarray[Any, Any]]

Box = tuple[float, float, float, float]
REACH_PX = 30_000.0
"""Beyond so many pixels a place is drawn at the border of what Qt's rasteriser can hold."""


@dataclass
class Frame:
    """What holds for all marks of a plot, owned by the plot."""

    log_x: bool = False
    log_y: bool = False
    cursor: float | None = None

    def scaled_x(self, x: float) -> float:
        """A value of x above zero in the scale of the axis."""
        return math.log10(x) if self.log_x else x


@dataclass(frozen=True, slots=True)
class View:
    """What is seen of a plot and how large: ranges in the axes' scales, size in pixels."""

    x0: float
    x1: float
    y0: float
    y1: float
    width: float
    height: float
    y_down: bool = False
    log_x: bool = False
    log_y: bool = False
    cursor: float | None = None

    def across(self, x: FloatArray) -> FloatArray:
        """Pixels from the left edge, for x in the data's own scale."""
        shares = (logged(x, self.log_x) - self.x0) * (self.width / (self.x1 - self.x0))
        return np.clip(shares, -REACH_PX, REACH_PX)

    def down(self, y: FloatArray) -> FloatArray:
        """Pixels from the upper edge, for y in the data's own scale."""
        up = (logged(y, self.log_y) - self.y0) * (self.height / (self.y1 - self.y0))
        return np.clip(up if self.y_down else self.height - up, -REACH_PX, REACH_PX)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Pixels of one place; NaN where a logarithmic axis has none."""
        return float(self.across(np.array([x]))[0]), float(self.down(np.array([y]))[0])


class News(QObject):
    """Tells the plot that a mark has other data; marks hold this and not the plot."""

    changed = Signal()


class Mark:
    """What all marks share: a name, a place in the order of series, and the frame."""

    z = 0.0
    """Marks with more are painted over those with less."""

    def __init__(self, name: str = "", series: int = 0) -> None:
        self.name, self.series = name, series
        self._frame, self._news = Frame(), News()
        self.is_visible = True
        self.gaps = 0
        self.role: str | None = None
        self._version = 0

    def attach(self, frame: Frame, news: News) -> None:
        """Stand in a plot from now on."""
        self._frame, self._news = frame, news

    def ink(self) -> QColor:
        """The mark's colour in the theme of this moment."""
        palette = theme.current()
        if self.role is not None:
            return QColor(getattr(palette, self.role))
        return QColor(palette.series[self.series % len(palette.series)])

    def set_role(self, role: str | None) -> None:
        """Take a colour of the palette by its name (``text``, ``error``), or the series'."""
        self.role = role
        self.changed()

    def bounds(self) -> Box | None:
        """Least x, greatest x, least y, greatest y as drawn; None where nothing is."""
        return None

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint into pixels of a plot, the upper left corner of which is 0, 0."""
        raise NotImplementedError

    def paint_sample(self, painter: QPainter, width: float, height: float) -> None:
        """Paint what a legend shows of it into so many pixels; nothing by default."""

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """What it says of a place in the axes' scales, pixels being so large; may be empty."""
        return ""

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """All the numbers behind it, by name."""
        return {}

    def set_visible(self, is_visible: bool) -> None:
        """Show or hide it; its data stay."""
        if is_visible != self.is_visible:
            self.is_visible = is_visible
            self.changed()

    def changed(self) -> None:
        """Have it painted anew, whatever failed before."""
        self._version += 1
        forgive(self)
        self._news.changed.emit()


def logged(a: FloatArray, is_log: bool) -> FloatArray:
    """Exponents of ten; what is not above zero has none and becomes a gap."""
    if not is_log:
        return a
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a > 0, np.log10(a), np.nan)


def unlogged(exponent: float) -> float:
    """Ten to an exponent, as far as numbers go."""
    return float(10.0 ** min(max(exponent, -300.0), 300.0))


def extent(x: FloatArray, y: FloatArray) -> Box | None:
    """The finite box around points; None where there is none."""
    if not len(x):
        return None
    box = tuple(float(f.reduce(a)) for a in (x, y) for f in (np.fmin, np.fmax))
    return (box[0], box[1], box[2], box[3]) if np.isfinite(box).all() else None
