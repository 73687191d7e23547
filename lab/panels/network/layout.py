"""Where everything of a network lies: columns from the input to the loss, links between them.

Lengths are pixels at zoom 1; x grows to the right from the left edge of the input, y downwards
from the middle of the columns. Nothing here knows of painting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, prod, sqrt
from typing import TYPE_CHECKING, Literal

from lab.engine.layers import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lab.engine.shapes import Shape
    from lab.panels.network.blocks import Block

Mode = Literal["units", "maps", "box", "loss"]
"""Units of a vector one below another, maps of an image likewise, anything else in a box."""

MOST_UNITS = 64
MOST_INPUTS = 32
"""Of more numbers the input is a picture."""
HEIGHT = 540.0
SLOT, BOX_SLOT = 104.0, 96.0
FAN, BAND = 92.0, 30.0
SIDE, PITCH, LEAST_PITCH = 54.0, 86.0, 8.4
LABEL = 30.0
"""Room below a unit for its bias; where units stand closer than this there is none."""
BOX = 72.0
LIFT, DEEPER = 34.0, 20.0
"""How far below the columns a skip connection runs, and how much lower one around another."""

INPUT, LOSS = "input", "loss"


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in one place from left to right; ``path`` is `INPUT`, `LOSS` or a layer's.

    ``shape`` is what it hands on, ``count`` how many units or maps are drawn in ``mode``, each
    a square of ``side`` at every ``pitch``.
    """

    path: str
    block: Block | None
    shape: Shape | None
    mode: Mode
    x: float
    width: float
    count: int = 1
    pitch: float = 0.0
    side: float = BOX

    @property
    def has_labels(self) -> bool:
        """Whether there is room below each unit for words."""
        return self.pitch - self.side >= LABEL

    def middle(self, index: int) -> float:
        """The height of the middle of a unit."""
        return (index - (self.count - 1) / 2) * self.pitch

    @property
    def half(self) -> float:
        """Half the height of all that stands in the column."""
        return (self.count - 1) / 2 * self.pitch + self.side / 2

    def index_at(self, y: float) -> int | None:
        """Return the unit at a height, or None between two."""
        if self.pitch <= 0:
            return 0 if abs(y) <= self.side / 2 else None
        index = round(y / self.pitch + (self.count - 1) / 2)
        is_inside = 0 <= index < self.count and abs(y - self.middle(index)) <= self.side / 2
        return index if is_inside else None


@dataclass(frozen=True, slots=True)
class Link:
    """What one column hands to the next: every weight an edge (``is_full``), or one band."""

    left: int
    right: int
    is_full: bool


@dataclass(frozen=True, slots=True)
class Skip:
    """A skip connection around the columns ``first`` to ``last``; ``depth`` lie within it."""

    path: str
    first: int
    last: int
    depth: int


@dataclass(frozen=True, slots=True)
class Layout:
    """All of it; ``columns`` begin with the input and end with the loss."""

    columns: tuple[Column, ...]
    links: tuple[Link, ...]
    skips: tuple[Skip, ...]

    @property
    def width(self) -> float:
        """From the left edge of the input to the right edge of the loss."""
        last = self.columns[-1]
        return last.x + last.width / 2

    @property
    def half(self) -> float:
        """Half the height of the highest column, with the words below its units."""
        return max(c.half + (LABEL if c.has_labels else 0.0) for c in self.columns)

    def low(self, skip: Skip) -> float:
        """Return how far below the middle a skip runs."""
        return self.half + LIFT + DEEPER * skip.depth

    @property
    def bottom(self) -> float:
        """The lowest thing drawn."""
        return max((self.low(s) + DEEPER for s in self.skips), default=self.half)

    def column_of(self, path: str) -> int | None:
        """Return the column that a layer belongs to, or None."""
        for place, column in enumerate(self.columns):
            if column.path == path or (column.block and path in column.block.paths):
                return place
        return None

    def column_at(self, x: float) -> int | None:
        """Return the column within whose width a place lies, or None."""
        for place, column in enumerate(self.columns):
            if abs(x - column.x) <= column.width / 2:
                return place
        return None

    def gap_at(self, x: float) -> int:
        """Return the column before which something put down at a place would stand."""
        return sum(1 for column in self.columns if column.x < x)


