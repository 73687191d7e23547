"""What is wrong with the flow through a network, in words, and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine import cures
from lab.engine.foreign_building import only_known
from lab.engine.kinds import ExperimentError
from lab.engine.networks import sizes
from lab.numerals import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.engine.experiment import Experiment, Part
    from lab.engine.flow import Flow, FlowLayer
    from lab.engine.shapes import Shape

VANISHES = 1e3
"""How many times the gradient of the last layer may be that of the first (RMS of each)."""
EXPLODES = 1e2
"""How many times the gradient of any layer may be that of the last."""
MANY_DEAD = 0.4
MANY_SATURATED = 0.5
LEAST_RATIO, MOST_RATIO = 1e-5, 5e-2
"""Sizes of an update beside its weights that are out of the common; 10⁻³ is usual."""
USUAL_RATIO = 1e-3
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Cure:
    """What a button does: settings changed, on a branch from here or in a run begun anew.

    ``words`` name the change in the list of what can be undone.
    """

    name: str
    title: str
    meaning: str
    changes: Mapping[str, Any]
    is_live: bool = False

    @property
    def tooltip(self) -> str:
        """What it does, and what becomes of the run as it is."""
        if self.is_live:
            return f"{self.meaning}\nGoes on from here on a branch; the run as it was stays."
        return (
            f"{self.meaning}\nAnother network, so the run begins anew at step 0; "
            "undo (Ctrl+Z) brings this run back with its history."
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing out of order: what was measured, where, and the cures there are."""

    name: str
    words: str
    path: str
    cures: tuple[Cure, ...]


def find(flow: Flow, settings: Experiment, shape: Shape, outputs: int) -> tuple[Finding, ...]:
    """Judge what was measured, the gravest first.

    ``shape`` is that of one sample, ``outputs`` what the loss wants of the network.
    """
    judged = list(_judged(flow))
    if not judged:
        return ()
    offered = {c.name: c for c in _live(flow, settings)}
    offered |= {c.name: c for c in _networks(settings.layers, shape, outputs)}
    return tuple(
        Finding(name, words, layer.path, tuple(offered[c] for c in wanted if c in offered))
        for name, words, layer, wanted in judged
    )


def drawn(flow: Flow) -> list[int]:
    """Return the places of the layers whose gradients are compared: those that mix units."""
    places = [i for i, layer in enumerate(flow.layers) if layer.is_drawn]
    return places or [i for i, layer in enumerate(flow.layers) if layer.parameters]


def falls_by(flow: Flow) -> float:
    """Return how many times the gradient of the last layer is that of the first."""
    gradient = flow.values["gradient"][drawn(flow)]
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(gradient[-1] / gradient[0])


_Judged = tuple[str, str, "FlowLayer", tuple[str, ...]]


def _judged(flow: Flow) -> Iterator[_Judged]:
    for judge in (_broken, _vanishing, _exploding, _dead, _saturated, _too_fast, _too_slow):
        yield from judge(flow)


def _broken(flow: Flow) -> Iterator[_Judged]:
    gradient = flow.values["gradient"]
    learned = [i for i, layer in enumerate(flow.layers) if layer.parameters]
    bad = [i for i in learned if not np.isfinite(gradient[i])]
    if bad or not np.isfinite(flow.loss):
        layer = flow.layers[bad[-1] if bad else -1]
        words = f"The gradient of layer {layer.title} is not finite."
        yield "broken", words, layer, ("init", "norm", "slower")


def _vanishing(flow: Flow) -> Iterator[_Judged]:
    places = drawn(flow)
    factor = falls_by(flow)
    first, last = flow.layers[places[0]], flow.layers[places[-1]]
    if np.isinf(factor):
        words = f"No gradient at all reaches layer {first.title}."
    elif factor >= VANISHES:
        words = (
            f"The gradient falls by a factor of {shown(factor, 2)} from layer {last.number} "
            f"back to layer {first.number}: it vanishes."
        )
    else:
        return
    yield "vanishing", words, first, ("activation", "residual", "init", "norm")


def _exploding(flow: Flow) -> Iterator[_Judged]:
    places = drawn(flow)
    gradient = flow.values["gradient"][places]
    if not np.isfinite(gradient).all() or gradient[-1] == 0:
        return
    peak = int(gradient.argmax())
    factor = float(gradient[peak] / gradient[-1])
    if factor >= EXPLODES:
        last, layer = flow.layers[places[-1]], flow.layers[places[peak]]
        words = (
            f"The gradient grows by a factor of {shown(factor, 2)} from layer {last.number} "
            f"back to layer {layer.number}: it explodes."
        )
        yield "exploding", words, layer, ("init", "norm", "clip", "activation")


