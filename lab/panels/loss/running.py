"""A running mean that follows a history, with block extremes so that it can be drawn fast.

Why not compute it anew in each frame: over 10⁶ steps that takes 15 ms, and the window has 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.panels.loss.maths import extremes, running_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lab.engine.news import History
    from lab.engine.series import Envelope

    FloatArray = npt.NDArray[np.float64]

BLOCK = 64
MOST_VALUES = 2**21
"""Means kept step by step, 16 MB; of older ones the extremes of each block of 64 are left."""


class Growing:
    """Numbers appended at the end of one array that doubles."""

    def __init__(self) -> None:
        self._array, self._length = np.empty(1024), 0

    def extend(self, values: FloatArray) -> None:
        """Append values, shape (n,)."""
        wanted = self._length + len(values)
        if wanted > len(self._array):
            larger = np.empty(max(2 * len(self._array), wanted))
            larger[: self._length] = self.values()
            self._array = larger
        self._array[self._length : wanted] = values
        self._length = wanted

    def values(self) -> FloatArray:
        """All values, oldest first."""
        return self._array[: self._length]

    def drop(self, count: int) -> None:
        """Let go of the oldest values."""
        self._array, self._length = self.values()[count:].copy(), self._length - count


class RunningMean:
    """The running mean of one column from step 1 on, appended to by cursor.

    ``exact_from`` is the first step whose mean is that of single steps; of what the engine
    keeps only in blocks, the block's mean stands for each of its steps.
    """

    def __init__(self, column: str, window: int) -> None:
        self.column, self.window = column, window
        self.done = 0
        self.exact_from = 1
        self._tail: FloatArray = np.empty(0)
        self._values, self._low, self._high = Growing(), Growing(), Growing()
        self._first = 1  # the step of the first value kept

    def follow(self, history: History) -> None:
        """Take up the steps that are new."""
        new = history.newest - self.done
        if new <= 0:
            return
        parts = history.envelope(self.column, self.done + 1, history.newest, new)
        raw = self._single(parts, self.done + 1, history.newest)
        joined = np.concatenate([self._tail, raw])
        self._extend(running_mean(joined, self.window)[len(self._tail) :])
        self._tail = joined[len(joined) - min(self.window - 1, len(joined)) :]
        self.done = history.newest

    def _single(self, parts: Sequence[Envelope], first: int, last: int) -> FloatArray:
        """One value a step; what is kept in blocks is repeated over its block."""
        if not parts:
            return np.full(last - first + 1, np.nan)
        rows = np.concatenate([p.rows for p in parts])
        means = np.concatenate([p.mean for p in parts])
        if len(rows) == last - first + 1 and rows[0] == first:
            return means
        self.exact_from = last + 1
        places = np.searchsorted(rows, np.arange(first, last + 1), "right") - 1
        return means[np.maximum(places, 0)]

    def _extend(self, means: FloatArray) -> None:
        before = len(self._values.values()) // BLOCK * BLOCK
        self._values.extend(means)
        low, high = extremes(self._values.values()[before:], BLOCK)
        self._low.extend(low)
        self._high.extend(high)
        kept = len(self._values.values())
        if kept > MOST_VALUES:
            self._drop((kept - MOST_VALUES // 2) // BLOCK * BLOCK)

    def _drop(self, count: int) -> None:
        self._values.drop(count)
        self._first += count

    def at(self, step: int) -> float | None:
        """The mean at a step; None before the first, beyond the last and where let go."""
        values = self._values.values()
        place = step - self._first
        return float(values[place]) if 0 <= place < len(values) else None

    def everything(self) -> tuple[FloatArray, FloatArray]:
        """Steps and means, as far as they are kept step by step."""
        values = self._values.values()
        return self._first + np.arange(len(values), dtype=float), values.copy()

    def between(
        self, first: int, last: int, pixels: int
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Steps, least and greatest of the means in a range: single ones, or by blocks."""
        first, last = max(first, 1), min(last, self.done)
        start = max(first - self._first, 0)
        is_whole = first >= self._first
        if is_whole and last - first < BLOCK * max(pixels, 1):
            values = self._values.values()[start : last - self._first + 1]
            return first + np.arange(len(values), dtype=float), values, values
        return self._by_blocks(first, last)

    def _by_blocks(self, first: int, last: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        begin, end = (first - 1) // BLOCK, last // BLOCK
        if last < self._first:
            end = -(-last // BLOCK)  # its single values are gone: the whole block it lies in
        low, high = self._low.values()[begin:end], self._high.values()[begin:end]
        rows: FloatArray = 1.0 + BLOCK * (begin + np.arange(len(low), dtype=float))
        rest_from = 1 + BLOCK * (begin + len(low))
        stop = max(last - self._first + 1, 0)
        rest = self._values.values()[max(rest_from - self._first, 0) : stop]
        steps = last - len(rest) + 1 + np.arange(len(rest), dtype=float)
        return (
            np.concatenate([np.maximum(rows, first), steps]),  # a block may begin before it
            np.concatenate([low, rest]),
            np.concatenate([high, rest]),
        )
