"""Where circulated explanations are wrong, beside the place they speak of, with the check.

Each note computes what it says: both numbers come out of the formulas, not out of a text.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lab.maths.activations import sigmoid, sigmoid_slope
from lab.maths.losses import binary_cross_entropy_with_logits_slope
from lab.maths.updates import RULES, moments
from lab.numerals import shown


@dataclass(frozen=True, slots=True)
class Correction:
    """A note: its number in the catalogue, and the two numbers that tell.

    ``words`` names them where it says ``{right}`` and ``{wrong}``.
    """

    number: int
    words: str
    right: float
    wrong: float

    @property
    def sentence(self) -> str:
        """The note with its check."""
        return self.words.format(right=shown(self.right, 6), wrong=shown(self.wrong, 6))


def chain_rule() -> Correction:
    """Every factor of a composition counts: d/dx 2 sin(x²) at 3."""
    x = 3.0
    right = 2 * math.cos(x**2) * 2 * x
    return Correction(
        1,
        "The chain rule multiplies every inner slope, the constants too: 2·sin(x²) has the "
        "slope 2·cos(x²)·2x, at x = 3 that is {right}; {wrong} lacks the factor 2.",
        right,
        right / 2,
    )


def bce_slope(z: float = 0.0, y: float = 1.0) -> Correction:
    """σ′ has cancelled already in p − y."""
    logits, target = np.array([[z]]), np.array([[y]])
    right = float(binary_cross_entropy_with_logits_slope(logits, target)[0, 0])
    wrong = float((sigmoid(logits) - target)[0, 0] * sigmoid_slope(logits)[0, 0])
    return Correction(
        2,
        "With a sigmoid and binary cross-entropy δ is p − y and nothing more: σ′ has "
        f"cancelled. At z = {z:g}, y = {y:g} it is {{right}}; multiplied by p(1 − p) once "
        "more, {wrong}, it belongs to the squared error.",
        right,
        wrong,
    )


def adam_corrections(rate: float = 0.1) -> Correction:
    """Both moments are corrected: the first step on x² from 1."""
    options = {"learning_rate": rate, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    x, zero = np.array([1.0]), np.zeros(1)
    state = {"exp_avg": zero, "exp_avg_sq": zero}
    update, _ = RULES["adam"](2 * x, state, 1, options)
    m, v = moments(2 * x, state, options)
    wrong = x - rate * (m / (1 - options["beta1"])) / (np.sqrt(v) + options["eps"])
    return Correction(
        3,
        "Adam divides by √v̂ + ε with both moments corrected. With m alone corrected the first "
        f"steps are far too long: on x² from 1 with η = {rate:g} the first leads to {{wrong}} "
        "instead of {right}.",
        float((x + update)[0]),
        float(wrong[0]),
    )


def decay_in_adam(rate: float = 0.1, decay: float = 0.5) -> Correction:
    """L2 in the gradient is rescaled by Adam, decoupled decay is not."""
    options = {"learning_rate": rate, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    w, g, zero = np.array([1.0]), np.array([2.0]), np.zeros(1)
    state = {"exp_avg": zero, "exp_avg_sq": zero}
    coupled, _ = RULES["adam"](g + decay * w, state, 1, options)
    bare, _ = RULES["adam"](g, state, 1, options)
    return Correction(
        5,
        "An L2 penalty and decoupled decay are the same for plain SGD; Adam rescales the "
        f"penalty with the gradient. From w = 1 with g = 2, η = {rate:g}, λ = {decay:g} the "
        "first step of AdamW leads to {right}, that of Adam with the penalty to {wrong}.",
        float((w + bare - rate * decay * w)[0]),
        float((w + coupled)[0]),
    )


def decay_in_sgd(rate: float = 0.1, decay: float = 0.5) -> tuple[float, float]:
    """Return where plain SGD leads with decoupled decay and with a penalty: the same."""
    options = {"learning_rate": rate, "momentum": 0.0}
    w, g = np.array([1.0]), np.array([2.0])
    coupled, _ = RULES["sgd"](g + decay * w, {}, 1, options)
    bare, _ = RULES["sgd"](g, {}, 1, options)
    return float((w + bare - rate * decay * w)[0]), float((w + coupled)[0])
