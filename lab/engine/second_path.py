"""One pass forward and back a second time: formulas written out, in float64, no autograd.

What the inspector proves autograd's numbers with. The formulas stand in `lab.maths`; here
they are strung together as the description strings its layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.maths.layers import BLOCKS, RULES
from lab.maths.losses import LOSSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor, nn

    from lab.engine.experiment import Part
    from lab.engine.networks import Built
    from lab.maths.activations import Array
    from lab.maths.layers import Back, Passed

Weights = dict[str, "Array"]


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A layer that the formulas can be asked for: options and weights, no module.

    ``weights`` holds what is learned and, for the pass that is meant, running statistics or
    the mask of a dropout.
    """

    path: str
    name: str
    kind: str
    options: Mapping[str, Any]
    weights: Weights
    inner: tuple[Layer, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LayerPass:
    """What one layer did: ``a`` came in, ``z`` went out; N samples in rows.

    ``d_a`` and ``d_z`` are the derivatives of the loss by them, ``gradients`` those by the
    weights.
    """

    layer: Layer
    a: Array
    z: Array
    d_a: Array
    d_z: Array
    gradients: Weights

    @property
    def is_activation(self) -> bool:
        """Whether it is a function of what comes in alone, which is called z then."""
        return LAYERS[self.layer.kind].is_activation


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """One pass: the loss with its terms, and every layer that computes, in forward order."""

    layers: tuple[LayerPass, ...]
    output: Array
    terms: Array

    @property
    def loss(self) -> float:
        """The loss, which is the sum of its terms."""
        return float(self.terms.sum())

    def gradients(self) -> Weights:
        """Return the derivative of the loss by every weight, by its name in the state dict."""
        return {
            f"{p.layer.name}.{name}": found
            for p in self.layers
            for name, found in p.gradients.items()
        }


def read(built: Iterable[Built], *, training: bool) -> tuple[Layer, ...]:
    """Copy the weights of built layers in float64, with what a pass needs besides.

    In training that is the mask that a dropout has drawn last; otherwise the running
    statistics of a normalisation.
    """
    return tuple(_read(one, training) for one in built)


def _read(one: Built, training: bool) -> Layer:
    weights = {n: _double(p) for n, p in one.module.named_parameters()}
    mask = getattr(one.module, "mask", None)
    if training and mask is not None:
        weights["mask"] = _double(mask)
    if not training:
        floating = ((n, b) for n, b in one.module.named_buffers() if b.is_floating_point())
        weights |= {n: _double(b) for n, b in floating}
    if one.inner:
        weights = {}
    inner = read(one.inner, training=training)
    return Layer(one.path, one.name, one.part.kind, one.part.as_dict(), weights, inner)


def _double(tensor: Tensor | nn.Parameter) -> Array:
    return np.array(tensor.detach().cpu().double().numpy())


def carry_out(layers: Sequence[Layer], x: Array, target: Any, loss: Part) -> Pass:
    """Pass samples forward, find the loss, and carry its derivative back.

    Parameters
    ----------
    layers
        See `read`.
    x : ndarray
        Samples as the network gets them, (N, ...).
    target
        Their targets as the loss wants them.
    loss
        The loss and its options, as in a description.
    """
    walk = _Walk()
    output, back = walk.through(layers, np.asarray(x, float))
    judge, options = LOSSES[loss.kind], loss.as_dict()
    terms = judge.terms(output, target, **options)
    back(judge.slope(output, target, **options))
    return Pass(tuple(made for made in walk.passes if made is not None), output, terms)


def loss_of(layers: Sequence[Layer], x: Array, target: Any, loss: Part) -> float:
    """Return the loss alone, as finite differences want it over and over."""
    output, _ = _Walk().through(layers, np.asarray(x, float))
    return LOSSES[loss.kind].value(output, target, **loss.as_dict())


class _Walk:
    """Strings formulas together, and writes down what goes through each on the way back."""

    def __init__(self) -> None:
        self.passes: list[LayerPass | None] = []

    def through(self, layers: Sequence[Layer], a: Array) -> Passed:
        """Pass forward through layers; the way back goes through them in reverse."""
        ways: list[Back] = []
        for layer in layers:
            a, way = self._pass(layer, a)
            ways.append(way)

        def back(delta: Array) -> tuple[Array, Weights]:
            for way in reversed(ways):
                delta, _ = way(delta)
            return delta, {}

        return a, back

    def _pass(self, layer: Layer, a: Array) -> Passed:
        if layer.inner:
            return BLOCKS[layer.kind](a, lambda h: self.through(layer.inner, h))
        rule = RULES.get(layer.kind)
        if rule is None:
            title = LAYERS[layer.kind].title
            raise ExperimentError(
                f"{layer.path} ({title}): no formula of its own is known for this layer: "
                "autograd and differences only."
            )
        z, way = rule(a, layer.weights, layer.options)
        place = len(self.passes)
        self.passes.append(None)  # in forward order, filled in on the way back

        def back(delta: Array) -> tuple[Array, Weights]:
            d_a, gradients = way(delta)
            self.passes[place] = LayerPass(layer, a, z, d_a, delta, gradients)
            return d_a, gradients

        return z, back
