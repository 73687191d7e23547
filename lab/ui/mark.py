"""What all marks of a plot share: a name, a colour, and the frame they stand in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from lab.ui import theme

if TYPE_CHECKING:
    import pyqtgraph as pg

    from lab.ui.gate import FloatArray

Box = tuple[float, float, float, float]


@dataclass
class Frame:
    """What the marks must know of the plot they stand in; owned by the plot."""

    x_range: tuple[float, float] = (0.0, 1.0)
    pixels: int = 400
    log_x: bool = False
    log_y: bool = False
    cursor: float | None = None
    pen_scale: float = 1.0  # cosmetic pens are measured in device pixels

    def scaled_x(self, x: float) -> float:
        """A value of x above zero in the scale of the axis."""
        return math.log10(x) if self.log_x else x

    def scaled_y(self, y: float) -> float:
        """A value of y above zero in the scale of the axis."""
        return math.log10(y) if self.log_y else y


class News(QObject):
    """Tells the plot that a mark has other data; marks hold this and not the plot."""

    changed = Signal()


class Mark:
    """What all marks share: a name, a place in the order of series, and the frame."""

    def __init__(self, name: str, series: int, frame: Frame, news: News) -> None:
        self.name, self.series, self._frame, self._news = name, series, frame, news
        self.is_visible = True
        self.gaps = 0
        self.role: str | None = None

    def ink(self) -> QColor:
        """The mark's colour in the theme of this moment."""
        palette = theme.current()
        if self.role is not None:
            return QColor(getattr(palette, self.role))
        return QColor(palette.series[self.series % len(palette.series)])

    def set_role(self, role: str | None) -> None:
        """Take a colour of the palette by its name (``text``, ``error``), or the series'."""
        self.role = role
        self.recolour()

    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """The pyqtgraph items that show it."""
        raise NotImplementedError

    def bounds(self) -> Box | None:
        """Least x, greatest x, least y, greatest y as drawn; None where nothing is."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Hand to pyqtgraph what is to be seen of the data in the frame of this moment."""
        raise NotImplementedError

    def recolour(self) -> None:
        """Take the colours of the theme of this moment."""
        raise NotImplementedError

    def set_visible(self, is_visible: bool) -> None:
        """Show or hide it; its data stay."""
        self.is_visible = is_visible
        for item in self.items():
            item.setVisible(is_visible)
        self._news.changed.emit()


def logged(a: FloatArray, is_log: bool) -> FloatArray:
    """Exponents of ten; what is not above zero has none and becomes a gap."""
    if not is_log:
        return a
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a > 0, np.log10(a), np.nan)


def extent(x: FloatArray, y: FloatArray) -> Box | None:
    """The finite box around points; None where there is none."""
    if not len(x):
        return None
    box = tuple(float(f.reduce(a)) for a in (x, y) for f in (np.fmin, np.fmax))
    return (box[0], box[1], box[2], box[3]) if np.isfinite(box).all() else None
