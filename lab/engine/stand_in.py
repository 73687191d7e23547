"""The trainer as the next iteration will find it, where edits wait for that."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import TYPE_CHECKING

from lab.engine.edits import changes
from lab.engine.experiment import needs_reset, nested
from lab.engine.modules import Dropout
from lab.engine.phases import Phase

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment
    from lab.engine.trainer import Trainer


def stand_in(trainer: Trainer, settings: Experiment | None) -> Trainer:
    """Return a trainer under the settings of the next step, for looking, not for stepping.

    It is the trainer itself where nothing waits: nothing was edited, the iteration is in
    progress under the settings that it has, or the settings are of another run. Otherwise it
    is a copy with weights, running statistics and optimizer state of its own; data and device
    are shared.
    """
    is_begun = trainer.phase is not Phase.READY
    if settings is None or is_begun or not _is_to_come(trainer.experiment, settings):
        return trainer
    twin = copy(trainer)
    twin.network = deepcopy(trainer.network)
    twin._dropouts = [m for m in twin.network.modules() if isinstance(m, Dropout)]
    twin._lay_out_state()
    twin.state.adopt(trainer.state)
    twin.change(settings)
    return twin


def _is_to_come(now: Experiment, settings: Experiment) -> bool:
    """Whether settings are other ones that a run can go over to as it goes."""
    if now == settings:
        return False
    kinds = ([(path, p.kind) for path, p in nested(e.layers)] for e in (now, settings))
    if next(kinds) != next(kinds):
        return False
    return not any(needs_reset(path) for path, _, _ in changes(now, settings))
