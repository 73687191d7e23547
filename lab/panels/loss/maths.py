"""Running means, block extremes and trends of a curve; arrays in, arrays out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


def running_mean(values: FloatArray, window: int) -> FloatArray:
    """Mean of the last ``window`` values at each place, of as many as there are at first.

    ``out[s] = (v[s - w + 1] + ... + v[s]) / w``. Each mean is the end of one block of w values
    and the beginning of the next, summed apart: so a value of 1e20 spoils the means that
    contain it and no other, unlike in a difference of two sums from the start.

    Parameters
    ----------
    values : ndarray, shape (N,)
    window : int
        Number of values, at least 1.

    Raises
    ------
    ValueError
        If the window is less than 1.
    """
    if window < 1:
        raise ValueError(f"window: wanted at least 1, got {window}")
    n = len(values)
    if n == 0 or window == 1:
        return np.array(values, dtype=float)
    padded = np.zeros(-(-n // window) * window)
    padded[:n] = values
    blocks = padded.reshape(-1, window)  # (B, w)
    heads = np.cumsum(blocks, axis=1)
    tails = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1]  # from a place to the block's end
    sums = heads.copy()
    sums[1:, :-1] += tails[:-1, 1:]
    counts = np.minimum(np.arange(1, n + 1), window)
    return sums.ravel()[:n] / counts


def extremes(values: FloatArray, size: int) -> tuple[FloatArray, FloatArray]:
    """Least and greatest of each whole block of ``size`` values, shapes (N // size,).

    NaN is passed over unless a block holds nothing else.
    """
    whole = values[: len(values) // size * size].reshape(-1, size)
    return np.fmin.reduce(whole, axis=1), np.fmax.reduce(whole, axis=1)


def zigzag(
    rows: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """An envelope as one curve: up and down between its extremes, shapes (≤ 2N,).

    Where least and greatest agree (single rows), one point is enough.
    """
    is_single = low == high
    twice = np.where(is_single, 1, 2)
    x, y = np.repeat(rows, twice), np.repeat(low, twice)
    y[np.cumsum(twice) - 1] = high
    return x, y


def trend(recent: FloatArray, earlier: FloatArray) -> str:
    """Say whether the mean of recent values differs from that of earlier ones.

    ``falling`` or ``rising`` if the means differ by more than two standard errors; empty
    text if not, for that they differ by less shows nothing, and with fewer than two finite
    values in either.
    """
    a, b = recent[np.isfinite(recent)], earlier[np.isfinite(earlier)]
    if len(a) < 2 or len(b) < 2:
        return ""
    difference = float(a.mean() - b.mean())
    error = math.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))
    rounding = 1e-12 * (abs(float(a.mean())) + abs(float(b.mean())))
    if abs(difference) <= 2 * error + rounding:
        return ""
    return "falling" if difference < 0 else "rising"
