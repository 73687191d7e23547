"""Marks of the flow panel: points that say which layer they are, curves coloured by depth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor

from lab.numerals import shown
from lab.ui import colours, theme
from lab.ui.lines import LineMark
from lab.ui.mark import unlogged
from lab.ui.plots import Plot
from lab.ui.scatters import NEAR_PX, ScatterMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.panels.flow.model import Series
    from lab.ui.lines import Dash
    from lab.ui.mark import Arrays
    from lab.ui.symbols import Symbol

MOST_TICKS = 14
CHOSEN = 2.0


class LayerLine(LineMark):
    """What joins the points of a sort; the points say and export what there is to say."""

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """Nothing: the points are exported."""
        return {}


class WholeRange(LayerLine):
    """Has the axis reach from 0 to 100 %, without being seen."""

    def __init__(self) -> None:
        super().__init__("")
        self.role = "base"

    def span(self, x: float | None) -> None:
        """Reach over the whole range at some x; None: over none."""
        self.set([] if x is None else [x, x], [] if x is None else [0.0, 100.0])


class LayerPoints(ScatterMark):
    """Points over the depth, each of a layer that has a name."""

    titles: Sequence[str] = ()

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Title and value of the layer next to a place, over the whole height."""
        if not len(self.x):
            return ""
        near = int(np.abs(self.x - place[0]).argmin())
        away = abs(self.x[near] - place[0])
        if away > max(0.5, NEAR_PX * pixel[0]) or not self.titles:
            return ""
        return f"{self.titles[int(self.x[near]) - 1]}  {shown(float(self.y[near]))}"


class TimeLine(LineMark):
    """One layer over time: dark for the first, light for the last, 2 px for the one chosen."""

    depth = 0.0

    def ink(self) -> QColor:
        """The colour of its depth, as far as it can be told from the ground."""
        if self.role is not None:
            return super().ink()
        is_dark = QColor(theme.current().base).lightness() < 128
        low, high = (90, 255) if is_dark else (0, 200)
        red, green, blue = colours.table("sequential")[round(low + self.depth * (high - low))]
        return QColor(int(red), int(green), int(blue))

    def away(self, x: float, y: float) -> float:
        """How far the curve passes above or below a place in the plot's scales."""
        value = self.at(unlogged(x) if self._frame.log_x else x)
        if value is None or (self._frame.log_y and value <= 0):
            return math.inf
        return abs((math.log10(value) if self._frame.log_y else value) - y)

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Title and value where the mouse is near the curve."""
        if self.away(*place) > NEAR_PX * pixel[1]:
            return ""
        return super().words_at(place, pixel)


class DepthPlot(Plot):
    """A quantity of every layer, in the order in which a sample passes them."""

    def __init__(self) -> None:
        super().__init__("Layer", "")
        self.tells_x = False  # a place is no number of a layer; each point tells its own
        self.whole = self.add(WholeRange())
        symbols: tuple[Symbol, ...] = ("circle", "triangle", "diamond")
        dashes: tuple[Dash, ...] = ("solid", "dash", "dot")
        self.lines = [self.add(LayerLine("", i, dash=d)) for i, d in enumerate(dashes)]
        self.chosen = self.add(LayerPoints("Selected layer", 0, size=15, is_filled=False))
        self.chosen.set_role("accent")
        self.points = [
            self.add(LayerPoints("", i, symbol=s, size=8)) for i, s in enumerate(symbols)
        ]

    def show_series(self, series: Sequence[Series], titles: Sequence[str]) -> None:
        """Draw what there is of each sort."""
        with self.at_once():
            for line, points, one in zip(self.lines, self.points, series, strict=True):
                points.name, points.titles = one.name, titles
                line.set(one.places, one.values)
                points.set(one.places, one.values)

    def choose(self, place: int | None) -> None:
        """Mark the layer at a place from 1 on; None: none."""
        found = [
            (p.x[i], p.y[i]) for p in self.points for i in np.flatnonzero(p.x == (place or 0))
        ]
        self.chosen.set([x for x, _ in found], [y for _, y in found])

    def set_ordinals(self, ordinals: Sequence[str]) -> None:
        """Write the layers' own numbers at the axis, as many as there is room for.

        An activation has that of the layer it belongs to, which is written once.
        """
        firsts = [i for i, o in enumerate(ordinals) if i == 0 or ordinals[i - 1] != o]
        stride = max(1, -(-len(firsts) // MOST_TICKS))
        ticks = [(i + 1.0, ordinals[i]) for i in firsts[::stride]]
        self.x_axis.setTicks([ticks])


class TimePlot(Plot):
    """The same quantity over steps, a curve a layer."""

    def __init__(self) -> None:
        super().__init__("Step", "", tight_x=True)
        self.whole = self.add(WholeRange())
        self._curves: list[TimeLine] = []

    @property
    def curves(self) -> tuple[TimeLine, ...]:
        """The curves drawn, the first layer's first."""
        return tuple(c for c in self._curves if c.is_visible)

    def show_curves(
        self, steps: object, curves: Sequence[tuple[str, object]], chosen: int | None
    ) -> None:
        """Draw curves by title, over the same steps; ``chosen`` is the place of one."""
        last = len(curves) - 1
        with self.at_once():
            for place, (title, values) in enumerate(curves):
                mark = self._curve(place)
                mark.name, mark.depth = title, place / max(last, 1)
                mark.width = CHOSEN if place == chosen else 1.0
                mark.role = "accent" if place == chosen else None
                mark.label = place in ({chosen} if chosen is not None else {0, last})
                mark.set(steps, values)  # type: ignore[arg-type]  # arrays
                mark.set_visible(True)
            for mark in self._curves[len(curves) :]:
                mark.set([], [])
                mark.set_visible(False)

    def _curve(self, place: int) -> TimeLine:
        if place == len(self._curves):
            self._curves.append(self.add(TimeLine("", place)))
        return self._curves[place]


class CostPlot(Plot):
    """What one gradient takes, against the width of the network."""

    def __init__(self) -> None:
        super().__init__("Width of the widest hidden layer", "Time of one gradient (s)")
        self.lines = [
            self.add_line("Backpropagation", 0, label=True),
            self.add_line("P + 1 forward passes (extrapolated)", 1, dash="dash", label=True),
        ]
        self.points = [
            self.add_scatter("", 0),
            self.add_scatter("", 1, symbol="square"),
        ]
        self.set_log(x=True, y=True)

    def show_costs(self, widths: Sequence[float], times: Sequence[Sequence[float]]) -> None:
        """Draw the measured times, and those extrapolated; labels stand at the widest."""
        with self.at_once():
            for line, points, seconds in zip(self.lines, self.points, times, strict=True):
                line.set(widths, seconds)
                points.set(widths, seconds)
