"""Where the tensors of the walk stand: shared columns, cells as large as can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.panels.inspector.rows import Row, Tile

CELL_W, CELL_H = 40.0, 21.0
"""A cell in which a number of three digits can be read."""
MOST_ROWS, MOST_COLUMNS = 16, 12
"""Of larger tensors the colours alone are shown."""
BLOCK = 84.0
COLUMNS = ("W", "b", "z", "a", "δ", "∂L/∂W", "∂L/∂b")
"""As a sample passes and δ comes back, whatever the first layer has of them."""
LABEL, GAP, HEAD, ROW_GAP, MARGIN = 62.0, 8.0, 36.0, 9.0, 12.0
NARROWEST = 22.0


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A tensor of the walk, where it stands, and whether its numbers can be read."""

    row: int
    tile: Tile
    area: QRectF
    has_numbers: bool

    def cell(self, row: int, column: int) -> QRectF:
        """The rectangle of a cell."""
        height, width = self.tile.sheet.cells.shape
        w, h = self.area.width() / width, self.area.height() / height
        return QRectF(self.area.left() + column * w, self.area.top() + row * h, w, h)

    def at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell at a place inside."""
        height, width = self.tile.sheet.cells.shape
        across = (x - self.area.left()) / self.area.width() * width
        down = (y - self.area.top()) / self.area.height() * height
        return min(int(down), height - 1), min(int(across), width - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All tensors placed: where columns begin, where rows lie, and how large it is."""

    placed: tuple[Placed, ...]
    columns: dict[str, float]
    bands: tuple[tuple[float, float], ...]
    height: float


def planned(rows: Sequence[Row], width: float, *, has_numbers: bool) -> Plan:
    """Lay the walk out in a width; the height is what it takes."""
    widths = _widths(rows, width - LABEL - 2 * MARGIN, has_numbers)
    columns, x = {}, MARGIN + LABEL
    for name, wide in widths.items():
        columns[name] = x
        x += wide + GAP
    placed: list[Placed] = []
    bands: list[tuple[float, float]] = []
    y = HEAD
    for number, row in enumerate(rows):
        most = _most_rows(row)
        made = [
            _place(
                number, tile, columns[tile.column], y, widths[tile.column], has_numbers, most
            )
            for tile in row.tiles
        ]
        height = max((p.area.height() for p in made), default=0.0)
        height = max(height, 2 * CELL_H - 6)
        placed += made
        bands.append((y, y + height))
        y += height + ROW_GAP
    return Plan(tuple(placed), columns, tuple(bands), y)


def _widths(rows: Sequence[Row], room: float, has_numbers: bool) -> dict[str, float]:
    """Return how broad each column is: as its tensors want, or less where there is no room."""
    wanted: dict[str, float] = {}
    for row in rows:
        for tile in row.tiles:
            wide = _natural(tile, has_numbers)
            wanted[tile.column] = max(wanted.get(tile.column, NARROWEST), wide)
    wanted = dict(sorted(wanted.items(), key=lambda item: _order(item[0])))
    room -= GAP * (len(wanted) - 1)
    vectors = {c: w for c, w in wanted.items() if w <= CELL_W}
    left = room - sum(vectors.values())
    broad = sum(w for c, w in wanted.items() if c not in vectors)
    if broad <= left:
        return wanted
    share = max(left, NARROWEST * (len(wanted) - len(vectors))) / broad if broad else 1.0
    if left < NARROWEST * (len(wanted) - len(vectors)):  # too narrow even for the vectors
        squeezed = room / max(sum(wanted.values()), 1.0)
        return {c: max(w * squeezed, 8.0) for c, w in wanted.items()}
    return {c: w if c in vectors else max(w * share, NARROWEST) for c, w in wanted.items()}


def _order(column: str) -> int:
    """Return where a column of a layer stands; others follow as they come."""
    return COLUMNS.index(column) if column in COLUMNS else len(COLUMNS)


def _natural(tile: Tile, has_numbers: bool) -> float:
    """Return how broad a tensor would like to be."""
    height, width = tile.sheet.cells.shape
    if has_numbers and width <= MOST_COLUMNS and height <= MOST_ROWS:
        return float(width * CELL_W)
    return CELL_W if width == 1 else float(min(max(width * 3.0, 48.0), 150.0))


def _most_rows(row: Row) -> int:
    """Return how many numbers may stand below one another: beside images, no more than fit."""
    has_images = any(len(tile.shape) >= 3 for tile in row.tiles)
    return int(BLOCK // CELL_H) if has_images else MOST_ROWS


def _place(
    number: int, tile: Tile, x: float, y: float, room: float, has_numbers: bool, most: int
) -> Placed:
    height, width = tile.sheet.cells.shape
    is_readable = (
        has_numbers and height <= most and width <= MOST_COLUMNS and room >= width * 33.0
    )
    if is_readable:
        area = QRectF(x, y, width * min(CELL_W, room / width), height * CELL_H)
        return Placed(number, tile, area, True)
    tall = height * CELL_H if height <= most else BLOCK
    if len(tile.shape) >= 3:  # an image keeps its proportion
        side = min(room / width, BLOCK / height)
        return Placed(number, tile, QRectF(x, y, side * width, side * height), False)
    broad = room if width > 1 else min(room, CELL_W)
    return Placed(number, tile, QRectF(x, y, min(broad, width * CELL_W), tall), False)
