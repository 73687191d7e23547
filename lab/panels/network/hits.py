"""What lies under a pixel of the canvas."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from lab.panels.network.edges import NEAR, edge_at
from lab.panels.network.layout import INPUT, LOSS
from lab.panels.network.painting import HEAD, label_of, skip_ends

if TYPE_CHECKING:
    from PySide6.QtCore import QPointF

    from lab.panels.network.edges import Fan
    from lab.panels.network.layout import Column
    from lab.panels.network.painting import Canvassed

    Found = tuple["Hit", object]

GAP_REACH = 10
LABELLED = 16
"""Pixels between two units from which on a bias is written there."""


class Hit(Enum):
    """Kinds of things; what comes with each says which one.

    A header or a skip comes with its layer's path, a unit with (path, index), a weight or bias
    with (path, name, index), a gap with the number of the column behind it.
    """

    NOTHING = auto()
    GROUND = auto()  # whatever is there: it is only to be moved
    HEADER = auto()
    UNIT = auto()
    BIAS = auto()
    WEIGHT = auto()
    SKIP = auto()
    GAP = auto()


def hit(now: Canvassed, fans: list[Fan], place: QPointF) -> Found:
    """Return what lies under a pixel, and which one."""
    if place.y() < HEAD:
        return _in_head(now, place)
    x, y = now.camera.to_place(place.x(), place.y())
    number = now.scene.layout.column_at(x)
    found = None
    if number is not None:
        found = _in_column(now, now.scene.layout.columns[number], place, x, y)
    return found or _on_weight(now, fans, x, y) or _on_skip(now, place) or (Hit.NOTHING, None)


def gap_x(now: Canvassed, place: int) -> float:
    """Return the pixel between a column and the one before it."""
    columns = now.scene.layout.columns
    left, right = columns[place - 1], columns[min(place, len(columns) - 1)]
    x = (left.x + left.width / 2 + right.x - right.width / 2) / 2
    return now.camera.to_pixel(x, 0)[0]


def _in_head(now: Canvassed, place: QPointF) -> Found:
    columns = now.scene.layout.columns
    for gap in range(1, len(columns)):
        if abs(gap_x(now, gap) - place.x()) <= GAP_REACH:
            return Hit.GAP, gap
    number = now.scene.layout.column_at(now.camera.to_place(place.x(), 0)[0])
    if number is None or columns[number].block is None:
        return Hit.NOTHING, None
    return Hit.HEADER, columns[number].path


def _in_column(
    now: Canvassed, column: Column, place: QPointF, x: float, y: float
) -> Found | None:
    if column.path in (LOSS, INPUT):
        return None
    index = column.index_at(y)
    if index is not None and abs(x - column.x) <= column.side / 2:
        return Hit.UNIT, (column.path, index)
    if column.mode == "units" and now.seen and (column.path, "bias") in now.seen.weights:
        room = (column.pitch - column.side) * now.camera.scale
        for number in range(column.count if room >= LABELLED else 0):
            if label_of(now, column, number).contains(place):
                return Hit.BIAS, (column.path, "bias", number)
    return None


def _on_weight(now: Canvassed, fans: list[Fan], x: float, y: float) -> Found | None:
    for one in fans:
        found = edge_at(one, x, y, NEAR / now.camera.scale)
        if found is not None:
            index = found[0] * one.weights.shape[1] + found[1]
            return Hit.WEIGHT, (one.path, "weight", index)
    return None


def _on_skip(now: Canvassed, place: QPointF) -> Found | None:
    for skip in now.scene.layout.skips:
        start, end, low = skip_ends(now, skip)
        is_between = start.x() - NEAR <= place.x() <= end.x() + NEAR
        if is_between and abs(place.y() - low) <= NEAR:
            return Hit.SKIP, skip.path
    return None
