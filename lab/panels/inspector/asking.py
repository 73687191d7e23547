"""The question to the worker: the next iteration taken apart, a number of it explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.phases import Phase

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment
    from lab.engine.microscope import Iteration
    from lab.engine.questioned import Number
    from lab.engine.trainer import Trainer
    from lab.maths.explanations import Explanation

MOST_PARAMETERS = 2_000_000
"""Of a larger network one answer takes longer than a person waits, and training with it."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the inspector shows: an iteration, a number explained, the largest error."""

    iteration: Iteration
    explanation: Explanation | None
    number: Number | None
    error: float
    is_done: bool = False
    """Whether it is the iteration that has just been carried out, not the next."""
    has_lost_digits: bool = False
    """Whether the network is so sure of a sample that p − y cancels most of its digits."""


@dataclass(slots=True)
class Memory:
    """The iteration last seen in progress, in the worker: its update is still there."""

    iteration: Iteration | None = None


@dataclass(slots=True)
class Ask:
    """With a pause it is answered only now and then.

    ``sample`` None is the batch. ``pause_s`` is the least time between two answers, of which a
    tenth may be spent on one; 0: at every look. ``holds`` asks for the iteration in
    ``memory`` while the run stands right behind its update.
    """

    sample: int | None
    number: Number | None = None
    with_update: bool = False
    settings: Experiment | None = None
    pause_s: float = 0.2
    holds: bool = False
    memory: Memory = field(default_factory=Memory)
    _next: float = 0.0

    def __call__(self, trainer: Trainer) -> Seen | None:
        """Look into the iteration at the cursor, or say nothing new."""
        began = perf_counter()
        if began < self._next or (self.sample or 0) >= len(trainer.data.x):
            return None
        size = sum(s.parameters for s in trainer.sizes)
        if size > MOST_PARAMETERS:
            raise ExperimentError(
                f"With {size:,} parameters this network is too large to be inspected while it "
                f"trains (at most {MOST_PARAMETERS:,}); `nabla inspect` can do it on the side."
            )
        seen = self._seen(trainer)
        if self.pause_s:
            now = perf_counter()
            self._next = now + max(self.pause_s, 10 * (now - began))
        return seen

    def _seen(self, trainer: Trainer) -> Seen:
        from lab.engine.microscope import look_into
        from lab.engine.proofs import errors

        it = self._held(trainer)
        is_held = it is not None
        if it is None:
            is_begun = (
                trainer.phase is not Phase.READY
            )  # what its update will be, is wanted too
            with_update = self.with_update or is_begun
            it = look_into(trainer, self.sample, self.settings, with_update=with_update)
            if is_begun:
                self.memory.iteration = it
        if self.with_update:  # worked out here, not in the window's thread
            for name in it.update.gradients:
                it.update.parts(name)
        error = max(errors(it.found, it.proof).values())
        lost = _has_lost_digits(it)
        return Seen(it, _explained(it, self.number), self.number, error, is_held, lost)

    def _held(self, trainer: Trainer) -> Iteration | None:
        """Return the iteration whose update has just been made, if that is what is wanted."""
        it = self.memory.iteration
        is_behind = trainer.phase is Phase.READY
        if it is None or not is_behind or it.step + 1 != trainer.step_number:
            return None
        is_same = it.is_batch == (self.sample is None)
        is_same = is_same and (it.is_batch or int(it.rows[0]) == self.sample)
        return it if self.holds and is_same else None


def _has_lost_digits(it: Iteration) -> bool:
    import numpy as np

    from lab.maths.worked_losses import lost_digits

    return bool(np.isfinite(lost_digits(it.of_loss())).any())


def _explained(it: Iteration, number: Number | None) -> Explanation | None:
    """Explain a number; one that is not there, as of another network, is none."""
    from lab.engine.explaining import explain, found

    if number is None:
        return None
    try:
        found(it, number)
    except LookupError:
        return None
    return explain(it, number)
