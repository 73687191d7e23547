"""Samples as pixels: all images of a page in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.panels.data.model import image_shape

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.data import Data

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    Bytes = npt.NDArray[np.uint8]

PROBED = 500  # samples from which the range of grey values is read


class Brightness:
    """How the values of a set become brightness.

    Strokes on an empty ground (digits) are drawn as ink: nothing has the ground's own colour
    and the most the text's, in both themes. Photographs keep their black and white.
    """

    def __init__(self, data: Data) -> None:
        shape = image_shape(data)
        assert shape is not None
        self.shape = shape
        step = max(1, len(data.x) // PROBED)
        probed = data.x[::step] * data.deviation + data.mean
        self.low, self.high = float(probed.min()), float(probed.max())
        middle = float(np.median(probed))
        is_empty = middle <= self.low + 0.1 * (self.high - self.low)
        self.is_ink = shape[0] != 3 and is_empty

    def pixels(
        self,
        data: Data,
        rows: IntArray,
        ground: tuple[int, int, int],
        ink: tuple[int, int, int],
    ) -> Bytes:
        """The images of some rows, shape (n, H, W, 3)."""
        channels, height, width = self.shape
        values = data.x[rows] * data.deviation + data.mean
        values = values.reshape(len(rows), channels, height, width)
        share = np.clip((values - self.low) / max(self.high - self.low, 1e-12), 0, 1)
        if channels == 3:
            return np.asarray((np.moveaxis(share, 1, -1) * 255).round(), dtype=np.uint8)
        first, last = (ground, ink) if self.is_ink else ((0, 0, 0), (255, 255, 255))
        begin, end = np.array(first, float), np.array(last, float)
        grey = share[:, 0, :, :, None]  # (n, H, W, 1)
        return np.asarray((begin + (end - begin) * grey).round(), dtype=np.uint8)


def atlas(pixels: Bytes, columns: int) -> Bytes:
    """Images (n, H, W, 3) side by side, row after row, (rows · H, columns · W, 3)."""
    n, height, width, _ = pixels.shape
    rows = max(1, -(-n // columns))
    whole = np.zeros((rows, columns, height, width, 3), np.uint8)
    whole.reshape(-1, height, width, 3)[:n] = pixels
    return np.ascontiguousarray(
        whole.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, 3)
    )
