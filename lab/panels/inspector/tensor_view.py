"""One tensor, large: as a map, a histogram or a table, with its statistics in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from lab.panels.inspector.sheets import size_words, statistics
from lab.ui import theme
from lab.ui.controls import ElidedLabel
from lab.ui.histograms import HistogramMark
from lab.ui.plots import Plot
from lab.ui.tables import NumberTable

if TYPE_CHECKING:
    from lab.panels.inspector.choices import Look
    from lab.panels.inspector.rows import Tile

HEIGHT = 268


class TensorView(QWidget):
    """Shows the tensor chosen; a number that is pressed is told as place and sample.

    Signals
    -------
    picked : int, int
        The place in the tensor, and the sample of the batch.
    """

    picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tile: Tile | None = None
        self._key: object = None
        self.words = ElidedLabel("", self)
        self.map = Plot("Input", "Unit", y_down=True, may_be_log=False)
        self.signed = self.map.add_image("Value", "signed")
        self.magnitudes = self.map.add_image("Value", "sequential", scale=False)
        self.histogram = Plot("Value", "Numbers in the bin", may_be_log=False)
        self.bars = self.histogram.add(HistogramMark("Numbers"))
        self.table = NumberTable()
        self._pages = QStackedWidget(self)
        for page in (self.map, self.histogram, self.table):
            self._pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, 0)
        column.setSpacing(4)
        column.addWidget(self.words)
        column.addWidget(self._pages, 1)
        self.setFixedHeight(HEIGHT)
        self.map.clicked.connect(self._on_map_clicked)
        self.table.picked.connect(self._on_table_picked)

    def show_tile(self, tile: Tile, title: str, look: Look) -> None:
        """Show a tensor in one of the three ways; only that one is drawn."""
        self._tile = tile
        finite = tile.sheet.cells[tile.sheet.places >= 0]
        self.words.set_text(f"{title}, {size_words(tile.shape)}: {statistics(finite)}")
        page = {"Map": self.map, "Histogram": self.histogram, "Table": self.table}[look]
        self._pages.setCurrentWidget(page)
        if look == "Table":
            self.table.show_cells(tile.sheet.cells, tile.sheet.x, tile.sheet.y)
        elif look == "Histogram":
            self.histogram.set_axes(f"{tile.column} of {title.split(' of ')[-1]}")
            self.bars.set(finite)
        else:
            self._show_map(tile)
        key = (tile.layer, tile.tensor, look, tile.sheet.cells.shape)
        if key != self._key and look != "Table":
            (self.map if look == "Map" else self.histogram).reset_view()
        self._key = key

    def _show_map(self, tile: Tile) -> None:
        laid = tile.sheet
        height, width = laid.cells.shape
        image, other = self.signed, self.magnitudes
        if not tile.is_signed:
            image, other = other, image
        self.map.set_axes(laid.x, laid.y)
        reach = float(np.abs(laid.cells[np.isfinite(laid.cells)]).max(initial=0.0)) or 1.0
        with self.map.at_once():
            other.set_visible(False)
            image.set_visible(True)
            image.name = tile.column
            image.set(
                laid.cells,
                levels=(-reach, reach) if tile.is_signed else (0.0, reach),
                box=(0.5, width + 0.5, 0.5, height + 0.5),  # a cell about its number
                blanks=int((laid.places < 0).sum()),
            )

    def go_to(self, place: int, sample: int) -> None:
        """Mark a number in the table."""
        cell = self._tile.sheet.cell_of(place, sample) if self._tile is not None else None
        if cell is not None and self._pages.currentWidget() is self.table:
            self.table.go_to(*cell)

    def _tell(self, row: int, column: int) -> None:
        found = self._tile.sheet.number_at(row, column) if self._tile is not None else None
        if found is not None:
            self.picked.emit(*found)

    @Slot(float, float)
    def _on_map_clicked(self, x: float, y: float) -> None:
        self._tell(round(y) - 1, round(x) - 1)

    @Slot(int, int)
    def _on_table_picked(self, row: int, column: int) -> None:
        self._tell(row, column)
