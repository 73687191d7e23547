"""The gate: every array passes here before pyqtgraph sees it.

Why: pyqtgraph takes some wrong arrays and raises later, inside ``paint``, in every frame; on
some versions of Qt the next healthy plot then crashes the process. So what is wrong is refused
here by name, and what is merely not finite becomes a gap that is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

FloatArray = NDArray[np.float64]

REACH = 1e30  # beyond it float32 and Qt's own arithmetic overflow
MOST_POINTS = 20_000_000
MOST_CELLS = 64_000_000


@dataclass(frozen=True, slots=True)
class Points:
    """Cleaned coordinates, shape (N,) each; ``gaps`` counts the places where y is NaN."""

    x: FloatArray
    y: FloatArray
    gaps: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Cleaned cells, shape (H, W); ``levels`` are finite with first < second."""

    cells: FloatArray
    levels: tuple[float, float]
    gaps: int


def line(x: ArrayLike, y: ArrayLike) -> Points:
    """Coordinates of a curve; where either is not finite, y is NaN: a gap.

    x stays where it is finite, so that a curve with gaps is still one over rising x.

    Parameters
    ----------
    x, y : array of bool, int or float, shape (N,)
        N may be 0. Values beyond 1e30 count as not finite: a pole leaves no vertical line.

    Raises
    ------
    ValueError
        If an argument is not of numbers, not one-dimensional, too long, or x and y differ in
        length; the message names the argument.
    """
    xs, ys = _numbers("x", x, (1,)), _numbers("y", y, (1,))
    if xs.shape != ys.shape:
        raise ValueError(f"y: wanted shape {xs.shape} as x, got {ys.shape}")
    if xs.size > MOST_POINTS:
        raise ValueError(f"x: wanted at most {MOST_POINTS:,} points, got {xs.size:,}")
    if _all_drawable(xs) and _all_drawable(ys):
        return Points(xs, ys, 0)
    good_x = _is_drawable(xs)
    good = good_x & _is_drawable(ys)
    gaps = int(good.size - np.count_nonzero(good))
    return Points(np.where(good_x, xs, np.nan), np.where(good, ys, np.nan), gaps)


def scatter(x: ArrayLike, y: ArrayLike) -> Points:
    """Coordinates of separate points; those that are not finite are left out and counted."""
    cleaned = line(x, y)
    if not cleaned.gaps:
        return cleaned
    kept = np.isfinite(cleaned.y)
    return Points(cleaned.x[kept], cleaned.y[kept], cleaned.gaps)


def image(a: ArrayLike, levels: tuple[float, float] | None = None) -> Picture:
    """Cells of a colour map; those that are not finite become NaN and are counted.

    Parameters
    ----------
    a : array of bool, int or float, shape (H, W)
        At least one cell.
    levels : (least, greatest), optional
        What the ends of the map stand for; by default the finite percentiles 0.5 and 99.5.

    Raises
    ------
    ValueError
        If the array is not of numbers, has no cell, not two dimensions or too many cells, or if
        the levels are not finite and in order.
    """
    cells = _numbers("a", a, (2,))
    if cells.size == 0:
        raise ValueError(f"a: no data, the shape is {cells.shape}")
    if cells.size > MOST_CELLS:
        raise ValueError(f"a: wanted at most {MOST_CELLS:,} cells, got {cells.size:,}")
    gaps = 0
    if not _all_drawable(cells):
        bad = ~_is_drawable(cells)
        gaps, cells = int(np.count_nonzero(bad)), np.where(bad, np.nan, cells)
    return Picture(cells, span(cells) if levels is None else checked_levels(levels), gaps)


def position(value: float, name: str = "position") -> float:
    """A finite coordinate within reach, for a cursor or a label.

    Raises
    ------
    ValueError
        If it is not finite, or beyond 1e30.
    """
    if not abs(value) <= REACH:
        raise ValueError(f"{name}: wanted a finite number, got {value!r}")
    return float(value)


def checked_levels(levels: tuple[float, float]) -> tuple[float, float]:
    """Levels as given, if they are finite and in order.

    Raises
    ------
    ValueError
        Otherwise.
    """
    low, high = position(levels[0], "levels"), position(levels[1], "levels")
    if low >= high:
        raise ValueError(f"levels: wanted least < greatest, got {low:g}, {high:g}")
    return low, high


def span(cells: FloatArray, *, is_signed: bool = False) -> tuple[float, float]:
    """Levels from the finite percentiles 0.5 and 99.5, symmetric about zero if signed.

    All cells equal, or none finite: one unit around the value, so that there is a range.
    """
    finite = cells[np.isfinite(cells)]
    if finite.size == 0:
        return (-1.0, 1.0) if is_signed else (0.0, 1.0)
    low, high = (float(v) for v in np.percentile(finite, (0.5, 99.5)))
    if is_signed:
        reach = max(abs(low), abs(high)) or 1.0
        return -reach, reach
    room = max(abs(low), 1.0) * 1e-9
    return (low, high) if high - low > room else (low - 0.5, high + 0.5 + room)


def _all_drawable(a: FloatArray) -> bool:
    """Two passes without a copy: the common case, a million points in a millisecond."""
    return a.size == 0 or bool(a.min() >= -REACH and a.max() <= REACH)


def _is_drawable(a: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.abs(a) <= REACH)  # NaN compares false: one pass does all


def _numbers(name: str, a: ArrayLike, dimensions: tuple[int, ...]) -> FloatArray:
    try:
        given: NDArray[Any] = np.asarray(a)
    except ValueError:  # a ragged list
        raise ValueError(f"{name}: wanted an array of numbers, got a ragged list") from None
    if given.dtype.kind not in "biuf":
        raise ValueError(f"{name}: wanted real numbers, got {given.dtype}")
    if given.ndim not in dimensions:
        raise ValueError(
            f"{name}: wanted {dimensions[0]} dimension(s), got shape {given.shape}"
        )
    if given.dtype.itemsize > 8:
        with np.errstate(over="ignore"):
            return given.astype(np.float64)
    return np.asarray(given, dtype=np.float64)
