"""The log of edits in words, the same in every view: what changed, from what, to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.engine.edits import Edit

UNDONE = "undone: "
_SAY_NOTHING_ALONE = {"kind", "p", "size", "steps"}


def in_words(edits: Iterable[Edit]) -> list[str]:
    """Return a line an edit, in the order of the log: ``learning rate 0.03 → 0.1``.

    What brings back the value before the last edit is told as undone. The log keeps both
    lines, because the steps between them were trained with the other value.
    """
    values: dict[str, list[Any]] = {}
    return [_line(edit, values.setdefault(edit.what, [])) for edit in edits]


def _line(edit: Edit, before: list[Any]) -> str:
    """Describe an edit; ``before`` holds the values in force until then, and is kept up."""
    if not before or before[-1] != edit.old:
        before[:] = [edit.old]
    is_undone = len(before) > 1 and before[-2] == edit.new
    if is_undone:
        before.pop()
    else:
        before.append(edit.new)
    change = f"{name(edit.what)} {_short(edit.old)} → {_short(edit.new)}"
    return f"{UNDONE}{change}" if is_undone else change


def name(path: str) -> str:
    """Return ``learning rate``, or ``clip kind`` where the last word alone says nothing."""
    *first, last = path.split(".")
    words = f"{first[-1]} {last}" if last in _SAY_NOTHING_ALONE and first else last
    return words.replace("_", " ")


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)
