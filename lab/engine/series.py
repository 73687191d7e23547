"""Numbers of every step: append-only rows, and a pyramid of least, greatest and mean.

One thread appends, any thread reads: rows once published never change, and a reader takes the
length before it takes the arrays. Memory has a budget: each level of the pyramid keeps its
newest blocks, so the recent past is whole and the older past keeps every spike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]

FACTOR = 16
BATCH = 256  # rows between two extensions of the pyramid
LEVELS = 5


@dataclass(frozen=True, slots=True)
class Envelope:
    """A column between two rows, in blocks: first row of each block, and its extremes."""

    rows: FloatArray
    low: FloatArray
    high: FloatArray
    mean: FloatArray


class _Growing:
    """Rows of fixed shape in one array that doubles; the oldest are let go of.

    At least the newest ``keep`` rows stay, and at most twice as many.
    """

    def __init__(self, shape: tuple[int, ...], keep: int) -> None:
        self._keep, self._most = keep, 2 * keep + BATCH
        first = np.empty((min(1024, self._most), *shape))
        self.published: tuple[FloatArray, int] = (first, 0)  # and the number of its first row
        self.length = 0

    def append(self, row: npt.ArrayLike) -> None:
        array, first = self.published
        if self.length - first == len(array):
            array = self._grown(1)
        array[self.length - first] = row
        self.length += 1

    def extend(self, rows: FloatArray) -> None:
        array, first = self.published
        if self.length - first + len(rows) > len(array):
            array = self._grown(len(rows))
        array[self.length - first : self.length - first + len(rows)] = rows
        self.length += len(rows)

    def _grown(self, more: int) -> FloatArray:
        array, first = self.published
        used = self.length - first
        length = max(min(2 * len(array), self._most), used + more)
        larger = np.empty((length, *array.shape[1:]))
        larger[:used] = array[:used]
        self.published = (larger, first)
        return larger

    def let_go(self) -> None:
        """Let go of all but the newest rows, once twice as many have come."""
        array, first = self.published
        if self.length - first > 2 * self._keep:
            start = self.length - self._keep
            kept = np.empty((self._most, *array.shape[1:]))
            kept[: self._keep] = array[start - first : self.length - first]
            self.published = (kept, start)

    def between(self, start: int, stop: int) -> tuple[int, FloatArray]:
        """Return the rows kept within a range, and the number of the first."""
        stop = min(stop, self.length)
        array, first = self.published
        start = min(max(start, first), stop)
        return start, array[start - first : stop - first]

    @property
    def nbytes(self) -> int:
        return int(self.published[0].nbytes)


class Series:
    """Named columns of one number a step, oldest first.

    ``budget`` is in bytes: half for whole rows, a quarter for the first level of blocks, and
    so on. Each has room for some hundreds of rows or blocks, however little that is.
    """

    def __init__(self, names: Sequence[str], budget: int = 64 * 2**20) -> None:
        self.names = tuple(names)
        self._columns = {name: i for i, name in enumerate(self.names)}
        width = len(self.names)
        self._rows = _Growing((width,), max(budget // (4 * 8 * width), 4 * BATCH))
        shares = (budget >> (k + 3) for k in range(LEVELS))
        kept = (max(share // (24 * width), BATCH) for share in shares)
        self._levels = [_Growing((3, width), n) for n in kept]

    def __len__(self) -> int:
        return self._rows.length

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return self._rows.nbytes + sum(level.nbytes for level in self._levels)

    def append(self, row: Sequence[float]) -> None:
        """Add one row; only the thread that owns the run may."""
        self._rows.append(row)
        if self._rows.length % BATCH == 0:
            self._extend_pyramid()

    def extend(self, rows: FloatArray) -> None:
        """Add many rows at once, shape (n, columns)."""
        start = 0
        while start < len(rows):
            some = rows[start : start + BATCH - self._rows.length % BATCH]
            self._rows.extend(some)
            start += len(some)
            if self._rows.length % BATCH == 0:
                self._extend_pyramid()

    def table(self) -> FloatArray:
        """Return all rows still kept, shape (n, columns), as they are at one moment.

        Columns asked for one after the other may differ in length while a run goes on.
        """
        return self._rows.between(0, len(self))[1]

    def column(self, name: str, start: int = 0, stop: int | None = None) -> FloatArray:
        """Return whole values from row ``start`` on, as far as they are still kept."""
        _, rows = self._rows.between(start, len(self) if stop is None else stop)
        values: FloatArray = rows[:, self._columns[name]]
        return values

    def row(self, index: int) -> dict[str, float] | None:
        """Return one row by name, or None where only blocks are left."""
        start, rows = self._rows.between(index, index + 1)
        if start != index or not len(rows):
            return None
        return dict(zip(self.names, rows[0].tolist(), strict=True))

    def envelope(self, name: str, start: int, stop: int, pixels: int) -> Envelope:
        """Return a column from row ``start`` to ``stop``, in some 4 blocks a pixel at most.

        No spike is lost: a block keeps the extremes of its rows, and a range that begins or
        ends within a block ends in finer ones, or with the whole block where nothing finer is
        kept. NaN rows are left out of a block unless it has no other.
        """
        start, stop = max(start, 0), min(stop, len(self))
        level = self._level(start, stop, pixels)
        return _joined(list(self._parts(self._columns[name], level, start, stop)))

    def _level(self, start: int, stop: int, pixels: int) -> int:
        """Return the finest level that is fine enough and still kept; -1: whole rows."""
        for level in range(-1, LEVELS):
            blocks = (stop - start) / FACTOR ** (level + 1)
            if blocks <= 4 * max(pixels, 1) and self._reaches(level, start):
                return level
        return LEVELS - 1

    def _reaches(self, level: int, row: int) -> bool:
        """Whether a level still holds what stands at a row."""
        kept = self._rows if level < 0 else self._levels[level]
        return bool(row >= kept.published[1] * FACTOR ** (level + 1))

    def _parts(self, column: int, level: int, start: int, stop: int) -> Iterator[Envelope]:
        """Yield the blocks of a level, and finer ones at both ends."""
        if start >= stop:
            return
        if level < 0:
            first, rows = self._rows.between(start, stop)
            yield Envelope(first + np.arange(len(rows), dtype=float), *(rows[:, column],) * 3)
            return
        size = FACTOR ** (level + 1)
        first = -(-start // size) if self._reaches(level - 1, start) else start // size
        last = stop // size
        if not self._reaches(level - 1, last * size):
            last = -(-stop // size)
        last = min(last, self._levels[level].length)
        if first >= last:
            yield from self._parts(column, level - 1, start, stop)
            return
        yield from self._parts(column, level - 1, start, first * size)
        yield self._blocks(column, level, first, last)
        yield from self._parts(column, level - 1, last * size, stop)

    def _blocks(self, column: int, level: int, start: int, stop: int) -> Envelope:
        first, blocks = self._levels[level].between(start, stop)
        rows = (first + np.arange(len(blocks), dtype=float)) * FACTOR ** (level + 1)
        return Envelope(rows, blocks[:, 0, column], blocks[:, 1, column], blocks[:, 2, column])

    def _extend_pyramid(self) -> None:
        """Summarise what has come since the last time, level by level."""
        done = self._levels[0].length * FACTOR
        _, rows = self._rows.between(done, self._rows.length)
        self._levels[0].extend(_summary(rows[:, None, :].repeat(3, axis=1)))
        for lower, upper in zip(self._levels, self._levels[1:], strict=False):
            new = lower.length // FACTOR - upper.length
            if new:
                start = upper.length * FACTOR
                upper.extend(_summary(lower.between(start, start + new * FACTOR)[1]))
        for kept in (self._rows, *self._levels):
            kept.let_go()


def _summary(blocks: FloatArray) -> FloatArray:
    """Join every 16 blocks (n, 3, columns) into one; NaN counts only where all are NaN."""
    sixteen = blocks.reshape(-1, FACTOR, 3, blocks.shape[2])
    low = np.fmin.reduce(sixteen[:, :, 0], axis=1)
    high = np.fmax.reduce(sixteen[:, :, 1], axis=1)
    mean = sixteen[:, :, 2].mean(axis=1)
    if np.isnan(mean).any():
        mean = _mean_of_the_finite(sixteen[:, :, 2])
    return np.stack([low, high, mean], axis=1)


def _mean_of_the_finite(values: FloatArray) -> FloatArray:
    there = ~np.isnan(values)
    number = there.sum(axis=1)
    total = np.where(there, values, 0).sum(axis=1)
    return np.where(number, total / np.maximum(number, 1), np.nan)


def _joined(parts: list[Envelope]) -> Envelope:
    if not parts:
        return Envelope(*(np.empty(0) for _ in range(4)))
    fields = ("rows", "low", "high", "mean")
    return Envelope(*(np.concatenate([getattr(p, f) for p in parts]) for f in fields))
