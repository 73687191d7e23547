"""Ranges that move in steps, so that a live plot stands still between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.ui.mark import Box

Span = tuple[float, float]


def nice(size: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is not below a positive size."""
    decade = 10.0 ** math.floor(math.log10(size))
    return next((decade * m for m in (1, 2, 5) if size <= decade * m * (1 + 1e-9)), decade * 10)


def stepped(data: Span, old: Span | None, *, is_tight: bool = False) -> Span:
    """A range for the data: the old one while it still fits, else the next round one.

    The old range fits while it holds the data and these fill at least half of it. A tight
    range adds no room at the lower end and ends on the next round number at the upper.
    """
    low, high = data
    if low >= high:
        room = abs(low) * 0.1 or 1.0
        low, high = low - room, high + room
    if (
        old is not None
        and old[0] <= low
        and high <= old[1]
        and high - low >= (old[1] - old[0]) / 2
    ):
        return old
    step = nice((high - low) / 10)
    if is_tight:
        low = 0.0 if 0 <= low <= step else low  # step 1 stands on an axis that begins at 0
        return low, low + math.ceil((high - low) / step - 1e-9) * step
    lower = math.floor(low / step - 0.25) * step
    lower = 0.0 if lower < 0 < low else lower  # what is above zero needs no axis below it
    return lower, math.ceil(high / step + 0.25) * step


def union(boxes: Iterable[Box | None]) -> Box | None:
    """The least box around all, None where there is none."""
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    x0, x1, y0, y1 = zip(*there, strict=True)
    return min(x0), max(x1), min(y0), max(y1)
