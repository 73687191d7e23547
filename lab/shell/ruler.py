"""Where the ticks of the scrubber stand, and how a loss becomes a height: no Qt."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.engine.series import Envelope

FLAT = 1e-12
STEEP = 30.0
"""From this ratio of largest to least loss on, heights are logarithmic."""


def ticks(last: int, most: int) -> list[int]:
    """Return round steps from 0 to ``last``, at most about ``most`` of them, both ends in.

    >>> ticks(600, 8)
    [0, 100, 200, 300, 400, 500, 600]
    """
    if last <= 0:
        return [0]
    stride = stride_of(last, most)
    inside = [t for t in range(0, last, stride) if last - t >= 0.6 * stride]
    return [*inside, last]


def stride_of(last: int, most: int) -> int:
    """Return the least of 1, 2, 5, 10, 20, ... that makes no more than ``most`` parts."""
    wanted = max(last / max(most, 1), 1)
    decade = 10 ** math.floor(math.log10(wanted))
    return int(next(d * decade for d in (1, 2, 5, 10) if d * decade >= wanted - FLAT))


def short(step: int) -> str:
    """Return a step in few letters: 950, 12k, 1.5M."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if step >= 10 * size or (step >= size and step % size == 0):
            return f"{step / size:.4g}{letter}"
    return str(step)


def thinned(parts: Sequence[Envelope], most: int) -> list[tuple[float, float, float]]:
    """Return at most about ``most`` places of a curve: step, mean and greatest of each.

    The steps are parted evenly, whatever blocks they come in; the last step of all stays, and
    so does every greatest value.
    """
    places = [
        (float(row), float(mean), float(high))
        for part in parts
        for row, mean, high in zip(part.rows, part.mean, part.high, strict=True)
    ]
    last = max(places[-1][0], 1.0) if places else 1.0
    groups = (list(g) for _, g in groupby(places, lambda p: int(most * p[0] / last)))
    return [(g[-1][0], sum(p[1] for p in g) / len(g), max(p[2] for p in g)) for g in groups]


class Heights:
    """Maps losses to 0 (floor) .. 1 (ceiling): linear from zero, or logarithmic where steep."""

    def __init__(self, values: Sequence[float]) -> None:
        finite = [v for v in values if math.isfinite(v)]
        self._low, self._high = min(finite, default=0.0), max(finite, default=1.0)
        self.is_log = self._low > 0 and self._high / self._low > STEEP

    def of(self, value: float) -> float:
        """Return the height of a loss; what is not finite stands at the ceiling."""
        if not math.isfinite(value):
            return 1.0
        if self.is_log:
            low, high = math.log(self._low), math.log(self._high)
            share = (math.log(max(value, self._low)) - low) / max(high - low, FLAT)
            return 0.08 + 0.92 * min(max(share, 0.0), 1.0)
        unit = max(abs(self._low), abs(self._high), FLAT)  # differences could overflow
        floor, high = min(self._low, 0.0) / unit, self._high / unit
        return min(max((value / unit - floor) / max(high - floor, FLAT), 0.0), 1.0)
