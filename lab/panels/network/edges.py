"""Weights as curves between units: which are drawn, how strongly, and which is under the mouse.

A curve runs from the right side of one unit to the left side of the next, level at both ends:
``x = x0 + (x1 − x0)(3t/2 − 3t²/2 + t³)``, ``y = y0 + (y1 − y0)(3t² − 2t³)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.panels.network.layout import Column, Layout, Link

    Floats = npt.NDArray[np.float64]

MOST_EDGES = 3000
"""More curves make no picture; of more the strongest are drawn, and how many is said."""
NEAR = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """The weights of one link, (R, L), with the places where their curves end.

    ``x0`` and ``x1`` are the sides between which they run, ``y0`` (L,) and ``y1`` (R,) the
    middles of the units.
    """

    path: str
    link: Link
    weights: Floats
    x0: float
    x1: float
    y0: Floats
    y1: Floats


def fan(layout: Layout, link: Link, weights: Floats) -> Fan:
    """Place the weights (R, L) of a link."""
    left, right = layout.columns[link.left], layout.columns[link.right]
    return Fan(
        right.path, link, weights, left.x + left.side / 2, right.x - right.side / 2,
        _middles(left), _middles(right),
    )  # fmt: skip


def _middles(column: Column) -> Floats:
    return np.array([column.middle(index) for index in range(column.count)])


def strongest(fans: list[Fan], most: int = MOST_EDGES) -> float:
    """Return the least |w| that is drawn, so that at most so many are."""
    sizes = [np.abs(f.weights).ravel() for f in fans]
    together = np.concatenate(sizes) if sizes else np.zeros(0)
    if len(together) <= most:
        return 0.0
    return float(np.partition(together, len(together) - most)[len(together) - most])


def way(t: float | Floats) -> tuple[float | Floats, float | Floats]:
    """Return how far along x and along y a curve has come at t from 0 to 1."""
    return 1.5 * t - 1.5 * t**2 + t**3, 3 * t**2 - 2 * t**3


def share_at(across: float) -> float:
    """Return how far along y every curve has come where it is so far along x (0 to 1)."""
    low, high = 0.0, 1.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if way(middle)[0] < across else (low, middle)
    return float(way(low)[1])


def edge_at(found: Fan, x: float, y: float, reach: float = NEAR) -> tuple[int, int] | None:
    """Return row and column of the weight whose curve passes nearest a place, or None.

    Of several within half a reach of each other the strongest is meant.
    """
    if not found.x0 < x < found.x1:
        return None
    share = share_at((x - found.x0) / (found.x1 - found.x0))
    heights = found.y0[None, :] * (1 - share) + found.y1[:, None] * share  # (R, L)
    away = np.abs(heights - y)
    if away.min() > reach:
        return None
    meant = np.where(away <= away.min() + reach / 2, np.abs(found.weights), -1.0)
    row, column = np.unravel_index(int(meant.argmax()), meant.shape)
    return int(row), int(column)
