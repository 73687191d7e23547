"""Samples as points: a symbol for each class, test hollow, batch outlined, wrong crossed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QBrush, QPen

from lab.ui import theme
from lab.ui.mark import logged
from lab.ui.plots import Plot
from lab.ui.scatters import ScatterMark

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.ui.symbols import Symbol

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

CLASS_SYMBOLS: tuple[Symbol, ...] = (
    "circle", "triangle", "square", "diamond", "star", "plus", "cross",
)  # fmt: skip
SIZE = 7.0


def class_symbol(label: int) -> Symbol:
    """The symbol of a class, the same in every picture."""
    return CLASS_SYMBOLS[label % len(CLASS_SYMBOLS)]


class OutlinedMark(ScatterMark):
    """Points in their class's colour with an outline in the text colour or the accent."""

    z = 12.0
    outline = "text"
    breadth = 1.8

    def pen(self) -> QPen:
        """The outline, in the colour of its role."""
        return QPen(theme.colour(self.outline), self.breadth)

    def brush(self) -> QBrush:
        """Filled with the colour of the class, or not at all."""
        return QBrush(self.ink()) if self.is_filled else QBrush()


class ChosenMark(OutlinedMark):
    """Rings in the accent about what is selected."""

    z = 14.0
    outline = "accent"
    breadth = 2.0


class CrossMark(ScatterMark):
    """Thin crosses in the text's colour, behind the points: their colour is what counts."""

    z = 9.0

    def pen(self) -> QPen:
        """Two strokes."""
        return QPen(theme.colour("text"), 1.2)

    def brush(self) -> QBrush:
        """None."""
        return QBrush()


class DotPlot(Plot):
    """A plot of samples; ``show_samples`` once for a set, ``show_answers`` at each look."""

    def __init__(self, *, equal_aspect: bool = False) -> None:
        super().__init__(equal_aspect=equal_aspect)
        self.train_marks: list[ScatterMark] = []
        self.test_marks: list[ScatterMark] = []
        self.batch_marks: list[OutlinedMark] = []
        self.wrong = self.add(CrossMark("Wrong", symbol="strokes", size=11))
        self.chosen = self.add(ChosenMark("Selected", size=15, is_filled=False))
        self.xs: FloatArray = np.empty(0)
        self.ys: FloatArray = np.empty(0)
        self.labels: IntArray = np.empty(0, np.int64)

    def show_samples(
        self, x: FloatArray, y: FloatArray, labels: IntArray, names: tuple[str, ...],
        train: IntArray, test: IntArray,
    ) -> None:  # fmt: skip
        """Place the samples (N,) of all classes; marks are made anew for another set."""
        self.xs, self.ys, self.labels = x, y, labels
        self._make_marks(names)
        for label in range(len(self.train_marks)):
            of_train, of_test = (rows[labels[rows] == label] for rows in (train, test))
            self.train_marks[label].set(x[of_train], y[of_train])
            self.test_marks[label].set(x[of_test], y[of_test])
        self.reset_view()

    def _make_marks(self, names: tuple[str, ...]) -> None:
        if len(names) == len(self.train_marks):
            return
        for mark in (*self.train_marks, *self.test_marks, *self.batch_marks):
            self.remove(mark)
        self.train_marks = [self._dots(k, n, is_filled=True) for k, n in enumerate(names)]
        self.test_marks = [self._dots(k, n, is_filled=False) for k, n in enumerate(names)]
        self.batch_marks = [self._outlined(k, n) for k, n in enumerate(names)]

    def _dots(self, label: int, name: str, *, is_filled: bool) -> ScatterMark:
        words = f"{name}, {'training' if is_filled else 'test'}"
        return self.add_scatter(
            words, label, symbol=class_symbol(label), size=SIZE, is_filled=is_filled,
            is_class=True,
        )  # fmt: skip

    def _outlined(self, label: int, name: str) -> OutlinedMark:
        symbol, words = class_symbol(label), f"{name}, in batch"
        return self.add(
            OutlinedMark(words, label, symbol=symbol, size=SIZE + 2.5, is_class=True)
        )

    def show_answers(
        self, batch: IntArray, wrong: IntArray, chosen: IntArray, *, shows_test: bool
    ) -> None:
        """Outline the batch, cross the wrong ones, ring the selected ones: rows of samples."""
        with self.at_once():
            for label, outlined in enumerate(self.batch_marks):
                here = batch[self.labels[batch] == label]
                outlined.set(self.xs[here], self.ys[here])
            self.wrong.set(self.xs[wrong], self.ys[wrong])
            self.chosen.set(self.xs[chosen], self.ys[chosen])
            for mark in self.test_marks:
                mark.set_visible(shows_test)

    def nearest_sample(self, x: float, y: float, reach: float = 12.0) -> int | None:
        """The row of the sample within so many pixels of a place, or None."""
        if not len(self.xs):
            return None
        return nearest(self, self.xs, self.ys, (x, y), reach)


def nearest(
    plot: Plot, xs: FloatArray, ys: FloatArray, place: tuple[float, float], reach: float = 12.0
) -> int | None:
    """Which of the points (N,) lies within so many pixels of a place in the axes' scales."""
    across, up = plot.box.viewPixelSize()
    is_log_x, is_log_y = plot.is_log()
    away_x = (logged(xs, is_log_x) - place[0]) / across
    away_y = (logged(ys, is_log_y) - place[1]) / up
    distance = np.nan_to_num(np.hypot(away_x, away_y), nan=np.inf)
    row = int(distance.argmin())
    return row if distance[row] <= reach else None
