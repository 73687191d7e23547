"""The layers as formulas count them: a layer with weights and its activation are one stage.

``a^l = φ(W^l a^{l−1} + b^l)`` is two layers of a description and one of the literature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.engine.layers import LAYERS
from lab.engine.numbering import numbered
from lab.maths.explanations import LOSS, PRIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lab.engine.second_path import Layer


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """A layer that computes something, with the activation behind it if there is one.

    ``number`` counts from 1 in the order in which a sample passes; ``label`` is what the layer
    is called everywhere, see `lab.engine.numbering`. A normalisation or dropout of the same
    layer has it with a prime, as its a is another one.
    """

    number: int
    label: str
    main: Layer
    activation: Layer | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The one or two layers."""
        return (self.main,) if self.activation is None else (self.main, self.activation)

    @property
    def last(self) -> Layer:
        """The layer that hands on what the stage gives."""
        return self.layers[-1]

    @property
    def title(self) -> str:
        """What it is: ``Linear, tanh``."""
        return ", ".join(LAYERS[layer.kind].title for layer in self.layers)


def leaves(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Yield the layers that compute something, in the order in which a sample passes."""
    for layer in layers:
        if layer.inner:
            yield from leaves(layer.inner)
        else:
            yield layer


def stages(layers: Sequence[Layer]) -> tuple[Stage, ...]:
    """Return the stages of a network."""
    labels = dict(numbered(layers, lambda layer: layer.inner))
    found: list[Stage] = []
    for layer in leaves(layers):
        if found and _belongs(layer, found[-1]):
            found[-1] = replace(found[-1], activation=layer)
        else:
            primes = PRIME * sum(s.label.rstrip(PRIME) == labels[layer.path] for s in found)
            found.append(Stage(len(found) + 1, labels[layer.path] + primes, layer))
    return tuple(found)


def _belongs(layer: Layer, stage: Stage) -> bool:
    is_near = layer.path.rpartition(".")[0] == stage.main.path.rpartition(".")[0]
    takes = bool(stage.main.weights) and not LAYERS[stage.main.kind].is_activation
    is_free = stage.activation is None
    return is_near and takes and is_free and LAYERS[layer.kind].is_activation


@dataclass(frozen=True, slots=True)
class Sum:
    """What a residual block hands on: h, which came in and goes past it, and F(h).

    ``path`` is that of the block in the description, ``first`` the name of the first layer in
    it, which takes h.
    """

    path: str
    first: str
    past: Source
    through: Source


Source = str | Sum
"""What a layer takes: the name of the layer that hands it on, a sum, or "" of a sample."""


def sources(layers: Sequence[Layer]) -> dict[str, Source]:
    """Return what each layer takes by its name, and the loss by `LOSS`."""
    found: dict[str, Source] = {}
    found[LOSS] = _note_sources(layers, "", found)
    return found


def _note_sources(layers: Sequence[Layer], h: Source, found: dict[str, Source]) -> Source:
    """Note what layers take, the first of them h, and return what the last hands on."""
    for layer in layers:
        if layer.inner:
            through = _note_sources(layer.inner, h, found)
            first = next(leaves(layer.inner)).name
            is_sum = LAYERS[layer.kind].needs_same_shape
            h = Sum(layer.path, first, h, through) if is_sum else through
        else:
            found[layer.name], h = h, layer.name
    return h


def consumers(layers: Sequence[Layer]) -> dict[str, tuple[str, ...]]:
    """Return by the name of each layer which layers take what it hands on; `LOSS` the loss.

    What comes into a residual block goes into its first layer and past it.
    """
    found: dict[str, tuple[str, ...]] = {}
    _note_takers(layers, (LOSS,), found)
    return found


def _note_takers(
    layers: Sequence[Layer], after: tuple[str, ...], found: dict[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Note the takers of every layer, and return who takes what comes into the first."""
    for layer in reversed(layers):
        if layer.inner:
            first = _note_takers(layer.inner, after, found)
            after = first + after if LAYERS[layer.kind].needs_same_shape else first
        else:
            found[layer.name] = after
            after = (layer.name,)
    return after
