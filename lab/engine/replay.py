"""Bringing a trainer to any step of a branch: nearest snapshot, then the same steps again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.engine.edits import settings_in
from lab.engine.hand_edits import by_hand

if TYPE_CHECKING:
    from lab.engine.timeline import Branch
    from lab.engine.trainer import Trainer


def bring(trainer: Trainer, branch: Branch, step: int) -> None:
    """Restore the nearest snapshot and replay up to a step, edits included.

    Weights that were set by hand after the step are set: they are what is to be seen there.
    """
    owner, at, vector = branch.snapshot(step)
    trainer.discard()
    trainer.change(owner.experiment_at(at))
    trainer.restore(vector, at)
    while trainer.step_number < step:
        take_over_edits(trainer, branch)
        trainer.step()
    take_over_weights(trainer, branch)


def take_over_edits(trainer: Trainer, branch: Branch) -> None:
    """Go on under what was edited at the trainer's step."""
    here = trainer.step_number
    made = branch.owner_of(here + 1).changes_at(here)
    changes = settings_in(made)
    if changes:
        trainer.change(trainer.experiment.changed(changes))
    trainer.set_weights(by_hand(made))


def take_over_weights(trainer: Trainer, branch: Branch) -> None:
    """Set the weights that were set by hand after the trainer's step."""
    here = trainer.step_number
    trainer.set_weights(by_hand(branch.owner_of(here + 1).changes_at(here)))
