"""Tokens and their places: embedding, positional encoding, the ways into and out of sequences.

A sequence is (N, T, D): N samples of T tokens, D numbers each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lab.maths.activations import Array
    from lab.maths.passing import Options, Passed, Weights


def embedding(a: Array, weights: Weights, options: Options) -> Passed:
    """The row of W for each token; its δ adds up in that row. Tokens have no slope: 0."""
    w = weights["weight"]
    tokens = a.astype(np.int64)

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        found = np.zeros_like(w)
        np.add.at(found, tokens, delta)
        return np.zeros_like(a), {"weight": found}

    return w[tokens], back


def as_sequence(a: Array, weights: Weights, options: Options) -> Passed:
    """Rows of images (N, C, H, W) as (N, H, CW), features (N, D) as (N, D, 1)."""
    if a.ndim == 2:
        return a[:, :, None], lambda delta: (delta[:, :, 0], {})
    n, channels, height, width = a.shape
    z = a.swapaxes(1, 2).reshape(n, height, channels * width)

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        return delta.reshape(n, height, channels, width).swapaxes(1, 2), {}

    return z, back


def waves(tokens: int, width: int) -> Array:
    """Return sin(p/10000^{2i/D}) in the even columns 2i, cos in the odd ones, (T, D).

    Source: Vaswani et al., arXiv:1706.03762, section 3.5.
    """
    place, column = np.arange(tokens)[:, None], np.arange(width)
    angle = place / 10_000.0 ** ((column - column % 2) / width)
    return np.where(column % 2 == 0, np.sin(angle), np.cos(angle))


def positional_encoding(a: Array, weights: Weights, options: Options) -> Passed:
    """A + P; a P that is learned gets Σδ over the samples."""
    learned = weights.get("weight")
    places = waves(*a.shape[1:]) if learned is None else learned

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        return delta, {} if learned is None else {"weight": delta.sum(axis=0)}

    return a + places, back


def mean_over_tokens(a: Array, weights: Weights, options: Options) -> Passed:
    """The mean of the tokens; each gets its share of δ."""

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        return np.repeat(delta[:, None] / a.shape[1], a.shape[1], axis=1), {}

    return a.mean(axis=1), back
