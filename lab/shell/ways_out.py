"""What can be done about a run that has diverged: where it was well, and what to try. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.numerals import shown

if TYPE_CHECKING:
    from lab.engine.news import History, RunLook

RATE = "optimizer.learning_rate"
LOOKED_AT = 1000
LEAP = 10.0
"""A loss this many times the usual one is not well any more."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """A step to go back to, and the learning rate to go on with from there."""

    step: int
    rate: float

    @property
    def changes(self) -> dict[str, Any]:
        """What the branch is to change."""
        return {RATE: self.rate}


def way_out(look: RunLook) -> WayOut:
    """Return the last step at which the loss was usual, and a rate that may keep it so.

    That rate is the one before it was raised, where it was since that step, and a tenth of
    the one in force otherwise.
    """
    step = last_well(look.history, look.newest)
    raised = [e.old for e in look.edits if e.what == RATE and e.step >= step]
    now = look.settings.value(RATE)
    return WayOut(step, raised[0] if raised and raised[0] < now else float(f"{now / 10:.3g}"))


def last_well(history: History, newest: int) -> int:
    """Return the last step before the loss leapt out of its usual range.

    Usual is up to ten times the median of the last thousand steps. The loss of a step is that
    of the weights before its update, so the step before it is the one that was well.
    """
    steps = range(newest, max(newest - LOOKED_AT, 0), -1)
    rows = ((step, history.row(step)) for step in steps)
    losses = [(step, abs(row["loss"])) for step, row in rows if row]
    if not losses:
        return max(newest - 1, 0)
    usual = sorted(loss for _, loss in losses)[(len(losses) - 1) // 2]
    return next(step for step, loss in losses if loss <= LEAP * usual) - 1


def in_words(found: WayOut, newest: int) -> tuple[str, str, str]:
    """Return what is said of the leap, and the words of two buttons: go back, branch there."""
    leapt = f"The loss leapt after step {found.step:,}." if found.step < newest - 1 else ""
    back = f"Go to step {found.step:,}" if found.step < newest else ""
    return leapt, back, f"Branch at step {found.step:,} with learning rate {shown(found.rate)}"
