"""The log of edits: what was changed while a run went on, from which step, to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lab.engine.experiment import Experiment

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
    return {what: new for what, new in changes.items() if what != WEIGHTS}


def merged(edits: Iterable[Edit]) -> dict[str, Any]:
    """Return what edits come to, in the order of their steps: of one path the last counts."""
    found: dict[str, Any] = {}
    for edit in sorted(edits, key=lambda e: e.step):
        found.pop(edit.what, None)  # a new kind takes its place behind the options before it
        found[edit.what] = edit.new
    return settings_in(found)


def write_down(
    edits: list[Edit], step: int, changes: Mapping[str, Any], now: Experiment
) -> None:
    """Add to the log what changes after ``step``, where ``now`` is in force.

    A second edit of the same thing replaces the first, and one that takes it back removes it.
    Another kind has options of its own: edits of the options of the old one go.
    """
    for what, new in changes.items():
        earlier = [e for e in edits if e.step == step and _is_replaced(e.what, what)]
        old = next((e.old for e in earlier if e.what == what), now.value(what))
        edits[:] = [e for e in edits if e not in earlier]
        if old != new:
            edits.append(Edit(step, what, old, new))
        now = now.changed({what: new})


def _is_replaced(earlier: str, later: str) -> bool:
    part, _, last = later.rpartition(".")
    return earlier == later or (last == "kind" and earlier.startswith(f"{part}."))


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
