r"""The derivative by a weight of a layer of sequences: a sum over samples and tokens.

``GRADIENTS[kind](local, name, place)`` explains ∂L/∂θ at a flat place of a parameter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.attention import attended_back, attention_weights, by_head, joined, part
from lab.maths.explanations import Entering, Local, Term, Worked, entering, summed
from lab.maths.passing import linear
from lab.maths.recurrent import remembering, through_time
from lab.maths.worked_gates import CELLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.maths.activations import Array


def embedding(local: Local, name: str, place: int) -> Worked:
    """Σ δ_ntd over all places at which the token stood."""
    token, d = divmod(place, local.weights["weight"].shape[1])
    stood = local.a.astype(int) == token
    delta = local.d_z[:, :, d]
    terms = [Term(f"{n + 1}, {t + 1}", (), float(delta[n, t])) for n, t in np.argwhere(stood)]
    latex = rf"\sum_{{n,t:\ x_{{n,t}}={token}}} \delta_{{n,t,{d + 1}}}"
    return summed(latex, terms, ("n, t", "δ"), []) if terms else Worked(latex, "0", 0.0)


def positional_encoding(local: Local, name: str, place: int) -> Worked:
    """Σ_n δ_ntd: every sample has this place."""
    t, d = divmod(place, local.a.shape[2])
    delta = local.d_z[:, t, d]
    terms = [Term(str(n + 1), (), float(v)) for n, v in enumerate(delta)]
    latex = rf"\sum_n \delta_{{n,{t + 1},{d + 1}}}"
    return summed(latex, terms, ("n", "δ"), [Entering(local.name, "d_out", (place,))])


def gates(local: Local, name: str, place: int) -> Worked:
    """Σ δ_ntg x_nti over samples and tokens; of the state, h_{t−1} in x's stead."""
    cell, remembered, _ = CELLS[local.kind]
    states, moments = remembering(cell, remembered, local.a, local.weights)
    ways = through_time(moments, local.d_z, local.weights["weight_hh"])
    delta = ways[0] if name.endswith("_ih") else ways[1]
    taken = local.a
    if name == "weight_hh":
        taken = np.stack([state[0] for state in states[:-1]], axis=1)
    i, j = _row_and_column(local, name, place)
    letter = rf"h_{{n,t-1,{j + 1}}}" if name == "weight_hh" else entering(f"n,t,{j + 1}", "")
    return _over_tokens(delta[..., i], taken[..., j], name, "gate", i, letter)


def attention(local: Local, name: str, place: int) -> Worked:
    """Σ δ_nti a_ntj, δ that of queries, keys or values; for W_O what was gathered."""
    of, _, _ = name.partition(".")
    delta, taken = _attended(local, of)
    i, j = _row_and_column(local, name, place)
    letter = f"m_{{n,t,{j + 1}}}" if of == "out" else entering(f"n,t,{j + 1}", local.before)
    return _over_tokens(delta[..., i], taken[..., j], name, of, i, letter)


def _attended(local: Local, of: str) -> tuple[Array, Array]:
    """Return δ of one of the linear parts, and what came into it, each (N, T, D)."""
    heads = local.options["heads"]
    q, k, v = (
        by_head(linear(local.a, part(local.weights, name), {})[0], heads)
        for name in ("query", "key", "value")
    )
    p = attention_weights(q, k, causal=local.options["causal"])
    if of == "out":
        return local.d_z, joined(p @ v)
    mixed = by_head(local.d_z @ local.weights["out.weight"], heads)
    slopes = attended_back(mixed, p, q, k, v)
    return joined(slopes[("query", "key", "value").index(of)]), local.a


def _row_and_column(local: Local, name: str, place: int) -> tuple[int, int]:
    shape = local.weights[name].shape
    return (place, 0) if len(shape) == 1 else divmod(place, shape[1])


def _over_tokens(delta: Array, taken: Array, name: str, of: str, i: int, letter: str) -> Worked:
    """Sum over samples and tokens, both arrays (N, T); a bias takes δ alone."""
    is_bias = "bias" in name
    terms = [
        Term(f"{n + 1}, {t + 1}", (), float(d))
        if is_bias
        else Term(f"{n + 1}, {t + 1}", (float(d), float(taken[n, t])), float(d * taken[n, t]))
        for (n, t), d in np.ndenumerate(delta)
    ]
    latex = rf"\sum_{{n,t}} \delta^{{\mathrm{{{of}}}}}_{{n,t,{i + 1}}}"
    if is_bias:
        return summed(latex, terms, ("n, t", "δ"), [])
    return summed(rf"{latex}\, {letter}", terms, ("n, t", "δ", letter[0], "product"), [])


GRADIENTS: dict[str, Callable[[Local, str, int], Worked]] = {
    "embedding": embedding,
    "positional_encoding": positional_encoding,
    "gru": gates,
    "lstm": gates,
    "attention": attention,
}
"""By the name of the layer kind."""
