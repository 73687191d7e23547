"""The table of learning-rate schedules: each a formula of ``lab.maths.schedules``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.engine.kinds import Kind, Parameter
from lab.maths import schedules as formulas

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class ScheduleKind(Kind):
    """A schedule, and the formula ``factor(t, horizon, **options)`` behind it."""

    factor: Callable[..., float] = formulas.constant


_FLOOR = Parameter("floor", 0.0, "lowest share of the learning rate", 0, 1, live=True)
_RISE = Parameter("steps", 100, "updates until the full learning rate", 1, live=True)
_GAMMA = "what the learning rate is multiplied by"

SCHEDULES: dict[str, ScheduleKind] = {
    s.name: s
    for s in (
        ScheduleKind("constant", "Constant", "The same learning rate at every step."),
        ScheduleKind(
            "step",
            "Step decay",
            "Multiplied by γ every so many updates.",
            (
                Parameter("every", 500, "updates between two drops", 1, live=True),
                Parameter("gamma", 0.5, _GAMMA, 0, 1, open_low=True, live=True, symbol="γ"),
            ),
            formulas.step_decay,
        ),
        ScheduleKind(
            "exponential",
            "Exponential decay",
            "Multiplied by γ at every update.",
            (Parameter("gamma", 0.999, _GAMMA, 0, 1, open_low=True, live=True, symbol="γ"),),
            formulas.exponential,
        ),
        ScheduleKind(
            "cosine", "Cosine", "Falls along half a cosine.", (_FLOOR,), formulas.cosine
        ),
        ScheduleKind(
            "warmup", "Warm-up", "Rises linearly, then stays.", (_RISE,), formulas.warmup
        ),
        ScheduleKind(
            "warmup_cosine",
            "Warm-up and cosine",
            "Rises linearly, then falls along a cosine.",
            (_RISE, _FLOOR),
            formulas.warmup_cosine,
        ),
        ScheduleKind(
            "one_cycle",
            "One cycle",
            "Rises to the learning rate and falls far below its start.",
            (
                Parameter("warm", 0.3, "share of the run spent rising", 0.01, 0.99, live=True),
                Parameter("start", 25.0, "peak over first learning rate", 1, live=True),
                Parameter("end", 1e4, "first over last learning rate", 1, live=True),
            ),
            formulas.one_cycle,
        ),
        ScheduleKind(
            "range_test",
            "Range test",
            "Rises geometrically over the run: where does the loss fall fastest?",
            (
                Parameter("lowest", 1e-4, "first factor", 0, open_low=True, live=True),
                Parameter("highest", 1e2, "last factor", 0, open_low=True, live=True),
            ),
            formulas.range_test,
        ),
    )
}
