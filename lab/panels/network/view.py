"""The network builder: a canvas of the network in training, or of the one being drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.engine.carrying import state_name
from lab.engine.foreign_building import BEING_FOUND
from lab.engine.hand_edits import is_by_hand
from lab.engine.numbering import spoken
from lab.numerals import shown
from lab.panels.network.blocks import owner
from lab.panels.network.canvas import NetworkCanvas
from lab.panels.network.card import Card
from lab.panels.network.edges import MOST_EDGES
from lab.panels.network.editor import Editor
from lab.panels.network.gestures import Gestures
from lab.panels.network.keys import carried_out
from lab.panels.network.layout import edges_of
from lab.panels.network.menus import Menus
from lab.panels.network.model import Ask, NetworkState, Seen, scale_of
from lab.panels.network.opening import Opening
from lab.panels.network.pictures import pictures, shown_in
from lab.panels.network.properties import rows
from lab.panels.network.questions import said
from lab.panels.network.scene import scene
from lab.panels.network.words import reading, subtitle, weight_value
from lab.ui import theme
from lab.ui.controls import Segmented, Toggle
from lab.ui.drafts import drawn
from lab.ui.finding import known_draft
from lab.ui.live import LiveView
from lab.ui.panel import PanelSpec

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QResizeEvent

    from lab.engine.experiment import Part
    from lab.engine.news import RunLook
    from lab.panels.network.blocks import Block
    from lab.panels.network.scene import Scene
    from lab.ui.bridge import EngineBridge

ANSWER = "network"
ROOM_FOR_CARD = 400
"""In a panel less high the canvas takes all of it."""
SHOWS = ("Response", "Weights", "Gradient")
_MEANING = (
    "What each unit answers: over the plane of the data, or to the selected sample",
    "The weights that come into each unit, laid out as what they come from",
    "The derivative of the loss by those weights, for the batch of the iteration at hand",
)


class NetworkView(LiveView):
    """Draws the network of the run, or the draft in its place, and edits it."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state = NetworkState()
        self._scene: Scene | None = None
        self._seen: Seen | None = None
        self._of: object = None  # what the scene was made of
        self.canvas, self.card = NetworkCanvas(), Card()
        self.editor: Editor = Editor(bridge, self)
        self.menus: Menus = Menus(self.editor, self)
        self.opening = Opening(bridge, self)
        self._make_controls()
        self._fill()
        self._listen()
        self.gestures: Gestures = Gestures(self, bridge)
        self._catch_up()
        self._draw()

    def _make_controls(self) -> None:
        self.show_ = Segmented(SHOWS, "What units show")
        self.show_.set_tooltips(_MEANING)
        self.bias = Toggle("Bias", is_on=True)
        self.bias.setToolTip("Write the bias below each unit")
        self.add_control(self.menus.add_button)
        self.add_control(self.show_)
        for control in (self.bias, self.menus.more_button):
            self.add_control(control, at_right=True)

    def _fill(self) -> None:
        whole = QWidget()
        whole.setMinimumSize(*theme.PLOT_MINIMUM)  # the card goes where there is no room
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.card)
        self.set_picture(whole)

    def _listen(self) -> None:
        self.banner_acted.connect(self._on_banner_acted)
        self.show_.chosen.connect(self._on_show_chosen)
        self.bias.toggled_by_hand.connect(self._on_bias_toggled)
        self._bridge.board.changed.connect(self._on_board_changed)
        self._bridge.finder.found.connect(self._on_shapes_found)

    @property
    def state(self) -> NetworkState:
        """What was chosen."""
        return self._state

    @property
    def scene(self) -> Scene | None:
        """What is drawn."""
        return self._scene

    @property
    def seen(self) -> Seen | None:
        """What is known of the network in training, where it is the one drawn."""
        return self._seen

    # What comes from outside.

    def _take_selection(self, kind: str, which: object) -> None:
        if kind in ("layer", "unit", "weight", "sample"):
            self._choose(**{kind: which})

    @Slot()
    def _on_board_changed(self) -> None:
        self._redraw()

    @Slot()
    def _on_shapes_found(self) -> None:
        self._of = None  # of less than is known now
        self._on_board_changed()

    # Drawing.

    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("There is no network yet.", "Load the digits")
            return
        self.show_picture()
        is_draft = self._bridge.board.layers is not None
        self._lay_out(look, drawn(self._bridge) if is_draft else look.settings.layers)
        self._ask(look)
        self._take_answer(look)
        self._tell_loss(look)
        self._tell()

    def _lay_out(self, look: RunLook, layers: tuple[Part, ...]) -> None:
        now = look.settings
        made_of = (layers, look.run, now.loss, now.batches, now.optimizer, now.precision)
        if made_of == self._of:
            return
        self._of = made_of
        draft, missing = known_draft(look.settings, look.data, layers)
        self.editor.draft = draft
        self._bridge.finder.find(missing)
        self._scene, self._seen = scene(look, layers, draft), None
        self._forget_what_is_gone()
        self.canvas.show_scene(self._scene, self._state)
        self._show_problems()

    def _forget_what_is_gone(self) -> None:
        scene_, state = self._scene, self._state
        assert scene_ is not None
        if state.layer is not None and owner(scene_.blocks, state.layer) is None:
            self._state = replace(state, layer=None, unit=None, weight=None)

    def _show_problems(self) -> None:
        assert self._scene is not None
        problems = self._scene.draft.problems
        if problems:
            text = spoken(problems[0].text, self._scene.layers)
            more = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
            if BEING_FOUND in text:
                self.show_banner("info", f"{text} Nothing trains until then.{more}")
                return
            self.show_banner(
                "error", f"{text} Nothing trains until this is mended.{more}", "Undo"
            )
        else:
            self.hide_banner()

    def _ask(self, look: RunLook) -> None:
        scene_, state = self._scene, self._state
        assert scene_ is not None
        wanted = (look.run, look.playing, scene_.layers, state.sample or 0, state.show)
        pause = 0.1 if look.playing else 0.0
        ask = Ask(scene_.blocks, scene_.layers, state.sample or 0, state.show, pause)
        self._watch(ANSWER, ask, wanted)

    def _take_answer(self, look: RunLook) -> None:
        found, scene_ = look.answers.get(ANSWER), self._scene
        assert scene_ is not None
        if not isinstance(found, Seen) or found.layers != scene_.layers or found is self._seen:
            return
        self._seen = found
        images = pictures(scene_.layout, found, look.data.x[found.sample], self._state.show)
        self.canvas.show_seen(found, images)
        self.menus.tensors = {state_name(*key): t for key, t in found.weights.items()}

    def _tell_loss(self, look: RunLook) -> None:
        numbers = look.numbers or {}
        value = shown(numbers["loss"], 3) if "loss" in numbers else "–"
        words = f"batch of {len(look.batch):,}"
        if any(e.step == look.step and is_by_hand(e.what) for e in look.edits):
            value, words = "–", "weights were set"
        self.canvas.show_loss(value, words)

    def _tell(self) -> None:
        assert self._scene is not None
        edges = sum(count for _, count in edges_of(self._scene.layout))
        drawn_ = (min(edges, MOST_EDGES), edges)
        self.set_subtitle(subtitle(self._scene))
        self.set_reading(reading(self._scene, self._seen, drawn_, self._state.layer))
        self._tell_card()

    def _tell_card(self) -> None:
        scene_, state, seen = self._scene, self._state, self._seen
        assert scene_ is not None
        self.card.legend.show_scales(self._scales())
        if state.weight is not None and seen is not None:
            value = weight_value(seen, state.weight)
            if value is not None:
                self.card.show_weight(said(scene_, seen, state), value)
                return
        block = owner(scene_.blocks, state.layer) if state.layer else None
        settable = rows(block, _width(scene_, block)) if block and state.unit is None else []
        if settable:
            self.card.show_rows(settable)
        else:
            self.card.show_words(*said(scene_, seen, state))

    def _scales(self) -> tuple[tuple[str, float], ...]:
        scene_, state, look = self._scene, self._state, self._bridge.look
        if scene_ is None or self._seen is None or look is None:
            return ()
        found: list[tuple[str, float]] = []
        if self.canvas.has_edges():
            words = "Gradient ∂L/∂w" if state.show == "Gradient" else "Weight w"
            found.append((words, self.canvas.strongest))
        place = scene_.layout.column_of(state.layer) if state.layer else None
        if place is None:
            return tuple(found)
        columns = scene_.layout.columns[: place + 1]
        x = look.data.x[self._seen.sample]
        cells = shown_in(columns, self._seen, x, state.show)
        if cells is not None:
            words = {"Response": "Answer a", "Weights": "Weight w"}.get(state.show, "∂L/∂w")
            found.append((f"{words} of {scene_.headers[place][0]}", scale_of([cells])))
        return tuple(found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the room to the canvas where there is little."""
        super().resizeEvent(event)
        self.card.setVisible(self.height() >= ROOM_FOR_CARD)

    # Gestures.

    def _choose(self, **fields: object) -> None:
        self._state = replace(self._state, **fields)  # type: ignore[arg-type]  # its fields
        self.canvas.show_state(self._state)
        self._redraw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit and walk by keys; see ``keys``."""
        if not carried_out(event, self):
            super().keyPressEvent(event)

    @Slot(str)
    def _on_show_chosen(self, show: str) -> None:
        self._choose(show=show)

    @Slot()
    def _on_banner_acted(self) -> None:
        self._bridge.undo_stack.undo()

    @Slot(bool)
    def _on_bias_toggled(self, is_on: bool) -> None:
        self._choose(shows_bias=is_on)


def _width(scene_: Scene, block: Block) -> int:
    """Return how many numbers a block gives along its last axis, 0 where that is not known."""
    shape = scene_.draft.by_path[block.path].shape_out
    return shape[-1] if shape else 0


PANEL = PanelSpec(
    name="network",
    title="Network",
    make=NetworkView,
    shortcut="Ctrl+5",
    summary="The network as a drawing to be edited, with its weights as they are learned.",
)
