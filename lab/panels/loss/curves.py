"""The plot of the loss panel: curves that know their exact values, edits on the axis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import Qt

from lab.ui import gate, theme
from lab.ui.axes import clean
from lab.ui.lines import LineMark
from lab.ui.plots import Plot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.panels.loss.model import EditMark, Line
    from lab.ui.lines import Dash

MOST_EDITS = 200
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


class StepPlot(Plot):
    """A plot over steps, with small triangles where settings were changed."""

    def __init__(self) -> None:
        super().__init__("Step", "Loss", tight_x=True)
        self._edits: list[Any] = []
        self._shown: tuple[EditMark, ...] = ()
        self._diverged = pg.InfiniteLine(
            0, angle=90, label="not finite", labelOpts={"position": 0.9, "movable": False}
        )
        self._diverged.hide()
        self.box.addItem(self._diverged, ignoreBounds=True)
        self._diverged_at: int | None = None
        self._recolour()

    def add_curve(
        self, name: str, series: int, *, dash: Dash = "solid", **options: bool
    ) -> StepCurve:
        """Add a curve over steps; ``is_faint`` and ``label`` as for any line."""
        mark = StepCurve(name, series, self.frame, self._news, dash=dash, **options)
        self._add(mark)
        return mark

    def show_curves(self, cursor: int, lines: dict[StepCurve, Line]) -> None:
        """Draw all curves of one look: each is handed over once, the labels are placed once."""
        self.frame.cursor = gate.position(cursor, "step")
        self._place_cursor()
        self._news.blockSignals(True)
        try:
            for curve, line in lines.items():
                if len(line.x) or len(curve.x):
                    curve.show(line)
        finally:
            self._news.blockSignals(False)
        self._on_data_changed()

    def span(self) -> tuple[float, float] | None:
        """The steps that a person has zoomed to, or None where the plot follows the data."""
        if self._is_auto:
            return None
        low, high = self.view_range()[0]
        return (10**low, 10 ** min(high, 18.0)) if self.frame.log_x else (low, high)

    def show_edits(self, edits: Sequence[EditMark]) -> None:
        """Mark the steps at which settings were changed; their tooltips say which."""
        newest = tuple(edits[-MOST_EDITS:])
        if newest != self._shown:
            self._shown = newest
            for item in self._edits:
                self.box.removeItem(item)
            self._edits = [self._edit_item(e) for e in newest]
        self._place_events()

    def _edit_item(self, edit: EditMark) -> pg.InfiniteLine:
        item = pg.InfiniteLine(0, angle=90)
        item.addMarker("v", position=0.985, size=9)
        item.setToolTip(clean(edit.words))
        item.setZValue(14)
        self._dress(item)
        self.box.addItem(item, ignoreBounds=True)
        return item

    def show_diverged(self, step: int | None) -> None:
        """Mark the step at which something was not finite."""
        self._diverged_at = step
        self._place_events()

    def _place_events(self) -> None:
        for item, edit in zip(self._edits, self._shown, strict=True):
            self._stand(item, edit.step)
        self._stand(self._diverged, self._diverged_at)

    def _stand(self, item: pg.InfiniteLine, step: int | None) -> None:
        is_there = step is not None and (step > 0 or not self.frame.log_x)
        item.setVisible(is_there)
        if step is not None and is_there:
            item.setValue(gate.position(self.frame.scaled_x(step)))

    def _dress(self, item: pg.InfiniteLine) -> None:
        item.setPen(pg.mkPen(theme.current().text, width=1, style=Qt.PenStyle.DotLine))
        item.setHoverPen(pg.mkPen(theme.current().accent, width=1))

    def _recolour(self) -> None:
        super()._recolour()
        for item in getattr(self, "_edits", ()):
            self._dress(item)
        if hasattr(self, "_diverged"):
            ink = theme.current().error
            self._diverged.setPen(pg.mkPen(ink, width=1, style=Qt.PenStyle.DashLine))
            self._diverged.label.setColor(ink)
            self._diverged.label.setFont(theme.font("caption"))
