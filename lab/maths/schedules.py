"""Learning-rate schedules as functions of the step: what the base rate is multiplied by.

Every formula takes the number of updates already made, ``t`` from 0, and the horizon ``T``
the run was planned for, so that a step can be gone back to without a scheduler's memory.
"""

from __future__ import annotations

import math


def constant(t: int, horizon: int) -> float:
    """Return 1 at every step."""
    return 1.0


def step_decay(t: int, horizon: int, *, every: int, gamma: float) -> float:
    """Return ``gamma ** floor(t / every)``. Source: torch.optim.lr_scheduler.StepLR."""
    return float(gamma ** (t // every))


def exponential(t: int, horizon: int, *, gamma: float) -> float:
    """Return ``gamma ** t``. Source: torch.optim.lr_scheduler.ExponentialLR."""
    return float(gamma**t)


def cosine(t: int, horizon: int, *, floor: float = 0.0) -> float:
    """Return ``floor + (1 - floor) (1 + cos(pi t / T)) / 2``, and ``floor`` after T.

    Source: Loshchilov and Hutter, "SGDR", arXiv:1608.03983, without restarts.
    """
    share = min(t / max(horizon, 1), 1.0)
    return floor + (1 - floor) * (1 + math.cos(math.pi * share)) / 2


def warmup(t: int, horizon: int, *, steps: int) -> float:
    """Rise linearly to 1 within ``steps`` updates: ``min(1, (t + 1) / steps)``."""
    return min(1.0, (t + 1) / max(steps, 1))


def warmup_cosine(t: int, horizon: int, *, steps: int, floor: float = 0.0) -> float:
    """Rise linearly for ``steps`` updates, then fall along a cosine until the horizon."""
    if t < steps:
        return warmup(t, horizon, steps=steps)
    return cosine(t - steps, horizon - steps, floor=floor)


def one_cycle(
    t: int, horizon: int, *, warm: float = 0.3, start: float = 25.0, end: float = 1e4
) -> float:
    """Rise from ``1/start`` to 1 along a cosine, then fall to ``1/(start end)``.

    ``warm`` is the share of the horizon spent rising. Source: Smith and Topin,
    arXiv:1708.07120, with the boundaries of torch.optim.lr_scheduler.OneCycleLR.
    """
    peak, last = warm * horizon - 1, horizon - 1
    if t <= peak:
        return _along_cosine(1 / start, 1.0, t / peak if peak else 1.0)
    return _along_cosine(1.0, 1 / (start * end), min((t - peak) / (last - peak), 1.0))


def range_test(t: int, horizon: int, *, lowest: float = 1e-4, highest: float = 1e2) -> float:
    """Rise geometrically from ``lowest`` to ``highest`` over the horizon.

    ``lowest (highest / lowest)^(t / (T - 1))``. Source: Smith, "Cyclical Learning Rates",
    arXiv:1506.01186, section 3.3, on a logarithmic scale.
    """
    share = min(t / max(horizon - 1, 1), 1.0)
    return float(lowest ** (1 - share) * highest**share)


def _along_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))
