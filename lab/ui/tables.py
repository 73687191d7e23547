"""A table of numbers: rows and columns of an array, as many as there are, whole on hover."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableView

from lab.numerals import plain, shown
from lab.ui import theme

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PySide6.QtGui import QKeyEvent
    from PySide6.QtWidgets import QWidget

    FloatArray = NDArray[np.float64]

Index = QModelIndex | QPersistentModelIndex
MOST_COPIED = 100_000


class NumberModel(QAbstractTableModel):
    """An array (H, W) as Qt wants it; only the cells in sight are ever made into text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells: FloatArray = np.empty((0, 0))
        self._x, self._y = "", ""

    def show_cells(self, cells: FloatArray, x: str, y: str) -> None:
        """Take other numbers; what is in sight stays there if the shape is the same."""
        is_same = cells.shape == self.cells.shape
        if not is_same:
            self.beginResetModel()
        self.cells, self._x, self._y = cells, x, y
        if not is_same:
            self.endResetModel()
        elif cells.size:
            last = self.index(cells.shape[0] - 1, cells.shape[1] - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index | None = None) -> int:
        """Rows."""
        return 0 if parent is not None and parent.isValid() else int(self.cells.shape[0])

    def columnCount(self, parent: Index | None = None) -> int:
        """Columns."""
        return 0 if parent is not None and parent.isValid() else int(self.cells.shape[1])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A number to four digits; whole where it is pointed at; nothing where none is."""
        value = float(self.cells[index.row(), index.column()])
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if np.isnan(value) else shown(value, 4)
        if role == Qt.ItemDataRole.ToolTipRole:
            at = f"{self._y} {index.row() + 1:,}, {self._x} {index.column() + 1:,}"
            return f"{at}\n{shown(value, 17)}"
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Rows and columns are counted from 1."""
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{section + 1:,}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._x if orientation == Qt.Orientation.Horizontal else self._y
        return None


class NumberTable(QTableView):
    """Shows an array; a number that is pressed, or gone to with the keys, is told.

    Signals
    -------
    picked : int, int
        Row and column.
    """

    picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = NumberModel(self)
        self.setModel(self._model)
        self.setAccessibleName("Table of numbers")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.horizontalHeader().setDefaultSectionSize(84)
        self.verticalHeader().setDefaultSectionSize(22)
        self.setFont(theme.number_font())
        self.clicked.connect(self._on_clicked)
        self.selectionModel().currentChanged.connect(self._on_current_changed)

    def show_cells(self, cells: FloatArray, x: str = "Column", y: str = "Row") -> None:
        """Show an array (H, W); ``x`` and ``y`` say what columns and rows are."""
        self._model.show_cells(cells, x, y)

    def cells(self) -> FloatArray:
        """What is shown."""
        return self._model.cells

    def go_to(self, row: int, column: int) -> None:
        """Mark a cell, silently, and bring it into sight."""
        if 0 <= row < self._model.rowCount() and 0 <= column < self._model.columnCount():
            was_blocked = self.selectionModel().blockSignals(True)
            self.setCurrentIndex(self._model.index(row, column))
            self.selectionModel().blockSignals(was_blocked)
            self.viewport().update()

    def numbers(self) -> dict[str, FloatArray]:
        """The array, for export."""
        return {"cells": np.array(self._model.cells)}

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy what is selected, as columns parted by tabs."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
            return
        super().keyPressEvent(event)

    def selected_text(self) -> str:
        """The numbers selected, whole, a line a row."""
        places = sorted((i.row(), i.column()) for i in self.selectedIndexes()[:MOST_COPIED])
        lines: dict[int, list[str]] = {}
        for row, column in places:
            value = float(self._model.cells[row, column])
            lines.setdefault(row, []).append(plain(value, 17))
        return "\n".join("\t".join(line) for line in lines.values())

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.picked.emit(index.row(), index.column())

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, index: QModelIndex, _before: QModelIndex) -> None:
        if self.hasFocus() and index.isValid():
            self.picked.emit(index.row(), index.column())
