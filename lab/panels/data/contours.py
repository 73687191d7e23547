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
    places, crossed = _edge_crossings(above, x, y)
    pairs = _pairs(above, crossed)
    if not len(pairs):
        return np.empty(0), np.empty(0)
    row, column, first, last = pairs.T
    begin, end = places[first, row, column], places[last, row, column]  # (S, 2)
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


def _edge_crossings(
    above: FloatArray, x: FloatArray, y: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Places on the edges of each cell (4, H-1, W-1, 2): bottom, right, top, left; which."""
    a, b = above[:-1, :-1], above[:-1, 1:]
    d, c = above[1:, :-1], above[1:, 1:]
    x0, x1 = x[None, :-1], x[None, 1:]
    y0, y1 = y[:-1, None], y[1:, None]
    zero = np.zeros_like(a)
    ends = ((a, b), (b, c), (d, c), (a, d))
    bottom, right, top, left = (_share(*e) for e in ends)
    places = np.stack(
        [
            np.stack([x0 + bottom * (x1 - x0), y0 + zero], axis=-1),
            np.stack([x1 + zero, y0 + right * (y1 - y0)], axis=-1),
            np.stack([x0 + top * (x1 - x0), y1 + zero], axis=-1),
            np.stack([x0 + zero, y0 + left * (y1 - y0)], axis=-1),
        ]
    )
    finite = np.isfinite(a + b + c + d)
    return places, np.stack([((p > 0) != (q > 0)) & finite for p, q in ends])


def _share(p: FloatArray, q: FloatArray) -> FloatArray:
    """How far from p to q zero lies; the middle where they do not differ."""
    difference = p - q
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference != 0, p / difference, 0.5)


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
