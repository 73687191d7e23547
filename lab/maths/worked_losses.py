r"""A loss, one number at a time: its terms, the probabilities in it, its slope by an output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.maths.activations import sigmoid
from lab.maths.explanations import LOSS, Entering, Term, Worked, bracketed, indexed, put
from lab.maths.layers import softmax_of
from lab.maths.losses import one_hot, smoothed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.maths.activations import Array

SOFTMAX = ("cross_entropy", "kl_div")
SIGMOID = ("binary_cross_entropy_with_logits",)


@dataclass(frozen=True, slots=True, eq=False)
class LocalLoss:
    """What a formula of the loss may know: ``output`` (N, C) and targets as the loss wants."""

    kind: str
    options: Mapping[str, Any]
    output: Array
    target: Any
    terms: Array
    slope: Array
    row: int = 0

    @property
    def shares(self) -> int:
        """How many samples, or numbers, the mean is taken over."""
        by_sample = self.kind in SOFTMAX
        return len(self.output) if by_sample else int(self.output.size)


def probabilities(kind: str, output: Array) -> Array | None:
    """Return what outputs mean as probabilities, (N, C); None where they are scores."""
    if kind in SOFTMAX:
        return softmax_of(output, axis=1)
    return sigmoid(output) if kind in SIGMOID else None


def wanted(loss: LocalLoss) -> Array:
    """Return the targets as numbers of the output's shape, smoothed where the loss does so."""
    if np.asarray(loss.target).ndim == 1:
        rows = one_hot(loss.target, loss.output.shape[1])
    else:
        rows = np.asarray(loss.target, float)
    share = loss.options.get("label_smoothing", loss.options.get("smoothing", 0.0))
    return smoothed(rows, share) if share else rows


def _mean(loss: LocalLoss) -> tuple[str, str]:
    n = loss.shares
    return ("", "") if n == 1 else (rf"\frac{{1}}{{{n}}}", rf"\frac{{1}}{{{n}}} \cdot ")


def term(loss: LocalLoss, place: int) -> Worked:
    """Explain one term of the loss, the factor of its mean included."""
    o = float(loss.output[loss.row].flat[place])
    y = float(wanted(loss)[loss.row].flat[place])
    value = float(loss.terms[loss.row].flat[place])
    front, front_numbers = _mean(loss)
    latex, numbers = _term_words(loss, place, o, y)
    enters = [Entering(LOSS, "y", (place,))]
    enters.append(Entering(LOSS, "p" if loss.kind in SOFTMAX + SIGMOID else "o", (place,)))
    return Worked(front + latex, front_numbers + numbers, value, enters=tuple(enters))


def _term_words(loss: LocalLoss, place: int, o: float, y: float) -> tuple[str, str]:
    c = str(place + 1)
    o_c, y_c, p_c = (indexed(letter, c) for letter in ("o", "y", "p"))
    found = probabilities(loss.kind, loss.output)
    p = float(found[loss.row].flat[place]) if found is not None else np.nan
    if loss.kind == "cross_entropy":
        return rf"\left(-{y_c} \log {p_c}\right)", rf"\left(-{put(y)} \log {put(p)}\right)"
    if loss.kind == "kl_div":
        numbers = rf"{put(y)} \log \frac{{{put(y)}}}{{{put(p)}}}"
        return rf"{y_c} \log \frac{{{y_c}}}{{{p_c}}}", numbers
    if loss.kind in SIGMOID:
        return (
            rf"\left(-{y_c} \log {p_c} - (1-{y_c})\log(1-{p_c})\right)",
            rf"\left(-{put(y)} \log {put(p)} - {put(1 - y)} \log {put(1 - p)}\right)",
        )
    e, e_numbers = f"{o_c}-{y_c}", f"{put(o)}-{bracketed(y)}"
    if loss.kind == "mse_loss":
        return rf"\left({e}\right)^2", rf"\left({e_numbers}\right)^2"
    if loss.kind == "l1_loss":
        return rf"\left|{e}\right|", rf"\left|{e_numbers}\right|"
    if loss.kind == "huber_loss":
        delta = put(float(loss.options["delta"]))
        if abs(o - y) <= loss.options["delta"]:
            return rf"\frac{{({e})^2}}{{2}}", rf"\frac{{({e_numbers})^2}}{{2}}"
        return (
            rf"d\left(\left|{e}\right|-d/2\right)",
            rf"{delta}\left(\left|{e_numbers}\right|-{delta}/2\right)",
        )
    if loss.kind == "hinge_loss":
        numbers = rf"\max(0,\ 1-{bracketed(y)} \cdot {bracketed(o)})"
        return rf"\max(0,\ 1-{y_c} {o_c})", numbers
    right = int(np.asarray(loss.target)[loss.row])
    if place == right:
        return rf"0 \cdot {o_c}", "0"
    o_right, margin = float(loss.output[loss.row, right]), float(loss.options["margin"])
    return (
        rf"\max(0,\ m-{indexed('o', str(right + 1))}+{o_c})",
        rf"\max(0,\ {put(margin)}-{bracketed(o_right)}+{bracketed(o)})",
    )