def _dead(flow: Flow) -> Iterator[_Judged]:
    for layer, share in _most(flow, "dead", MANY_DEAD):
        words = (
            f"{share:.0%} of the units of layer {layer.title} are dead: zero for all "
            f"{flow.probe:,} samples asked."
        )
        yield "dead", words, layer, ("leaking", "init", "norm", "slower")


def _saturated(flow: Flow) -> Iterator[_Judged]:
    for layer, share in _most(flow, "saturated", MANY_SATURATED):
        words = (
            f"{share:.0%} of layer {layer.title} is saturated: its slope there is below "
            "5 % of the greatest."
        )
        yield "saturated", words, layer, ("init", "norm", "activation")


def _most(flow: Flow, quantity: str, limit: float) -> Iterator[tuple[FlowLayer, float]]:
    shares = flow.values[quantity]
    if np.isfinite(shares).any():
        place = int(np.nanargmax(shares))
        if shares[place] >= limit:
            yield flow.layers[place], float(shares[place])


def _too_fast(flow: Flow) -> Iterator[_Judged]:
    ratio = _ratios(flow)
    if ratio.size and ratio.max() > MOST_RATIO:
        layer = flow.layers[drawn(flow)[int(ratio.argmax())]]
        words = (
            f"One update changes the weights of layer {layer.title} by {ratio.max():.1%} "
            f"of their size; 0.1 % is usual."
        )
        yield "fast", words, layer, ("clip", "slower")


def _too_slow(flow: Flow) -> Iterator[_Judged]:
    ratio = _ratios(flow)
    if ratio.size and ratio.min() < LEAST_RATIO:
        layer = flow.layers[drawn(flow)[int(ratio.argmin())]]
        words = (
            f"One update changes the weights of layer {layer.title} by "
            f"{shown(float(ratio.min()), 2)} of their size: it hardly learns."
        )
        yield "slow", words, layer, ("activation", "residual", "init", "norm", "faster")


def _ratios(flow: Flow) -> np.ndarray[Any, np.dtype[np.float64]]:
    ratio = flow.values["ratio"][drawn(flow)]
    return ratio if np.isfinite(ratio).all() else np.empty(0)


def _live(flow: Flow, settings: Experiment) -> Iterator[Cure]:
    """Yield what can be changed while the run goes on."""
    if settings.clip.kind == "none" and flow.gradient_norm() > CLIP:
        changes = {"clip.kind": "norm", "clip.max_norm": CLIP}
        meaning = f"Shorten the gradient to a norm of {CLIP:g} wherever it is longer"
        yield Cure("clip", "Clipping", meaning, changes, is_live=True)
    rate = float(settings.optimizer["learning_rate"])
    for name, title, factor in (("slower", "Rate ÷ 10", 0.1), ("faster", "Rate × 10", 10.0)):
        new = float(f"{rate * factor:.6g}")
        meaning = f"A learning rate of {new:g} instead of {rate:g}"
        yield Cure(name, title, meaning, {"optimizer.learning_rate": new}, is_live=True)


def _bridged(
    layers: tuple[Part, ...], shape: Shape, outputs: int
) -> list[dict[str, Any]] | None:
    """Bridge what is as wide as it takes, as far as shapes are known; no code runs for it."""
    try:
        with only_known():
            found = sizes(layers, shape, outputs)
    except ExperimentError:
        return None
    return cures.bridged(layers, found)


@lru_cache(maxsize=4)
def _networks(layers: tuple[Part, ...], shape: Shape, outputs: int) -> tuple[Cure, ...]:
    """Return the other networks that would help, as far as they are others."""
    changed = (
        (
            "init",
            "Initialisation",
            "Draw the first weights as suits the activation behind them: He's for ReLU, "
            "Xavier's for what is bounded",
            cures.initialised(layers),
        ),
        (
            "activation",
            "ReLU",
            "ReLU in place of activations that saturate, with He's initialisation",
            cures.rectified(layers),
        ),
        (
            "leaking",
            "Leaky ReLU",
            "An activation with a slope below zero too, so that no unit can die",
            cures.leaking(layers),
        ),
        (
            "residual",
            "Residual",
            "Add what comes into a layer to what it hands on, wherever it is as wide: the "
            "gradient has a way past it",
            _bridged(layers, shape, outputs),
        ),
        (
            "norm",
            "Normalisation",
            "Normalise what comes into each activation (after a convolution over the batch)",
            cures.normalised(layers),
        ),
    )
    return tuple(
        Cure(name, title, meaning, {"layers": made})
        for name, title, meaning, made in changed
        if made
    )
