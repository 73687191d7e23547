"""Leaving a long iteration between two layers, so that pause answers at once.

Only networks whose iteration takes long get these hooks: a small one is over before anybody
could ask, and would pay for them at every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.engine.networks import leaf_modules

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.engine.run import Run

LONG = 200_000_000
"""Multiply-adds of a batch from which on an iteration may be left midway (some 10 ms)."""


class Interrupted(BaseException):
    """The iteration was left; no handler for ordinary errors may take it for one."""


def install(run: Run, is_hurried: Callable[[], bool]) -> bool:
    """Make a run leave its iteration soon after ``is_hurried``, if it is a long one.

    A step that is finished all the same is not kept as a snapshot then, which may be as dear.

    Only an iteration is left: an evaluation, a replay or a question of a view goes to its end.
    """
    trainer = run.trainer
    cost = sum(s.multiply_adds for s in trainer.sizes) * trainer.batches.size
    if cost < LONG:
        return False
    run.is_hurried = is_hurried

    def check(*_: Any) -> None:
        if run.is_leavable and is_hurried():
            raise Interrupted

    for _, module in leaf_modules(trainer.network):
        module.register_forward_pre_hook(check)
    for parameter in trainer.network.parameters():
        parameter.register_post_accumulate_grad_hook(check)  # type: ignore[no-untyped-call]
    return True
