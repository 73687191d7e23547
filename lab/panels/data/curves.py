"""Curves and numbers: the fit over its samples, predicted against true, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout

from lab.panels.data import maths
from lab.panels.data.dots import nearest
from lab.panels.data.keys import Entry, Key
from lab.panels.data.model import residuals
from lab.panels.data.pieces import Piece
from lab.panels.data.questions import AskLine, LineAnswers
from lab.ui.plots import Plot
from lab.ui.ranging import nice
from lab.ui.scatters import ScatterMark

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.data import Data
    from lab.engine.looks import Question
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

LINE = "data.line"
MARGIN = 0.1
BINS = 24


TRAINING = Entry("training", "dot", "series 0")
TEST_OPEN = Entry("test", "open", "series 1", 1)
IN_BATCH = Entry("in batch", "outlined", "series 0")
ANSWER = Entry("answer", "line", "series 3")
EXACT = Entry("exact", "dash", "secondary")


class Underlay(ScatterMark):
    """Larger points under the others, which so get an outline."""

    z = 9.0


class OnePlot(Piece):
    """A piece that is a single plot with a key under it."""

    def __init__(self, plot: Plot, *entries: Entry) -> None:
        super().__init__()
        self.plot = plot
        plot.view.addItem(Key(entries), row=1, col=0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(plot)
        self._data: Data | None = None


class CurveFit(OnePlot):
    """Samples of a curve in their own units, the network's answer as a line through them."""

    def __init__(self) -> None:
        super().__init__(Plot(), ANSWER, TRAINING, TEST_OPEN, IN_BATCH)
        self.misses = self.plot.add_line("Residuals", 1, is_faint=True)
        self.train = self.plot.add_scatter("Training", 0, size=6)
        self.test = self.plot.add_scatter("Test", 1, symbol="triangle", size=7, is_filled=False)
        self.batch = self.plot.add(Underlay("In batch", size=9))
        self.batch.set_role("text")
        self.fit = self.plot.add_line("Answer", 3, width=2)

    def questions(self, look: RunLook) -> dict[str, Question]:
        """The line over the range of the samples and a little more."""
        x = look.data.x[:, 0]
        room = MARGIN * float(np.ptp(x)) or 1.0
        return {LINE: AskLine(float(x.min()) - room, float(x.max()) + room)}

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Line, batch and residuals of the look."""
        data = look.data
        if self._data is not data:
            self._show_data(data)
        self.test.set_visible(state.shows_test)
        self._show_rows(self.batch, data, np.unique(look.batch) if state.shows_batch else [])
        found = look.answers.get(LINE)
        if isinstance(found, LineAnswers):
            self.fit.set(found.x * data.deviation[0] + data.mean[0], found.outputs)
        self._show_misses(data, book, state)

    def _show_data(self, data: Data) -> None:
        self._data = data
        name = data.feature_names[0] if data.feature_names else "x"
        self.plot.set_axes(name, data.target_name)
        self._show_rows(self.train, data, data.train)
        self._show_rows(self.test, data, data.test)
        self.plot.reset_view()

    def _show_rows(self, mark: object, data: Data, rows: object) -> None:
        chosen = np.asarray(rows, dtype=np.int64)
        mark.set(data.original[chosen, 0], data.labels[chosen])  # type: ignore[attr-defined]  # a mark

    def _show_misses(self, data: Data, book: AnswerBook, state: DataState) -> None:
        rows = data.train[:0]
        if state.shows_residuals:
            shown = (data.train, data.test) if state.shows_test else (data.train,)
            rows = np.concatenate(shown)
            rows = rows[book.known[rows]]
        pieces = np.full((len(rows), 3, 2), np.nan)
        pieces[:, :2, 0] = data.original[rows, :1]
        pieces[:, 0, 1], pieces[:, 1, 1] = data.labels[rows], book.outputs[rows, 0]
        self.misses.set(pieces[..., 0].ravel(), pieces[..., 1].ravel())


class PredictedAgainstTrue(OnePlot):
    """The answer of every sample over its true value, with the line where both agree."""

    def __init__(self) -> None:
        super().__init__(Plot(), TRAINING, TEST_OPEN, IN_BATCH, EXACT)
        self.diagonal = self.plot.add_line("Exact", 0, dash="dash")
        self.diagonal.set_role("secondary")
        self.train = self.plot.add_scatter("Training", 0, size=6)
        self.test = self.plot.add_scatter("Test", 1, symbol="triangle", size=7, is_filled=False)
        self.batch = self.plot.add(Underlay("In batch", size=9))
        self.batch.set_role("text")
        self.plot.clicked.connect(self._on_clicked)
        self._rows: IntArray = np.empty(0, np.int64)
        self._places: FloatArray = np.empty((0, 2))

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """All answers of the look."""
        data = look.data
        if self._data is not data:
            self._data = data
            name = data.target_name
            self.plot.set_axes(f"True {name}", f"Predicted {name}")
            ends = np.array([data.labels.min(), data.labels.max()], float)
            self.diagonal.set(ends, ends)
        self.test.set_visible(state.shows_test)
        self._rows = np.flatnonzero(book.known)
        true = data.labels[self._rows].astype(float)
        self._places = np.column_stack([true, book.outputs[self._rows, 0]])
        batch = np.unique(look.batch) if state.shows_batch else data.train[:0]
        for mark, rows in (
            (self.train, data.train),
            (self.test, data.test),
            (self.batch, batch),
        ):
            known = rows[book.known[rows]]
            mark.set(data.labels[known].astype(float), book.outputs[known, 0])

    @Slot(float, float)
    def _on_clicked(self, x: float, y: float) -> None:
        if len(self._rows):
            near = nearest(self.plot, self._places[:, 0], self._places[:, 1], (x, y))
            sample = None if near is None else int(self._rows[near])
            self.changed.emit({"sample": sample})


class Bars(OnePlot):
    """Two histograms as staircases: the first solid, the second dashed."""

    def __init__(
        self, first: str, second: str, *, roles: tuple[str, str] | None = None
    ) -> None:
        inks = roles or ("series 0", "series 1")
        entries = Entry(first.lower(), "line", inks[0]), Entry(second.lower(), "dash", inks[1])
        super().__init__(Plot(y="Samples", may_be_log=False), *entries)
        self._seen: tuple[float, ...] = ()
        self.first = self.plot.add_line(first, 0, width=2)
        self.second = self.plot.add_line(second, 1, dash="dash", width=2)
        if roles is not None:
            self.first.set_role(roles[0])
            self.second.set_role(roles[1])

    def draw(self, first: FloatArray, second: FloatArray, edges: FloatArray) -> None:
        """Count both between the same edges; the range moves in steps, from zero up."""
        self.first.set(*maths.histogram(first, edges))
        self.second.set(*maths.histogram(second, edges))
        tallest = max(float(self.first.y.max()), float(self.second.y.max()), 1.0)
        seen = (float(edges[0]), float(edges[-1]), 1.05 * nice(tallest))
        if seen != self._seen:  # else a person's zoom stays
            self._seen = seen
            self.plot.set_range(x=seen[:2], y=(0.0, seen[2]))


class Residuals(Bars):
    """How far the answers lie from the truth."""

    def __init__(self) -> None:
        super().__init__("Training", "Test")

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Residuals of the look, over a range that moves in steps."""
        data = look.data
        self.plot.set_axes(f"Answer less true {data.target_name}")
        train, test = (residuals(look, book, rows) for rows in (data.train, data.test))
        test = test if state.shows_test else test[:0]
        both = np.abs(np.concatenate([train, test]))
        reach = nice(max(float(both.max()), 1e-12)) if len(both) else 1.0
        self.draw(train, test, np.linspace(-reach, reach, BINS + 1))


class Confidence(Bars):
    """How sure the network is where it is right, and where it is wrong."""

    def __init__(self) -> None:
        super().__init__("Right", "Wrong", roles=("good", "error"))

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Certainty of the samples of the look."""
        known = np.flatnonzero(book.known)
        if not state.shows_test:
            known = np.intersect1d(known, look.data.train)
        sure, wrong = maths.certainty(book.scores(known), book.answer), book.wrong(look)[known]
        if book.has_probabilities:
            words = "Probability of the class answered"
            edges = np.linspace(1 / max(look.data.classes, 1), 1.0, BINS + 1)
        else:
            words = "Lead of the class answered (score)"
            reach = nice(max(float(sure.max()), 1e-12)) if len(sure) else 1.0
            edges = np.linspace(0.0, reach, BINS + 1)
        self.plot.set_axes(words)
        self.draw(sure[~wrong], sure[wrong], edges)
