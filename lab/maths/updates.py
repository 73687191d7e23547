"""Update rules of optimizers: from a gradient and what is remembered to Δθ.

``rule(g, state, t, options) -> (update, state)``: the gradient, the state after t − 1 updates
by torch's names, and t from 1 on; ``θ ← θ + update``. Penalties, clipping and decoupled decay
come before, the same way for every rule. Sources stand with each; where papers and
torch.optim differ, torch.optim is followed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lab.maths.activations import Array

State = dict[str, "Array"]
Options = Mapping[str, Any]
Rule = Callable[["Array", State, int, Options], tuple["Array", State]]


def sgd(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηg; with momentum v ← μv + g and −ηv, with Nesterov −η(g + μv). v begins as g.

    Source: Sutskever et al., ICML 2013, in torch.optim.SGD's form.
    """
    if not o["momentum"]:
        return -o["learning_rate"] * g, {}
    v = g.copy() if t == 1 else o["momentum"] * state["momentum_buffer"] + g
    ahead = g + o["momentum"] * v if o["nesterov"] else v
    return -o["learning_rate"] * ahead, {"momentum_buffer": v}


def rmsprop(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηg/(√E[g²] + ε), with momentum along it; centred, E[g]² is taken off E[g²].

    Source: Hinton's lecture 6e; Graves, arXiv:1308.0850.
    """
    square = o["alpha"] * state["square_avg"] + (1 - o["alpha"]) * g**2
    found, variance = {"square_avg": square}, square
    if o["centered"]:
        mean = o["alpha"] * state["grad_avg"] + (1 - o["alpha"]) * g
        found["grad_avg"], variance = mean, square - mean**2
    scaled = g / (np.sqrt(variance) + o["eps"])
    if o["momentum"]:
        found["momentum_buffer"] = scaled = o["momentum"] * state["momentum_buffer"] + scaled
    return -o["learning_rate"] * scaled, found


def adagrad(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηg/(√Σg² + ε). Source: Duchi et al., JMLR 2011."""
    total = state["sum"] + g**2
    return -o["learning_rate"] * g / (np.sqrt(total) + o["eps"]), {"sum": total}


def adadelta(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηg √(E[Δ²] + ε)/√(E[g²] + ε). Source: Zeiler, arXiv:1212.5701."""
    rho, eps = o["rho"], o["eps"]
    square = rho * state["square_avg"] + (1 - rho) * g**2
    step = np.sqrt(state["acc_delta"] + eps) / np.sqrt(square + eps) * g
    past = rho * state["acc_delta"] + (1 - rho) * step**2
    return -o["learning_rate"] * step, {"square_avg": square, "acc_delta": past}


def adam(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηm̂/(√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). Source: arXiv:1412.6980."""
    m, v = moments(g, state, o)
    m_hat, v_hat = corrected(m, v, t, o)
    update = -o["learning_rate"] * m_hat / (np.sqrt(v_hat) + o["eps"])
    return update, {"exp_avg": m, "exp_avg_sq": v}


def moments(g: Array, state: State, o: Options) -> tuple[Array, Array]:
    """Return m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g²."""
    m = o["beta1"] * state["exp_avg"] + (1 - o["beta1"]) * g
    return m, o["beta2"] * state["exp_avg_sq"] + (1 - o["beta2"]) * g**2


def corrected(m: Array, v: Array, t: int, o: Options) -> tuple[Array, Array]:
    """Return m̂ and v̂: what both would be, had they not begun at zero."""
    return m / (1 - o["beta1"] ** t), v / (1 - o["beta2"] ** t)


def nadam(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """Adam with Nesterov's look ahead; μₜ = β₁(1 − 0.96^{tψ}/2), ψ the momentum's decay.

    −η(μₜ₊₁m/(1 − Πμ μₜ₊₁) + (1 − μₜ)g/(1 − Πμ))/(√v̂ + ε). Source: Dozat, ICLR 2016 workshop.
    """
    m, v = moments(g, state, o)
    now, after = (
        o["beta1"] * (1 - 0.5 * 0.96 ** (k * o["momentum_decay"])) for k in (t, t + 1)
    )
    product = state["mu_product"] * now
    ahead = after * m / (1 - product * after) + (1 - now) * g / (1 - product)
    v_hat = v / (1 - o["beta2"] ** t)
    update = -o["learning_rate"] * ahead / (np.sqrt(v_hat) + o["eps"])
    return update, {"exp_avg": m, "exp_avg_sq": v, "mu_product": product}


def radam(g: Array, state: State, t: int, o: Options) -> tuple[Array, State]:
    """−ηm̂ while the variance of v cannot be trusted (ρₜ ≤ 5), else −ηm̂ r √(1 − β₂ᵗ)/(√v + ε).

    Source: Liu et al., arXiv:1908.03265.
    """
    m, v = moments(g, state, o)
    m_hat = m / (1 - o["beta1"] ** t)
    most = 2 / (1 - o["beta2"]) - 1
    length = most - 2 * t * o["beta2"] ** t / (1 - o["beta2"] ** t)
    factor: Any = 1.0
    if length > 5:
        trust = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
        factor = np.sqrt(trust * (1 - o["beta2"] ** t)) / (np.sqrt(v) + o["eps"])
    return -o["learning_rate"] * m_hat * factor, {"exp_avg": m, "exp_avg_sq": v}


RULES: dict[str, Rule] = {
    "sgd": sgd,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adadelta": adadelta,
    "adam": adam,
    "adamw": adam,
    "nadam": nadam,
    "radam": radam,
}
"""By the name of the optimizer; AdamW is Adam, its decay is taken off beside the rule."""


def penalised(g: Array, weights: Array, l1: float, l2: float) -> Array:
    """Return the gradient of ``loss + l1 Σ|w| + l2/2 Σw²``."""
    return g + l1 * np.sign(weights) + l2 * weights


def clipped_by_norm(g: Array, length: float, max_norm: float) -> Array:
    """Return g · c/(‖g‖ + 10⁻⁶), or g where that would lengthen it."""
    return g * min(1.0, max_norm / (length + 1e-6))


def clipped_by_value(g: Array, length: float, limit: float) -> Array:
    """Return g with every element within ±c."""
    return np.clip(g, -limit, limit)


CLIPS: dict[str, Callable[..., Array]] = {
    "none": lambda g, length: g,
    "norm": clipped_by_norm,
    "value": clipped_by_value,
}
"""By the name of the clip, whose options are the keyword arguments."""
