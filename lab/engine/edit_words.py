"""The log of edits in words, the same in every view: what changed, from what, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.engine.edits import WEIGHTS
from lab.engine.experiment import TABLES
from lab.engine.hand_edits import is_by_hand, number
from lab.engine.numbering import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lab.engine.edits import Edit
    from lab.engine.experiment import Part

UNDONE = "undone: "
NAMES = {
    "optimizer.kind": "method",
    "schedule.kind": "schedule",
    "clip.kind": "clip gradient",
    "batches.size": "batch size",
    "batches.micro": "pieces of a batch",
    "steps": "planned steps",
    "schedule.steps": "steps of the schedule",
}
"""What a path says nothing of by its last word."""


def in_words(edits: Iterable[Edit], layers: Sequence[Part] = ()) -> list[str]:
    """Return a line an edit, in the order of the log: ``learning rate 0.03 → 0.1``.

    What brings back the value before the last edit is told as undone. The log keeps both
    lines, because the steps between them were trained with the other value. ``layers`` are
    those of the run, which are named by their numbers.
    """
    values: dict[str, list[Any]] = {}
    return [_line(edit, values.setdefault(edit.what, []), layers) for edit in edits]


def _line(edit: Edit, before: list[Any], layers: Sequence[Part]) -> str:
    """Describe an edit; ``before`` holds the values in force until then, and is kept up."""
    what = name(edit.what, layers)
    if edit.what == WEIGHTS:
        return f"{what} of {edit.new}"
    if edit.old == edit.new:
        return f"{what} kept at {_short(edit, edit.new)}"
    if not before or before[-1] != edit.old:
        before[:] = [edit.old]
    is_undone = len(before) > 1 and before[-2] == edit.new
    if is_undone:
        before.pop()
    else:
        before.append(edit.new)
    change = f"{what} {_short(edit, edit.old)} → {_short(edit, edit.new)}"
    return f"{UNDONE}{change}" if is_undone else change


def name(path: str, layers: Sequence[Part] = ()) -> str:
    """Return ``learning rate``, as the form calls it, or the end of the path in words.

    Of a layer it says the kind of option and which layer: ``p of layer 3``.
    """
    if is_by_hand(path):
        return _name_of_weight(path, layers)
    first, *rest = path.split(".")
    if first == "layers":
        of, _, option = path.rpartition(".")
        return f"{_spaced(option)} of layer {number_of(layers, of)}"
    return NAMES.get(path, _spaced(rest[-1] if rest else first))


def _name_of_weight(path: str, layers: Sequence[Part]) -> str:
    named, place = number(path)
    layer, _, parameter = named.rpartition(".")
    of = "layers." + layer.replace(".inner.", ".layers.")
    return f"{parameter}[{place}] of layer {number_of(layers, of)}"


def _spaced(word: str) -> str:
    return word.replace("_", " ")


def _short(edit: Edit, value: Any) -> str:
    table = TABLES.get(edit.what.removesuffix(".kind"))
    if table and value in table:
        return table[value].title
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)
