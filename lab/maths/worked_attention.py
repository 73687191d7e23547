r"""Attention, one number at a time: who looked at whom, and how δ comes back.

Queries, keys and values are found anew, for the one sample that is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.attention import attended_back, attention_weights, by_head, joined, part
from lab.maths.explanations import Entering, Local, Term, Worked, bracketed, put, summed
from lab.maths.passing import linear

if TYPE_CHECKING:
    from lab.maths.activations import Array

MOST_LARGE = 700
"""Of larger numbers there is no exponential in float64."""


def _heads(local: Local) -> tuple[Array, Array, Array, Array]:
    """Return queries, keys, values, (H, T, d), and the weights, (H, T, T), of the sample."""
    a, heads = local.a[local.row][None], local.options["heads"]
    q, k, v = (
        by_head(linear(a, part(local.weights, name), {})[0], heads)[0]
        for name in ("query", "key", "value")
    )
    return q, k, v, attention_weights(q, k, causal=local.options["causal"])


def attention(local: Local, place: int) -> Worked:
    """Σ_s p_ts (W_O v_s)_i + b_i over the tokens s that t may look at, and all heads."""
    tokens, width = local.a.shape[1:]
    t, i = divmod(place, width)
    q, k, v, p = _heads(local)
    row = local.weights["out.weight"][i].reshape(len(q), -1)  # (H, d)
    terms, told = [], []
    for head, s in np.ndindex(len(q), tokens):
        share, through = float(p[head, t, s]), float(v[head, s] @ row[head])
        if share:
            label = f"{head + 1}, {s + 1}" if len(q) > 1 else str(s + 1)
            terms.append(Term(label, (share, through), share * through))
            told.append(f"{_share(q, k, p, head, t, s)} {bracketed(through)}")
    numbers = " + ".join(told[:3]) + (r" + \cdots" if len(told) > 3 else "")
    many = r"\sum_h " if len(q) > 1 else ""
    latex = (
        rf"{many}\sum_s \frac{{e^{{q_{{{t + 1}}} k_s/\sqrt{{d}}}}}}"
        rf"{{\sum_r e^{{q_{{{t + 1}}} k_r/\sqrt{{d}}}}}} \left(W_O v_s\right)_{{{i + 1}}}"
    )
    enters = [
        Entering(local.name, "in", tuple(range(tokens * width))),
        Entering(local.name, "out.weight", tuple(range(i * width, (i + 1) * width))),
    ]
    bias = local.weights.get("out.bias")
    if bias is not None:
        terms.append(Term("b", (), float(bias[i])))
        latex += f" + b_{{{i + 1}}}"
        enters.append(Entering(local.name, "out.bias", (i,)))
    columns = ("head, token" if len(q) > 1 else "token", "weight", "W_O v", "product")
    made = summed(latex, terms, columns, enters)
    return Worked(latex, numbers, made.value, made.terms, columns, made.enters)


def _share(q: Array, k: Array, p: Array, head: int, t: int, s: int) -> str:
    """Return how much t looks at s, with its score put in, and the sum over all others."""
    scores = k[head] @ q[head, t] / np.sqrt(q.shape[-1])
    if abs(scores).max() > MOST_LARGE:
        return rf"{put(float(p[head, t, s]))} \cdot"
    total = float(np.exp(scores)[p[head, t] > 0].sum())
    return rf"\frac{{e^{{{put(float(scores[s]))}}}}}{{{put(total)}}} \cdot"


def attention_back(local: Local, place: int) -> Worked:
    """Σ_j W_ji δ_tj by three ways: as a query, as a key, as a value."""
    t, i = divmod(place, local.a.shape[2])
    q, k, v, p = _heads(local)
    mixed = local.d_z[local.row] @ local.weights["out.weight"]
    delta = by_head(mixed[None], len(q))[0]
    slopes = attended_back(delta, p, q, k, v)
    terms, words = [], []
    for name, slope in zip(("query", "key", "value"), slopes, strict=True):
        weight = local.weights[f"{name}.weight"][:, i]
        terms.append(Term(f"as {name}", (), float(joined(slope[None])[0, t] @ weight)))
        letter = name[0]
        upper = letter.upper()
        words.append(rf"\sum_j W^{upper}_{{j{i + 1}}} \delta^{letter}_{{{t + 1}j}}")
    enters = [Entering(local.name, "d_out", tuple(range(local.d_z[local.row].size)))]
    return summed(" + ".join(words), terms, ("way back", "value"), enters)
