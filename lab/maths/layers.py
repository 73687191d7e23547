"""Layers forward and backward, written out: the second path beside autograd.

A formula is ``rule(a, weights, options) -> (z, back)``: from what comes in, (N, ...) in
float64, to what goes out and to the function that carries δ = ∂L/∂z back:
``back(delta) -> (∂L/∂a, {name: ∂L/∂weight})``. Weights have torch's names and shapes; batches
run in rows, so z = aWᵀ + b.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lab.maths.activations import ACTIVATIONS, Activation, Array
from lab.maths.attention import attention
from lab.maths.passing import Back as Back
from lab.maths.passing import Options, Rule, Weights, linear, softmax_back
from lab.maths.passing import Passed as Passed
from lab.maths.passing import softmax_of as softmax_of
from lab.maths.recurrent import gru, lstm
from lab.maths.sequences import as_sequence, embedding, mean_over_tokens, positional_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Place = tuple[slice, ...]
Axes = tuple[int, ...]


def conv2d(a: Array, weights: Weights, options: Options) -> Passed:
    """z_oij = Σ_cuv W_ocuv a_c(si+u)(sj+v) + b_o; each δ goes back to the window it came from.

    ``a`` is (N, C, H, W) and ``weight`` (O, C, k, k).
    """
    w, b = weights["weight"], weights.get("bias")
    s, p, k = options["stride"], options["padding"], options["kernel"]
    padded = np.pad(a, ((0, 0), (0, 0), (p, p), (p, p)))
    windows = sliding_window_view(padded, (k, k), axis=(2, 3))[:, :, ::s, ::s]
    z = np.einsum("ncijuv,ocuv->noij", windows, w, optimize=True)
    z = z if b is None else z + b[:, None, None]

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        found = {"weight": np.einsum("noij,ncijuv->ocuv", delta, windows, optimize=True)}
        if b is not None:
            found["bias"] = delta.sum(axis=(0, 2, 3))
        spread = np.zeros_like(padded)
        for u, v, place in _windows(k, s, *delta.shape[2:]):
            spread[place] += np.einsum("noij,oc->ncij", delta, w[:, :, u, v], optimize=True)
        inside = slice(p, -p or None)
        return spread[:, :, inside, inside], found

    return z, back


def _windows(k: int, s: int, rows: int, columns: int) -> Iterator[tuple[int, int, Place]]:
    """Yield each place of a window, and where that place lies in the image for all windows."""
    whole = slice(None)
    for u, v in product(range(k), repeat=2):
        yield u, v, (whole, whole, slice(u, u + s * rows, s), slice(v, v + s * columns, s))


def max_pool2d(a: Array, weights: Weights, options: Options) -> Passed:
    """The largest of each window; its δ goes back to where it stood, the first if several."""
    k, s = options["kernel"], options["stride"] or options["kernel"]
    windows = sliding_window_view(a, (k, k), axis=(2, 3))[:, :, ::s, ::s]
    flat = windows.reshape(*windows.shape[:4], k * k)
    first = flat.argmax(axis=-1)
    z = np.take_along_axis(flat, first[..., None], axis=-1)[..., 0]

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        spread = np.zeros_like(a)
        for u, v, place in _windows(k, s, *delta.shape[2:]):
            spread[place] += np.where(first == u * k + v, delta, 0.0)
        return spread, {}

    return z, back


def avg_pool2d(a: Array, weights: Weights, options: Options) -> Passed:
    """The mean of each window; every place of it gets its share of δ."""
    k, s = options["kernel"], options["stride"] or options["kernel"]
    z = sliding_window_view(a, (k, k), axis=(2, 3))[:, :, ::s, ::s].mean(axis=(4, 5))

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        spread = np.zeros_like(a)
        for _, _, place in _windows(k, s, *delta.shape[2:]):
            spread[place] += delta / k**2
        return spread, {}

    return z, back


def global_avg_pool2d(a: Array, weights: Weights, options: Options) -> Passed:
    """The mean of each channel, (N, C, 1, 1)."""
    z = a.mean(axis=(2, 3), keepdims=True)

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        return np.broadcast_to(delta, a.shape) / (a.shape[2] * a.shape[3]), {}

    return z, back


def flatten(a: Array, weights: Weights, options: Options) -> Passed:
    """All values of a sample in one row; δ is laid out as the sample was."""
    return a.reshape(len(a), -1), lambda delta: (delta.reshape(a.shape), {})


def dropout(a: Array, weights: Weights, options: Options) -> Passed:
    """A ⊙ mask/(1 − p), and δ by the same mask. Without a mask all units are there.

    ``mask`` stands among the weights, though nothing learns it: it is of this very step.
    """
    kept = weights["mask"] / (1 - options["p"]) if "mask" in weights else np.ones(())
    return a * kept, lambda delta: (delta * kept, {})


def batch_norm(a: Array, weights: Weights, options: Options) -> Passed:
    """(a − μ)/√(σ² + ε) ⊙ γ + β over the batch, a channel at a time.

    Where ``running_mean`` and ``running_var`` are among the weights they stand for μ and σ²,
    as in evaluation. Source: Ioffe and Szegedy, arXiv:1502.03167.
    """
    axes = (0,) if a.ndim == 2 else (0, 2, 3)
    shape = (1, -1) if a.ndim == 2 else (1, -1, 1, 1)
    if "running_mean" not in weights:
        return _normalised(a, weights, options["eps"], axes, shape, shared=axes)
    mean, variance = (weights[n].reshape(shape) for n in ("running_mean", "running_var"))
    scale = 1 / np.sqrt(variance + options["eps"])
    gamma, beta = (weights[n].reshape(shape) for n in ("weight", "bias"))
    unit = (a - mean) * scale

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        found = {"weight": (delta * unit).sum(axis=axes), "bias": delta.sum(axis=axes)}
        return delta * gamma * scale, found

    return unit * gamma + beta, back


def layer_norm(a: Array, weights: Weights, options: Options) -> Passed:
    """(a − μ)/√(σ² + ε) ⊙ γ + β over each sample's last axes, as many as γ has.

    Source: Ba et al., arXiv:1607.06450.
    """
    gamma = weights["weight"]
    axes = tuple(range(a.ndim - gamma.ndim, a.ndim))
    shared = tuple(range(a.ndim - gamma.ndim))
    return _normalised(a, weights, options["eps"], axes, gamma.shape, shared)


def _normalised(
    a: Array, weights: Weights, eps: float, axes: Axes, shape: Axes, shared: Axes
) -> Passed:
    """Normalise over some axes; γ and β, seen in a shape, are shared along others.

    With u = (a − μ)/s and g = δγ: ∂L/∂a = (g − mean(g) − u mean(gu))/s, for μ and s depend on
    every a.
    """
    gamma, beta = (weights[n].reshape(shape) for n in ("weight", "bias"))
    scale = np.sqrt(a.var(axis=axes, keepdims=True) + eps)
    unit = (a - a.mean(axis=axes, keepdims=True)) / scale

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        g = delta * gamma
        mean, along = (v.mean(axis=axes, keepdims=True) for v in (g, g * unit))
        found = {
            "weight": (delta * unit).sum(axis=shared).reshape(weights["weight"].shape),
            "bias": delta.sum(axis=shared).reshape(weights["bias"].shape),
        }
        return (g - mean - unit * along) / scale, found

    return unit * gamma + beta, back


def softmax(a: Array, weights: Weights, options: Options) -> Passed:
    """Pass on p = eᶻ/Σeᶻ over the units, of a sequence those of each token."""
    axis = 2 if a.ndim == 3 else 1
    p = softmax_of(a, axis)
    return p, lambda delta: (softmax_back(p, delta, axis), {})


def prelu(a: Array, weights: Weights, options: Options) -> Passed:
    """Leaky ReLU whose slope below zero, one number, is learned: ∂L/∂slope = Σ δz, z ≤ 0."""
    slope = float(weights["weight"][0])

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        below = np.where(a > 0, 0.0, a)
        share = np.where(a > 0, 1.0, slope)
        return delta * share, {"weight": np.array([(delta * below).sum()])}

    return np.where(a > 0, a, slope * a), back


def activation(found: Activation) -> Rule:
    """Return the rule of an elementwise function: δ ⊙ φ′(z) goes back."""

    def rule(a: Array, weights: Weights, options: Options) -> Passed:
        def back(delta: Array) -> tuple[Array, dict[str, Array]]:
            return delta * found.slope(a, **options), {}

        return found.value(a, **options), back

    return rule


def residual(a: Array, inner: Callable[[Array], Passed]) -> Passed:
    """H + F(h): δ goes back through F, and past it as it is."""
    f, f_back = inner(a)

    def back(delta: Array) -> tuple[Array, dict[str, Array]]:
        return delta + f_back(delta)[0], {}

    return a + f, back


BLOCKS: dict[str, Callable[[Array, Callable[[Array], Passed]], Passed]] = {
    "residual": residual,
    "transformer_block": lambda a, inner: inner(a),
}
"""By the name of a layer kind that holds others, which are handed over as one function."""

RULES: dict[str, Rule] = {
    "linear": linear,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "global_avg_pool2d": global_avg_pool2d,
    "flatten": flatten,
    "dropout": dropout,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "softmax": softmax,
    "prelu": prelu,
    "sequence": as_sequence,
    "embedding": embedding,
    "positional_encoding": positional_encoding,
    "attention": attention,
    "gru": gru,
    "lstm": lstm,
    "mean_over_tokens": mean_over_tokens,
    **{name: activation(found) for name, found in ACTIVATIONS.items()},
}
"""By the name of the layer kind."""
