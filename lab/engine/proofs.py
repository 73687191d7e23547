"""Proofs of a pass: autograd and finite differences beside the formulas, in float64.

The error of two tensors is max│a − b│ / max│b│, b being autograd's or the difference's.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lab.engine.losses import LOSSES, build_loss
from lab.engine.second_path import carry_out, loss_of, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from lab.engine.experiment import Part
    from lab.engine.networks import Built
    from lab.engine.second_path import Layer, LayerPass, Pass
    from lab.maths.activations import Array

STEP = 1e-6
CANCELLED, ROUNDING = 1e-4, 1e-13
MOST_ENTRIES = 12
"""Numbers of a tensor that are varied; a large one is tried at places spread over it."""


def relative_error(found: Array, wanted: Array, terms: float = 0.0) -> float:
    """Return max│a − b│ / max│b│; 0 where both are zero, infinite where only b is.

    ``terms`` is how large the numbers are that were added up. Where they cancel, as in the
    derivative of a normalisation over a single unit, roundings are left that no two ways of
    adding up share: a difference within those is none.
    """
    difference, size = (_largest(t) for t in (found - wanted, wanted))
    if difference == 0 or (size <= CANCELLED * terms and difference <= ROUNDING * terms):
        return 0.0
    return difference / size if size else float("inf")


def _largest(tensor: Array) -> float:
    return float(np.abs(tensor).max(initial=0.0))


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """What autograd says of one layer: in, out, their derivatives, those by the weights."""

    a: Array
    z: Array
    d_a: Array
    d_z: Array
    gradients: Mapping[str, Array]


def by_autograd(
    built: Sequence[Built], network: nn.Module, x: Array, target: Any, loss: Part, *,
    training: bool,
) -> dict[str, Recorded]:  # fmt: skip
    """Pass samples through a copy of the network in float64, and return what torch finds.

    The network itself is left as it is; a dropout uses the mask that it has drawn last.
    """
    copy = deepcopy(network).cpu().double().train(training)
    leaves = {one.name: copy.get_submodule(one.name) for one in _leaves(built)}
    kept = {name: _Keeper(module, training) for name, module in leaves.items()}
    start = torch.tensor(np.asarray(x, float), requires_grad=True)
    judge = build_loss(LOSSES[loss.kind], loss.as_dict())
    torch.autograd.backward(judge(copy(start), torch.tensor(target)))
    return {name: _recorded(leaves[name], kept[name]) for name in leaves}


class _Keeper:
    """Hooks of one module that keep what goes in and out, each with a derivative of its own.

    Why of its own: what enters a block enters its first layer too, and its derivative would
    be that of both ways.
    """

    def __init__(self, module: nn.Module, training: bool) -> None:
        mask = getattr(module, "mask", None) if training else None
        self._mask = None if mask is None else mask.cpu().double()  # the pass draws another
        self.a = self.z = torch.empty(0)
        module.register_forward_pre_hook(self._before)
        module.register_forward_hook(self._after)

    def _before(self, module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor]:
        self.a = inputs[0] * 1
        self.a.retain_grad()
        return (self.a,)

    def _after(self, module: Any, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        if self._mask is not None:  # the one drawn by the run, in its precision
            output = self.a * self._mask / (1 - module.p)
        self.z = output * 1
        self.z.retain_grad()
        return self.z


def _recorded(module: nn.Module, kept: _Keeper) -> Recorded:
    def slope(tensor: Tensor) -> Array:
        found = tensor.grad if tensor.grad is not None else torch.zeros_like(tensor)
        return np.array(found.numpy())

    return Recorded(
        np.array(kept.a.detach().numpy()),
        np.array(kept.z.detach().numpy()),
        slope(kept.a),
        slope(kept.z),
        {n: slope(p) for n, p in module.named_parameters()},
    )


def _leaves(built: Sequence[Built]) -> Iterator[Built]:
    for one in built:
        if one.inner:
            yield from _leaves(one.inner)
        else:
            yield one


def errors(found: Pass, wanted: Mapping[str, Recorded]) -> dict[str, float]:
    """Return the largest error of each layer by name, over all that it passed on."""
    return {
        p.layer.name: max(relative_error(*pair) for pair in _pairs(p, wanted[p.layer.name]))
        for p in found.layers
    }


def _pairs(mine: LayerPass, theirs: Recorded) -> Iterator[tuple[Array, Array, float]]:
    """Yield what to compare, and how large the terms are that it was added up from."""
    came, went = _largest(theirs.d_z), _largest(theirs.a)
    yield mine.a, theirs.a, 0.0
    yield mine.z, theirs.z, went
    yield mine.d_z, theirs.d_z, 0.0
    yield mine.d_a, theirs.d_a, came
    for name, gradient in theirs.gradients.items():
        yield mine.gradients[name], gradient, came * max(went, 1.0)


def difference(
    layers: Sequence[Layer], x: Array, target: Any, loss: Part, name: str, weight: str,
    place: int, step: float = STEP,
) -> float:  # fmt: skip
    """Return the central difference of the loss by one number of a layer's weights.

    ``(L(w + h) − L(w − h)) / 2h``, h in proportion to the weight where that is above 1.
    ``place`` counts through the tensor row by row.
    """
    value = float(_named(layers, name).weights[weight].flat[place])
    h = step * max(abs(value), 1.0)
    up, down = (
        loss_of(_changed(layers, name, weight, place, v), x, target, loss)
        for v in (value + h, value - h)
    )
    return (up - down) / (2 * h)


def _named(layers: Sequence[Layer], name: str) -> Layer:
    for layer in layers:
        if layer.name == name:
            return layer
        if name.startswith(f"{layer.name}."):
            return _named(layer.inner, name)
    raise KeyError(name)


def _changed(
    layers: Sequence[Layer], name: str, weight: str, place: int, value: float
) -> tuple[Layer, ...]:
    """Return the layers with one number replaced; the others are shared."""
    made = []
    for layer in layers:
        if layer.name == name:
            tensor = layer.weights[weight].copy()
            tensor.flat[place] = value
            layer = replace(layer, weights={**layer.weights, weight: tensor})
        elif name.startswith(f"{layer.name}."):
            layer = replace(layer, inner=_changed(layer.inner, name, weight, place, value))
        made.append(layer)
    return tuple(made)


def difference_error(
    layers: Sequence[Layer], x: Array, target: Any, loss: Part, found: Pass, name: str
) -> float:
    """Return the error of a layer's gradients against differences at places spread over them.

    NaN for a layer without weights.
    """
    pairs = []
    (one,) = (p for p in found.layers if p.layer.name == name)
    for weight, gradient in one.gradients.items():
        places = np.unique(np.linspace(0, gradient.size - 1, MOST_ENTRIES).astype(int))
        wanted = np.array(
            [difference(layers, x, target, loss, name, weight, int(p)) for p in places]
        )
        pairs.append((_largest(gradient.flat[places] - wanted), _largest(gradient)))
    if not pairs:
        return float("nan")
    largest = max(size for _, size in pairs)
    return max(error for error, _ in pairs) / largest if largest else 0.0


def proven(
    built: Sequence[Built], network: nn.Module, x: Array, target: Any, loss: Part, *,
    training: bool,
) -> tuple[Pass, dict[str, float]]:  # fmt: skip
    """Return the pass by the formulas, and how far autograd is from it, by layer."""
    found = carry_out(read(built, training=training), x, target, loss)
    return found, errors(found, by_autograd(built, network, x, target, loss, training=training))
