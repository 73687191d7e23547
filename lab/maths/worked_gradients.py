r"""The derivative of the loss by one weight: the sum over everything it was used for.

``gradient(local, name, place)`` explains ∂L/∂W at a flat place of a layer's parameter, over
all samples of the pass and all places at which the weight was used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.explanations import Entering, Local, Term, Worked, entering, indexed, put, summed
from lab.maths.worked_forward import statistics_of
from lab.maths.worked_sequence_gradients import GRADIENTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lab.maths.activations import Array

DELTA = r"\delta"


def gradient(local: Local, name: str, place: int, value: float) -> Worked:
    """Explain the derivative by one number of a parameter.

    ``value`` is the number as the pass found it, told where no sum is written out.
    """
    if local.kind == "linear":
        return _linear(local, place) if name == "weight" else _linear_bias(local, place)
    if local.kind == "conv2d":
        return _conv(local, place) if name == "weight" else _conv_bias(local, place)
    if local.kind in ("batch_norm", "layer_norm"):
        return _norm(local, name, place)
    if local.kind == "prelu":
        return _prelu(local)
    if local.kind in GRADIENTS:
        return GRADIENTS[local.kind](local, name, place)
    delta = indexed(DELTA, "k", local.own)
    latex = (
        rf"\sum_k \frac{{\partial {indexed('a', 'k', local.own)}}}{{\partial \theta}}\, {delta}"
    )
    return Worked(latex, put(value, 7), value)


def _labels(local: Local, positions: int) -> Iterable[str]:
    """Say of every row of samples and positions what it is: ``3``, or ``3, 2``."""
    for n in range(len(local.a)):
        for t in range(positions):
            yield f"{n + 1}, {t + 1}" if positions > 1 else str(n + 1)


def _products(local: Local, delta: Array, a: Array) -> list[Term]:
    labels = _labels(local, len(delta) // max(len(local.a), 1))
    return [
        Term(label, (float(d), float(v)), float(d * v))
        for label, d, v in zip(labels, delta, a, strict=True)
    ]


def _linear(local: Local, place: int) -> Worked:
    """Σ_n δ_ni a_nj: of one sample δ aᵀ, of more of them the sum."""
    units, inputs = local.weights["weight"].shape
    i, j = divmod(place, inputs)
    delta = local.d_z.reshape(-1, units)[:, i]
    terms = _products(local, delta, local.a.reshape(-1, inputs)[:, j])
    one = rf"{indexed(DELTA, str(i + 1), local.own)}\, {entering(str(j + 1), local.before)}"
    several = rf"\sum_{{n=1}}^{{{len(terms)}}} {indexed(DELTA, f'n,{i + 1}', local.own)}\, "
    several += entering(f"n,{j + 1}", local.before)
    enters = [Entering(local.name, "d_out", (i,)), Entering(local.name, "in", (j,))]
    a = "x" if not local.before else "a"
    latex = one if len(terms) == 1 else several
    return summed(latex, terms, ("n", "δ", a, "product"), enters)


def _linear_bias(local: Local, place: int) -> Worked:
    units = local.weights["weight"].shape[0]
    return _deltas(local, local.d_z.reshape(-1, units)[:, place], place)


def _deltas(local: Local, delta: Array, place: int) -> Worked:
    labels = _labels(local, len(delta) // max(len(local.a), 1))
    terms = [Term(label, (), float(d)) for label, d in zip(labels, delta, strict=True)]
    one = indexed(DELTA, str(place + 1), local.own)
    several = rf"\sum_{{n=1}}^{{{len(terms)}}} {indexed(DELTA, f'n,{place + 1}', local.own)}"
    enters = [Entering(local.name, "d_out", (place,))] if local.kind == "linear" else []
    return summed(one if len(terms) == 1 else several, terms, ("n", "δ"), enters)


def _conv(local: Local, place: int) -> Worked:
    """Σ over samples and windows of δ_oij a_c(si+u)(sj+v)."""
    out, c, u, v = (int(n) for n in np.unravel_index(place, local.weights["weight"].shape))
    s, p = local.options["stride"], local.options["padding"]
    padded = np.pad(local.a[:, c], ((0, 0), (p, p), (p, p)))
    delta = local.d_z[:, out]
    rows, columns = delta.shape[1:]
    seen = padded[:, u : u + s * rows : s, v : v + s * columns : s][:, :rows, :columns]
    terms = [
        Term(
            f"{n + 1}, {i + 1}, {j + 1}",
            (float(delta[n, i, j]), float(seen[n, i, j])),
            float(delta[n, i, j] * seen[n, i, j]),
        )
        for n, i, j in np.ndindex(*delta.shape)
    ]
    latex = rf"\sum_{{n,i,j}} {indexed(DELTA, f'n,{out + 1}ij', local.own)}\, "
    latex += entering(
        f"n,{c + 1},{_shifted(s, 'i', u + 1 - s - p)},{_shifted(s, 'j', v + 1 - s - p)}",
        local.before,
    )
    size = delta[0].size
    enters = [Entering(local.name, "d_out", tuple(range(out * size, (out + 1) * size)))]
    return summed(latex, terms, ("n, i, j", "δ", "a", "product"), enters)


def _shifted(stride: int, letter: str, offset: int) -> str:
    step = letter if stride == 1 else f"{stride}{letter}"
    return f"{step}{offset:+d}" if offset else step


def _conv_bias(local: Local, place: int) -> Worked:
    return _deltas(local, local.d_z[:, place].reshape(-1), place)


def _norm(local: Local, name: str, place: int) -> Worked:
    """Σ δu for γ, Σ δ for β, u being what was normalised."""
    if local.kind == "batch_norm":
        delta = local.d_z[:, place].reshape(-1)
    else:
        size = local.weights["weight"].size
        delta = local.d_z.reshape(-1, size)[:, place]
    if name == "bias":
        return _deltas(local, delta, place)
    terms = _products(local, delta, _units(local, place))
    latex = rf"\sum_n {indexed(DELTA, f'n,{place + 1}', local.own)}\, u_{{n,{place + 1}}}"
    return summed(latex, terms, ("n", "δ", "u", "product"), [])


def _units(local: Local, place: int) -> Array:
    """Return u, what came in less its mean and over its spread, where γ number ``place`` is."""
    eps = float(local.options["eps"])
    if local.kind == "batch_norm":
        span = 1 if local.a.ndim == 2 else local.a[0, 0].size
        _, mean, variance, _ = statistics_of(local, place * span)
        return np.asarray((local.a[:, place].reshape(-1) - mean) / np.sqrt(variance + eps))
    a = local.a.reshape(-1, local.weights["weight"].size)
    return np.asarray((a[:, place] - a.mean(axis=1)) / np.sqrt(a.var(axis=1) + eps))


def _prelu(local: Local) -> Worked:
    """Σ δz over all z below zero."""
    z, delta = local.a.reshape(-1), local.d_z.reshape(-1)
    below = np.flatnonzero(z <= 0)
    terms = [
        Term(str(k + 1), (float(delta[k]), float(z[k])), float(delta[k] * z[k])) for k in below
    ]
    latex = rf"\sum_{{z_k \leq 0}} {indexed(DELTA, 'k', local.own)}\, z_k"
    if not terms:
        return Worked(latex, "0", 0.0)
    return summed(latex, terms, ("k", "δ", "z", "product"), [])
