"""The inspector: every tensor of one sample's pass, forward and back, with its proof."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QStackedWidget

from lab.engine.news import Status
from lab.panels.inspector.model import (
    Ask,
    InspectorState,
    reading,
    sheet,
    stems,
    subtitle,
    tensors,
)
from lab.ui.controls import Choice, IntField
from lab.ui.live import LiveView
from lab.ui.panel import PanelSpec
from lab.ui.plots import Plot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.engine.news import Event, RunLook
    from lab.panels.inspector.model import Array, Inspection
    from lab.ui.bridge import EngineBridge

ANSWER = "inspector"


class InspectorView(LiveView):
    """Shows one tensor of one layer; asks the worker only while it is seen."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state = InspectorState()
        self.found: Inspection | None = None
        self._drawn: tuple[object, InspectorState] | None = None
        self._of = 0  # the run that was inspected
        self.map = Plot("Input", "Unit", y_down=True, may_be_log=False)
        self.image = self.map.add_image("Value", "signed")
        self.bars = Plot("Unit", "Value", tight_x=True, may_be_log=False)
        self.stems = self.bars.add_line("Value", 0)
        self.ends = self.bars.add_scatter("Values", 0, size=4)
        self._pages = QStackedWidget()
        for plot in (self.bars, self.map):
            self._pages.addWidget(plot)
        self.layer = Choice([""], "Layer")
        self.tensor = Choice(["a"], "Tensor")
        self.sample = IntField("Sample", 0, least=0, greatest=0)
        self._arrange_controls()
        self.set_picture(self._pages)
        bridge.happened.connect(self._on_happened)
        self._catch_up()
        self._draw()

    def _arrange_controls(self) -> None:
        self.layer.setToolTip("Which layer, in the order in which the sample passes them")
        self.tensor.setToolTip(
            "a: handed on; z: before the activation; δ: derivative of the loss by z; Δ: update"
        )
        self.sample.setToolTip("Which sample: its row in the data")
        self.sample.setFixedWidth(76)
        for control in (self.layer, self.tensor):
            self.add_control(control)
        words = QLabel("Sample")
        words.setBuddy(self.sample)
        self.add_control(words, at_right=True)
        self.add_control(self.sample, at_right=True)
        self.layer.chosen.connect(self._on_layer_chosen)
        self.tensor.chosen.connect(self._on_tensor_chosen)
        self.sample.edited.connect(self._on_sample_edited)

    @property
    def state(self) -> InspectorState:
        """What was chosen."""
        return self._state

    # What comes from outside.

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.status is Status.FAILED and event.channel == ANSWER:
            self.show_banner("error", event.text)  # and not asked again until something changes

    def _take_selection(self, kind: str, which: object) -> None:
        if kind == "sample" and isinstance(which, int) and which != self._state.sample:
            self._choose(sample=which)

    # Drawing.

    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("There is no network to look into yet.", "Load the digits")
            return
        last = len(look.data.x) - 1
        if self._state.sample > last:
            self._state = replace(self._state, sample=last)
        self.sample.set_range(0, last)
        self.sample.set_value(self._state.sample)
        self._ask(look)
        found = look.answers.get(ANSWER)
        if found is not None:
            self.found, self._of = found, look.run
            self._offer(found)
        if self.found is not None and self._of == look.run:
            self.show_picture()
            self._show(self.found)
        else:  # never the numbers of another network
            self.found = None
            self.set_empty("No sample of this network has been inspected yet.")
            self.set_subtitle("")
            self.set_reading("")

    def _ask(self, look: RunLook) -> None:
        """Have the sample inspected: at each look that stands still, now and then if not."""
        wanted = look.run, look.playing, self._state.sample
        if self.isVisible() and wanted != self._asked.get(ANSWER):
            self.hide_banner()
        self._watch(ANSWER, Ask(self._state.sample, 0.2 if look.playing else 0.0), wanted)

    def _offer(self, found: Inspection) -> None:
        """Offer the layers of this network, and the tensors of the layer chosen."""
        titles = [report.title for report in found.layers]
        names = [report.name for report in found.layers]
        if self._state.layer not in names:
            self._state = replace(self._state, layer=names[0])
        current = titles[names.index(self._state.layer)]
        if list(self.layer.choices()) != titles:
            self.layer.set_choices(titles, current)
        known = list(tensors(found.layer(self._state.layer)))
        if self._state.tensor not in known:
            self._state = replace(self._state, tensor="a")
        if list(self.tensor.choices()) != known:
            self.tensor.set_choices(known, self._state.tensor)

    def _show(self, found: Inspection) -> None:
        if self._drawn == (found, self._state):
            return
        before, self._drawn = self._drawn, (found, self._state)
        report = found.layer(self._state.layer)
        tensor = tensors(report)[self._state.tensor]
        plot = self._show_vector(tensor) if tensor.ndim == 1 else self._show_sheet(tensor)
        self._pages.setCurrentWidget(plot)
        if before is None or before[1] != self._state:
            plot.reset_view()
        self.set_subtitle(subtitle(found, self._state))
        self.set_reading(reading(found, self._state))

    def _show_vector(self, vector: Array) -> Plot:
        self.bars.set_axes("Unit", self._state.tensor)
        with self.bars.at_once():
            self.stems.set(*stems(vector))
            self.ends.set(np.arange(len(vector), dtype=float), vector)
        return self.bars

    def _show_sheet(self, tensor: Array) -> Plot:
        laid = sheet(tensor)
        height, width = laid.cells.shape
        self.map.set_axes(laid.x, laid.y)
        self.image.set(
            laid.cells,
            box=(-0.5, width - 0.5, -0.5, height - 0.5),  # a cell about its number
            blanks=laid.cells.size - tensor.size,
        )
        return self.map

    # Gestures.

    def _choose(self, **fields: object) -> None:
        self._state = replace(self._state, **fields)  # type: ignore[arg-type]  # its fields
        if self.found is not None:
            self._offer(self.found)
        self._draw()

    @Slot(str)
    def _on_layer_chosen(self, title: str) -> None:
        if self.found is not None:
            name = next(r.name for r in self.found.layers if r.title == title)
            self._choose(layer=name)

    @Slot(str)
    def _on_tensor_chosen(self, name: str) -> None:
        self._choose(tensor=name)

    @Slot(object)
    def _on_sample_edited(self, sample: int) -> None:
        self._choose(sample=sample)
        self._bridge.select("sample", sample)


PANEL = PanelSpec(
    name="inspector",
    title="Inspector",
    make=InspectorView,
    shortcut="Ctrl+4",
    summary="Every tensor of one sample's pass, forward, back and update, with its proof.",
)
