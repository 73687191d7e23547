"""From samples to what the network gets: split, standardise, encode. Plain numpy functions.

Each stands by itself, so that an exported script can carry its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]


def split(n: int, test_share: float, seed: int) -> tuple[IntArray, IntArray]:
    """Return the indices of the training and the test samples, both in rising order.

    ``round(n * test_share)`` samples are drawn for the test, and at least one is left for
    training.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(n)
    tested = min(round(n * test_share), n - 1)
    return np.sort(order[tested:]), np.sort(order[:tested])


def statistics(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and deviation of every feature (D,), or of every channel (C, 1, 1).

    A feature that never changes gets the deviation 1, so that it becomes 0 and not NaN.
    """
    axes = (0, 2, 3) if x.ndim == 4 else (0,)
    mean, deviation = x.mean(axis=axes), x.std(axis=axes)
    deviation = np.where(deviation > 1e-12 * (1 + np.abs(mean)), deviation, 1.0)
    shape = (-1, 1, 1) if x.ndim == 4 else (-1,)
    return mean.reshape(shape), deviation.reshape(shape)


def encode(y: npt.NDArray[np.generic], name: str, classes: int) -> npt.NDArray[np.generic]:
    """Write targets as a loss wants them: (N,) for ``index``, (N, 1) or (N, C) otherwise."""
    if name == "index":
        return y.astype(np.int64)
    if name == "one_hot":
        return np.eye(classes)[y.astype(np.int64)]
    values = y.astype(np.float64).reshape(len(y), 1)
    return 2 * values - 1 if name == "sign" else values
