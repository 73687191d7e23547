"""Finite differences of anything: nudge one number of a pass, and see what the loss does.

``∂L/∂v ≈ (L(v + h) − L(v − h)) / 2h``. The terms of the loss are taken off each other one by
one, so that the samples which v does not touch leave no rounding behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.proofs import _changed, _named
from lab.engine.second_path import _Walk
from lab.maths.explanations import LOSS
from lab.maths.losses import LOSSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.engine.experiment import Part
    from lab.engine.second_path import Layer
    from lab.maths.activations import Array
    from lab.maths.layers import Passed

STEP = 1e-5
"""About the cube root of the rounding error: truncation and rounding are as small as can be."""
SHORTER = 30.0
ENOUGH, CORNER = 1e-7, 1e-2


@dataclass(frozen=True, slots=True)
class Difference:
    """A central difference with the step it was taken with.

    ``spread`` is how far another step, or rounding, leads from it. ``is_corner`` says that
    the slopes at both sides differ: the derivative that torch takes is one of several.
    """

    value: float
    step: float
    is_corner: bool = False
    spread: float = 0.0


def difference_of(
    layers: Sequence[Layer], x: Array, target: Any, loss: Part, layer: str, tensor: str,
    row: int, place: int,
) -> Difference:  # fmt: skip
    """Return the central difference of the loss by one number of the pass.

    ``tensor`` is ``in`` or ``out`` of a layer, of the sample in ``row``, or the name of one of
    its weights; of the loss it is the output itself. ``place`` counts through the tensor.
    Where the loss bends so much that a shorter step gives another value, the step is taken at
    which two of them differ least.
    """
    at = layer, tensor, row, place
    value = _value(layers, x, *at)
    middle = _terms(layers, x, target, loss, at, value)
    size = float(np.abs(middle).max())

    def tried(h: float) -> Difference:
        up, down = value + h, value - h
        over, under = (_terms(layers, x, target, loss, at, v) for v in (up, down))
        right, left = float((over - middle).sum()), float((middle - under).sum())
        is_corner = abs(right - left) > CORNER * max(abs(right), abs(left), 1e-12)
        slope = float((over - under).sum() / (up - down))
        return Difference(slope, h, is_corner, 8e-16 * size / h)

    first = tried(STEP * max(abs(value), 1.0))
    second = tried(first.step / SHORTER)
    noise = 1e-11 * max(1.0, size)
    apart = abs(first.value - second.value)
    if apart <= ENOUGH * abs(first.value) + SHORTER * noise:
        return first
    third = tried(second.step / SHORTER)
    closer = abs(third.value - second.value)
    best = first if closer > apart else second
    return replace(best, spread=max(min(apart, closer), best.spread))


def _value(
    layers: Sequence[Layer], x: Array, layer: str, tensor: str, row: int, place: int
) -> float:
    if tensor not in ("in", "out"):
        return float(_named(layers, layer).weights[tensor].flat[place])
    seen = _Nudged(layer, tensor, row, place, None)
    output, _ = seen.through(layers, x)
    return float(output[row].flat[place]) if layer == LOSS else seen.value


def _terms(
    layers: Sequence[Layer], x: Array, target: Any, loss: Part,
    at: tuple[str, str, int, int], value: float,
) -> Array:  # fmt: skip
    layer, tensor, row, place = at
    if tensor not in ("in", "out"):
        output, _ = _Walk().through(_changed(layers, layer, tensor, place, value), x)
    else:
        output, _ = _Nudged(layer, tensor, row, place, value).through(layers, x)
        if layer == LOSS:
            output = _put(output, row, place, value)
    found: Array = LOSSES[loss.kind].terms(output, target, **loss.as_dict())
    return found


def _put(tensor: Array, row: int, place: int, value: float) -> Array:
    changed = np.array(tensor)
    changed[row].flat[place] = value
    return changed


class _Nudged(_Walk):
    """A pass in which one number has another value; without one it only reads the number."""

    def __init__(
        self, layer: str, tensor: str, row: int, place: int, value: float | None
    ) -> None:
        super().__init__()
        self._layer, self._tensor = layer, tensor
        self._row, self._place, self._new = row, place, value
        self.value = float("nan")

    def _pass(self, layer: Layer, a: Array) -> Passed:
        if layer.name != self._layer:
            return super()._pass(layer, a)
        if self._tensor == "in":
            return super()._pass(layer, self._nudged(a))
        z, way = super()._pass(layer, a)
        return self._nudged(z), way

    def _nudged(self, tensor: Array) -> Array:
        self.value = float(tensor[self._row].flat[self._place])
        if self._new is None:
            return tensor
        return _put(tensor, self._row, self._place, self._new)
