"""The log of edits: what was changed while a run went on, from which step, to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from lab.engine.experiment import TABLES, nested
from lab.engine.hand_edits import is_by_hand
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lab.engine.experiment import Experiment, Part
    from lab.engine.kinds import Kind

    Change = tuple[str, Any, Any]

WEIGHTS = "weights"
"""What an edit is called that has loaded weights: the branch begins with a snapshot of them."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change made while running: from the update after ``step`` on."""

    step: int
    what: str
    old: Any
    new: Any


def settings_in(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the edits that change settings: loaded weights stand in a snapshot instead."""
    return {what: new for what, new in changes.items() if not is_of_weights(what)}


def is_of_weights(what: str) -> bool:
    """Say whether an edit is one of weights, be they loaded or set by hand."""
    return what == WEIGHTS or is_by_hand(what)


def merged(edits: Iterable[Edit]) -> dict[str, Any]:
    """Return what edits come to, in the order of their steps: of one path the last counts."""
    found: dict[str, Any] = {}
    for edit in sorted(edits, key=lambda e: e.step):
        found.pop(edit.what, None)  # a new kind takes its place behind the options before it
        found[edit.what] = edit.new
    return settings_in(found)


def write_down(edits: list[Edit], step: int, before: Experiment, after: Experiment) -> None:
    """Have the log say what changes after ``step``: from what led there to what is to come.

    However it was arrived at, by edits made, made again and taken back, it is the same log.
    """
    edits[:] = [e for e in edits if e.step != step or is_of_weights(e.what)]
    edits += (Edit(step, *change) for change in changes(before, after))


def changes(before: Experiment, after: Experiment) -> Iterator[Change]:
    """Yield path, old and new value of all that differs, so that made in order they give it.

    Another kind comes with options of its own. One that both kinds have is told where its
    value changes, and also where it is kept and is not the new kind's default.
    """
    for name in type(after).model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name == "layers":
            for (path, was), (_, now) in zip(nested(old), nested(new), strict=True):
                yield from _of_part(path, was, now, LAYERS)
        elif name in TABLES:
            yield from _of_part(name, old, new, TABLES[name])
        elif isinstance(new, BaseModel):
            fields = type(new).model_fields
            values = ((f, getattr(old, f), getattr(new, f)) for f in fields)
            yield from ((f"{name}.{f}", a, b) for f, a, b in values if a != b)
        else:
            yield name, old, new


def _of_part(
    path: str, before: Part, after: Part, table: Mapping[str, Kind]
) -> Iterator[Change]:
    had, is_other = before.as_dict(), before.kind != after.kind
    if is_other:
        yield f"{path}.kind", before.kind, after.kind
    defaults = {p.name: p.default for p in table[after.kind].parameters}
    for name, new in after.as_dict().items():
        old = had.get(name, defaults[name])
        if old != new or (is_other and new != defaults[name]):
            yield f"{path}.{name}", old, new


def require_replayable(edits: Iterable[Edit]) -> None:
    """Refuse a log that a description alone cannot repeat.

    Raises
    ------
    ExperimentError
        If weights were loaded.
    """
    for edit in edits:
        if edit.what == WEIGHTS:
            raise ExperimentError(
                f"edits: at step {edit.step} weights were loaded from {edit.new}, which a "
                "description does not hold; remove that edit, or begin from those weights."
            )
