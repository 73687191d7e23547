"""How often which values occur: bars over bins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPen

from lab.numerals import shown
from lab.ui.mark import Box, Mark, View

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PySide6.QtGui import QPainter

    from lab.ui.gate import FloatArray
    from lab.ui.mark import Arrays

MOST_BINS = 60


class HistogramMark(Mark):
    """Counts of numbers in bins of equal width; what is not finite is counted in ``gaps``."""

    def __init__(self, name: str, series: int = 0) -> None:
        super().__init__(name, series)
        self.edges: FloatArray = np.empty(0)
        self.counts: FloatArray = np.empty(0)

    def set(self, values: ArrayLike) -> None:
        """Count numbers of any shape into as many bins as suit their number."""
        numbers = np.asarray(values, float).ravel()
        finite = numbers[np.isfinite(numbers) & (np.abs(numbers) < 1e30)]
        self.gaps = int(numbers.size - finite.size)
        if finite.size:
            bins = int(min(MOST_BINS, max(5, np.ceil(2 * np.sqrt(finite.size)))))
            counts, self.edges = np.histogram(finite, bins=bins, range=_range(finite))
            self.counts = counts.astype(float)
        else:
            self.edges, self.counts = np.empty(0), np.empty(0)
        self.changed()

    def bounds(self) -> Box | None:
        """From the first bin to the last, and up from zero."""
        if not self.counts.size:
            return None
        return float(self.edges[0]), float(self.edges[-1]), 0.0, float(self.counts.max())

    def bin_at(self, x: float) -> int | None:
        """Which bin holds a value; None outside."""
        place = int(np.searchsorted(self.edges, x, side="right")) - 1
        return place if 0 <= place < self.counts.size else None

    def paint(self, painter: QPainter, view: View) -> None:
        """Bars that stand side by side, filled faintly, in the series' colour."""
        if not self.counts.size:
            return
        across, tops = view.across(self.edges), view.down(self.counts)
        (ground,) = view.down(np.zeros(1))
        ink = self.ink()
        fill = QColor(ink)
        fill.setAlpha(90)
        painter.setPen(QPen(ink, 1))
        painter.setBrush(fill)
        for left, right, top, count in zip(across, across[1:], tops, self.counts, strict=False):
            if count:
                painter.drawRect(QRectF(left, top, right - left, ground - top))

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """The bin under the mouse, and how many numbers are in it."""
        found = self.bin_at(place[0])
        if found is None:
            return ""
        low, high = shown(float(self.edges[found]), 4), shown(float(self.edges[found + 1]), 4)
        return f"{low} to {high}: {int(self.counts[found]):,}"

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """The counts, and the centres of their bins."""
        centres = (self.edges[:-1] + self.edges[1:]) / 2
        return {f"{name}: {x_words}": centres, f"{name}: {y_words}": self.counts}


def _range(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    room = max(abs(low), 1.0) * 0.5
    return low - room, high + room
