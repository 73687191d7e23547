"""What is done against gradients that vanish or explode: a network's layers changed (NN9).

Each function takes the layers of a description and returns others, as plain values that
``changed({"layers": ...})`` takes. An empty list says that there is nothing to change.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from lab.engine.firing import can_die, can_saturate
from lab.engine.layers import LAYERS
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.engine.experiment import Part
    from lab.engine.networks import LayerSize
    from lab.maths import activations

    Layers = list[dict[str, Any]]
else:
    activations = LazyModule("lab.maths.activations")

_INIT = ("init", "std", "gain")


def initialised(layers: Sequence[Part]) -> Layers:
    """Return the layers with the initialisation that suits the activation behind each.

    Xavier's for what is bounded, times 1/φ′(0), so that small signals are neither shrunk nor
    enlarged (1 for tanh, 4 for the sigmoid); LeCun's for SELU; He's for ReLU and its like.
    Sources: Glorot and Bengio 2010, He et al. arXiv:1502.01852, Klambauer et al. 1706.02515.
    """
    return _changed(layers, _initialised(layers, None)[0])


def _initialised(layers: Sequence[Part], after: Part | None) -> tuple[Layers, Part | None]:
    """Go from the end to the beginning; ``after`` is the activation that comes next."""
    found: Layers = []
    for part in reversed(layers):
        described = part.model_dump()
        if LAYERS[part.kind].holds_layers:
            described["layers"], after = _initialised(part.layers, after)
        elif LAYERS[part.kind].is_activation:
            after = part
        elif LAYERS[part.kind].is_drawn:
            init, gain = suited(after)
            described |= {"init": init, "gain": gain}
            after = None
        found.insert(0, described)
    return found, after


def suited(activation: Part | None) -> tuple[str, float]:
    """Return the initialisation that suits an activation, and its gain."""
    known = LAYERS[activation.kind].suits if activation is not None else "xavier_normal"
    if activation is None or known:
        return known, 1.0
    if can_saturate(activation):
        return "xavier_normal", float(round(1 / slope_at_zero(activation), 6))
    return "kaiming_normal", 1.0


def slope_at_zero(activation: Part) -> float:
    """Return φ′(0)."""
    import numpy as np

    known = activations.ACTIVATIONS[activation.kind]
    return float(known.slope(np.zeros(1), **activation.as_dict())[0])


def rectified(layers: Sequence[Part]) -> Layers:
    """Return the layers with ReLU in place of what saturates, initialised as He has it."""
    return _replaced(layers, can_saturate, "relu")


def leaking(layers: Sequence[Part]) -> Layers:
    """Return the layers with the leaky ReLU in place of what can die."""
    return _replaced(layers, can_die, "leaky_relu")


def _replaced(layers: Sequence[Part], is_meant: Callable[[Part], bool], kind: str) -> Layers:
    from lab.engine.experiment import experiment

    changed = _walked(layers, lambda part: [{"kind": kind}] if is_meant(part) else None)
    if not _changed(layers, changed):
        return []
    return _initialised(experiment({"layers": changed}).layers, None)[0]


def normalised(layers: Sequence[Part]) -> Layers:
    """Return the layers with a normalisation between each and its activation.

    Over each sample; after a convolution over the batch, channel by channel.
    """
    followed = {
        id(before)
        for before, behind in _neighbours(layers)
        if LAYERS[before.kind].is_drawn and LAYERS[behind.kind].is_activation
    }

    def with_norm(part: Part) -> Layers | None:
        if id(part) not in followed:
            return None
        return [part.model_dump(), {"kind": LAYERS[part.kind].norm}]

    return _changed(layers, _walked(layers, with_norm))


def bridged(layers: Sequence[Part], sizes: Sequence[LayerSize]) -> Layers:
    """Return the layers with a residual block around each whose width stays as it is.

    A block holds a layer with weights and what follows it up to its activation.
    """
    found: Layers = []
    place = 0
    while place < len(layers):
        end = _end_of_block(layers, sizes, place)
        inside = [part.model_dump() for part in layers[place:end]]
        is_block = end - place > 1
        found += [{"kind": "residual", "layers": inside}] if is_block else inside
        place = end
    return _changed(layers, found)


def _end_of_block(layers: Sequence[Part], sizes: Sequence[LayerSize], begin: int) -> int:
    if not LAYERS[layers[begin].kind].is_drawn:
        return begin + 1
    for end in range(begin + 1, len(layers)):
        if LAYERS[layers[end].kind].is_activation:
            is_same = sizes[begin].shape_in == sizes[end].shape_out
            return end + 1 if is_same else begin + 1
        if LAYERS[layers[end].kind].is_drawn or LAYERS[layers[end].kind].holds_layers:
            break
    return begin + 1


def _walked(layers: Sequence[Part], instead: Callable[[Part], Layers | None]) -> Layers:
    """Return the layers, each with what stands in its place if anything does."""
    found: Layers = []
    for part in layers:
        if LAYERS[part.kind].holds_layers:
            found.append({**part.model_dump(), "layers": _walked(part.layers, instead)})
        else:
            found += instead(part) or [part.model_dump()]
    return found


def _neighbours(layers: Sequence[Part]) -> Iterator[tuple[Part, Part]]:
    yield from pairwise(layers)
    for part in layers:
        yield from _neighbours(part.layers)


def _changed(before: Sequence[Part], after: Layers) -> Layers:
    """Return what has become of the layers, nothing if they are as they were."""
    from lab.engine.experiment import experiment

    made = experiment({"layers": after}).layers
    return after if made != tuple(before) else []
