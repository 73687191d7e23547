"""The plot of the loss panel: curves that know their exact values, edits on the axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lab.ui import theme
from lab.ui.lines import LineMark
from lab.ui.mark import Mark, View, unlogged
from lab.ui.plots import Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.panels.loss.model import EditMark, Line
    from lab.ui.lines import Dash

MOST_EDITS = 200
NEAR_PX = 5.0
NOT_FINITE = "not finite"
SMOOTH_UP_TO = 300  # points; a longer curve is drawn thin and without antialiasing


class StepCurve(LineMark):
    """A curve over steps that is drawn reduced and still tells the exact value of each step."""

    line: Line | None = None
    smooth_up_to = SMOOTH_UP_TO

    def show(self, line: Line) -> None:
        """Draw a line of the model."""
        self.line, self.full = line, line.full
        self.set(line.x, line.y)

    def at(self, x: float) -> float | None:
        """The value recorded of a step; None where there is none."""
        if self.line is None or not len(self.x) or x < self.x[0]:
            return None
        return self.line.at(round(x))


class EventMark(Mark):
    """Steps at which settings were changed, and the one at which something was not finite."""

    z = 14.0

    def __init__(self) -> None:
        super().__init__()
        self.edits: tuple[EditMark, ...] = ()
        self.diverged_at: int | None = None

    def show(self, edits: Sequence[EditMark], diverged_at: int | None) -> None:
        """Mark the newest of the edits, and the divergence."""
        newest = tuple(edits[-MOST_EDITS:])
        if (newest, diverged_at) != (self.edits, self.diverged_at):
            self.edits, self.diverged_at = newest, diverged_at
            self.changed()

    def paint(self, painter: QPainter, view: View) -> None:
        """Dotted lines with a triangle at the top; a dashed one in the colour of errors."""
        for edit in self.edits:
            _edit(painter, view, _across(view, edit.step))
        if self.diverged_at is not None:
            _diverged(painter, view, _across(view, self.diverged_at))

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Which settings were changed near a place."""
        there = (e for e in self.edits if e.step or not self._frame.log_x)
        steps = ((self._frame.scaled_x(e.step), e.words) for e in there)
        return "\n".join(w for x, w in steps if abs(x - place[0]) <= NEAR_PX * pixel[0])


def _across(view: View, step: int) -> float:
    return view.place(float(step), 1.0)[0]


def _edit(painter: QPainter, view: View, x: float) -> None:
    if not 0 <= x <= view.width:
        return
    painter.setPen(QPen(theme.colour("text"), 1, Qt.PenStyle.DotLine))
    painter.drawLine(QPointF(x, 0), QPointF(x, view.height))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("text"))
    painter.drawPolygon([QPointF(x - 4, 0), QPointF(x + 4, 0), QPointF(x, 7)])


def _diverged(painter: QPainter, view: View, x: float) -> None:
    if not 0 <= x <= view.width:
        return
    ink = theme.colour("error")
    painter.setPen(QPen(ink, 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(x, 0), QPointF(x, view.height))
    painter.setFont(theme.font("caption"))
    wide = painter.fontMetrics().horizontalAdvance(NOT_FINITE)
    left = x - wide - 6 if x + wide + 6 > view.width else x + 6
    painter.setPen(QColor(theme.readable(ink.name(), theme.current())))
    painter.drawText(QPointF(left, view.height - 6), NOT_FINITE)


class StepPlot(Plot):
    """A plot over steps, with small triangles where settings were changed."""

    def __init__(self) -> None:
        super().__init__("Step", "Loss", tight_x=True)
        self.events = self.add(EventMark())

    def add_curve(
        self, name: str, series: int, *, dash: Dash = "solid", **options: bool
    ) -> StepCurve:
        """Add a curve over steps; ``is_faint`` and ``label`` as for any line."""
        return self.add(StepCurve(name, series, dash=dash, **options))

    def show_curves(self, cursor: int, lines: dict[StepCurve, Line]) -> None:
        """Draw all curves of one look."""
        self.time_cursor(cursor)
        with self.at_once():
            for curve, line in lines.items():
                if len(line.x) or len(curve.x):
                    curve.show(line)

    def span(self) -> tuple[float, float] | None:
        """The steps that a person has zoomed to, or None where the plot follows the data."""
        if self._is_auto:
            return None
        low, high = self.view_range()[0]
        return (unlogged(low), unlogged(min(high, 18.0))) if self.frame.log_x else (low, high)
