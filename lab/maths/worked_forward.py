r"""What a layer hands on, one number at a time: formula, numbers, terms.

``WORKED[kind](local, place)`` explains the number at a flat place of what the layer makes of
one sample. Kinds that are not in the table are explained by their name alone.
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
    added,
    bracketed,
    entering,
    indexed,
    put,
    summed,
)
from lab.maths.worked_sequences import FORWARD

if TYPE_CHECKING:
    from collections.abc import Callable

Rule = "Callable[[Local, int], Worked]"


def forward(local: Local, place: int) -> Worked:
    """Explain a number that a layer hands on; ``place`` counts through the sample."""
    rule = WORKED.get(local.kind)
    if rule is not None:
        return rule(local, place)
    name = local.kind.replace("_", r"\ ")
    value = float(local.z[local.row].flat[place])
    a = entering("", local.before)
    return Worked(rf"\mathrm{{{name}}}({a})_{{{place + 1}}}", put(value, 7), value)


def linear(local: Local, place: int) -> Worked:
    """z_i = Σ_j W_ij a_j + b_i."""
    weight, bias = local.weights["weight"], local.weights.get("bias")
    units, inputs = weight.shape
    at, unit = divmod(place, units)
    a = local.a[local.row].reshape(-1, inputs)[at]
    row = weight[unit]
    terms = [
        Term(str(j + 1), (float(w), float(v)), float(w * v))
        for j, (w, v) in enumerate(zip(row, a, strict=True))
    ]
    latex = rf"\sum_{{j=1}}^{{{inputs}}} {indexed('W', f'{unit + 1}j', local.own)}\, "
    latex += entering("j", local.before)
    own = range(unit * inputs, (unit + 1) * inputs)
    enters = [
        Entering(local.name, "weight", tuple(own)),
        Entering(local.name, "in", tuple(range(at * inputs, (at + 1) * inputs))),
    ]
    if bias is not None:
        terms.append(Term("b", (), float(bias[unit])))
        latex += " + " + indexed("b", str(unit + 1), local.own)
        enters.append(Entering(local.name, "bias", (unit,)))
    return summed(latex, terms, ("j", "W", "x" if not local.before else "a", "product"), enters)


def conv2d(local: Local, place: int) -> Worked:
    """z_oij = Σ_cuv W_ocuv a_c(si+u)(sj+v) + b_o; what the border adds are zeros."""
    weight, bias = local.weights["weight"], local.weights.get("bias")
    _, height, width = local.z[local.row].shape
    out, rest = divmod(place, height * width)
    i, j = divmod(rest, width)
    a = local.a[local.row]
    k, s, p = (local.options[n] for n in ("kernel", "stride", "padding"))
    terms, places = [], []
    for c, u, v in np.ndindex(weight.shape[1], k, k):
        y, x = s * i + u - p, s * j + v - p
        if 0 <= y < a.shape[1] and 0 <= x < a.shape[2]:
            w, value = float(weight[out, c, u, v]), float(a[c, y, x])
            terms.append(Term(f"{c + 1}, {u + 1}, {v + 1}", (w, value), w * value))
            places.append(int(np.ravel_multi_index((c, y, x), a.shape)))
    latex = (
        rf"\sum_{{c,u,v}} {indexed('W', f'{out + 1}cuv', local.own)}\, "
        f"{entering(_window(s, i, j, p), local.before)}"
    )
    size = weight[0].size
    enters = [
        Entering(local.name, "weight", tuple(range(out * size, (out + 1) * size))),
        Entering(local.name, "in", tuple(places)),
    ]
    if bias is not None:
        terms.append(Term("b", (), float(bias[out])))
        latex += " + " + indexed("b", str(out + 1), local.own)
        enters.append(Entering(local.name, "bias", (out,)))
    return summed(latex, terms, ("c, u, v", "W", "a", "product"), enters)


def _window(stride: int, i: int, j: int, padding: int) -> str:
    def shifted(at: int, letter: str) -> str:
        offset = stride * at - padding
        return f"{letter}{offset:+d}" if offset else letter

    return f"c,{shifted(i, 'u')},{shifted(j, 'v')}"


def _pooled(local: Local, place: int) -> tuple[list[int], np.ndarray, int]:
    """Return the places of a window, its values, and its channel."""
    shape = local.z[local.row].shape
    channel, i, j = (int(n) for n in np.unravel_index(place, shape))
    a = local.a[local.row]
    if local.kind == "global_avg_pool2d":
        span = a[channel].size
        places = list(range(channel * span, (channel + 1) * span))
    else:
        k = local.options["kernel"]
        s = local.options["stride"] or k
        window = ((channel, s * i + u, s * j + v) for u, v in np.ndindex(k, k))
        places = [int(np.ravel_multi_index(w, a.shape)) for w in window]
    return places, a.reshape(-1)[places], channel


def max_pool2d(local: Local, place: int) -> Worked:
    """The largest of a window."""
    places, values, channel = _pooled(local, place)
    a = entering(f"{channel + 1},u,v", local.before)
    told = ",\\ ".join(put(float(v)) for v in values[:9])
    dots = r",\ \cdots" if len(values) > 9 else ""
    enters = (Entering(local.name, "in", tuple(places)),)
    value = float(values.max())
    return Worked(rf"\max_{{u,v}}\, {a}", rf"\max({told}{dots})", value, enters=enters)


def avg_pool2d(local: Local, place: int) -> Worked:
    """The mean of a window, each value by its share."""
    places, values, channel = _pooled(local, place)
    share = 1 / len(values)
    terms = [
        Term(str(n + 1), (share, float(v)), share * float(v)) for n, v in enumerate(values)
    ]
    a = entering(f"{channel + 1},u,v", local.before)
    latex = rf"\frac{{1}}{{{len(values)}}} \sum_{{u,v}} {a}"
    enters = [Entering(local.name, "in", tuple(places))]
    return summed(latex, terms, ("place", "share", "a", "product"), enters)


def flatten(local: Local, place: int) -> Worked:
    """The same number, in another place."""
    value = float(local.a[local.row].flat[place])
    index = np.unravel_index(place, local.a[local.row].shape)
    where = ",".join(str(int(n) + 1) for n in index)
    enters = (Entering(local.name, "in", (place,)),)
    return Worked(entering(where, local.before), put(value), value, enters=enters)


def dropout(local: Local, place: int) -> Worked:
    """A m/(1 − p): what is dropped is zero, the others make up for it."""
    a = float(local.a[local.row].flat[place])
    enters = (Entering(local.name, "in", (place,)),)
    named = entering(str(place + 1), local.before)
    mask = local.weights.get("mask")
    if mask is None:
        return Worked(named, put(a), a, enters=enters)
    p, m = float(local.options["p"]), float(mask[local.row].flat[place])
    value = a * m / (1 - p)
    latex = rf"\frac{{{indexed('m', str(place + 1))}}}{{1-p}}\, {named}"
    numbers = rf"\frac{{{m:.0f}}}{{1-{put(p)}}} \cdot {bracketed(a)}"
    return Worked(latex, numbers, value, enters=enters)


def normalised(local: Local, place: int) -> Worked:
    """(a − μ)/√(σ² + ε) · γ + β."""
    channel, mean, variance, is_running = statistics_of(local, place)
    gamma, beta = (float(local.weights[n].flat[channel]) for n in ("weight", "bias"))
    a, eps = float(local.a[local.row].flat[place]), float(local.options["eps"])
    value = (a - mean) / np.sqrt(variance + eps) * gamma + beta
    named = entering(str(place + 1), local.before)
    mu, sigma = (r"\bar{\mu}", r"\bar{\sigma}") if is_running else (r"\mu", r"\sigma")
    gamma_name, beta_name = (indexed(n, str(channel + 1)) for n in (r"\gamma", r"\beta"))
    latex = (
        rf"\frac{{{named}-{mu}}}{{\sqrt{{{sigma}^2+\varepsilon}}}}\, {gamma_name}+{beta_name}"
    )
    numbers = (
        rf"\frac{{{put(a)}-{bracketed(mean)}}}{{\sqrt{{{put(variance)}+{put(eps)}}}}} "
        rf"\cdot {bracketed(gamma)} + {bracketed(beta)}"
    )
    enters = tuple(
        Entering(local.name, n, (p,))
        for n, p in (("in", place), ("weight", channel), ("bias", channel))
    )
    return Worked(latex, numbers, float(value), enters=enters)


def statistics_of(local: Local, place: int) -> tuple[int, float, float, bool]:
    """Return which γ scales a number, the μ and σ² it is normalised by, and if those run."""
    a = local.a
    if local.kind == "batch_norm":
        channel = place if a.ndim == 2 else place // (a.shape[2] * a.shape[3])
        if "running_mean" in local.weights:
            mean, variance = (
                float(local.weights[n][channel]) for n in ("running_mean", "running_var")
            )
            return channel, mean, variance, True
        values = a[:, channel]
        return channel, float(values.mean()), float(values.var()), False
    size = local.weights["weight"].size
    values = a[local.row].reshape(-1, size)[place // size]
    return place % size, float(values.mean()), float(values.var()), False


def softmax(local: Local, place: int) -> Worked:
    """eᶻ/Σeᶻ, over the units of a token, the channels at a place, or all there are."""
    places, at, one, each = shared_out(local, place)
    z = local.a[local.row].reshape(-1)[places]
    e = np.exp(z - z.max())
    value = float(e[at] / e.sum())
    named = indexed("z", each, local.own)
    latex = rf"\frac{{e^{{{indexed('z', one, local.own)}}}}}{{\sum_j e^{{{named}}}}}"
    total = float(np.exp(z).sum()) if z.max() < 700 else float("inf")
    numbers = rf"\frac{{e^{{{put(float(z[at]))}}}}}{{{put(total)}}}"
    enters = (Entering(local.name, "in", tuple(places)),)
    return Worked(latex, numbers, value, enters=enters)


def shared_out(local: Local, place: int) -> tuple[list[int], int, str, str]:
    """Return the places over which a softmax shares 1, and which of them is meant.

    Besides, the index of the one that is meant, and that of all with j.
    """
    shape = local.a.shape[1:]
    axis = 0 if len(shape) in (1, 3) else len(shape) - 1
    index = [int(n) for n in np.unravel_index(place, shape)]
    grid = np.arange(int(np.prod(shape))).reshape(shape)
    places = grid[tuple(slice(None) if n == axis else i for n, i in enumerate(index))]
    one = [str(i + 1) for i in index]
    each = ["j" if n == axis else i for n, i in enumerate(one)]
    return [int(p) for p in places], index[axis], ",".join(one), ",".join(each)


def prelu(local: Local, place: int) -> Worked:
    """z, or its learned share below zero."""
    z, slope = float(local.a[local.row].flat[place]), float(local.weights["weight"].flat[0])
    named = indexed("z", str(place + 1), local.own)
    enters = (Entering(local.name, "in", (place,)), Entering(local.name, "weight", (0,)))
    if z > 0:
        return Worked(named, put(z), z, enters=enters[:1])
    numbers = rf"{put(slope)} \cdot {bracketed(z)}"
    return Worked(rf"s\, {named}", numbers, slope * z, enters=enters)


def activation(local: Local, place: int) -> Worked:
    """φ(z)."""
    z = float(local.a[local.row].flat[place])
    value = float(ACTIVATIONS[local.kind].value(np.array([z]), **local.options)[0])
    named = indexed("z", str(place + 1), local.own)
    form = form_of(local)
    latex = form.replace("z", named)
    numbers = form.replace("z", bracketed(z)) if len(latex) < 90 else put(value)
    numbers = _filled(numbers, local)
    enters = (Entering(local.name, "in", (place,)),)
    return Worked(_filled(latex, local), numbers, value, enters=enters)


def form_of(local: Local) -> str:
    """Return φ(z), as the options of the layer have it."""
    is_tanh = local.kind == "gelu" and local.options.get("approximate") == "tanh"
    return GELU_BY_TANH if is_tanh else VALUES[local.kind]


def _filled(latex: str, local: Local) -> str:
    """Put in what an option is, where a formula has a letter for it."""
    for name, letter in (("alpha", r"\alpha"), ("beta", r"\beta"), ("negative_slope", "s")):
        if name in local.options and letter in latex:
            return latex.replace(letter, bracketed(float(local.options[name])))
    return latex


VALUES = {
    "identity": r"z",
    "step": r"[z>0]",
    "sigmoid": r"\sigma(z)",
    "hardsigmoid": r"\min(1,\max(0,z/6+1/2))",
    "tanh": r"\tanh(z)",
    "relu": r"\max(0,\ z)",
    "leaky_relu": r"\max(0,\ z) + s \cdot \min(0,\ z)",
    "elu": r"\mathrm{ELU}(z)",
    "selu": r"\mathrm{SELU}(z)",
    "celu": r"\mathrm{CELU}(z)",
    "gelu": r"z\,\Phi(z)",
    "silu": r"z\,\sigma(z)",
    "hardswish": r"z\,\min(1,\max(0,z/6+1/2))",
    "mish": r"\mathrm{Mish}(z)",
    "softplus": r"\frac{1}{\beta}\log(1+e^{\beta \cdot z})",
    "softsign": r"\frac{z}{1+\left|z\right|}",
    "relu6": r"\min(6,\max(0,z))",
}
"""φ(z) in LaTeX, where every z stands for the argument."""

GELU_BY_TANH = r"\frac{z}{2}\left(1+\tanh(\sqrt{2/\pi}\,(z+0.044715\,(z)^3))\right)"
"""The approximation of GELU that does without Φ."""

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
    "prelu": prelu,
    **dict.fromkeys(VALUES, activation),
    **FORWARD,
}
"""By the name of the layer kind."""

__all__ = ["VALUES", "WORKED", "added", "forward", "statistics_of"]