def laid_out(
    found: Sequence[Block], shape: Shape, shapes: Mapping[str, Shape | None]
) -> Layout:
    """Lay blocks out from left to right.

    Parameters
    ----------
    found
        The blocks of the network.
    shape : tuple of int
        One sample.
    shapes
        What each layer hands on, by its path; None where it is not known.
    """
    columns = [_column(INPUT, None, shape)]
    skips: list[Skip] = []
    for block in found:
        _place(block, shapes, columns, skips)
    columns.append(Column(LOSS, None, None, "loss", 0.0, SLOT))
    placed, links = _spread(columns)
    return Layout(tuple(placed), tuple(links), tuple(skips))


def _place(
    block: Block, shapes: Mapping[str, Shape | None], columns: list[Column], skips: list[Skip]
) -> int:
    """Append the columns of a block; return how many skips lie one in another there."""
    if not block.inner:
        columns.append(_column(block.path, block, shapes.get(block.last)))
        return 0
    first = len(columns)
    depth = max(_place(b, shapes, columns, skips) for b in block.inner)
    if not LAYERS[block.main.kind].needs_same_shape:
        return depth
    skips.append(Skip(block.path, first, len(columns) - 1, depth))
    return depth + 1


def _column(path: str, block: Block | None, shape: Shape | None) -> Column:
    mode, count = _mode(shape, MOST_INPUTS if path == INPUT else MOST_UNITS)
    if mode == "box":
        return Column(path, block, shape, mode, 0.0, BOX_SLOT)
    pitch = min(PITCH, max(LEAST_PITCH, HEIGHT / count))
    side = min(SIDE, pitch - LABEL if pitch >= SIDE else 0.8 * pitch)
    return Column(path, block, shape, mode, 0.0, SLOT, count, pitch, side)


def _mode(shape: Shape | None, most: int) -> tuple[Mode, int]:
    if shape and shape[0] <= most and len(shape) == 1:
        return "units", shape[0]
    if shape and 1 < shape[0] <= most and len(shape) == 3:
        return "maps", shape[0]
    return "box", 1


def _spread(columns: list[Column]) -> tuple[list[Column], list[Link]]:
    """Give every column its place, and link it to the one before."""
    placed = [replace(columns[0], x=columns[0].width / 2)]
    links = []
    for place, (left, right) in enumerate(pairwise(columns)):
        is_full = _is_full(left, right)
        gap = FAN if is_full else BAND
        x = placed[-1].x + left.width / 2 + gap + right.width / 2
        placed.append(replace(right, x=x))
        links.append(Link(place, place + 1, is_full))
    return placed, links


def _is_full(left: Column, right: Column) -> bool:
    """Whether every weight between two columns can be drawn."""
    is_linear = right.block is not None and right.block.main.kind == "linear"
    return is_linear and left.mode == right.mode == "units"


def tile(size: int) -> tuple[int, int]:
    """Return rows and columns of a grid, as square as can be, for so many numbers."""
    across = max(1, ceil(sqrt(size)))
    return ceil(size / across), across


def picture_shape(shape: Shape) -> tuple[int, int]:
    """Return the rows and columns in which a box shows what has a shape."""
    if len(shape) == 2:
        return shape[0], shape[1]
    if len(shape) == 3:
        down, across = tile(shape[0])
        return down * shape[1], across * shape[2]
    return tile(prod(shape))


def edges_of(layout: Layout) -> Iterator[tuple[Link, int]]:
    """Yield the links whose weights are drawn one by one, and how many those are."""
    for link in layout.links:
        if link.is_full:
            yield link, layout.columns[link.left].count * layout.columns[link.right].count
