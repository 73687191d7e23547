"""The confusion matrix: true classes down, answers across, a number in every cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from lab.panels.data import maths
from lab.panels.data.model import SETS, confusion
from lab.panels.data.pieces import Piece
from lab.ui import colours, theme
from lab.ui.axes import clean
from lab.ui.controls import Segmented
from lab.ui.mark import Mark, View
from lab.ui.palettes import contrast
from lab.ui.plots import Plot

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState

    IntArray = npt.NDArray[np.int64]

LONGEST_NAME = 12
LEAST_CELL_PX = 15.0


class CellNumbers(Mark):
    """Counts in the middle of their cells, black or white after the colour beneath."""

    z = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.counts: IntArray = np.empty((0, 0), np.int64)
        self.chosen: tuple[int, int] | None = None

    def show_counts(self, counts: IntArray, chosen: tuple[int, int] | None) -> None:
        """Write counts (C, C); the chosen cell gets a frame."""
        self.counts, self.chosen = counts, chosen
        self.changed()

    def paint(self, painter: QPainter, view: View) -> None:
        """A number for each count above zero, and the frame."""
        shares = maths.shares_of_rows(self.counts)
        for row, column in np.argwhere(self.counts > 0).tolist():
            cell = _cell(view, row, column)
            self._write(painter, cell, int(self.counts[row, column]), shares[row, column])
        if self.chosen is not None:
            painter.setPen(QPen(theme.colour("accent"), 3))
            painter.drawRect(_cell(view, *self.chosen))

    def _write(self, painter: QPainter, cell: QRectF, count: int, share: float) -> None:
        font = theme.number_font("text" if cell.height() > 26 else "caption")
        painter.setFont(font)
        wide = painter.fontMetrics().horizontalAdvance(f"{count:,}")
        if cell.height() >= LEAST_CELL_PX and wide <= cell.width():
            painter.setPen(QColor(_ink(share)))
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, f"{count:,}")


def _cell(view: View, row: int, column: int) -> QRectF:
    """The pixels of a cell, one unit wide and high."""
    (left, top), (right, bottom) = view.place(column, row), view.place(column + 1, row + 1)
    return QRectF(left, top, right - left, bottom - top)


def _ink(share: float) -> str:
    red, green, blue = colours.table("sequential")[round(share * 255)]
    ground = f"#{red:02X}{green:02X}{blue:02X}"
    return max(("#1B1F24", "#FFFFFF"), key=lambda ink: contrast(ink, ground))


class ConfusionMatrix(Piece):
    """Counts of true against answered classes at the cursor's step."""

    def __init__(self) -> None:
        super().__init__()
        self.plot = Plot("Answered class", "True class", equal_aspect=True, y_down=True)
        self.image = self.plot.add_image("Share of the true class")
        self.plot.box.setMouseEnabled(False, False)
        self.numbers = self.plot.add(CellNumbers())
        self.sets = Segmented(SETS, "Samples counted")
        self._names: tuple[str, ...] = ()
        self.counts: IntArray = np.empty((0, 0), np.int64)
        self._arrange()
        self.sets.chosen.connect(self._on_set_chosen)
        self.plot.clicked.connect(self._on_clicked)

    def _arrange(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 0)
        row.addWidget(self.sets)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.plot, 1)

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Count again, and draw if anything has changed."""
        self.sets.set_current(state.counted)
        counts = confusion(look, book, state.counted)
        self._name_classes(look.data.class_names)
        self.numbers.show_counts(counts, state.pair)
        if not np.array_equal(counts, self.counts):
            self.counts = counts
            size = float(len(counts))
            shares = maths.shares_of_rows(counts)
            self.image.set(shares, levels=(0.0, 1.0), box=(0.0, size, 0.0, size))

    def _name_classes(self, names: tuple[str, ...]) -> None:
        if names == self._names:
            return
        self._names = names
        every = max(1, len(names) // 30)
        ticks = [(k + 0.5, _short(n)) for k, n in enumerate(names) if k % every == 0]
        for axis in (self.plot.x_axis, self.plot.y_axis):
            axis.setTicks([ticks])
        self.plot.reset_view()

    @Slot(str)
    def _on_set_chosen(self, name: str) -> None:
        self.changed.emit({"counted": name, "pair": None})

    @Slot(float, float)
    def _on_clicked(self, x: float, y: float) -> None:
        row, column = int(y // 1), int(x // 1)
        if 0 <= row < len(self.counts) and 0 <= column < len(self.counts):
            self.changed.emit({"pair": (row, column), "page": 0, "sample": None})


def _short(name: str) -> str:
    name = clean(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
