"""Colour maps over a rectangle: a handle with ``set``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from lab.ui import colours, gate
from lab.ui.mark import Box, Frame, Mark, News
from lab.ui.paint_guard import forgive

if TYPE_CHECKING:
    import numpy.typing as npt
    from numpy.typing import ArrayLike

    from lab.ui.gate import FloatArray

WIDEST_IMAGE = 2_048


class ImageMark(Mark):
    """A colour map over a rectangle; row 0 lies at least y, unless the plot's y points down."""

    def __init__(self, name: str, map_name: colours.MapName, frame: Frame, news: News) -> None:
        super().__init__(name, 0, frame, news)
        self.map_name: colours.MapName = map_name
        self.strength = 1.0
        self.cells: FloatArray = np.empty((0, 0))
        self.levels: tuple[float, float] = (0.0, 1.0)
        self.box: Box | None = None
        self.item = pg.ImageItem(axisOrder="row-major")
        self.item.setZValue(-10)
        self.item.setAutoDownsample(False)

    def items(self) -> tuple[pg.GraphicsObject, ...]:
        """The one item."""
        return (self.item,)

    def set(
        self,
        a: ArrayLike,
        *,
        levels: tuple[float, float] | None = None,
        box: Box | None = None,
    ) -> None:
        """Colour cells ``a``, shape (H, W), over ``box`` (x0, x1, y0, y1; outer edges).

        Levels stay what they were set to once; without any they follow the finite percentiles
        (symmetric about zero for the signed map). Cells that are not finite get the mask
        colour and are counted in ``gaps``.

        Raises
        ------
        ValueError
            If the gate refuses the cells, the levels or the box; the image stays as it was.
        """
        picture = gate.image(a, levels)
        box = (
            box or self.box or (0.0, float(picture.cells.shape[1]), 0.0, picture.cells.shape[0])
        )
        self.box = _checked_box(box)
        self.cells, self.gaps = picture.cells, picture.gaps
        is_signed = self.map_name == "signed"
        self.levels = picture.levels if levels else gate.span(self.cells, is_signed=is_signed)
        forgive(self.item)
        self.redraw()
        self._news.changed.emit()

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
        column, row = (
            int((x - x0) / (x1 - x0) * width // 1),
            int((y - y0) / (y1 - y0) * height // 1),
        )
        inside = 0 <= column < width and 0 <= row < height
        return float(self.cells[row, column]) if inside else None

    def bounds(self) -> Box | None:
        """The box."""
        return self.box

    def redraw(self) -> None:
        """Show the pixels of the cells over the box."""
        if self.box is None or not self.cells.size:
            return
        pixels = colours.dimmed(self.pixels(), self.strength)
        self.item.setImage(gate.photograph(pixels), autoLevels=False, levels=None)
        x0, x1, y0, y1 = self.box
        self.item.setRect(QRectF(x0, y0, x1 - x0, y1 - y0))

    def pixels(self) -> npt.NDArray[np.uint8]:
        """Turn cells into colours by the map; more than the screen holds are passed over."""
        stride = max(1, -(-max(self.cells.shape) // WIDEST_IMAGE))
        return colours.coloured(self.cells[::stride, ::stride], self.levels, self.map_name)

    def recolour(self) -> None:
        """Map again: zero has the colour of the ground."""
        self.redraw()


def _checked_box(box: Box) -> Box:
    x0, x1, y0, y1 = (gate.position(v, "box") for v in box)
    if not (x0 < x1 and y0 < y1):
        raise ValueError(f"box: wanted x0 < x1 and y0 < y1, got {box}")
    return x0, x1, y0, y1
