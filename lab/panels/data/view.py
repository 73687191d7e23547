"""The data panel: chooses the picture that suits the data, asks for it, shows it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedWidget

from lab.engine.datasets import DATASETS
from lab.engine.kinds import ExperimentError
from lab.engine.news import Status
from lab.panels.data.book import ROWS, AnswerBook
from lab.panels.data.curves import Confidence, CurveFit, PredictedAgainstTrue, Residuals
from lab.panels.data.features import FeatureScatter
from lab.panels.data.matrices import ConfusionMatrix
from lab.panels.data.model import MODES, DataState, mode_of, reading
from lab.panels.data.plane import PlaneMap
from lab.panels.data.samples import Samples
from lab.ui.controls import Segmented, Toggle
from lab.ui.live import LiveView
from lab.ui.panel import PanelSpec
from lab.ui.undo import change_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from lab.engine.data import Data
    from lab.engine.looks import Question
    from lab.engine.news import Event, RunLook
    from lab.panels.data.pieces import Piece
    from lab.ui.bridge import EngineBridge

PIECES: dict[str, Callable[[], Piece]] = {
    "Map": PlaneMap,
    "Confusion": ConfusionMatrix,
    "Confidence": Confidence,
    "Fit": CurveFit,
    "Residuals": Residuals,
    "Samples": Samples,
    "Features": FeatureScatter,
    "Predicted": PredictedAgainstTrue,
}
ASK_S = 0.2
"""While training the questions are looked through no more often: what they ask is the same."""
_SAME = {"Draw": "Map"}  # tabs that share a piece
_BRUSHES = ("A", "B", "C", "D")
_WITH_BATCH = {"Map", "Fit", "Features", "Predicted"}
_WITH_TEST = {*_WITH_BATCH, "Residuals", "Confidence"}


class DataView(LiveView):
    """Asks the worker only what the picture in sight needs, and only while it is in sight."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state, self.book = DataState(), AnswerBook()
        self._mode = ""
        self._data: Data | None = None
        self._asked_at, self._asked_of = 0.0, object()
        self._tabs: dict[str, Segmented] = {}
        self._pieces: dict[str, Piece] = {}
        self._points_paths: tuple[str, ...] = ()
        self._pages = QStackedWidget()
        self._make_controls()
        self.set_picture(self._pages)
        bridge.happened.connect(self._on_happened)
        self._catch_up()
        self._draw()

    def _make_controls(self) -> None:
        self.batch, self.test = Toggle("Batch", True), Toggle("Test", True)
        self.misses, self.discrete = Toggle("Residuals", False), Toggle("Discretise", False)
        self.brushes = Segmented(_BRUSHES, "Class to draw")
        self.batch.setToolTip("Outline the samples of the batch in use")
        self.test.setToolTip("Show the test samples, which are never trained on")
        self.misses.setToolTip("Draw how far each sample lies from the answer")
        self.brushes.setToolTip("Class of the points you draw; right button or Shift erases")
        self.discrete.setToolTip("Colour every place by its class alone, however sure it is")
        for control in (self.brushes, self.misses, self.discrete, self.batch, self.test):
            self.add_control(control, at_right=True)
            control.hide()
        for toggle, slot in (
            (self.batch, self._on_batch_toggled),
            (self.test, self._on_test_toggled),
            (self.misses, self._on_misses_toggled),
            (self.discrete, self._on_discrete_toggled),
        ):
            toggle.toggled_by_hand.connect(slot)
        self.brushes.chosen.connect(self._on_brush_chosen)

    @property
    def state(self) -> DataState:
        """What was chosen."""
        return self._state

    def tabs(self) -> Segmented:
        """The tabs of the mode in use."""
        return self._tabs[self._mode]

    def piece(self, tab: str | None = None) -> Piece:
        """The picture of a tab (of the current one), made when it is first wanted."""
        name = tab or self._state.tab
        name = _SAME.get(name, name)
        if name not in self._pieces:
            made = self._pieces[name] = PIECES[name]()
            made.changed.connect(self._on_piece_changed)
            made.asking_changed.connect(self._on_asking_changed)
            if isinstance(made, PlaneMap):
                made.drawn.connect(self._on_drawn)
            self._pages.addWidget(made)
        return self._pieces[name]

    # What comes from outside.

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        plane = self._pieces.get("Map")
        is_refused = event.status is Status.REFUSED and isinstance(plane, PlaneMap)
        if is_refused and plane.forget_drawing():  # type: ignore[union-attr]  # a PlaneMap
            self.show_banner("warning", event.text)
        if event.status is Status.FAILED and event.channel in (ROWS, *self._asked):
            self._asked.pop(event.channel, None)
            self.show_banner("error", f"The answers could not be found: {event.text}")

    def _take_selection(self, kind: str, which: object) -> None:
        if kind == "sample" and which != self._state.sample and isinstance(which, int | None):
            self._choose(sample=which)

    # Drawing.

    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("No data is loaded yet.", "Load the digits")
            return
        if look.data is not self._data:
            self._data = look.data
            self._enter(mode_of(look.data))
        self.book.take(look)
        piece = self.piece()
        if self._pages.currentWidget() is not piece:
            self._pages.setCurrentWidget(piece)
        self.show_picture()
        piece.show_look(look, self.book, self._state)
        self.set_reading(partial(_words, look, self.book, self._state))
        self.set_subtitle(look.data.kind.title)
        is_new = (look.run, look.branch, look.playing, self._state) != self._asked_of
        self._asked_of = look.run, look.branch, look.playing, self._state
        self._ask(look, is_new or not look.playing or monotonic() - self._asked_at >= ASK_S)

    def _enter(self, mode: str) -> None:
        if mode == self._mode:
            return
        for tabs in self._tabs.values():
            tabs.hide()
        self._mode = mode
        if mode not in self._tabs:
            made = self._tabs[mode] = Segmented(MODES[mode], "Picture")
            made.chosen.connect(self._on_tab_chosen)
            self.add_control(made)
        kept = self._state.tab if self._state.tab in MODES[mode] else MODES[mode][0]
        self.tabs().set_current(kept)
        self.tabs().show()
        self._state = replace(self._state, tab=kept, pair=None, page=0, filter="All samples")
        self._show_controls()

    def _show_controls(self) -> None:
        """Show what the tab has; the rest goes first, all at once are wider than a panel."""
        tab = self._state.tab
        controls = {
            self.batch: tab in _WITH_BATCH,
            self.test: tab in _WITH_TEST,
            self.misses: tab == "Fit",
            self.discrete: tab == "Map",
            self.brushes: tab == "Draw",
        }
        for control, is_there in sorted(controls.items(), key=lambda pair: pair[1]):
            control.setVisible(is_there)

    def _ask(self, look: RunLook, is_due: bool = True) -> None:
        """Keep the worker's questions to what this picture needs."""
        if not self.isVisible() or not is_due:
            return
        self._asked_at = monotonic()
        piece = self.piece()
        questions: dict[str, Question] = piece.questions(look)
        rows = piece.rows(look)
        wanted = np.empty(0, np.int64) if rows is None else rows
        question = self.book.question(look, wanted, piece.rows_pause_s)
        if question is not None and not question.asks_as(self._asked.get(ROWS)):
            questions[ROWS] = question
        for name in [n for n in self._asked if n not in questions and n != ROWS]:
            self._unwatch(name)
        for name, asked in questions.items():
            self._watch(name, asked)

    # Gestures.

    def _choose(self, **fields: Any) -> None:
        self._state = replace(self._state, **fields)
        self._draw()

    @Slot(dict)
    def _on_piece_changed(self, fields: dict[str, Any]) -> None:
        before = self._state
        if fields.get("pair") is not None and "Samples" in MODES[self._mode]:
            fields = {**fields, "tab": "Samples"}
        elif fields.get("pair") is not None and "Map" in MODES[self._mode]:
            fields = {**fields, "tab": "Map"}
        self._state = replace(before, **fields)
        self.tabs().set_current(self._state.tab)
        self._show_controls()
        self._draw()
        if self._state.sample != before.sample:
            self._bridge.select("sample", self._state.sample)

    @Slot()
    def _on_asking_changed(self) -> None:
        if self._bridge.look is not None:
            self._ask(self._bridge.look)

    @Slot(str)
    def _on_tab_chosen(self, tab: str) -> None:
        self._state = replace(self._state, tab=tab)
        self._show_controls()
        self._draw()

    @Slot(bool)
    def _on_batch_toggled(self, is_on: bool) -> None:
        self._choose(shows_batch=is_on)

    @Slot(bool)
    def _on_test_toggled(self, is_on: bool) -> None:
        self._choose(shows_test=is_on)

    @Slot(bool)
    def _on_misses_toggled(self, is_on: bool) -> None:
        self._choose(shows_residuals=is_on)

    @Slot(bool)
    def _on_discrete_toggled(self, is_on: bool) -> None:
        self._choose(is_discrete=is_on)

    @Slot(str)
    def _on_brush_chosen(self, name: str) -> None:
        self._choose(brush=_BRUSHES.index(name))

    @Slot(list, str)
    def _on_drawn(self, points: list[tuple[float, float, int]], words: str) -> None:
        """Make one gesture one change that can be undone.

        Neighbouring changes of the same settings are joined by the undo stack; naming the kind
        of data along with the points in every second gesture keeps the gestures apart.
        """
        look = self._bridge.look
        if look is None:
            return
        kind = next(name for name, data in DATASETS.items() if data.is_drawn)
        changes: dict[str, object] = {"data.kind": kind, "data.points": points}
        if look.settings.data.kind == kind and "data.kind" in self._points_paths:
            del changes["data.kind"]
        self._points_paths = tuple(changes)
        try:
            change_settings(self._bridge, changes, words)
        except ExperimentError as error:
            self.show_banner("warning", str(error))


def _words(look: RunLook, book: AnswerBook, state: DataState) -> str:
    if state.tab == "Draw":
        name = _BRUSHES[state.brush]
        count = len(look.data.x)
        return f"Drag to add points of class {name}; right-drag erases. {count:,} points."
    return reading(look, book)


PANEL = PanelSpec(
    name="data",
    title="Data and answer",
    make=DataView,
    shortcut="Ctrl+2",
    summary="The samples, and what the network answers for each of them at this step.",
)
