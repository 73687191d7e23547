"""Where a map crosses a level: marching squares, all cells at once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    Place = tuple[float, float]


def level_line(
    z: FloatArray, level: float, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The line on which a map has a value, in pieces that are parted by NaN.

    Within a cell of four neighbouring centres the value is taken as linear along the edges;
    where all four edges are crossed, the mean of the corners decides which belong together.

    Parameters
    ----------
    z : ndarray, shape (H, W)
        Values at ``x[column]``, ``y[row]``; cells with NaN have no line.
    level : float
    x, y : ndarray, shapes (W,), (H,)

    Returns
    -------
    x, y : ndarray
        Pieces one after another, each ends in NaN; a closed one comes back to its beginning.
    """
    above = z - level
    row, column, first, last = _pairs(above, _crossed(above)).T
    if not len(row):
        return np.empty(0), np.empty(0)
    begin, end = (_crossings(above, x, y, row, column, edge) for edge in (first, last))
    line = np.array(_chained(begin, end))
    return line[:, 0], line[:, 1]


def _chained(begin: FloatArray, end: FloatArray) -> list[Place]:
    """Pieces (S, 2) joined at their common ends, which are equal to the bit.

    Why: pieces drawn one by one look like beads, as each has ends of its own.
    """
    joined: dict[Place, list[Place]] = {}
    for first, last in zip(map(tuple, begin.tolist()), map(tuple, end.tolist()), strict=True):
        joined.setdefault(first, []).append(last)
        joined.setdefault(last, []).append(first)
    line: list[Place] = []
    loose_ends = [p for p, others in joined.items() if len(others) == 1]
    for start in (*loose_ends, *joined):  # open lines from their ends, then what is closed
        while joined[start]:
            line += [*_walk(joined, start), (math.nan, math.nan)]
    return line


def _walk(joined: dict[Place, list[Place]], here: Place) -> Iterator[Place]:
    """Go from piece to piece and take each away."""
    yield here
    while joined[here]:
        there = joined[here].pop()
        joined[there].remove(here)
        here = there
        yield here


_CORNERS = np.array([[[0, 0], [0, 1]], [[0, 1], [1, 1]], [[1, 0], [1, 1]], [[0, 0], [1, 0]]])
"""Row and column of both ends of the edges of a cell: bottom, right, top, left."""


def _crossed(above: FloatArray) -> npt.NDArray[np.bool_]:
    """Which edges of each cell the line crosses, (4, H-1, W-1); none next to a NaN."""
    is_above = above > 0
    across, up = is_above[:, 1:] != is_above[:, :-1], is_above[1:] != is_above[:-1]
    crossed = np.stack([across[:-1], up[:, 1:], across[1:], up[:, :-1]])
    bad = np.isnan(above)
    if bad.any():
        crossed &= ~(bad[:-1, :-1] | bad[:-1, 1:] | bad[1:, :-1] | bad[1:, 1:])
    return crossed


def _crossings(
    above: FloatArray,
    x: FloatArray,
    y: FloatArray,
    row: npt.NDArray[np.int64],
    column: npt.NDArray[np.int64],
    edge: npt.NDArray[np.int64],
) -> FloatArray:
    """Places (S, 2) on one edge of each of S cells, where the value is zero on its way."""
    (down, left), (up, right) = np.moveaxis(_CORNERS[edge], 0, 2)
    first, last = (row + down, column + left), (row + up, column + right)
    p, q = above[first], above[last]
    share = p / (p - q)  # the ends lie on different sides
    x0, x1, y0, y1 = x[first[1]], x[last[1]], y[first[0]], y[last[0]]
    return np.stack([x0 + share * (x1 - x0), y0 + share * (y1 - y0)], axis=1)


def _pairs(above: FloatArray, crossed: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Rows of (cell row, cell column, one edge, other edge) for every piece, (S, 4)."""
    count = crossed.sum(axis=0)
    found = [_plain_pairs(crossed, count == 2)]
    row, column = np.nonzero(count == 4)
    if len(row):
        corner = above[:-1, :-1][row, column] > 0
        corners = [above[i : i + len(above) - 1, j : j + above.shape[1] - 1][row, column]
                   for i, j in ((0, 0), (0, 1), (1, 0), (1, 1))]  # fmt: skip
        joined = (np.mean(corners, axis=0) > 0) == corner  # the first corner's side holds
        one = np.where(joined[:, None], [0, 1], [0, 3])
        two = np.where(joined[:, None], [2, 3], [1, 2])
        for pair in (one, two):
            found.append(np.column_stack([row, column, pair]))
    return np.concatenate(found)


def _plain_pairs(
    crossed: npt.NDArray[np.bool_], here: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    row, column = np.nonzero(here)
    edges = crossed[:, row, column]  # (4, S), two of each column true
    first = edges.argmax(axis=0)
    last = 3 - edges[::-1].argmax(axis=0)
    return np.column_stack([row, column, first, last])
