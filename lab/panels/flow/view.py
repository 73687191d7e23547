"""The flow panel: a quantity of every layer by depth or over time, warnings with cures."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from lab.engine.kinds import ExperimentError
from lab.engine.news import Status
from lab.panels.flow.findings import USUAL_RATIO, find
from lab.panels.flow.marks import CostPlot, DepthPlot, TimePlot
from lab.panels.flow.model import (
    PAGES,
    SHOWN,
    Ask,
    FlowState,
    by_depth,
    cost_reading,
    lines_over_time,
    missing,
    reading,
    subtitle,
)
from lab.panels.flow.samples import Samples
from lab.panels.flow.strip import FindingStrip
from lab.ui.bridge import standing
from lab.ui.controls import Choice, Segmented
from lab.ui.live import LiveView
from lab.ui.panel import READ_S, PanelSpec
from lab.ui.undo import change_settings

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent, QShowEvent

    from lab.engine.backprop_cost import Costs
    from lab.engine.flow import Flow
    from lab.engine.news import Event, RunLook
    from lab.panels.flow.findings import Cure
    from lab.ui.bridge import EngineBridge
    from lab.ui.plots import Plot

ANSWER = "flow"
CHANNEL = "flow cost"
PAUSE_S = 0.05
"""The least time between two measurements while training."""
SHORT = 372
"""Of a panel that is no higher the cures stand in a menu."""
DEPTH, TIME, COST = PAGES
_PAGE_TIPS = (
    "Every layer now, from the input to the output",
    "Every layer as training went on, as far as this panel was in sight",
    "What backpropagation saves against finite differences, timed on this network",
)


class FlowView(LiveView):
    """Asks the worker only while it is seen; keeps what was measured, run by run."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state, self._samples = FlowState(), Samples()
        self.found: Flow | None = None
        self._run = 0  # the run it belongs to
        self._seen: tuple[object, ...] = ()
        self._costs: Costs | None = None
        self._costs_of: object = None
        self._is_timing, self._number = False, 0
        self._drawn_as: object = None
        self._drawn_at = 0.0
        self._make_controls()
        self._make_picture()
        bridge.happened.connect(self._on_happened)
        bridge.partial.connect(self._on_partial)
        self.cancelled.connect(self._on_cancelled)
        self._catch_up()
        self._draw()

    def _make_controls(self) -> None:
        self.pages = Segmented(PAGES, "Page")
        self.pages.set_tooltips(_PAGE_TIPS)
        self.quantity = Choice([q.title for q in SHOWN.values()], "Quantity")
        self.quantity.setFixedWidth(150)
        self.time_it = QPushButton("Time it")
        self.time_it.setToolTip(
            "Time one pass back against P + 1 passes forward, at a quarter to twice the width"
        )
        self.add_control(self.pages)
        self.add_control(self.quantity, at_right=True)
        self.add_control(self.time_it, at_right=True)
        self.time_it.hide()
        self.pages.chosen.connect(self._on_page_chosen)
        self.quantity.chosen.connect(self._on_quantity_chosen)
        self.time_it.clicked.connect(self._on_time_it)

    def _make_picture(self) -> None:
        self.depth_plot, self.time_plot, self.cost_plot = DepthPlot(), TimePlot(), CostPlot()
        self.usual = self.depth_plot.add_line("Usual, 10⁻³", 2, dash="dot", is_faint=True)
        self.usual.set_role("secondary")
        self._plots = QStackedWidget()
        for plot in (self.depth_plot, self.time_plot, self.cost_plot):
            self._plots.addWidget(plot)
        self.strip = FindingStrip()
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._plots, 1)
        column.addWidget(self.strip)
        self.set_picture(whole)
        self.depth_plot.clicked.connect(self._on_depth_clicked)
        self.time_plot.clicked.connect(self._on_time_clicked)
        self.strip.cure_wanted.connect(self._on_cure_wanted)
        self.strip.layer_wanted.connect(self._on_layer_wanted)

    @property
    def state(self) -> FlowState:
        """What was chosen."""
        return self._state

    @property
    def samples(self) -> Samples:
        """What was measured so far."""
        return self._samples

    # What comes from outside.

    def _would_change(self, look: RunLook) -> bool:
        """Whether something was measured that can be read by now, or the run stands anew."""
        if not look.playing or self._seen != standing(look):
            return True
        return self._take(look) and monotonic() - self._drawn_at >= READ_S

    def _take_selection(self, kind: str, which: object) -> None:
        if kind == "layer" and which != self._state.layer:
            self._choose(layer=which if isinstance(which, str) else "")

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.channel == ANSWER and event.status is Status.FAILED:
            self.show_banner("error", event.text)
        if event.channel == CHANNEL and event.number == self._number and event.is_last:
            self._end_timing(event)

    # Drawing.

    def showEvent(self, event: QShowEvent) -> None:
        """What is measured from now on is parted from what was before."""
        self._samples.sight += 1
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the plot its height."""
        super().resizeEvent(event)
        self.strip.set_compact(self.height() < SHORT)

    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("There is no network whose flow could be seen.", "Load the digits")
            return
        self._seen = standing(look)
        self._ask(look)
        self._take(look)
        self._drawn_at = monotonic()
        if self.found is None or not self._is_of(look):
            self.found = None
            self.set_empty("The layers are being measured.")
            self.set_subtitle("")
            self.set_reading("")
            return
        self._show(look, self.found)

    def _take(self, look: RunLook) -> bool:
        """Keep what a look has measured; say whether it has measured anything."""
        found = look.answers.get(ANSWER)
        if found is not None and found is not self.found:
            self._samples.keep(look, found)
            self.found, self._run = found, look.run
            self.hide_banner()
        return found is not None

    def _is_of(self, look: RunLook) -> bool:
        """Whether what is there was measured on the way to the cursor.

        While training it may be some steps old, and says of which step it is.
        """
        if self.found is None or self._run != look.run or self.found.step > look.step:
            return False
        return any(s.step == self.found.step for s in self._samples.along(look))

    def _ask(self, look: RunLook) -> None:
        """Have the network measured: at each look that stands still, now and then if not."""
        is_waiting = not (look.playing or look.phase)
        settings = look.settings if is_waiting else None
        wanted = look.run, look.playing, settings
        self._watch(ANSWER, Ask(PAUSE_S if look.playing else 0.0, settings), wanted)

    def _show(self, look: RunLook, found: Flow) -> None:
        self.show_picture()
        is_cost = self._state.page == COST
        before, now = (
            (self.quantity, self.time_it) if is_cost else (self.time_it, self.quantity)
        )
        before.hide()  # first, for together they would widen the panel
        now.show()
        if self._state.page == COST:
            self._show_cost(look)
            return
        plot: Plot = self.depth_plot if self._state.page == DEPTH else self.time_plot
        self._plots.setCurrentWidget(plot)
        self._scale(plot, found)
        if plot is self.depth_plot:
            self._show_depth(found)
        else:
            self._show_time(look, found)
        data = look.data
        self.strip.show_findings(find(found, look.settings, data.shape, data.encoding.outputs))
        has_any = any(len(s.places) for s in by_depth(found, self._state.quantity))
        plot.show_note("" if has_any else missing(found, self._state.quantity))
        self.set_subtitle(subtitle(found, self._state))
        self.set_reading(reading(found, self._state))

    def _scale(self, plot: Plot, found: Flow) -> None:
        """Set axes and scale as the quantity wants them, once for each."""
        quantity = SHOWN[self._state.quantity]
        wanted = plot, quantity, found.layers
        if wanted != self._drawn_as:
            self._drawn_as = wanted
            plot.set_axes(y=quantity.axis)
            plot.setToolTip(quantity.meaning)
            plot.set_log(y=not quantity.is_share)
            if plot is self.depth_plot:
                self.depth_plot.set_ordinals([layer.number for layer in found.layers])

    def _show_depth(self, found: Flow) -> None:
        series = by_depth(found, self._state.quantity)
        self.depth_plot.show_series(series, [layer.title for layer in found.layers])
        self.depth_plot.whole.span(1.0 if SHOWN[self._state.quantity].is_share else None)
        is_ratio = self._state.quantity == "ratio" and any(len(s.places) for s in series)
        ends = [1.0, float(max(len(found.layers), 2))]
        self.usual.set(ends if is_ratio else [], [USUAL_RATIO] * 2 if is_ratio else [])
        paths = [layer.path for layer in found.layers]
        chosen = self._state.layer
        self.depth_plot.choose(paths.index(chosen) + 1 if chosen in paths else None)

    def _show_time(self, look: RunLook, found: Flow) -> None:
        steps, values = self._samples.curves(look, self._state.quantity)
        factor = SHOWN[self._state.quantity].factor
        places = lines_over_time(found, self._state.quantity, self._state.layer)
        curves = [(found.layers[i].title, values[:, i] * factor) for i in places]
        paths = [found.layers[i].path for i in places]
        chosen = self._state.layer
        self.time_plot.show_curves(
            steps, curves, paths.index(chosen) if chosen in paths else None
        )
        self.time_plot.time_cursor(found.step)

    # The cost.

    def _show_cost(self, look: RunLook) -> None:
        self._plots.setCurrentWidget(self.cost_plot)
        self.strip.hide()
        if self._costs_of != (look.settings.layers, look.settings.data, look.settings.batches):
            self._costs = None
        costs = sorted(self._costs.costs, key=lambda c: c.width) if self._costs else []
        widths = [float(max(c.width, 1)) for c in costs]
        times = [c.gradient_s for c in costs], [c.differences_s for c in costs]
        self.cost_plot.show_costs(widths, times)
        own = [float(max(c.width, 1)) for c in costs if c.factor == 1.0]
        self.cost_plot.time_cursor(own[0] if own else None)
        is_empty = not costs and not self._is_timing
        self.cost_plot.show_note("Not timed yet: press “Time it”." if is_empty else "")
        self.set_subtitle("backpropagation against finite differences; upright: this network")
        self.set_reading(cost_reading(self._costs) if self._costs else "")

    @Slot()
    def _on_time_it(self) -> None:
        from lab.engine.backprop_cost import timing

        look = self._bridge.look
        if look is None:
            return
        settings = look.settings
        self._costs = None
        self._costs_of = settings.layers, settings.data, settings.batches
        self._is_timing = True
        self.time_it.setEnabled(False)
        self.show_progress(0.0, "Timing passes forward and back")
        self._number = self._bridge.submit(CHANNEL, timing)
        self._draw()

    @Slot(str, object)
    def _on_partial(self, channel: str, value: object) -> None:
        if channel != CHANNEL or not self._is_timing:
            return
        self._costs = value  # type: ignore[assignment]  # what this job leaves
        assert self._costs is not None
        self.show_progress(self._costs.done, "Timing passes forward and back")
        if self._state.page == COST:
            self._draw()

    @Slot()
    def _on_cancelled(self) -> None:
        self._bridge.cancel(CHANNEL)

    def _end_timing(self, event: Event) -> None:
        self._is_timing = False
        self.time_it.setEnabled(True)
        self.hide_progress()
        if event.status in (Status.FAILED, Status.REFUSED):
            self.show_banner("error", event.text)
        self._draw()

    # Gestures.

    def _choose(self, **fields: str) -> None:
        self._state = replace(self._state, **fields)
        self._redraw()

    @Slot(str)
    def _on_page_chosen(self, page: str) -> None:
        self._choose(page=page)

    @Slot(str)
    def _on_quantity_chosen(self, title: str) -> None:
        self._choose(quantity=next(q.name for q in SHOWN.values() if q.title == title))

    @Slot(float, float)
    def _on_depth_clicked(self, x: float, _y: float) -> None:
        if self.found is not None:
            place = min(max(round(x), 1), len(self.found.layers)) - 1
            self._bridge.select("layer", self.found.layers[place].path)

    @Slot(float, float)
    def _on_time_clicked(self, x: float, y: float) -> None:
        """Select the layer whose curve is nearest in height."""
        if self.found is None:
            return
        away = {c.name: c.away(x, y) for c in self.time_plot.curves}
        near = min(away, key=lambda name: away[name], default="")
        for layer in self.found.layers:
            if layer.title == near:
                self._bridge.select("layer", layer.path)

    @Slot(str)
    def _on_layer_wanted(self, path: str) -> None:
        self._bridge.select("layer", path)

    @Slot(object)
    def _on_cure_wanted(self, cure: Cure) -> None:
        look = self._bridge.look
        if look is None:
            return
        try:
            if cure.is_live:
                look.settings.changed(cure.changes)
                self._bridge.branch(look.step, cure.changes)
            else:
                change_settings(self._bridge, cure.changes, f"cure: {cure.title.lower()}")
        except ExperimentError as error:
            self.show_banner("error", str(error))

    @Slot()
    def _on_empty_pressed(self) -> None:
        if self._bridge.look is None:
            super()._on_empty_pressed()


PANEL = PanelSpec(
    name="flow",
    title="Flow",
    make=FlowView,
    shortcut="Ctrl+6",
    summary="Size of signals, gradients and updates in every layer, and what mends them.",
)
