"""Recurrent layers, and backpropagation through time: δ goes from token to token, backward.

Weights are those of torch: ``weight_ih`` (gates · units, D) meets the token, ``weight_hh``
(gates · units, units) the state, a block of rows for each gate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.maths.activations import Array, sigmoid

if TYPE_CHECKING:
    from lab.maths.passing import Options, Passed, Rule, Weights

State = tuple[Array, ...]
"""The h that is handed on, and behind it what else a layer remembers."""


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One token's turn: the state it leads to, and the way back from ∂L by that state.

    ``back(*d_state)`` gives ∂L by what the gates got of the token and of the state, each
    (N, gates · units), and ∂L by the state before, but for the way through the latter.
    """

    state: State
    back: Callable[..., tuple[Array, Array, State]]


Cell = Callable[[Array, Array, State], Moment]


def gru_cell(of_token: Array, of_state: Array, before: State) -> Moment:
    """H = (1 − z) ⊙ n + z ⊙ h, with r, z = σ(sums) and n = tanh(nₓ + r ⊙ nₕ).

    Source: Cho et al., arXiv:1406.1078, in the variant of torch.
    """
    (h,) = before
    (r_x, z_x, n_x), (r_h, z_h, n_h) = (np.split(t, 3, axis=1) for t in (of_token, of_state))
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    n = np.tanh(n_x + r * n_h)

    def back(d_h: Array) -> tuple[Array, Array, State]:
        d_n = d_h * (1 - z) * (1 - n**2)
        d_z = d_h * (h - n) * z * (1 - z)
        d_r = d_n * n_h * r * (1 - r)
        of_x = np.concatenate([d_r, d_z, d_n], axis=1)
        return of_x, np.concatenate([d_r, d_z, d_n * r], axis=1), (d_h * z,)

    return Moment((n + z * (h - n),), back)


def lstm_cell(of_token: Array, of_state: Array, before: State) -> Moment:
    """C = f ⊙ c + i ⊙ g and h = o ⊙ tanh c, with i, f, o = σ(sums) and g = tanh(sum).

    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate.
    """
    _, c = before
    sums = np.split(of_token + of_state, 4, axis=1)
    i, f, o = (sigmoid(sums[k]) for k in (0, 1, 3))
    g = np.tanh(sums[2])
    after = f * c + i * g
    t = np.tanh(after)

    def back(d_h: Array, d_c: Array) -> tuple[Array, Array, State]:
        d_c = d_c + d_h * o * (1 - t**2)
        d_i, d_f, d_g = d_c * g * i * (1 - i), d_c * c * f * (1 - f), d_c * i * (1 - g**2)
        d_sums = np.concatenate([d_i, d_f, d_g, d_h * t * o * (1 - o)], axis=1)
        return d_sums, d_sums, (np.zeros_like(d_h), d_c * f)

    return Moment((o * t, after), back)


def remembering(
    cell: Cell, remembered: int, a: Array, weights: Weights
) -> tuple[list[State], list[Moment]]:
    """Return the state before the first token and after each, and the turn of each token."""
    w_h = weights["weight_hh"]
    of_tokens = a @ weights["weight_ih"].T + weights.get("bias_ih", 0.0)
    states: list[State] = [(np.zeros((len(a), w_h.shape[1])),) * remembered]
    moments: list[Moment] = []
    for t in range(a.shape[1]):
        of_states = states[-1][0] @ w_h.T + weights.get("bias_hh", 0.0)
        moments.append(cell(of_tokens[:, t], of_states, states[-1]))
        states.append(moments[-1].state)
    return states, moments


def recurrent(cell: Cell, remembered: int) -> Rule:
    """Return the rule of a layer that goes through (N, T, D) with ``remembered`` tensors.

    ∂L/∂h of a token is what the layers above say of it, and what the token after it says.
    """

    def rule(a: Array, weights: Weights, options: Options) -> Passed:
        w_h = weights["weight_hh"]
        states, moments = remembering(cell, remembered, a, weights)
        h = np.stack([state[0] for state in states], axis=1)  # (N, T + 1, units)

        def back(delta: Array) -> tuple[Array, dict[str, Array]]:
            by_token, by_state = through_time(moments, delta, w_h)
            found = {
                "weight_ih": np.einsum("ntg,ntd->gd", by_token, a, optimize=True),
                "weight_hh": np.einsum("ntg,ntu->gu", by_state, h[:, :-1], optimize=True),
            }
            if "bias_ih" in weights:
                found["bias_ih"] = by_token.sum(axis=(0, 1))
                found["bias_hh"] = by_state.sum(axis=(0, 1))
            return by_token @ weights["weight_ih"], found

        return h[:, 1:] if options["returns"] == "all" else h[:, -1], back

    return rule


def _only_last(delta: Array, tokens: int) -> Array:
    above = np.zeros((len(delta), tokens, delta.shape[1]))
    above[:, -1] = delta
    return above


def through_time(moments: list[Moment], delta: Array, w_h: Array) -> tuple[Array, Array]:
    """Return ∂L by what the gates got of tokens and of states, each (N, T, gates · units).

    ``delta`` is ∂L by all that is handed on, (N, T, units), or by the last state, (N, units).
    """
    above = delta if delta.ndim == 3 else _only_last(delta, len(moments))
    d_state: State = tuple(np.zeros_like(s) for s in moments[0].state)
    by_token, by_state = [], []
    for t in reversed(range(len(moments))):
        d_h, *rest = d_state
        of_x, of_h, (d_h, *rest) = moments[t].back(d_h + above[:, t], *rest)
        d_state = (d_h + of_h @ w_h, *rest)
        by_token.append(of_x)
        by_state.append(of_h)
    return np.stack(by_token[::-1], axis=1), np.stack(by_state[::-1], axis=1)


gru = recurrent(gru_cell, 1)
lstm = recurrent(lstm_cell, 2)
