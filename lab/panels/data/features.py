"""Two features of a table against each other, with the answers marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from lab.panels.data.dots import DotPlot
from lab.panels.data.keys import BATCH, TEST, WRONG, Key, class_entries
from lab.panels.data.model import feature_words, members
from lab.panels.data.pieces import Piece
from lab.ui import theme
from lab.ui.controls import Choice

if TYPE_CHECKING:
    from lab.engine.data import Data
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState


class FeatureScatter(Piece):
    """Samples by two features of one's choice, in the units of the source."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = DotPlot()
        self.key = Key()
        self.plot.view.addItem(self.key, row=1, col=0)
        self.across, self.up = Choice((), "Feature across"), Choice((), "Feature up")
        self._data: Data | None = None
        self._features = (-1, -1)
        self._arrange()
        self.across.chosen.connect(self._on_chosen)
        self.up.chosen.connect(self._on_chosen)
        self.plot.clicked.connect(self._on_clicked)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 0)
        row.setSpacing(theme.GAP)
        for widget in (self.across, QLabel("against"), self.up):
            row.addWidget(widget)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Points of the set, marks of the look."""
        if self._data is not look.data or state.features != self._features:
            self._show_data(look.data, state.features)
        wrong = book.wrong(look)
        if not state.shows_test:
            wrong[look.data.test] = False
        batch = np.unique(look.batch) if state.shows_batch else look.batch[:0]
        is_one = state.sample is not None and state.sample < len(look.data.x)
        chosen = np.array([state.sample] if is_one else [], dtype=np.int64)
        if state.pair is not None:
            chosen = members(look, book, state)
        self.plot.show_answers(
            batch, np.flatnonzero(wrong), chosen, shows_test=state.shows_test
        )

    def _show_data(self, data: Data, features: tuple[int, int]) -> None:
        if self._data is not data:
            names = [f"{i + 1}. {n}" for i, n in enumerate(data.feature_names)]
            self.across.set_choices(names)
            self.up.set_choices(names)
        self._data, self._features = data, features
        last = data.x[0].size - 1
        first, second = min(features[0], last), min(features[1], last)
        self.across.setCurrentIndex(first)
        self.up.setCurrentIndex(second)
        values = data.original.reshape(len(data.x), -1)
        words = (
            feature_words(data, f).removesuffix(" (standardised)") for f in (first, second)
        )
        self.plot.set_axes(*words)
        labels = data.labels.astype(np.int64)
        self.plot.show_samples(
            values[:, first], values[:, second], labels, data.class_names, data.train, data.test
        )
        self.key.show_entries((*class_entries(data.class_names), BATCH, TEST, WRONG))

    @Slot(str)
    def _on_chosen(self, _name: str) -> None:
        chosen = self.across.currentIndex(), self.up.currentIndex()
        self.changed.emit({"features": chosen})

    @Slot(float, float)
    def _on_clicked(self, x: float, y: float) -> None:
        self.changed.emit({"sample": self.plot.nearest_sample(x, y), "pair": None})
