"""Where a map crosses a level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from contourpy import LineType, contour_generator

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def level_line(
    z: FloatArray, level: float, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The lines on which a map has a value, one after another, parted by NaN.

    Within a cell of four neighbouring centres the value is taken as linear along the edges;
    where all four are crossed, the mean of the corners decides which belong together.

    Parameters
    ----------
    z : ndarray, shape (H, W)
        Values at ``x[column]``, ``y[row]``; cells with NaN have no line.
    level : float
    x, y : ndarray, shapes (W,), (H,)

    Returns
    -------
    x, y : ndarray
        A closed line comes back to its beginning.
    """
    made = contour_generator(x, y, z, corner_mask=False, line_type=LineType.ChunkCombinedNan)
    (line,) = made.lines(level)[0]
    if line is None:
        return np.empty(0), np.empty(0)
    return line[:, 0], line[:, 1]
