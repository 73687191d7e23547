"""What units show: maps, weights or values, as small pictures in the colours of the window."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.layers import LAYERS
from lab.panels.network.layout import INPUT, picture_shape, tile
from lab.panels.network.model import scale_of
from lab.ui.colours import coloured, image_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from PySide6.QtGui import QImage

    from lab.panels.network.layout import Column, Layout
    from lab.panels.network.model import Seen, Show

    Floats = npt.NDArray[np.float64]


def pictures(layout: Layout, seen: Seen, sample: Floats, show: Show) -> dict[str, list[QImage]]:
    """Return the pictures of each column by its path, one for each unit, map or box.

    ``sample`` is the input as the network gets it. All squares of a column share one scale,
    symmetric about zero.
    """
    found = {}
    for place, column in enumerate(layout.columns):
        cells = shown_in(layout.columns[: place + 1], seen, sample, show)
        if cells is not None:
            scale = scale_of([cells])
            pixels = coloured(cells.reshape(-1, cells.shape[-1]), (-scale, scale), "signed")
            found[column.path] = [image_of(p) for p in pixels.reshape(cells.shape)]
    return found


def shown_in(
    columns: Sequence[Column], seen: Seen, sample: Floats, show: Show
) -> Floats | None:
    """Return what the last of some columns shows, (count, rows, columns), or None."""
    *before, column = columns
    if column.mode == "loss":
        return None
    if show != "Response" and column.block is not None:
        tensors = seen.weights if show == "Weights" else seen.gradients
        weight = tensors.get((column.path, "weight"))
        return None if weight is None else _weights(column, before, weight)
    if column.path in seen.maps and len(seen.maps[column.path]) == column.count:
        return seen.maps[column.path]
    values = sample if column.path == INPUT else seen.values.get(column.path)
    if values is None or column.shape is None or values.size != prod(column.shape):
        return None
    return _values(column, values)


def _values(column: Column, values: Floats) -> Floats:
    if column.mode == "units":
        return values.reshape(column.count, 1, 1)
    if column.mode == "maps":
        return values.reshape(column.count, *values.shape[-2:])
    return boxed(values)[None]


def boxed(values: Floats) -> Floats:
    """Lay a tensor out as one picture (rows, columns): NaN where a grid has no cell."""
    rows, columns = picture_shape(values.shape)
    if values.ndim == 2:
        return values
    if values.ndim == 3:
        down, across = tile(len(values))
        whole = np.full((down * across, *values.shape[1:]), np.nan)
        whole[: len(values)] = values
        grid = whole.reshape(down, across, *values.shape[1:]).transpose(0, 2, 1, 3)
        return grid.reshape(rows, columns)
    flat = np.full(rows * columns, np.nan)
    flat[: values.size] = values.ravel()
    return flat.reshape(rows, columns)


def _weights(column: Column, before: Sequence[Column], weight: Floats) -> Floats | None:
    """Return what comes into each unit: laid out as what it comes from, where that is known."""
    if column.mode not in ("units", "maps") or len(weight) != column.count:
        return boxed(weight)[None] if weight.ndim == 2 and column.mode == "box" else None
    each = weight.reshape(column.count, -1)
    shape: tuple[int, ...] = weight.shape[1:]
    if weight.ndim == 2:
        shape = _shape_before(before, each.shape[1])
    return np.stack([boxed(one.reshape(shape)) for one in each])


def _shape_before(before: Sequence[Column], size: int) -> tuple[int, ...]:
    """Return the shape that a unit's inputs had before they were laid in a row.

    Only a layer without weights that changes nothing but the shape is seen through.
    """
    for column in reversed(before):
        if column.shape is None or prod(column.shape) != size:
            break
        if len(column.shape) > 1:
            return column.shape
        if column.block is None or not LAYERS[column.block.main.kind].keeps_numbers:
            break
    return (size,)
