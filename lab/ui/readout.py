"""What a plot says in numbers: under the mouse, and as a whole for export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.numerals import shown
from lab.ui.images import ImageMark
from lab.ui.mark import unlogged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.ui.mark import Frame, Mark

Arrays = dict[str, "np.ndarray[Any, Any]"]


def words_at(
    marks: Sequence[Mark],
    frame: Frame,
    place: tuple[float, float],
    pixel: tuple[float, float],
    x_words: str,
    y_words: str = "",
) -> str:
    """Lines of text for a place: values of the curves there, the cell, the nearest point.

    Over a map of cells both axes are told. Counts, such as steps, rows and columns, are whole
    numbers: a cell has no decimals.
    """
    x = unlogged(place[0]) if frame.log_x else place[0]
    seen = [m for m in marks if m.is_visible]
    lines = [line for line in (m.words_at(place, pixel) for m in seen) if line]
    is_map = any(isinstance(m, ImageMark) and m.at(*place) is not None for m in seen)
    heads = [_told(x_words or "x", x)]
    if is_map:
        heads.append(_told(y_words or "y", place[1]))
    return "\n".join([*heads, *lines]) if lines else ""


COUNTED = (
    *("step", "epoch", "iteration", "sample", "position", "token"),
    *("layer", "unit", "neuron", "head", "channel", "input", "row", "column"),
)
"""First words of axes along which things are counted."""


def _told(words: str, value: float) -> str:
    number = f"{round(value):,}" if counts(words) else shown(value, 5)
    return f"{words}  {number}"


def counts(words: str) -> bool:
    """Whether an axis of this name counts things, which are whole."""
    return words.split(" ")[0].rstrip(",:").lower() in COUNTED


def numbers_of(marks: Sequence[Mark], x_words: str, y_words: str) -> Arrays:
    """All arrays behind the marks by name.

    A curve gives ``NAME: X`` and ``NAME: Y`` (the words of the axes), a colour map its cells as
    ``NAME`` with ``NAME: X`` and ``NAME: Y`` for the centres of columns and rows.
    """
    out: Arrays = {}
    for place, mark in enumerate(marks):
        name = mark.name or f"series {place + 1}"
        name = name if f"{name}: {x_words}" not in out else f"{name} ({place + 1})"
        out.update(mark.arrays(name, x_words, y_words))
    return {key: np.array(value) for key, value in out.items()}  # copies: the marks live on
