"""The plane: points, the batch in use, the decision map behind, points drawn by mouse."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout

from lab.panels.data import maths
from lab.panels.data.brush import Brush
from lab.panels.data.dots import DotPlot, OutlinedMark
from lab.panels.data.keys import BATCH, PALER, TEST, WRONG, Key, class_entries
from lab.panels.data.maps import SHARE, STRENGTH, BoundaryMark, MapMark, WinnerMark, boundary
from lab.panels.data.maths import Box
from lab.panels.data.model import (
    feature_words,
    members,
    raw_points,
    with_points,
    without_points,
)
from lab.panels.data.pieces import Piece
from lab.panels.data.questions import AskMap, MapAnswers
from lab.ui.ranging import nice

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.data import Data
    from lab.engine.looks import Question
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState, Point

    FloatArray = npt.NDArray[np.float64]

MAP = "data.map"
CELLS = (96, 64, 48, 32, 24)
PLAYING_S, PAUSED_S = 0.001, 0.05
MOST_PLAYING = 32  # between them the values are linear, and finer when paused
MARGIN = 0.12
RUBBER_PX = 12.0


class MapPlot(DotPlot):
    """Points over a map that fills the whole range that is seen."""

    def __init__(self) -> None:
        super().__init__(equal_aspect=True)
        self.map = MapMark("", "signed")
        self.winners = WinnerMark("Class")
        self.border = BoundaryMark("Boundary")
        self.winners.strength = STRENGTH
        for added in (self.map, self.winners, self.border):
            self.add(added)
        self.brushed = self.add(OutlinedMark("New points", is_class=True))
        self.key = Key(share=SHARE)
        self._scale = self.key
        self.view.addItem(self.key, row=1, col=0)

    def _fit(self, is_fresh: bool = False) -> None:
        """Show all samples with some room; the map follows the range, not the other way."""
        if self._is_auto and len(self.xs):
            self._last_fit = time.monotonic()
            xs, ys = _with_room(self.xs), _with_room(self.ys)
            self.box.setRange(xRange=xs, yRange=ys, padding=0, disableAutoRange=True)

    def seen(self) -> Box:
        """The range that is seen."""
        (x0, x1), (y0, y1) = self.view_range()
        return Box(x0, x1, y0, y1)


def _with_room(values: FloatArray) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    room = MARGIN * (high - low) or 1.0
    return low - room, high + room


class PlaneMap(Piece):
    """Map of the answers under the samples; as tab Draw, a place to draw them."""

    rows_pause_s = 0.1  # the map is what moves; samples only get or lose a cross
    drawn = Signal(list, str)

    def __init__(self) -> None:
        super().__init__()
        self.plot = MapPlot()
        self.brush = Brush(self.plot)
        self._data: Data | None = None
        self._state: DataState | None = None
        self._pending: list[Point] | None = None
        self._seconds_a_cell: float | None = None
        self._cells = 48
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(60)
        self._later.timeout.connect(self.asking_changed)
        self.plot.range_changed.connect(self._on_range_changed)
        self.plot.clicked.connect(self._on_clicked)
        self.brush.moved.connect(self._on_brush_moved)
        self.brush.finished.connect(self._on_brush_finished)

    def questions(self, look: RunLook) -> dict[str, Question]:
        """The map of the range that is seen, as fine as time allows."""
        if self._data is not look.data:
            self._show_data(look.data)
        return {MAP: AskMap(self.plot.seen(), self.cells(look.playing))}

    def cells(self, is_playing: bool) -> int:
        """How many cells along a side there is time for."""
        if self._seconds_a_cell is None:
            return self._cells
        budget = PLAYING_S if is_playing else PAUSED_S
        most = MOST_PLAYING if is_playing else CELLS[0]
        costs = {c: c * c * self._seconds_a_cell / budget for c in CELLS if c <= most}
        # change only where it is worth it, or the map flickers
        if costs.get(self._cells, 2) <= 1.5:
            self._cells = max(c for c in costs if c == self._cells or costs[c] <= 0.5)
        else:
            self._cells = max((c for c in costs if costs[c] <= 1), default=CELLS[-1])
        return self._cells

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Points of the set, marks and map of the look."""
        self._state = state
        self.plot.map.is_discrete = self.plot.winners.is_discrete = state.is_discrete
        self.brush.set_on(state.tab == "Draw")
        if self._data is not look.data:
            self._show_data(look.data)
        drawn = look.settings.data.as_dict().get("points")
        if self._pending is not None and drawn == tuple(self._pending):
            self._pending = None
        self._show_map(look, book)
        wrong, batch = book.wrong(look), np.unique(look.batch)
        if not state.shows_test:
            wrong[look.data.test] = False
        self.plot.show_answers(
            batch if state.shows_batch else batch[:0], np.flatnonzero(wrong),
            _chosen(look, book, state), shows_test=state.shows_test,
        )  # fmt: skip

    def _show_data(self, data: Data) -> None:
        self._data, self._seconds_a_cell = data, None
        self.plot.set_axes(feature_words(data, 0), feature_words(data, 1))
        self.plot.show_samples(
            data.x[:, 0], data.x[:, 1], data.labels.astype(np.int64), data.class_names,
            data.train, data.test,
        )  # fmt: skip
        self.plot.brushed.set([], [])
        several = data.classes > 2
        self.plot.map.set_visible(not several)
        self.plot.winners.set_visible(several)
        self._show_key("")

    def _show_map(self, look: RunLook, book: AnswerBook) -> None:
        found = look.answers.get(MAP)
        if not isinstance(found, MapAnswers):
            return
        self._seconds_a_cell = found.seconds / found.cells**2
        scores = maths.class_scores(found.outputs, book.answer)
        if scores.shape[1] != look.data.classes:
            return
        grid = scores.reshape(found.cells, found.cells, -1)  # (H, W, C)
        box = (found.box.x0, found.box.x1, found.box.y0, found.box.y1)
        if look.data.classes > 2:
            self.plot.winners.are_probabilities = book.has_probabilities
            self.plot.winners.set_scores(grid, box)
        else:
            self._show_values(look, book, grid, box)
        self.plot.border.set(*boundary(found, grid))

    def _show_values(
        self, look: RunLook, book: AnswerBook, grid: FloatArray, box: tuple[float, ...]
    ) -> None:
        first, second = look.data.class_names
        if book.has_probabilities:
            words, cells, levels = f"p({second})", grid[..., 1], (0.0, 1.0)
        elif book.outputs.shape[1] == 1:
            words, cells = f"output, {first} < 0 < {second}", grid[..., 1]
            levels = (-1.0, 1.0)  # the targets; beyond them the colour stays
        else:
            words, cells = f"score {second} − score {first}", grid[..., 1] - grid[..., 0]
            levels = _around_zero(cells)
        self.plot.map.name = words
        self._show_key(words)
        self.plot.map.set(cells, levels=levels, box=box)  # type: ignore[arg-type]  # four floats

    def _show_key(self, words: str) -> None:
        assert self._data is not None
        several = self._data.classes > 2
        entries = (*class_entries(self._data.class_names), BATCH, TEST, WRONG)
        entries = (*entries, PALER) if several else entries
        self.plot.key.show_entries(entries, words=words, has_scale=not several)

    # Gestures.

    @Slot()
    def _on_range_changed(self) -> None:
        self._later.start()

    @Slot(float, float)
    def _on_clicked(self, x: float, y: float) -> None:
        self.changed.emit({"sample": self.plot.nearest_sample(x, y), "pair": None})

    @Slot(object, bool)
    def _on_brush_moved(self, places: FloatArray, rubs: bool) -> None:
        if self._state is not None:
            mark = self.plot.brushed
            mark.series, mark.is_filled = self._state.brush, not rubs
            mark.outline = "error" if rubs else "text"
            mark.changed()
            mark.set(places[:, 0], places[:, 1])

    @Slot(object, bool)
    def _on_brush_finished(self, places: FloatArray, rubs: bool) -> None:
        if self._data is None or self._state is None:
            return
        before = raw_points(self._data) if self._pending is None else self._pending
        radius = RUBBER_PX * float(self.plot.box.viewPixelSize()[0])
        if rubs:
            after = without_points(self._data, before, places, radius)
        else:
            after = with_points(self._data, before, places, self._state.brush)
        self.plot.brushed.set([], [])
        if after != before:
            self._pending = after
            self.drawn.emit(after, "Erase points" if rubs else "Draw points")

    def forget_drawing(self) -> bool:
        """Take back what was drawn and not accepted; whether there was anything."""
        was_there, self._pending = self._pending is not None, None
        return was_there


def _around_zero(cells: FloatArray) -> tuple[float, float]:
    """Round levels about zero, at least ±1: they move in steps."""
    reach = nice(max(float(np.percentile(np.abs(cells), 98)), 0.51))
    return -reach, reach


def _chosen(look: RunLook, book: AnswerBook, state: DataState) -> npt.NDArray[np.int64]:
    if state.pair is not None:
        return members(look, book, state)
    if state.sample is None or state.sample >= len(look.data.x):
        return np.empty(0, np.int64)
    return np.array([state.sample])
