"""Attention: how tokens look at one another, and what δ says to queries, keys and values.

Source: Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.passing import linear, softmax_back, softmax_of

if TYPE_CHECKING:
    from lab.maths.activations import Array
    from lab.maths.passing import Options, Passed, Weights


def attention_weights(query: Array, key: Array, *, causal: bool = False) -> Array:
    """Return softmax(QKᵀ/√d), how much each query looks at which key.

    Parameters
    ----------
    query, key : ndarray, shape (..., T, d)
        d numbers for each of T tokens; any axes before.
    causal : bool
        Whether −∞ stands at every later key before the softmax, so that its weight is 0.

    Returns
    -------
    ndarray, shape (..., T, T)
        A row for each query, with the sum 1.
    """
    scores = query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1])
    if causal:
        later = np.triu(np.ones(scores.shape[-2:], bool), 1)
        scores = np.where(later, -np.inf, scores)
    return softmax_of(scores)


def attended(query: Array, key: Array, value: Array, *, causal: bool = False) -> Array:
    """Return softmax(QKᵀ/√d)V: for each query the mix of values that it looks at."""
    return attention_weights(query, key, causal=causal) @ value


def attended_back(
    delta: Array, p: Array, query: Array, key: Array, value: Array
) -> tuple[Array, Array, Array]:
    """Return ∂L by queries, keys and values, from δ = ∂L/∂(PV) and the weights P.

    ∂L/∂V = Pᵀδ; with S = ∂L/∂scores = softmax′(δVᵀ)/√d: ∂L/∂Q = SK, ∂L/∂K = SᵀQ. Where P is 0
    for a mask, S is.
    """
    s = softmax_back(p, delta @ value.swapaxes(-1, -2)) / np.sqrt(query.shape[-1])
    return s @ key, s.swapaxes(-1, -2) @ query, p.swapaxes(-1, -2) @ delta


def attention(a: Array, weights: Weights, options: Options) -> Passed:
    """Concat(headᵢ)Wₒ, each head attending with its part of q, k and v, (N, T, D).

    The δ of a token comes by three ways: as query, as key and as value.
    """
    heads = options["heads"]
    (q, q_back), (k, k_back), (v, v_back) = (
        linear(a, part(weights, name), {}) for name in ("query", "key", "value")
    )
    split = tuple(by_head(t, heads) for t in (q, k, v))
    p = attention_weights(split[0], split[1], causal=options["causal"])
    z, out_back = linear(joined(p @ split[2]), part(weights, "out"), {})

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        d_mixed, found = out_back(delta)
        slopes = attended_back(by_head(d_mixed, heads), p, *split)
        gradients = {f"out.{n}": g for n, g in found.items()}
        d_a = np.zeros_like(a)
        ways = zip(("query", "key", "value"), (q_back, k_back, v_back), slopes, strict=True)
        for name, way, slope in ways:
            share, found = way(joined(slope))
            d_a += share
            gradients |= {f"{name}.{n}": g for n, g in found.items()}
        return d_a, gradients

    return z, back


def part(weights: Weights, name: str) -> dict[str, Array]:
    """Return the weights of one of the linear parts."""
    start = f"{name}."
    return {n.removeprefix(start): w for n, w in weights.items() if n.startswith(start)}


def by_head(t: Array, heads: int) -> Array:
    """Return (N, H, T, d) of (N, T, D)."""
    n, tokens, width = t.shape
    return t.reshape(n, tokens, heads, width // heads).transpose(0, 2, 1, 3)


def joined(t: Array) -> Array:
    """Return (N, T, D) of (N, H, T, d)."""
    n, heads, tokens, size = t.shape
    return t.transpose(0, 2, 1, 3).reshape(n, tokens, heads * size)