def slope(loss: LocalLoss, place: int) -> Worked:
    """Explain ∂L/∂o: what the way back begins with."""
    value = float(loss.slope[loss.row].flat[place])
    o = float(loss.output[loss.row].flat[place])
    y = float(wanted(loss)[loss.row].flat[place])
    c = str(place + 1)
    front, front_numbers = _mean(loss)
    found = probabilities(loss.kind, loss.output)
    if found is not None:
        p = float(found[loss.row].flat[place])
        enters = (Entering(LOSS, "p", (place,)), Entering(LOSS, "y", (place,)))
        latex = rf"\left({indexed('p', c)}-{indexed('y', c)}\right)"
        numbers = rf"{front_numbers}\left({put(p, 7)}-{bracketed(y)}\right)"
        terms = (Term("p", (), p / loss.shares), Term("−y", (), -y / loss.shares))
        worked = (p - y) / loss.shares
        return Worked(front + latex, numbers, worked, terms, ("part", "value"), enters)
    latex, numbers = _slope_words(loss, c, o, y)
    enters = (Entering(LOSS, "o", (place,)), Entering(LOSS, "y", (place,)))
    return Worked(front + latex, front_numbers + numbers, value, enters=enters)


def _slope_words(loss: LocalLoss, c: str, o: float, y: float) -> tuple[str, str]:
    o_c, y_c = indexed("o", c), indexed("y", c)
    e, e_numbers = f"{o_c}-{y_c}", f"{put(o)}-{bracketed(y)}"
    if loss.kind == "mse_loss":
        return rf"2\left({e}\right)", rf"2\left({e_numbers}\right)"
    if loss.kind == "l1_loss":
        return rf"\mathrm{{sign}}\left({e}\right)", rf"\mathrm{{sign}}\left({e_numbers}\right)"
    if loss.kind == "huber_loss":
        d = put(float(loss.options["delta"]))
        return (
            rf"\max(-d,\ \min(d,\ {e}))",
            rf"\max(-{d},\ \min({d},\ {e_numbers}))",
        )
    if loss.kind == "hinge_loss":
        is_within = f"{float(y * o <= 1):.0f}"
        return (
            rf"\left(-{y_c}\right)[{y_c}{o_c} \leq 1]", rf"{bracketed(-y)} \cdot {is_within}"
        )  # fmt: skip
    value = float(loss.slope[loss.row].flat[int(c) - 1]) * loss.shares
    return rf"\frac{{\partial}}{{\partial {o_c}}}\sum_j \max(0,\ m-o_y+o_j)", put(value)


def probability(loss: LocalLoss, place: int) -> Worked:
    """Explain p of an output: softmax or sigmoid."""
    found = probabilities(loss.kind, loss.output)
    assert found is not None
    value = float(found[loss.row].flat[place])
    o = loss.output[loss.row]
    o_c = indexed("o", str(place + 1))
    if loss.kind in SIGMOID:
        enters = (Entering(LOSS, "o", (place,)),)
        return Worked(
            rf"\sigma({o_c})", rf"\sigma({put(float(o[place]))})", value, enters=enters
        )
    with np.errstate(over="ignore"):
        total = float(np.exp(o).sum())
    enters = (Entering(LOSS, "o", tuple(range(o.size))),)
    return Worked(
        rf"\frac{{e^{{{o_c}}}}}{{\sum_j e^{{o_j}}}}",
        rf"\frac{{e^{{{put(float(o[place]))}}}}}{{{put(total)}}}", value, enters=enters,
    )  # fmt: skip


def lost_digits(loss: LocalLoss) -> Array:
    """Return how many digits p − y loses where the network is very sure, (N, C); NaN if few.

    p is stored to 16 digits. Where it lies 10⁻ᵏ from the target, k of them cancel; a small p
    beside y = 0 keeps all its digits.
    """
    found = probabilities(loss.kind, loss.output)
    if found is None:
        return np.full(loss.output.shape, np.nan)
    gap = np.abs(found - wanted(loss).reshape(found.shape))
    is_sure = (found >= 0.5) & (gap <= 1e-4)
    return np.where(is_sure, -np.log10(np.maximum(gap, 1e-16)), np.nan)
