"""Images: a page of samples, filtered and sorted so that the wrong ones are found."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout

from lab.numerals import shown
from lab.panels.data import maths
from lab.panels.data.atlas import Brightness
from lab.panels.data.detail import Sample, SampleDetail
from lab.panels.data.grid import SampleGrid, Tile
from lab.panels.data.model import ORDERS, SMALL_SETS, class_filters, members, ordered, page_of
from lab.panels.data.pieces import Piece
from lab.ui import theme
from lab.ui.controls import Choice
from lab.ui.palettes import channels
from lab.ui.panel import READ_S

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.data import Data
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState

    IntArray = npt.NDArray[np.int64]

SORT_S = 1.0  # while training, samples change places no more often


class Samples(Piece):
    """Filter, order and pages above; tiles; the chosen sample at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.filter = Choice(SMALL_SETS, "Samples shown")
        self.order = Choice(ORDERS, "Order of the samples")
        self.grid, self.detail = SampleGrid(), SampleDetail()
        self.back, self.on = (
            _arrow(Qt.ArrowType.LeftArrow, "Page before"),
            _arrow(Qt.ArrowType.RightArrow, "Next page"),
        )
        self.count = QLabel()
        self.count.setFont(theme.number_font("caption"))
        self.filter.setFixedWidth(112)
        self.order.setFixedWidth(108)
        self._arrange()
        self._connect()
        self._data: Data | None = None
        self._brightness: Brightness | None = None
        self._sorted: IntArray = np.empty(0, np.int64)
        self._sorted_for: object = None
        self._sorted_at = (0.0, -1)
        self._detailed = (-1, 0.0)
        self._page: IntArray = np.empty(0, np.int64)
        self._drawn_for: object = None
        self._last: tuple[RunLook, AnswerBook, DataState] | None = None

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self.filter)
        row.addWidget(self.order)
        row.addStretch(1)
        for widget in (self.count, self.back, self.on):
            row.addWidget(widget)
        body = QHBoxLayout()
        body.setContentsMargins(4, 4, 0, 0)
        body.addWidget(self.grid, 1)
        body.addWidget(self.detail)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addLayout(body, 1)

    def _connect(self) -> None:
        self.filter.chosen.connect(self._on_filter_chosen)
        self.order.chosen.connect(self._on_order_chosen)
        self.back.clicked.connect(self._on_back)
        self.on.clicked.connect(self._on_on)
        self.grid.pressed.connect(self._on_pressed)
        self.grid.turned.connect(self._turn)
        self.grid.resized.connect(self._on_resized)

    def rows(self, _look: RunLook) -> IntArray | None:
        """The page and the chosen sample."""
        state = self._last[2] if self._last else None
        more = [] if state is None or state.sample is None else [state.sample]
        return np.union1d(self._page, np.array(more, np.int64))

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Sort where it is time to, then draw the page."""
        self._last = look, book, state
        if self._data is not look.data:
            self._show_data(look.data)
        self._show_filter(look, state)
        self.order.set_current(state.order)
        self._sort(look, book, state)
        before = self._page
        self._page, page = page_of(self._sorted, state.page, self.grid.capacity())
        self._show_count(page)
        self._show_images(look.data)
        self.grid.show_tiles(tiles(look, book, self._page), state.sample)
        self._show_detail(look, book, state)
        if not np.array_equal(before, self._page):
            self.asking_changed.emit()

    def _show_data(self, data: Data) -> None:
        self._data, self._brightness = data, Brightness(data)
        self._sorted_for, self._detailed = None, (-1, 0.0)

    def _show_filter(self, look: RunLook, state: DataState) -> None:
        names = look.data.class_names
        words = [*SMALL_SETS, *class_filters(look.data)]
        current = state.filter
        if state.pair is not None:
            current = f"{names[state.pair[0]]} read as {names[state.pair[1]]}"
            words.insert(0, current)
        if list(self.filter.choices()) != words:
            self.filter.set_choices(words, current)
        else:
            self.filter.set_current(current)

    def _sort(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        wanted = (look.run, look.data, state.filter, state.order, state.pair)
        at, version = self._sorted_at
        now = time.monotonic()
        is_due = book.version != version and (not look.playing or now - at >= SORT_S)
        if wanted != self._sorted_for or is_due:
            self._sorted_for, self._sorted_at = wanted, (now, book.version)
            self._sorted = ordered(look, book, members(look, book, state), state.order)

    def _show_count(self, page: int) -> None:
        first = page * self.grid.capacity()
        last, whole = first + len(self._page), len(self._sorted)
        self.count.setText(f"{first + 1:,}–{last:,} of {whole:,}" if whole else "none")
        self.back.setEnabled(page > 0)
        self.on.setEnabled(last < whole)

    def _show_images(self, data: Data) -> None:
        palette = theme.current()
        wanted = (id(data), self._page.tobytes(), palette.name)
        if wanted != self._drawn_for and self._brightness is not None:
            self._drawn_for = wanted
            inks = channels(palette.base), channels(palette.text)
            self.grid.show_images(self._brightness.pixels(data, self._page, *inks))

    def _show_detail(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        row = state.sample
        if row is None and len(self._page):
            row = int(self._page[0])  # until one is chosen, the first: the worst one
        if row is None or row >= len(look.data.x) or self._brightness is None:
            self._detailed = -1, 0.0
            self.detail.show_sample(None, None)
            return
        now = time.monotonic()
        if look.playing and row == self._detailed[0] and now - self._detailed[1] < READ_S:
            return  # its numbers are read, not watched
        self._detailed = row, now
        palette = theme.current()
        inks = channels(palette.base), channels(palette.text)
        image = self._brightness.pixels(look.data, np.array([row]), *inks)[0]
        self.detail.show_sample(sample(look, book, row), image)

    # Gestures.

    @Slot(str)
    def _on_filter_chosen(self, name: str) -> None:
        if name in SMALL_SETS or (self._data and name in class_filters(self._data)):
            self.changed.emit({"filter": name, "pair": None, "page": 0})

    @Slot(str)
    def _on_order_chosen(self, name: str) -> None:
        self.changed.emit({"order": name, "page": 0})

    @Slot()
    def _on_back(self) -> None:
        self._turn(-1)

    @Slot()
    def _on_on(self) -> None:
        self._turn(1)

    @Slot(int)
    def _turn(self, pages: int) -> None:
        if self._last is not None:
            size = self.grid.capacity()
            _, now = page_of(self._sorted, self._last[2].page, size)
            _, page = page_of(self._sorted, now + pages, size)
            self.changed.emit({"page": page})

    @Slot(int)
    def _on_pressed(self, row: int) -> None:
        self.changed.emit({"sample": row})

    @Slot()
    def _on_resized(self) -> None:
        if self._last is not None and self.isVisible():
            self.show_look(*self._last)


def tiles(look: RunLook, book: AnswerBook, rows: IntArray) -> tuple[Tile, ...]:
    """What is written at the images of samples; all are read at once, as it is every frame."""
    data, names = look.data, look.data.class_names
    answers, known = book.predicted(rows), book.known[rows]
    sure = np.where(known, maths.certainty(book.scores(rows), book.answer), 0.0)
    lead = "Probability" if book.has_probabilities else "Lead in score"
    columns = (
        rows, answers, data.labels[rows].astype(np.int64), known, sure,
        np.isin(rows, data.test), np.isin(rows, look.batch),
    )  # fmt: skip
    return tuple(
        Tile(
            row=row,
            answer=names[answer] if is_known else "",
            truth=names[truth],
            is_right=not is_known or answer == truth,
            share=min(certainty, 1.0) if is_known else None,
            sureness=f"{lead} {shown(certainty, 3)}.",
            is_test=is_test,
            is_in_batch=is_in_batch,
        )
        for row, answer, truth, is_known, certainty, is_test, is_in_batch in zip(
            *(column.tolist() for column in columns), strict=True
        )
    )


def sample(look: RunLook, book: AnswerBook, row: int) -> Sample:
    """All classes' scores of a sample."""
    data = look.data
    scores = book.scores(np.array([row]))[0]
    is_known = bool(book.known[row])
    step, names = int(book.steps[row]), data.class_names
    answer = int(book.predicted(np.array([row]))[0])
    verdict = f", answer {names[answer]}" if is_known else ""
    where = "test" if _holds(data.test, row) else "training"
    late = f", step {step:,}" if is_known and step != look.step else ""
    low, high = (0.0, 1.0) if book.has_probabilities else (scores.min(), scores.max())
    shares = (scores - low) / (high - low) if is_known and high > low else scores * 0
    return Sample(
        title=f"Sample {row:,}",
        subtitle=f"{where}, is {names[int(data.labels[row])]}{verdict}{late}",
        names=data.class_names,
        shares=tuple(float(s) for s in np.nan_to_num(shares)),
        numbers=tuple(_number(float(s), book.has_probabilities) for s in scores),
        truth=int(data.labels[row]),
        answer=answer,
    )


def _number(score: float, is_probability: bool) -> str:
    if not np.isfinite(score):
        return "…"
    return f"{score:.3f}" if is_probability else shown(score, 3)


def _holds(rows: IntArray, row: int) -> bool:
    place = int(np.searchsorted(rows, row))
    return place < len(rows) and bool(rows[place] == row)


def _arrow(kind: Qt.ArrowType, words: str) -> QToolButton:
    button = QToolButton()
    button.setArrowType(kind)
    button.setToolTip(words)
    button.setAccessibleName(words)
    button.setFixedSize(24, 24)
    return button
