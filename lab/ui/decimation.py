"""Long curves reduced to what pixels can show, with every spike kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lab.ui.gate import FloatArray

POINTS_PER_PIXEL = 4
LONGEST_PATH = 100_000


def is_sorted(x: FloatArray) -> bool:
    """Whether x never falls; then it is a curve over x, else a path. NaN counts as falling."""
    return bool(np.all(x[1:] >= x[:-1]))


def visible(
    x: FloatArray, y: FloatArray, x_range: tuple[float, float], pixels: int
) -> tuple[FloatArray, FloatArray]:
    """The part of a sorted curve in a range, with least and greatest value of each pixel.

    Short parts come back untouched; one point beyond either end keeps the line going to the
    border.
    """
    first = max(int(np.searchsorted(x, x_range[0], "left")) - 1, 0)
    last = min(int(np.searchsorted(x, x_range[1], "right")) + 1, len(x))
    x, y = x[first:last], y[first:last]
    if len(x) <= POINTS_PER_PIXEL * max(pixels, 1):
        return x, y
    return extremes(x, y, max(pixels, 1))


def extremes(x: FloatArray, y: FloatArray, blocks: int) -> tuple[FloatArray, FloatArray]:
    """Least and greatest of each of about ``blocks`` blocks, shapes (2·blocks + 1,).

    NaN inside a block is passed over; a block of nothing else stays a gap. The very last
    point is kept as it is: it is the one that is being looked at.
    """
    starts = np.arange(0, len(x), -(-len(x) // blocks))
    xs, ys = np.repeat(x[starts], 2), np.empty(2 * len(starts))
    ys[0::2] = np.fmin.reduceat(y, starts)
    ys[1::2] = np.fmax.reduceat(y, starts)
    return np.append(xs, x[-1]), np.append(ys, y[-1])


def thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A path of at most ``LONGEST_PATH`` points, first and last included."""
    if len(x) <= LONGEST_PATH:
        return x, y
    kept = np.linspace(0, len(x) - 1, LONGEST_PATH).astype(np.int64)
    return x[kept], y[kept]
