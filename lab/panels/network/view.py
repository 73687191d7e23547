"""The network builder: a canvas of the network in training, or of the one being drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.engine.drafts import draft_of
from lab.numerals import shown
from lab.panels.network.blocks import owner
from lab.panels.network.canvas import NetworkCanvas
from lab.panels.network.edges import MOST_EDGES
from lab.panels.network.layout import edges_of
from lab.panels.network.model import Ask, NetworkState, Seen
from lab.panels.network.pictures import pictures
from lab.panels.network.scene import scene
from lab.panels.network.words import reading, subtitle
from lab.ui.controls import Segmented, Toggle
from lab.ui.live import LiveView
from lab.ui.panel import PanelSpec

if TYPE_CHECKING:
    from lab.engine.experiment import Part
    from lab.engine.news import RunLook
    from lab.panels.network.scene import Scene
    from lab.ui.bridge import EngineBridge

ANSWER = "network"
SHOWS = ("Response", "Weights", "Gradient")
_MEANING = (
    "What each unit answers: over the plane of the data, or to the selected sample",
    "The weights that come into each unit, laid out as what they come from",
    "The derivative of the loss by those weights, over the batch in use",
)


class NetworkView(LiveView):
    """Draws the network of the run, or the draft in its place, and edits it."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state = NetworkState()
        self._scene: Scene | None = None
        self._seen: Seen | None = None
        self._of: object = None  # what the scene was made of
        self._seen_of = 0
        self.canvas = NetworkCanvas()
        self._make_controls()
        self._fill()
        self._listen()
        self._catch_up()
        self._draw()

    def _make_controls(self) -> None:
        self.show_ = Segmented(SHOWS, "What units show")
        self.show_.set_tooltips(_MEANING)
        self.show_.chosen.connect(self._on_show_chosen)
        self.bias = Toggle("Bias", is_on=True)
        self.bias.setToolTip("Write the bias below each unit")
        self.bias.toggled_by_hand.connect(self._on_bias_toggled)
        self.add_control(self.show_)
        self.add_control(self.bias, at_right=True)

    def _fill(self) -> None:
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.canvas, 1)
        self.set_picture(whole)

    def _listen(self) -> None:
        self.canvas.layer_chosen.connect(self._on_layer_chosen)
        self.canvas.unit_chosen.connect(self._on_unit_chosen)
        self.canvas.weight_chosen.connect(self._on_weight_chosen)

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

    # Drawing.

    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("There is no network yet.", "Load the digits")
            return
        self.show_picture()
        self._lay_out(look, look.settings.layers)
        self._ask(look)
        self._take_answer(look)
        self._tell_loss(look)
        self._tell()

    def _lay_out(self, look: RunLook, layers: tuple[Part, ...]) -> None:
        made_of = (layers, look.run, look.settings.loss, look.settings.batches)
        if made_of == self._of:
            return
        self._of = made_of
        self._scene = scene(look, layers, draft_of(look.settings, look.data, layers))
        self._forget_what_is_gone()
        self._seen = None
        self.canvas.show_scene(self._scene, self._state)

    def _forget_what_is_gone(self) -> None:
        scene_, state = self._scene, self._state
        assert scene_ is not None
        if state.layer is not None and owner(scene_.blocks, state.layer) is None:
            self._state = replace(state, layer=None, unit=None, weight=None)

    def _ask(self, look: RunLook) -> None:
        scene_, state = self._scene, self._state
        assert scene_ is not None
        sample = state.sample if state.sample is not None else 0
        wanted = (look.run, look.playing, scene_.layers, sample, state.show)
        pause = 0.1 if look.playing else 0.0
        ask = Ask(scene_.blocks, scene_.layers, sample, state.show, pause)
        self._watch(ANSWER, ask, wanted)

    def _take_answer(self, look: RunLook) -> None:
        found, scene_ = look.answers.get(ANSWER), self._scene
        assert scene_ is not None
        if not isinstance(found, Seen) or found.layers != scene_.layers or found is self._seen:
            return
        self._seen = found
        images = pictures(scene_.layout, found, look.data.x[found.sample], self._state.show)
        self.canvas.show_seen(found, images)

    def _tell_loss(self, look: RunLook) -> None:
        numbers = look.numbers or {}
        value = shown(numbers["loss"], 3) if "loss" in numbers else "–"
        self.canvas.show_loss(value, f"batch of {len(look.batch):,}")

    def _tell(self) -> None:
        assert self._scene is not None
        edges = sum(count for _, count in edges_of(self._scene.layout))
        drawn = (min(edges, MOST_EDGES), edges)
        self.set_subtitle(subtitle(self._scene))
        self.set_reading(reading(self._scene, self._seen, drawn))

    # Gestures.

    def _choose(self, **fields: object) -> None:
        self._state = replace(self._state, **fields)  # type: ignore[arg-type]  # its fields
        self.canvas.show_state(self._state)
        self._draw()

    @Slot(str)
    def _on_show_chosen(self, show: str) -> None:
        self._choose(show=show)

    @Slot(bool)
    def _on_bias_toggled(self, is_on: bool) -> None:
        self._choose(shows_bias=is_on)

    @Slot(object)
    def _on_layer_chosen(self, path: object) -> None:
        self._bridge.select("unit", None)
        self._bridge.select("weight", None)
        self._bridge.select("layer", path)

    @Slot(object)
    def _on_unit_chosen(self, which: object) -> None:
        self._bridge.select("weight", None)
        self._bridge.select("unit", which)

    @Slot(object)
    def _on_weight_chosen(self, which: object) -> None:
        self._bridge.select("weight", which)


PANEL = PanelSpec(
    name="network",
    title="Network",
    make=NetworkView,
    shortcut="Ctrl+5",
    summary="The network as a drawing to be edited, with its weights as they are learned.",
)
