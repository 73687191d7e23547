"""What a plot says in numbers: under the mouse, and as a whole for export."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.ui.images import ImageMark
from lab.ui.lines import LineMark
from lab.ui.numbers import shown
from lab.ui.scatters import ScatterMark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.ui.mark import Frame, Mark

NEAR_PX = 10.0
Arrays = dict[str, "np.ndarray[Any, Any]"]


def words_at(
    marks: Sequence[Mark],
    frame: Frame,
    place: tuple[float, float],
    pixel: tuple[float, float],
    x_words: str,
) -> str:
    """Lines of text for a place: values of the curves there, the cell, the nearest point."""
    x = 10 ** min(place[0], 300.0) if frame.log_x else place[0]
    seen = [m for m in marks if m.is_visible]
    lines = [_line_words(m, x) for m in seen if isinstance(m, LineMark)]
    lines += [_cell_words(m, place) for m in seen if isinstance(m, ImageMark)]
    lines += [_point_words(m, place, pixel) for m in seen if isinstance(m, ScatterMark)]
    lines = [line for line in lines if line]
    head = f"{x_words or 'x'}  {shown(round(x) if _counts(x_words) else x, 5)}"
    return "\n".join([head, *lines]) if lines else ""


def _counts(words: str) -> bool:
    return words.split(" ")[0].lower() in ("step", "epoch", "layer", "unit")


def _line_words(mark: LineMark, x: float) -> str:
    value = mark.at(x)
    return "" if value is None or not mark.name else f"{mark.name}  {shown(value)}"


def _cell_words(mark: ImageMark, place: tuple[float, float]) -> str:
    value = mark.at(*place)
    return "" if value is None else f"{mark.name}  {shown(value)}"


def _point_words(
    mark: ScatterMark, place: tuple[float, float], pixel: tuple[float, float]
) -> str:
    near = mark.nearest(*place)
    if near is None:
        return ""
    x, y = float(mark.x[near]), float(mark.y[near])
    distance = math.hypot((x - place[0]) / pixel[0], (y - place[1]) / pixel[1])
    return f"{mark.name}  ({shown(x)}, {shown(y)})" if distance <= NEAR_PX else ""


def numbers_of(marks: Sequence[Mark], x_words: str, y_words: str) -> Arrays:
    """All arrays behind the marks by name.

    A curve gives ``NAME: X`` and ``NAME: Y`` (the words of the axes), a colour map its cells as
    ``NAME`` with ``NAME: X`` and ``NAME: Y`` for the centres of columns and rows.
    """
    out: Arrays = {}
    for place, mark in enumerate(marks):
        name = mark.name or f"series {place + 1}"
        name = name if f"{name}: {x_words}" not in out else f"{name} ({place + 1})"
        if isinstance(mark, ImageMark):
            columns, rows, out[name] = mark.data()
            out[f"{name}: {x_words}"], out[f"{name}: {y_words}"] = columns, rows
        elif isinstance(mark, LineMark | ScatterMark):
            out[f"{name}: {x_words}"], out[f"{name}: {y_words}"] = mark.data()
    return {key: np.array(value) for key, value in out.items()}  # copies: the marks live on
