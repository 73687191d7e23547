"""Axes with few ticks, true minus signs, and log axes that read as numbers."""

from __future__ import annotations

import html
import math

import pyqtgraph as pg
from PySide6.QtGui import QColor, QPen

from lab.numerals import MINUS, shown
from lab.ui import theme
from lab.ui.paint_guard import forgive
from lab.ui.ranging import nice

NARROW = 3.0
"""A logarithmic range of less than this ratio has ticks at evenly spaced values."""
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Axis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis in the look: line colour for the line, secondary for the numbers."""

    def __init__(self, orientation: str) -> None:
        super().__init__(orientation, maxTickLength=4)
        self.enableAutoSIPrefix(False)
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)  # its text is dear to paint
        self.setStyle(
            tickTextOffset=5,
            maxTickLevel=0,
            maxTextLevel=0,
            autoReduceTextSpace=False,
            hideOverlappingLabels=orientation != "bottom",
        )
        self.setTickDensity(1.1 if orientation == "bottom" else 0.8)
        self._words = ""
        self.recolour()

    def set_words(self, words: str) -> None:
        """Name and unit, as plain text: ``Loss (nats)``."""
        self._words = clean(words)
        self.recolour()

    @property
    def words(self) -> str:
        """Name and unit as they were given, without control characters."""
        return self._words

    def recolour(self) -> None:
        """Take the colours and sizes of the theme of this moment."""
        palette = theme.current()
        pen = QPen(QColor(palette.line), 1)
        self.setPen(pen)
        self.setTickPen(pen)
        self.setTextPen(palette.secondary)
        self.setTickFont(theme.number_font("caption"))
        if self._words:
            self.setLabel(
                html.escape(self._words),
                **{"color": palette.secondary, "font-size": f"{theme.pixels('caption') + 1}px"},
            )

    def setRange(self, mn: float, mx: float) -> None:  # noqa: D102, pyqtgraph's name
        forgive(self)  # other ticks may be painted where those before could not
        super().setRange(mn, mx)

    def logTickValues(  # noqa: D102, pyqtgraph's name
        self, minVal: float, maxVal: float, _size: float, _std: object
    ) -> list[tuple[float, list[float]]]:
        return [(1.0, log_ticks(minVal, maxVal))]

    def logTickStrings(  # noqa: D102, pyqtgraph's name
        self, values: list[float], _scale: float, _spacing: float
    ) -> list[str]:
        low, high = self.range
        if high - low < math.log10(NARROW):
            return even_labels([10**v for v in values], _even_step(10.0**low, 10.0**high))
        return [power(v) for v in values]

    def tickStrings(  # noqa: D102, pyqtgraph's name
        self, values: list[float], scale: float, spacing: float
    ) -> list[str]:
        if self.logMode:
            return self.logTickStrings(values, scale, spacing)
        return even_labels(values, spacing)


def even_labels(values: list[float], spacing: float) -> list[str]:
    """Numbers that lie so far apart, with as many digits as tell them apart."""
    largest = max((abs(v) for v in values), default=0.0)
    if largest >= 1e6 or 0 < spacing < 1e-4:
        rounded = [v if abs(v) > spacing * 1e-6 else 0.0 for v in values]
        return [shown(v, _digits(v, spacing)) for v in rounded]
    places = max(0, math.ceil(-math.log10(spacing * 1.0001))) if spacing > 0 else 0
    return [fixed(v, places) for v in values]


def fixed(value: float, places: int) -> str:
    """A number with fixed decimals and a true minus sign; never "-0"."""
    text = f"{value:.{places}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def power(exponent: float) -> str:
    """Ten to the exponent in words that are read at a glance: 0.03, 1, 300, 10\u207b\u2076."""
    if abs(exponent) < 4.01:
        value = 10**exponent
        if exponent < 1:
            return shown(value, 2)
        return f"{round(value):,}" if value >= 1000 else f"{value:.4g}"
    decade = math.floor(exponent + 1e-9)
    mantissa = round(10 ** (exponent - decade))
    head = "" if mantissa == 1 else f"{mantissa}·"
    return f"{head}10{str(decade).translate(_SUPERSCRIPT)}"


def log_ticks(low: float, high: float) -> list[float]:
    """Places of ticks between two exponents of ten: 1, 3 of each decade, or fewer, or more.

    >>> [round(10**t, 2) for t in log_ticks(-1.6, 0.1)]
    [0.03, 0.1, 0.3, 1.0]
    """
    low, high = max(low, -300.0), min(high, 300.0)
    if low >= high:
        return []
    if high - low < math.log10(NARROW):
        return _even_ticks(10.0**low, 10.0**high)
    decades = range(math.floor(low), math.ceil(high) + 1)
    breadth = high - low
    if breadth > 3:
        stride = max(1, math.ceil(breadth / 6))
        return [float(d) for d in decades if d % stride == 0 and low <= d <= high]
    heads = (1, 3) if breadth > 1 else (1, 2, 3, 5, 7)
    places = [d + math.log10(h) for d in decades for h in heads]
    return [p for p in places if low <= p <= high]


def _even_ticks(low: float, high: float) -> list[float]:
    """Exponents of evenly spaced round values, for a range in which they look even."""
    step = _even_step(low, high)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [math.log10(k * step) for k in range(first, last + 1) if k > 0]


def _even_step(low: float, high: float) -> float:
    """How far apart evenly spaced ticks lie."""
    return nice((high - low) / 6)


def _digits(value: float, spacing: float) -> int:
    """Significant digits that tell a tick from its neighbour, three at least."""
    ratio = abs(value) / spacing if spacing > 0 else 1.0
    return max(3, math.ceil(math.log10(max(ratio, 1.0)) - 1e-9) + 1)


def clean(text: str) -> str:
    """A text without characters that no XML may hold."""
    return "".join(c for c in text[:512] if c.isprintable())
