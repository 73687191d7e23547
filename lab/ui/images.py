"""Colour maps over a rectangle: a handle with ``set``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage

from lab.numerals import shown
from lab.ui import colours, gate, theme
from lab.ui.mark import Box, Mark, View

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PySide6.QtGui import QPainter

    from lab.ui.colours import Pixels
    from lab.ui.gate import FloatArray
    from lab.ui.mark import Arrays

WIDEST_IMAGE = 2_048


class ImageMark(Mark):
    """A colour map over a rectangle; row 0 lies at least y, unless the plot's y points down."""

    z = -10.0

    def __init__(self, name: str, map_name: colours.MapName = "sequential") -> None:
        super().__init__(name)
        self.map_name: colours.MapName = map_name
        self.strength = 1.0
        self.cells: FloatArray = np.empty((0, 0))
        self.levels: tuple[float, float] = (0.0, 1.0)
        self.box: Box | None = None
        self._picture, self._picture_for = QImage(), object()

    def set(
        self,
        a: ArrayLike,
        *,
        levels: tuple[float, float] | None = None,
        box: Box | None = None,
        blanks: int = 0,
    ) -> None:
        """Colour cells ``a``, shape (H, W), over ``box`` (x0, x1, y0, y1; outer edges).

        Levels stay what they were set to once; without any they follow the finite percentiles
        (symmetric about zero for the signed map). Cells that are not finite get the mask
        colour and are counted in ``gaps``, less the ``blanks`` that hold nothing by design.

        Raises
        ------
        ValueError
            If the gate refuses the cells, the levels or the box; the image stays as it was.
        """
        picture = gate.image(a, levels)
        height, width = picture.cells.shape
        self.box = _checked_box(box or self.box or (0.0, float(width), 0.0, float(height)))
        self.cells, self.gaps = picture.cells, picture.gaps - blanks
        is_signed = self.map_name == "signed"
        self.levels = picture.levels if levels else gate.span(self.cells, is_signed=is_signed)
        self.changed()

    def data(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Centres of the columns (W,), centres of the rows (H,), and the cells (H, W)."""
        height, width = self.cells.shape
        x0, x1, y0, y1 = self.box or (0.0, 1.0, 0.0, 1.0)
        columns = x0 + (np.arange(width) + 0.5) * (x1 - x0) / max(width, 1)
        rows = y0 + (np.arange(height) + 0.5) * (y1 - y0) / max(height, 1)
        return columns, rows, self.cells

    def at(self, x: float, y: float) -> float | None:
        """The value of the cell that holds a place; None outside."""
        if self.box is None:
            return None
        x0, x1, y0, y1 = self.box
        height, width = self.cells.shape
        column = int((x - x0) / (x1 - x0) * width // 1)
        row = int((y - y0) / (y1 - y0) * height // 1)
        inside = 0 <= column < width and 0 <= row < height
        return float(self.cells[row, column]) if inside else None

    def bounds(self) -> Box | None:
        """The box."""
        return self.box

    def paint(self, painter: QPainter, view: View) -> None:
        """Show the pixels of the cells over the box, every cell with sharp edges."""
        if self.box is None or not self.cells.size:
            return
        x0, x1, y0, y1 = self.box
        across, down = view.across(np.array([x0, x1])), view.down(np.array([y0, y1]))
        place = QRectF(across[0], down.min(), np.ptp(across), np.ptp(down))
        painter.drawImage(place, self.picture(view.y_down))

    def picture(self, y_down: bool = False) -> QImage:
        """The colours of the cells, in the theme of this moment."""
        key = (self._version, theme.current(), y_down)
        if key != self._picture_for:
            pixels = self.pixels()
            self._picture = colours.image_of(pixels if y_down else pixels[::-1])
            self._picture_for = key
        return self._picture

    def pixels(self) -> Pixels:
        """Turn cells into colours by the map; more than the screen holds are passed over."""
        stride = max(1, -(-max(self.cells.shape) // WIDEST_IMAGE))
        cells = self.cells[::stride, ::stride]
        return colours.coloured(cells, self.levels, self.map_name, self.strength)

    def words_at(self, place: tuple[float, float], pixel: tuple[float, float]) -> str:
        """Name and value of the cell."""
        value = self.at(*place)
        return "" if value is None else f"{self.name}  {shown(value)}"

    def arrays(self, name: str, x_words: str, y_words: str) -> Arrays:
        """The cells, and the centres of columns and rows."""
        columns, rows, cells = self.data()
        return {name: cells, f"{name}: {x_words}": columns, f"{name}: {y_words}": rows}


def _checked_box(box: Box) -> Box:
    x0, x1, y0, y1 = (gate.position(v, "box") for v in box)
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"box: wanted x0 < x1 and y0 < y1, got {box}")
    return x0, x1, y0, y1
