"""What the formulas of layers hand to one another, and the two that others are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lab.maths.activations import Array

Weights = Mapping[str, Array]
Options = Mapping[str, Any]
Back = Callable[[Array], tuple[Array, dict[str, Array]]]
Passed = tuple[Array, Back]
Rule = Callable[[Array, Weights, Options], Passed]


def linear(a: Array, weights: Weights, options: Options) -> Passed:
    """Pass on z = aWᵀ + b; ∂L/∂W = δᵀa, ∂L/∂b = Σδ, ∂L/∂a = δW.

    Of a sequence, (N, T, D), every token is a row.
    """
    w, b = weights["weight"], weights.get("bias")
    z = a @ w.T if b is None else a @ w.T + b

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        rows = delta.reshape(-1, len(w))
        found = {"weight": rows.T @ a.reshape(-1, w.shape[1])}
        if b is not None:
            found["bias"] = rows.sum(axis=0)
        return delta @ w, found

    return z, back


def softmax_of(z: Array, axis: int = -1) -> Array:
    """Return eᶻ/Σeᶻ, stable for logits of any size; −∞ gets exactly 0."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def softmax_back(p: Array, delta: Array, axis: int = -1) -> Array:
    """Return ∂L/∂zᵢ = pᵢ(δᵢ − Σⱼ pⱼδⱼ)."""
    return p * (delta - (p * delta).sum(axis=axis, keepdims=True))
