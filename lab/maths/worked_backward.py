r"""How δ goes back through a layer, one number at a time: formula, numbers, terms.

``backward(local, place)`` explains ∂L/∂a at a flat place of what came into the layer from one
sample: the chain rule over everything that this number went into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.activations import ACTIVATIONS
from lab.maths.explanations import (
    Entering,
    Local,
    Term,
    Worked,
    bracketed,
    entering,
    indexed,
    put,
    summed,
)
from lab.maths.worked_forward import shared_out, statistics_of
from lab.maths.worked_sequences import BACKWARD

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.maths.activations import Array

DELTA = r"\delta"


def backward(local: Local, place: int) -> Worked:
    """Explain the derivative of the loss by a number that came into a layer."""
    rule = WORKED.get(local.kind)
    if rule is not None:
        return rule(local, place)
    value = float(local.d_a[local.row].flat[place])
    a = entering(str(place + 1), local.before)
    delta = indexed(DELTA, "k", local.own)
    latex = (
        rf"\sum_k \frac{{\partial {indexed('a', 'k', local.own)}}}{{\partial {a}}}\, {delta}"
    )
    return Worked(latex, put(value, 7), value)


def linear(local: Local, place: int) -> Worked:
    """Σ_k W_kj δ_k: the column of W that carried a_j forward carries δ back (Wᵀ)."""
    weight = local.weights["weight"]
    units, inputs = weight.shape
    at, j = divmod(place, inputs)
    delta = local.d_z[local.row].reshape(-1, units)[at]
    terms = [
        Term(str(k + 1), (float(w), float(d)), float(w * d))
        for k, (w, d) in enumerate(zip(weight[:, j], delta, strict=True))
    ]
    latex = rf"\sum_{{k=1}}^{{{units}}} {indexed('W', f'k{j + 1}', local.own)}\, "
    latex += indexed(DELTA, "k", local.own)
    enters = [
        Entering(local.name, "weight", tuple(range(j, units * inputs, inputs))),
        Entering(local.name, "d_out", tuple(range(at * units, (at + 1) * units))),
    ]
    return summed(latex, terms, ("k", "W", "δ", "product"), enters)


def conv2d(local: Local, place: int) -> Worked:
    """The sum of W_ocuv δ_oij over every window that held this number."""
    weight = local.weights["weight"]
    c, y, x = (int(n) for n in np.unravel_index(place, local.a[local.row].shape))
    delta = local.d_z[local.row]
    s, p = local.options["stride"], local.options["padding"]
    terms, places = [], []
    for out, u, v in np.ndindex(weight.shape[0], *weight.shape[2:]):
        (i, over_i), (j, over_j) = divmod(y + p - u, s), divmod(x + p - v, s)
        if over_i or over_j or not (0 <= i < delta.shape[1] and 0 <= j < delta.shape[2]):
            continue
        w, d = float(weight[out, c, u, v]), float(delta[out, i, j])
        terms.append(Term(f"{out + 1}, {u + 1}, {v + 1}", (w, d), w * d))
        places.append(int(np.ravel_multi_index((out, i, j), delta.shape)))
    over = "o,u,v"
    if s > 1:  # the window begins at every s-th number only
        over += rf":\ {s}\mid {y + 1 + p}-u,\ {s}\mid {x + 1 + p}-v"
    latex = rf"\sum_{{{over}}} {indexed('W', f'o{c + 1}uv', local.own)}\, "
    i, j = (_window_of(n + 1 + p, letter, s) for n, letter in ((y, "u"), (x, "v")))
    latex += indexed(DELTA, f"o,{i},{j}", local.own)
    enters = [Entering(local.name, "d_out", tuple(places))]
    return summed(latex, terms, ("o, u, v", "W", "δ", "product"), enters)


def _window_of(place: int, letter: str, stride: int) -> str:
    """Return which window holds a place at ``letter`` in it, all counted from 1."""
    if stride == 1:
        return f"{place + 1}-{letter}"
    return f"1+({place}-{letter})/{stride}"


def max_pool2d(local: Local, place: int) -> Worked:
    """The δ of every window whose largest this number was; else nothing."""
    a, z = local.a[local.row], local.z[local.row]
    shape = a.shape
    channel, _, _ = np.unravel_index(place, shape)
    k = local.options["kernel"]
    s = local.options["stride"] or k
    terms, places = [], []
    for i, j in np.ndindex(*z.shape[1:]):
        window = a[channel, s * i : s * i + k, s * j : s * j + k]
        u, v = np.unravel_index(int(window.argmax()), window.shape)
        if int(np.ravel_multi_index((channel, s * i + u, s * j + v), shape)) == place:
            at = int(np.ravel_multi_index((channel, i, j), z.shape))
            terms.append(Term(f"{i + 1}, {j + 1}", (), float(local.d_z[local.row].flat[at])))
            places.append(at)
    largest = rf"[\,{entering(str(place + 1), local.before)}\ \mathrm{{is\ the\ largest}}\,]"
    latex = rf"\sum_{{i,j}} {indexed(DELTA, 'ij', local.own)}\, {largest}"
    if not terms:
        return Worked(latex, "0", 0.0)
    enters = [Entering(local.name, "d_out", tuple(places))]
    return summed(latex, terms, ("window", "δ"), enters)


def avg_pool2d(local: Local, place: int) -> Worked:
    """A share of δ from every window that held this number."""
    a, z = local.a[local.row], local.z[local.row]
    channel, y, x = (int(n) for n in np.unravel_index(place, a.shape))
    if local.kind == "global_avg_pool2d":
        windows, share = [(0, 0)], 1 / (a.shape[1] * a.shape[2])
    else:
        k = local.options["kernel"]
        s = local.options["stride"] or k
        share = 1 / k**2
        windows = [
            (i, j)
            for i, j in np.ndindex(*z.shape[1:])
            if s * i <= y < s * i + k and s * j <= x < s * j + k
        ]
    places = [int(np.ravel_multi_index((channel, *w), z.shape)) for w in windows]
    terms = [
        Term(f"{i + 1}, {j + 1}", (share, d), share * d)
        for (i, j), d in zip(
            windows, (float(local.d_z[local.row].flat[p]) for p in places), strict=True
        )
    ]
    latex = rf"\frac{{1}}{{{round(1 / share)}}} \sum_{{i,j}} {indexed(DELTA, 'ij', local.own)}"
    if not terms:
        return Worked(latex, "0", 0.0)
    enters = [Entering(local.name, "d_out", tuple(places))]
    return summed(latex, terms, ("window", "share", "δ", "product"), enters)


def flatten(local: Local, place: int) -> Worked:
    """The same number, in another place."""
    delta = float(local.d_z[local.row].flat[place])
    enters = (Entering(local.name, "d_out", (place,)),)
    return Worked(indexed(DELTA, str(place + 1), local.own), put(delta), delta, enters=enters)


def dropout(local: Local, place: int) -> Worked:
    """δ m/(1 − p): what was dropped learns nothing."""
    delta = float(local.d_z[local.row].flat[place])
    named = indexed(DELTA, str(place + 1), local.own)
    enters = (Entering(local.name, "d_out", (place,)),)
    mask = local.weights.get("mask")
    if mask is None:
        return Worked(named, put(delta), delta, enters=enters)
    p, m = float(local.options["p"]), float(mask[local.row].flat[place])
    value = delta * m / (1 - p)
    latex = rf"\frac{{{indexed('m', str(place + 1))}}}{{1-p}}\, {named}"
    numbers = rf"\frac{{{m:.0f}}}{{1-{put(p)}}} \cdot {bracketed(delta)}"
    return Worked(latex, numbers, value, enters=enters)


def normalised(local: Local, place: int) -> Worked:
    """(g − mean g − u mean gu)γ-scaled: μ and σ depend on every number of the group.

    With running statistics they depend on none, and δγ/σ is all.
    """
    channel, mean, variance, is_running = statistics_of(local, place)
    scale = float(np.sqrt(variance + float(local.options["eps"])))
    gamma = float(local.weights["weight"].flat[channel])
    delta = float(local.d_z[local.row].flat[place])
    named = indexed(DELTA, str(place + 1), local.own)
    sigma = r"\sqrt{\sigma^2+\varepsilon}"
    own = Entering(local.name, "d_out", (place,))
    if is_running:
        latex = rf"\frac{{\gamma_{{{channel + 1}}}}}{{{sigma}}}\, {named}"
        numbers = rf"\frac{{{put(gamma)}}}{{{put(scale)}}} \cdot {bracketed(delta)}"
        return Worked(latex, numbers, gamma / scale * delta, enters=(own,))
    g, unit = _group(local, place, mean, scale)
    u = (float(local.a[local.row].flat[place]) - mean) / scale
    parts = gamma * delta, -float(g.mean()), -u * float((g * unit).mean())
    terms = tuple(
        Term(label, (), part)
        for label, part in zip(("γδ", "−mean(γδ)", "−u mean(γδu)"), parts, strict=True)
    )
    index = str(place + 1)
    latex = (
        rf"\frac{{1}}{{{sigma}}} \left(g_{{{index}}} - \overline{{g}}"
        rf" - u_{{{index}}}\,\overline{{g u}}\right),\ g=\gamma\delta,"
        rf"\ u=\frac{{a-\mu}}{{{sigma}}}"
    )
    numbers = (
        rf"\frac{{1}}{{{put(scale)}}} \left({' + '.join(bracketed(p) for p in parts)}\right)"
    )
    return Worked(
        latex, numbers, sum(parts) / scale, terms, ("part", "value"), (own,), 1 / scale
    )


def _group(local: Local, place: int, mean: float, scale: float) -> tuple[Array, Array]:
    """Return γδ and (a − μ)/σ of all numbers that were normalised together."""
    if local.kind == "batch_norm":
        channel = statistics_of(local, place)[0]
        gamma = float(local.weights["weight"][channel])
        return gamma * local.d_z[:, channel], (local.a[:, channel] - mean) / scale
    gamma_row = local.weights["weight"].reshape(-1)
    at = place // gamma_row.size
    delta, a = (t[local.row].reshape(-1, gamma_row.size)[at] for t in (local.d_z, local.a))
    return gamma_row * delta, (a - mean) / scale


def softmax(local: Local, place: int) -> Worked:
    """Σ_j p_j(δ_ij − p_i) δ_j: the Jacobian of the softmax, row i."""
    places, i, one, each = shared_out(local, place)
    p, delta = (t[local.row].reshape(-1)[places] for t in (local.z, local.d_z))
    terms = [
        Term(str(j + 1), (float(p[j] * ((i == j) - p[i])), float(d)),
             float(p[j] * ((i == j) - p[i]) * d))
        for j, d in enumerate(delta)
    ]  # fmt: skip
    p_i, p_j = (indexed("p", index) for index in (one, each))
    d_j = rf"\frac{{\partial L}}{{\partial {indexed('a', each, local.own)}}}"
    latex = rf"\sum_j {p_j}\left([{i + 1}=j]-{p_i}\right) {d_j}"
    enters = [
        Entering(local.name, "out", tuple(places)),
        Entering(local.name, "d_out", tuple(places)),
    ]
    return summed(latex, terms, ("j", "∂p/∂z", "δ", "product"), enters)


def activation(local: Local, place: int) -> Worked:
    """φ′(z) δ."""
    delta = float(local.d_z[local.row].flat[place])
    slope, latex, numbers = slope_of(local, place)
    named = rf"\frac{{\partial L}}{{\partial {indexed('a', str(place + 1), local.own)}}}"
    enters = (
        Entering(local.name, "in", (place,)),
        Entering(local.name, "d_out", (place,)),
    )
    return Worked(
        rf"{latex}\, {named}", rf"{numbers} \cdot {bracketed(delta)}", slope * delta,
        enters=enters,
    )  # fmt: skip


def slope_of(local: Local, place: int) -> tuple[float, str, str]:
    """Return φ′(z) at a place: its value, its formula, the formula with numbers put in."""
    z = float(local.a[local.row].flat[place])
    a = float(local.z[local.row].flat[place])
    index = str(place + 1)
    named_z, named_a = indexed("z", index, local.own), indexed("a", index, local.own)
    if local.kind == "prelu":
        slope = 1.0 if z > 0 else float(local.weights["weight"].flat[0])
    else:
        slope = float(ACTIVATIONS[local.kind].slope(np.array([z]), **local.options)[0])
    if local.kind == "tanh":
        return slope, rf"\left(1-({named_a})^2\right)", rf"(1-{bracketed(a)}^2)"
    if local.kind == "sigmoid":
        return slope, rf"{named_a}\left(1-{named_a}\right)", rf"{put(a)}(1-{put(a)})"
    if local.kind == "relu":
        return slope, rf"[{named_z}>0]", f"{slope:.0f}"
    if local.kind == "identity":
        return slope, "1", "1"
    return slope, rf"\varphi'({named_z})", bracketed(slope)


WORKED: dict[str, Callable[[Local, int], Worked]] = {
    "linear": linear,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "global_avg_pool2d": avg_pool2d,
    "flatten": flatten,
    "dropout": dropout,
    "batch_norm": normalised,
    "layer_norm": normalised,
    "softmax": softmax,
    "prelu": activation,
    **dict.fromkeys(ACTIVATIONS, activation),
    **BACKWARD,
}
"""By the name of the layer kind."""
