"""What a plot says in numbers: under the mouse, and as a whole for export."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.numerals import shown
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
) -> str:
    """Lines of text for a place: values of the curves there, the cell, the nearest point."""
    x = unlogged(place[0]) if frame.log_x else place[0]
    lines = [m.words_at(place, pixel) for m in marks if m.is_visible]
    lines = [line for line in lines if line]
    head = f"{x_words or 'x'}  {f'{round(x):,}' if _counts(x_words) else shown(x, 5)}"
    return "\n".join([head, *lines]) if lines else ""


def _counts(words: str) -> bool:
    return words.split(" ")[0].lower() in ("step", "epoch", "layer", "unit")


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
