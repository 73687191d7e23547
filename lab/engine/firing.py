"""Which units of a network no longer answer: dead and saturated ones, by the table of slopes.

Both are read from φ and φ′ of `lab.maths.activations`, so that an activation added to the table
is known here at once.

Dead: a unit for which φ(z) = 0 and φ′(z) = 0 for every sample of a probe, so that it says
nothing and no gradient passes it. That can befall an activation that is exactly flat at zero
far below zero: ReLU, ReLU6, hard swish, hard sigmoid.

Saturated: a value z at which |φ′(z)| is below `SATURATED` of its greatest. That is asked of
activations bounded on both sides that are not flat at once below zero: sigmoid, tanh, softsign,
hard sigmoid.
"""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from torch import Tensor

    from lab.engine.experiment import Part
    from lab.engine.networks import Built
    from lab.engine.trainer import Trainer
    from lab.maths import activations

    FloatArray = npt.NDArray[np.float64]
else:
    activations = LazyModule("lab.maths.activations")

SATURATED = 0.05
"""Share of the greatest slope below which a unit is saturated: tanh from |z| = 2.18 on."""
PROBE = 256
"""Samples of the training set, evenly spread, on which units are judged."""
MOST_NUMBERS = 2**22
"""What one layer may put out of the probe, which has fewer samples beyond that."""
_FAR, _NEAR, _VAST = 10.0, 0.5, 1e4


def can_die(part: Part) -> bool:
    """Say whether an activation is exactly zero and flat far below zero, and not everywhere."""
    far = _at(part, -_FAR)
    return far == (0.0, 0.0) and _greatest_slope(part.kind, part.options) > 0


def can_saturate(part: Part) -> bool:
    """Say whether an activation is bounded on both sides and has a slope just below zero."""
    if part.kind not in activations.ACTIVATIONS:
        return False
    ends = (abs(_at(part, z)[0]) for z in (-_VAST, _VAST))
    return max(ends) <= _FAR and _at(part, -_NEAR)[1] > 0


def _at(part: Part, z: float) -> tuple[float, float]:
    """Return φ and φ′ at one place; NaN for what is not in the table."""
    known = activations.ACTIVATIONS.get(part.kind)
    if known is None:
        return float("nan"), float("nan")
    place, options = np.array([z]), part.as_dict()
    return float(known.value(place, **options)[0]), float(known.slope(place, **options)[0])


@cache
def _greatest_slope(kind: str, options: tuple[tuple[str, Any], ...]) -> float:
    grid = np.linspace(-_FAR, _FAR, 4001)
    return float(np.abs(activations.ACTIVATIONS[kind].slope(grid, **dict(options))).max())


def dead_share(part: Part, z: FloatArray) -> float:
    """Return the share of units that are zero and flat for all samples z, (N, ...).

    A unit is a value of what the layer hands on; of images (N, C, H, W) it is a channel, as one
    set of weights makes all of its places; of sequences (N, T, D) one of the D features.
    """
    known, options = activations.ACTIVATIONS[part.kind], part.as_dict()
    is_off = (known.slope(z, **options) == 0) & (known.value(z, **options) == 0)
    unit = 1 if z.ndim == 4 else z.ndim - 1
    return float(is_off.all(axis=tuple(a for a in range(z.ndim) if a != unit)).mean())


def saturated_share(part: Part, z: FloatArray) -> float:
    """Return the share of all values z at which the slope is below `SATURATED` of its most."""
    slope = np.abs(activations.ACTIVATIONS[part.kind].slope(z, **part.as_dict()))
    return float((slope < SATURATED * _greatest_slope(part.kind, part.options)).mean())


def firing(trainer: Trainer, layers: Sequence[Built]) -> tuple[FloatArray, FloatArray, int]:
    """Return the shares of dead and of saturated units of each layer, and the probe's size.

    NaN stands where there is no such thing. The network is taken as in evaluation.
    """
    dead, saturated = np.full(len(layers), np.nan), np.full(len(layers), np.nan)
    judged = [i for i, b in enumerate(layers) if can_die(b.part) or can_saturate(b.part)]
    if not judged:
        return dead, saturated, 0
    rows = _probe(trainer)
    inputs = _inputs(trainer, [layers[i] for i in judged], trainer.train_x[rows])
    for place, z in zip(judged, inputs, strict=True):
        part = layers[place].part
        if can_die(part):
            dead[place] = dead_share(part, z)
        if can_saturate(part):
            saturated[place] = saturated_share(part, z)
    return dead, saturated, len(rows)


def _probe(trainer: Trainer) -> list[int]:
    """Return positions in the training set, evenly spread."""
    widest = max(prod(s.shape_out) for s in trainer.sizes)
    count = min(PROBE, max(1, MOST_NUMBERS // widest), len(trainer.train_x))
    places = np.linspace(0, len(trainer.train_x) - 1, count).round().astype(int)
    return [int(p) for p in places]


def _inputs(trainer: Trainer, layers: Sequence[Built], x: Tensor) -> list[FloatArray]:
    """Pass samples through the network, and return what comes into some of its layers."""
    import torch

    seen: list[list[Tensor]] = [[] for _ in layers]

    def keep(place: int) -> Any:
        return lambda module, inputs: seen[place].append(inputs[0].detach())

    hooks = [b.module.register_forward_pre_hook(keep(i)) for i, b in enumerate(layers)]
    try:
        trainer.answers(x)
    finally:
        for hook in hooks:
            hook.remove()
    return [torch.cat(parts).cpu().double().numpy() for parts in seen]
