"""Making a look: what the run is now, at the cursor, in values that nobody writes to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.engine.news import BranchLook, History, RunLook
from lab.engine.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.engine.pace import Pace
    from lab.engine.run import Run
    from lab.engine.timeline import Branch
    from lab.engine.trainer import Trainer

Question = Callable[["Trainer"], object]
"""What a view wants to know of the network at the cursor; answers hold copies only."""


def look_at(
    run: Run, number: int, pace: Pace, playing: bool, answers: Mapping[str, object]
) -> RunLook:
    """Return the look of a run; called in the worker's thread, between two iterations."""
    bench, branch, settings = run.bench, run.timeline.current, run.settings
    return RunLook(
        run=number,
        title=run.experiment.title,
        experiment=run.experiment,
        settings=settings,
        used=run.used,
        step=run.cursor,
        newest=run.newest,
        phase=int(run.phase),
        playing=playing,
        speed=pace.limit,
        steps_per_second=pace.steps_per_second if playing else 0.0,
        branch=branch.number,
        branches=tuple(map(_branch_look, run.timeline.branches)),
        history=History(branch),
        edits=branch.all_edits(),
        data=bench.data,
        batch=bench.batch_indices(),
        numbers=_numbers(run),
        evaluation=branch.evaluation_at(run.cursor),
        device=bench.device.title,
        precision=run.experiment.precision,
        timeline_bytes=run.timeline.nbytes,
        notice=bench.device.notice,
        horizon=settings.steps,
        answers=answers,
    )


def _branch_look(branch: Branch) -> BranchLook:
    parent = branch.parent.number if branch.parent else None
    return BranchLook(branch.number, parent, branch.fork, branch.newest, branch.diverged_at)


def _numbers(run: Run) -> dict[str, float] | None:
    """Return what is recorded of the cursor's step, or known of the iteration in progress."""
    if run.phase is Phase.READY:
        return run.timeline.current.row(run.cursor)
    known = {"learning_rate": run.trainer.learning_rate}
    if run.phase >= Phase.LOSS:
        known["loss"] = run.trainer.loss_value
    if run.phase >= Phase.BACKWARD:
        known["gradient_norm"] = run.trainer.gradient_norm
    return known
