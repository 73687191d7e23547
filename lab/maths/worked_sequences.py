r"""Layers of sequences, one number at a time: what they hand on, and how δ comes back.

As `lab.maths.worked_forward` and `lab.maths.worked_backward`, into whose tables these go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.explanations import (
    Entering,
    Local,
    Term,
    Worked,
    entering,
    indexed,
    put,
    summed,
)
from lab.maths.sequences import waves
from lab.maths.worked_attention import attention, attention_back
from lab.maths.worked_gates import gru, lstm, recurrent_back

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

DELTA = r"\delta"


def embedding(local: Local, place: int) -> Worked:
    """W_xd: the row of the token, as if W were multiplied by a 1 there and by 0 elsewhere."""
    weight = local.weights["weight"]
    t, d = divmod(place, weight.shape[1])
    token = int(local.a[local.row].flat[t])
    value = float(weight[token, d])
    latex = rf"\sum_k [x_{{{t + 1}}}=k]\, {indexed('W', f'k,{d + 1}', local.own)}"
    terms = [Term(f"k = {token}", (1.0, value), value)]
    enters = [
        Entering(local.name, "weight", (token * weight.shape[1] + d,)),
        Entering(local.name, "in", (t,)),
    ]
    return summed(latex, terms, ("token", "[x = k]", "W", "product"), enters)


def positional_encoding(local: Local, place: int) -> Worked:
    """A + p, p of a table that is learned, or of a wave."""
    tokens, width = local.a.shape[1:]
    t, d = divmod(place, width)
    a = float(local.a[local.row].flat[place])
    learned = local.weights.get("weight")
    here = f"{t + 1},{d + 1}"
    enters = [Entering(local.name, "in", (place,))]
    if learned is not None:
        p, wave = float(learned.flat[place]), indexed("W", here, local.own)
        enters.append(Entering(local.name, "weight", (place,)))
    else:
        p = float(waves(tokens, width)[t, d])
        name = r"\cos" if d % 2 else r"\sin"
        wave = rf"{name}\left({t} / 10000^{{{d - d % 2}/{width}}}\right)"
    terms = [Term("a", (), a), Term("p", (), p)]
    return summed(f"{entering(here, local.before)} + {wave}", terms, ("part", "value"), enters)


def mean_over_tokens(local: Local, place: int) -> Worked:
    """Σ_t a_td / T."""
    tokens, width = local.a.shape[1:]
    a = local.a[local.row][:, place]
    share = 1 / tokens
    terms = [Term(str(t + 1), (share, float(v)), share * float(v)) for t, v in enumerate(a)]
    named = entering(f"t,{place + 1}", local.before)
    latex = rf"\frac{{1}}{{{tokens}}} \sum_{{t=1}}^{{{tokens}}} {named}"
    places = tuple(range(place, tokens * width, width))
    enters = [Entering(local.name, "in", places)]
    return summed(latex, terms, ("token", "share", "a", "product"), enters)


def as_sequence(local: Local, place: int) -> Worked:
    """The same number, in another place."""
    at = _places(local).flat[place]
    index = np.unravel_index(at, local.a.shape[1:])
    named = entering(",".join(str(int(n) + 1) for n in index), local.before)
    value = float(local.a[local.row].flat[at])
    return Worked(named, put(value), value, enters=(Entering(local.name, "in", (int(at),)),))


def _places(local: Local) -> npt.NDArray[np.int64]:
    """Return which number of what comes in stands where in what goes out."""
    shape = local.a.shape[1:]
    places = np.arange(int(np.prod(shape))).reshape(shape)
    return places if len(shape) == 1 else places.swapaxes(0, 1).reshape(shape[1], -1)


# The way back.


def embedding_back(local: Local, place: int) -> Worked:
    """Nothing: the number of a token has no slope."""
    return Worked("0", "0", 0.0)


def same_back(local: Local, place: int) -> Worked:
    """The same δ, where the number has gone to."""
    at = place
    if local.kind == "sequence":
        at = int(np.argmax(_places(local).reshape(-1) == place))
    delta = float(local.d_z[local.row].flat[at])
    index = np.unravel_index(at, local.d_z.shape[1:])
    named = indexed(DELTA, ",".join(str(int(n) + 1) for n in index), local.own)
    return Worked(named, put(delta), delta, enters=(Entering(local.name, "d_out", (at,)),))


def mean_back(local: Local, place: int) -> Worked:
    """δ_d / T: each token's share."""
    tokens, width = local.a.shape[1:]
    d = place % width
    delta = float(local.d_z[local.row].flat[d])
    latex = rf"\frac{{1}}{{{tokens}}} {indexed(DELTA, str(d + 1), local.own)}"
    terms = [Term(str(d + 1), (1 / tokens, delta), delta / tokens)]
    enters = [Entering(local.name, "d_out", (d,))]
    return summed(latex, terms, ("unit", "share", "δ", "product"), enters)


FORWARD: dict[str, Callable[[Local, int], Worked]] = {
    "sequence": as_sequence,
    "embedding": embedding,
    "positional_encoding": positional_encoding,
    "mean_over_tokens": mean_over_tokens,
    "attention": attention,
    "gru": gru,
    "lstm": lstm,
}
BACKWARD: dict[str, Callable[[Local, int], Worked]] = {
    "sequence": same_back,
    "embedding": embedding_back,
    "positional_encoding": same_back,
    "mean_over_tokens": mean_back,
    "attention": attention_back,
    "gru": recurrent_back,
    "lstm": recurrent_back,
}
"""By the name of the layer kind."""
