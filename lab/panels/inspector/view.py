"""The inspector: one iteration under the microscope, every number of it with its proof."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel

from lab.engine.news import Status
from lab.engine.questioned import Number
from lab.maths.explanations import LOSS
from lab.panels.inspector.asking import Ask, Memory, Seen
from lab.panels.inspector.backward_walk import BackwardWalk
from lab.panels.inspector.choices import (
    BATCH,
    ONE,
    STOPS,
    TOOLTIPS,
    InspectorState,
    stop_after,
)
from lab.panels.inspector.neuron import neuron_of
from lab.panels.inspector.page import Page
from lab.panels.inspector.rows import Tile, carried, rows
from lab.panels.inspector.sheets import size_words
from lab.panels.inspector.words import reading
from lab.ui.controls import IntField, Segmented
from lab.ui.live import LiveView
from lab.ui.panel import PanelSpec

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent
    from PySide6.QtWidgets import QWidget

    from lab.engine.news import Event, RunLook
    from lab.ui.bridge import EngineBridge

ANSWER = "inspector"


class InspectorView(LiveView):
    """Follows the stops of an iteration; asks the worker only while it is seen."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state = InspectorState()
        self.seen: Seen | None = None
        self._memory = Memory()
        self._drawn: tuple[object, ...] = ()
        self._of = 0  # the run that was inspected
        self._phase, self._step, self._holds = 0, -1, False
        self.stops = Segmented(STOPS, "Stop of the iteration")
        self.sample = IntField("Sample", 0, least=0, greatest=0)
        self.page = Page()
        self.back = BackwardWalk(self)
        self._make_controls()
        self._connect()
        self.set_picture(self.page)
        self._catch_up()
        self._draw()

    def _make_controls(self) -> None:
        self.stops.set_tooltips(TOOLTIPS)
        self.sample.setToolTip("Which sample: its row in the data")
        self.sample.setFixedWidth(64)
        self.add_control(self.stops)
        words = QLabel("Sample")
        words.setBuddy(self.sample)
        self.add_control(words, at_right=True)
        self.add_control(self.sample, at_right=True)

    def _connect(self) -> None:
        page = self.page
        self.stops.chosen.connect(self._on_stop_chosen)
        self.sample.edited.connect(self._on_sample_edited)
        page.whose.chosen.connect(self._on_whose_chosen)
        page.look.chosen.connect(self._on_look_chosen)
        page.numbers.toggled_by_hand.connect(self._on_numbers_toggled)
        page.play.clicked.connect(self._on_play_clicked)
        page.walk.picked.connect(self._on_picked)
        page.walk.row_picked.connect(self._on_row_picked)
        page.tensor.picked.connect(self._on_tensor_picked)
        page.card.closed.connect(self._on_card_closed)
        self.back.reached.connect(self._on_back_reached)
        self._bridge.happened.connect(self._on_happened)

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
        elif self.seen is not None and isinstance(which, str | tuple):
            taken = self._selected(kind, which)
            if taken is not None and taken != (self._state.layer, self._state.tensor):
                number = taken[2] if len(taken) == 3 else None
                self._choose(layer=taken[0], tensor=taken[1], number=number)

    def _selected(
        self, kind: str, which: str | tuple[object, ...]
    ) -> tuple[object, ...] | None:
        """Return what a selection is here: a layer, a tensor, and the number if it is one."""
        assert self.seen is not None
        path = which if isinstance(which, str) else which[0]
        layer = next((x for x in self.seen.iteration.leaves if x.path == path), None)
        if layer is None:
            return None
        if kind == "layer":
            is_here = self._layer_path() == path
            return None if is_here else (layer.name, "out")
        if kind == "unit" and isinstance(which, tuple):
            found = Number(layer.name, "out", int(str(which[1])), self._batch_row())
        elif kind == "weight" and isinstance(which, tuple):
            found = Number(layer.name, str(which[1]), int(str(which[2])))
        else:
            return None
        now = self._state.number
        if now is not None and (now.layer, now.place) == (found.layer, found.place):
            return None  # told by this panel itself, of another tensor of the same unit
        return found.layer, found.tensor, found

    def _layer_path(self) -> str:
        if self.seen is None:
            return ""
        leaves = self.seen.iteration.leaves
        return next((x.path for x in leaves if x.name == self._state.layer), "")

    def _batch_row(self) -> int:
        number = self._state.number
        return number.row if number is not None and self._state.is_batch else 0

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
        self._follow(look)
        self._ask(look)
        found = look.answers.get(ANSWER)
        if found is not None:
            self.seen, self._of = found, look.run
        if self.seen is not None and self._of == look.run:
            self.show_picture()
            self._show(self.seen, look)
        else:  # never the numbers of another network
            self.seen = None
            self.set_empty("No sample of this network has been inspected yet.")
            self.set_subtitle("")
            self.set_reading("")

    def _follow(self, look: RunLook) -> None:
        """Go to the stop of the phase that was carried out, if it was one."""
        stop = None if look.playing else stop_after(look.phase, self._phase)
        is_next = look.step == self._step + 1 and not look.playing
        if stop == "Update":
            self._holds = is_next
        elif look.phase or look.step != self._step or look.run != self._of:
            self._holds = False
        self._phase, self._step = look.phase, look.step
        if stop is not None and (stop != "Update" or is_next):
            self._state = replace(self._state, stop=stop)
            self.stops.set_current(stop)

    def _ask(self, look: RunLook) -> None:
        """Have it looked into: at each look that stands still, now and then if not."""
        state = self._state
        sample = None if state.is_batch else state.sample
        is_update = state.stop == "Update" or _is_of_update(state.number)
        settings = look.settings if look.phase == 0 else None
        wanted = (
            look.run, look.playing, sample, state.number, is_update, self._holds,
            settings,
        )  # fmt: skip
        if self.isVisible() and wanted != self._asked.get(ANSWER):
            self.hide_banner()
        pause = 0.2 if look.playing else 0.0
        self._watch(
            ANSWER,
            Ask(sample, state.number, is_update, settings, pause, self._holds, self._memory),
            wanted,
        )

    def _show(self, seen: Seen, look: RunLook) -> None:
        key = (seen, self._state)
        if self._drawn == key:
            return
        self._drawn = key
        page, state, it = self.page, self._state, seen.iteration
        is_back = state.stop == "Backward"
        page.play.setVisible(is_back)
        made = rows(it, state.stop)
        page.walk.show_rows(made, has_numbers=state.has_numbers)
        tile = self._tile()
        self._show_tensor(tile)
        explanation = seen.explanation if seen.number == state.number else None
        page.card.show_explanation(explanation, is_playing=look.playing)
        page.walk.mark(
            (tile.layer, tile.tensor), state.number, explanation.enters if explanation else ()
        )
        number = state.number if explanation is not None else None
        neuron = neuron_of(it, number, look.data)
        page.show_neuron(neuron, look.data, None if it.is_batch else int(it.rows[0]))
        page.part()
        self.set_subtitle(self._words_beside(tile))
        self.set_reading(partial(reading, seen, self._state, look.data))

    def _tile(self) -> Tile:
        """Return the tensor chosen, or, at a stop that lacks it, the first there is."""
        tiles = [tile for row in self.page.walk.rows for tile in row.tiles]
        state = self._state
        for tile in tiles:
            if (tile.layer, tile.tensor) == (state.layer, state.tensor):
                return tile
        column = {"Backward": "δ", "Update": "Δ", "Loss": "ℓ"}.get(state.stop, "z")
        near = [t for t in tiles if t.layer == state.layer] or tiles
        tile = next((t for t in near if t.column == column), near[-1])
        self._state = replace(state, layer=tile.layer, tensor=tile.tensor)
        return tile

    def _show_tensor(self, tile: Tile) -> None:
        page, state = self.page, self._state
        placed = page.walk.placed(tile.layer, tile.tensor)
        is_readable = placed is not None and placed.has_numbers
        is_large = state.look != "Map" or not is_readable
        if is_large:
            row = page.walk.rows[placed.row].title.lower() if placed is not None else ""
            page.tensor.show_tile(tile, f"{tile.words} of {row}", state.look)
            if state.number is not None and state.number.tensor == tile.tensor:
                page.tensor.go_to(state.number.place, state.number.row)
        page.tensor.setVisible(is_large)

    def _words_beside(self, tile: Tile) -> str:
        placed = self.page.walk.placed(tile.layer, tile.tensor)
        where = self.page.walk.rows[placed.row].title.lower() if placed is not None else ""
        return f"float64, {tile.words} of {where} {size_words(tile.shape)}"

    # Gestures.

    def _choose(self, **fields: object) -> None:
        self._state = replace(self._state, **fields)  # type: ignore[arg-type]  # its fields
        self.page.whose.set_current(BATCH if self._state.is_batch else ONE)
        self.stops.set_current(self._state.stop)
        self.page.look.set_current(self._state.look)
        self._draw()

    def question(self, number: Number | None) -> None:
        """Ask where a number comes from; None: of none."""
        if number is None:
            self._choose(number=None)
            return
        self._choose(number=number, layer=number.layer, tensor=number.tensor)
        self._tell_selection(number)

    def _tell_selection(self, number: Number) -> None:
        if self.seen is None or number.layer == LOSS:
            return
        it = self.seen.iteration
        path = next(x.path for x in it.leaves if x.name == number.layer)
        if not number.is_of_weight:
            if number.tensor in ("out", "d_out"):
                self._bridge.select("unit", (path, number.place))
            else:
                self._bridge.select("layer", path)
            return
        learned = it.passes[number.layer].gradients
        name = next((n for n in learned if number.tensor.endswith(n)), "")
        if name:
            self._bridge.select("weight", (path, name, number.place))

    @Slot(str)
    def _on_stop_chosen(self, stop: str) -> None:
        self.back.stop()
        self._choose(stop=stop)

    @Slot(object)
    def _on_sample_edited(self, sample: int) -> None:
        self._choose(sample=sample, is_batch=False)
        self._bridge.select("sample", sample)

    @Slot(str)
    def _on_whose_chosen(self, whose: str) -> None:
        number = self._state.number
        kept = replace(number, row=0) if number is not None else None
        self._choose(is_batch=whose == BATCH, number=kept)

    @Slot(str)
    def _on_look_chosen(self, look: str) -> None:
        self._choose(look=look)

    @Slot(bool)
    def _on_numbers_toggled(self, is_on: bool) -> None:
        self._choose(has_numbers=is_on)

    @Slot(object)
    def _on_picked(self, number: Number) -> None:
        self.question(number)
        self._bring_into_sight(number)

    def _bring_into_sight(self, number: Number) -> None:
        placed = self.page.walk.placed(number.layer, number.tensor)
        cell = placed and placed.tile.sheet.cell_of(number.place, number.row)
        centre = placed.cell(*cell).center() if placed is not None and cell else None
        self.page.bring_into_sight(centre)

    @Slot(int, int)
    def _on_tensor_picked(self, place: int, sample: int) -> None:
        self.question(Number(self._state.layer, self._state.tensor, place, sample))
        self.page.bring_into_sight()

    @Slot(int)
    def _on_row_picked(self, row: int) -> None:
        chosen = self.page.walk.rows[row]
        tile = chosen.tiles[-1]
        self._choose(layer=tile.layer, tensor=tile.tensor)
        if chosen.path:
            self._bridge.select("layer", chosen.path)

    @Slot()
    def _on_card_closed(self) -> None:
        self.question(None)

    @Slot()
    def _on_play_clicked(self) -> None:
        rows = self.page.walk.rows
        self.back.press([n for n, row in enumerate(rows) if not row.is_further])

    @Slot(object)
    def _on_back_reached(self, row: int | None) -> None:
        page = self.page
        page.walk.light(row)
        page.play.setText("Stop" if self.back.is_running() and row is not None else "Play back")
        page.way.setVisible(row is not None)
        if row is None or self.seen is None:
            return
        shown = page.walk.rows[row] if row < len(page.walk.rows) else None
        if shown is None or not shown.stage:
            page.way.set_text("The loss: ∂L/∂o, where the way back begins")
            return
        stage = self.seen.iteration.stages[shown.stage - 1]
        page.way.set_text(f"{shown.title}: {carried(self.seen.iteration, stage)}")
        top, bottom = page.walk.plan.bands[row]
        page.area.ensureVisible(0, int((top + bottom) / 2), 0, int((bottom - top) / 2) + 24)

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing goes on while nobody looks."""
        self.back.stop()
        super().hideEvent(event)


def _is_of_update(number: Number | None) -> bool:
    """Whether a number is one of the optimizer's."""
    if number is None or number.layer == LOSS:
        return False
    return number.tensor.startswith("Δ") or " " in number.tensor


PANEL = PanelSpec(
    name="inspector",
    title="Inspector",
    make=InspectorView,
    shortcut="Ctrl+4",
    summary="One iteration under the microscope: every number with its formula and its proof.",
)
