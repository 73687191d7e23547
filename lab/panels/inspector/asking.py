"""The question to the worker: the next iteration taken apart, a number of it explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError

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


@dataclass(slots=True)
class Memory:
    """The iteration seen last, in the worker: after its update it can still be questioned."""

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

        held = self.memory.iteration
        is_held = self.holds and held is not None and held.step + 1 == trainer.step_number
        if not is_held or held is None:
            held = look_into(trainer, self.sample, self.settings, with_update=self.with_update)
        self.memory.iteration = held
        error = max(errors(held.found, held.proof).values())
        return Seen(held, _explained(held, self.number), self.number, error, is_held)


def _explained(it: Iteration, number: Number | None) -> Explanation | None:
    """Explain a number; one that is not there, as of another network, is none."""
    from lab.engine.explaining import explain

    if number is None:
        return None
    try:
        return explain(it, number)
    except LookupError:
        return None
