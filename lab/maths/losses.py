"""Losses L(output, target), each beside its derivative ∂L/∂output, averaged as torch does.

``output`` is (N, C) of what the network gives, before any softmax or sigmoid. Targets are
written as `lab.engine.losses` has them: ``index`` (N,), else numbers of the output's shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.maths.activations import sigmoid
from lab.maths.layers import softmax_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.maths.activations import Array

    Target = Any


@dataclass(frozen=True, slots=True)
class Loss:
    """``terms(output, target, **options)`` are what is added up; ``slope`` is ∂L/∂output.

    L is the sum of the terms, which hold the factor of the mean already.
    """

    terms: Callable[..., Array]
    slope: Callable[..., Array]

    def value(self, output: Array, target: Target, **options: Any) -> float:
        """Return L."""
        return float(self.terms(output, target, **options).sum())


def log_softmax(output: Array) -> Array:
    """Return log p, stable for logits of any size."""
    shifted = output - output.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def one_hot(index: Target, classes: int) -> Array:
    """Return rows with a 1 at the class."""
    return np.eye(classes)[np.asarray(index, int)]


def smoothed(rows: Array, share: float) -> Array:
    """Spread a share of each row's 1 over all classes."""
    return rows * (1 - share) + share / rows.shape[1]


def cross_entropy(output: Array, target: Target, label_smoothing: float) -> Array:
    """−y log p, a term a class; y is one-hot, or smoothed."""
    y = smoothed(one_hot(target, output.shape[1]), label_smoothing)
    return -y * log_softmax(output) / len(output)


def cross_entropy_slope(output: Array, target: Target, label_smoothing: float) -> Array:
    """(p − y)/N: what softmax and the logarithm leave of each other."""
    y = smoothed(one_hot(target, output.shape[1]), label_smoothing)
    return (softmax_of(output, axis=1) - y) / len(output)


def kl_div(output: Array, target: Target, smoothing: float) -> Array:
    """The terms y log(y/p), one a class; y is the smoothed target."""
    y = smoothed(np.asarray(target, float), smoothing)
    logs = np.log(np.where(y > 0, y, 1.0))
    return y * (logs - log_softmax(output)) / len(output)


def kl_div_slope(output: Array, target: Target, smoothing: float) -> Array:
    """(p − y)/N, as of cross-entropy: the entropy of y does not depend on the output."""
    y = smoothed(np.asarray(target, float), smoothing)
    return (softmax_of(output, axis=1) - y) / len(output)


def binary_cross_entropy_with_logits(output: Array, target: Target) -> Array:
    """−y log σ(o) − (1 − y) log(1 − σ(o)), stable for logits of any size."""
    return (np.logaddexp(0.0, output) - target * output) / output.size


def binary_cross_entropy_with_logits_slope(output: Array, target: Target) -> Array:
    """(σ(o) − y)/N; multiplied by σ′ once more it would be the squared error's."""
    return (sigmoid(output) - target) / output.size


def mse_loss(output: Array, target: Target) -> Array:
    """(o − y)², averaged over all numbers."""
    return np.square(output - target) / output.size


def mse_loss_slope(output: Array, target: Target) -> Array:
    """2(o − y), averaged."""
    return 2 * (output - target) / output.size


def l1_loss(output: Array, target: Target) -> Array:
    """|o − y|, averaged over all numbers."""
    return np.abs(output - target) / output.size


def l1_loss_slope(output: Array, target: Target) -> Array:
    """The sign of o − y, averaged; 0 where they are equal."""
    return np.sign(output - target) / output.size


def huber_loss(output: Array, target: Target, delta: float) -> Array:
    """e²/2 for errors up to δ, δ(|e| − δ/2) beyond, averaged over all numbers."""
    size = np.abs(output - target)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2)) / output.size


def huber_loss_slope(output: Array, target: Target, delta: float) -> Array:
    """The error, bounded to ±δ, averaged."""
    return np.clip(output - target, -delta, delta) / output.size


def hinge_loss(output: Array, target: Target) -> Array:
    """max(0, 1 − yo), averaged; y is −1 or 1."""
    return np.maximum(0.0, 1 - target * output) / output.size


def hinge_loss_slope(output: Array, target: Target) -> Array:
    """−y within the margin and on its edge, 0 beyond, averaged."""
    return np.where(1 - target * output >= 0, -target, 0.0) / output.size


def multi_margin_loss(output: Array, target: Target, margin: float) -> Array:
    """max(0, m − o_y + o_j) for every wrong class j, averaged over all C classes."""
    return (
        np.where(_wrong(output, target), np.maximum(_gap(output, target, margin), 0.0), 0.0)
        / output.size
    )


def multi_margin_loss_slope(output: Array, target: Target, margin: float) -> Array:
    """1 for every wrong class within the margin, and minus their number for the right one."""
    inside = _wrong(output, target) & (_gap(output, target, margin) > 0)
    slope = inside.astype(float)
    slope[np.arange(len(output)), target] = -inside.sum(axis=1)
    return slope / output.size


def _gap(output: Array, target: Target, margin: float) -> Array:
    return margin - output[np.arange(len(output)), target][:, None] + output


def _wrong(output: Array, target: Target) -> Any:
    return one_hot(target, output.shape[1]) == 0


LOSSES: dict[str, Loss] = {
    "cross_entropy": Loss(cross_entropy, cross_entropy_slope),
    "binary_cross_entropy_with_logits": Loss(
        binary_cross_entropy_with_logits, binary_cross_entropy_with_logits_slope
    ),
    "mse_loss": Loss(mse_loss, mse_loss_slope),
    "l1_loss": Loss(l1_loss, l1_loss_slope),
    "huber_loss": Loss(huber_loss, huber_loss_slope),
    "hinge_loss": Loss(hinge_loss, hinge_loss_slope),
    "multi_margin_loss": Loss(multi_margin_loss, multi_margin_loss_slope),
    "kl_div": Loss(kl_div, kl_div_slope),
}
"""By the name of the loss, whose options are the keyword arguments."""
