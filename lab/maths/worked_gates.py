r"""GRU and LSTM, one number at a time: the gates of a unit, and how δ comes back to a token.

States are found anew, for the one sample that is meant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.maths.activations import sigmoid
from lab.maths.explanations import (
    Entering,
    Local,
    Term,
    Worked,
    bracketed,
    indexed,
    put,
    summed,
)
from lab.maths.recurrent import gru_cell, lstm_cell, remembering, through_time

if TYPE_CHECKING:
    from lab.maths.activations import Array
    from lab.maths.recurrent import State

CELLS = {"gru": (gru_cell, 1, 3), "lstm": (lstm_cell, 2, 4)}
"""The cell, what it remembers, and how many gates it has."""


def _gates(local: Local, t: int, unit: int) -> tuple[Array, Array, State]:
    """Return what each gate of a unit gets of a token and of the state, and the state."""
    cell, remembered, gates = CELLS[local.kind]
    a = local.a[local.row][None, : t + 1]
    states, _ = remembering(cell, remembered, a, local.weights)
    h = states[t][0][0]
    of_token = local.weights["weight_ih"] @ a[0, t] + local.weights.get("bias_ih", 0.0)
    of_state = local.weights["weight_hh"] @ h + local.weights.get("bias_hh", 0.0)
    rows = np.arange(gates) * len(h) + unit
    return of_token[rows], of_state[rows], tuple(s[0][unit] for s in states[t])


def _when(local: Local, place: int) -> tuple[int, int]:
    """Return token and unit: of the last token where only that is handed on."""
    units = local.z.shape[-1]
    t, unit = divmod(place, units)
    return (t if local.z.ndim == 3 else local.a.shape[1] - 1), unit


def _entering(local: Local, t: int, unit: int) -> list[Entering]:
    width, units = local.a.shape[2], local.z.shape[-1]
    found = [Entering(local.name, "in", tuple(range(t * width, (t + 1) * width)))]
    for name, long in (("weight_ih", width), ("weight_hh", units)):
        rows = range(unit, len(local.weights[name]), units)
        places = tuple(r * long + k for r in rows for k in range(long))
        found.append(Entering(local.name, name, places))
    return found


def gru(local: Local, place: int) -> Worked:
    """The state (1 − z) n + z h_{t−1}, with the sums of the gates put in."""
    t, unit = _when(local, place)
    (r_x, z_x, n_x), (r_h, z_h, n_h), (before,) = _gates(local, t, unit)
    r, z = (float(v) for v in sigmoid(np.array([r_x + r_h, z_x + z_h])))
    n = float(np.tanh(n_x + r * n_h))
    terms = [
        Term("new", (1 - z, n), (1 - z) * n),
        Term("kept", (z, float(before)), z * float(before)),
    ]
    latex = (
        r"(1-z)\, \tanh\left(W_n x_t + r\, U_n h_{t-1}\right) + z\, h_{t-1},\ "
        r"z,r=\sigma\left(W x_t + U h_{t-1}\right)"
    )
    gate = rf"\sigma({put(float(z_x + z_h))})"
    fresh = (
        rf"\tanh({put(float(n_x))} + \sigma({put(float(r_x + r_h))}) \cdot {bracketed(n_h)})"
    )
    numbers = rf"(1-{gate}) {fresh} + {gate} \cdot {bracketed(float(before))}"
    columns = ("part", "gate", "number", "product")
    made = summed(latex, terms, columns, _entering(local, t, unit))
    return Worked(latex, numbers, made.value, made.terms, columns, made.enters)


def lstm(local: Local, place: int) -> Worked:
    """The state o tanh(f c_{t−1} + i g), with the sums of the gates put in."""
    t, unit = _when(local, place)
    of_token, of_state, (_, memory) = _gates(local, t, unit)
    i, f, g, o = (float(s) for s in of_token + of_state)
    taken, kept, shown = (float(v) for v in sigmoid(np.array([i, f, o])))
    told = float(np.tanh(kept * float(memory) + taken * np.tanh(g)))
    latex = (
        r"o\, \tanh\left(f\, c_{t-1} + i\, g\right),\ "
        r"i,f,o=\sigma\left(W x_t + U h_{t-1}\right),\ "
        r"g=\tanh\left(W_g x_t + U_g h_{t-1}\right)"
    )
    fresh = rf"\sigma({put(i)}) \tanh({put(g)})"
    numbers = (
        rf"\sigma({put(o)}) \tanh\left(\sigma({put(f)}) \cdot {bracketed(float(memory))}"
        rf" + {fresh}\right)"
    )
    terms = (Term("h", (shown, told), shown * told),)
    columns = ("part", "gate", "tanh c", "product")
    return Worked(
        latex, numbers, shown * told, terms, columns, tuple(_entering(local, t, unit))
    )


def recurrent_back(local: Local, place: int) -> Worked:
    """Σ_k W_ki δ_tk over all gates: what they say of the token t, the later tokens included."""
    cell, remembered, _ = CELLS[local.kind]
    t, i = divmod(place, local.a.shape[2])
    sample = slice(local.row, local.row + 1)
    _, moments = remembering(cell, remembered, local.a[sample], local.weights)
    w_h = local.weights["weight_hh"]
    delta = through_time(moments, local.d_z[sample], w_h)[0][0, t]
    weight = local.weights["weight_ih"]
    terms = [
        Term(str(k + 1), (float(w), float(d)), float(w * d))
        for k, (w, d) in enumerate(zip(weight[:, i], delta, strict=True))
    ]
    latex = rf"\sum_{{k=1}}^{{{len(delta)}}} {indexed('W', f'k{i + 1}', local.own)}\, "
    latex += rf"\delta^{{\mathrm{{gate}}}}_{{{t + 1},k}}"
    enters = [Entering(local.name, "weight_ih", tuple(range(i, weight.size, weight.shape[1])))]
    return summed(latex, terms, ("gate, k", "W", "δ", "product"), enters)
