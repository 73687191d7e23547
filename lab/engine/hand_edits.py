"""Single weights set by hand: how the log of edits names them.

``weights.0.weight[5]`` is the sixth number of the parameter ``0.weight``, counted row by row.
Unlike weights that were loaded, such an edit says all there is to say, so that a log with it
leads to the same bits again. What the optimizer remembers stays as it is.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from lab.engine.carrying import state_name
from lab.engine.kinds import ExperimentError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lab.engine.edits import Edit


class Before:
    """What weights were before they were set; filled and read in the worker's thread only.

    Who undoes a gesture hands it back: the window itself never knows these values.
    """

    def __init__(self) -> None:
        self.values: dict[str, float] = {}

    def note(self, values: Mapping[str, float]) -> None:
        """Keep the values of the first time."""
        if not self.values:
            self.values = dict(values)


_NAME = re.compile(r"weights\.(?P<name>.+)\[(?P<index>\d{1,12})\]")

Place = tuple[str, str, int]
"""A layer's path in the description, the parameter's name, and an index, flattened."""


class Number(NamedTuple):
    """One number of a network: the parameter's name in the state dict, and its place."""

    name: str
    place: int


def what(place: Place) -> str:
    """Return what the log calls a weight: ``weights.0.weight[5]``."""
    path, parameter, index = place
    return f"weights.{state_name(path, parameter)}[{index}]"


def is_by_hand(what: str) -> bool:
    """Say whether an edit is one of a single weight."""
    return _NAME.fullmatch(what) is not None


def number(what: str) -> Number:
    """Return which weight an edit speaks of; it has to be one `is_by_hand`."""
    found = _NAME.fullmatch(what)
    assert found is not None
    return Number(found["name"], int(found["index"]))


def by_hand(changes: Mapping[str, Any]) -> dict[Number, float]:
    """Return the weights among changes, with the values that they are to have."""
    return {number(w): float(new) for w, new in changes.items() if is_by_hand(w)}


def checked(what: str, value: Any) -> float:
    """Return a value that a weight may have.

    Raises
    ------
    ExperimentError
        If it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExperimentError(f"{what}: wanted a number, got {shown(value)}.")
    if not math.isfinite(value):
        raise ExperimentError(f"{what}: wanted a finite number, got {shown(value)}.")
    return float(value)


def write_down(edits: list[Edit], step: int, made: Iterable[Edit]) -> None:
    """Put weights set after ``step`` into a log; of one weight set twice, both become one.

    One that is set back to what it was leaves no trace.
    """
    for edit in made:
        before = [e for e in edits if e.step == step and e.what == edit.what]
        edits[:] = [e for e in edits if e not in before]
        old = before[0].old if before else edit.old
        if old != edit.new:
            edits.append(type(edit)(step, edit.what, old, edit.new))
