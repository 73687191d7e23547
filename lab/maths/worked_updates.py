r"""An optimizer's update, one number at a time: what it keeps, what it corrects, what it does.

``parts(kind, g, before, t, options)`` names every array between the gradient and Δθ, as the
literature does: v of momentum; m, v, m̂, v̂ of Adam. The rules are `lab.maths.updates`'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lab.maths.explanations import Worked, bracketed, put
from lab.maths.updates import RULES, corrected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.maths.activations import Array
    from lab.maths.updates import Options, State

ADAMS = ("adam", "adamw")
SYMBOLS: dict[str, dict[str, str]] = {
    "sgd": {"momentum_buffer": "v"},
    "rmsprop": {"square_avg": "E[g²]", "grad_avg": "E[g]", "momentum_buffer": "v"},
    "adagrad": {"sum": "Σg²"},
    "adadelta": {"square_avg": "E[g²]", "acc_delta": "E[Δ²]"},
    **{name: {"exp_avg": "m", "exp_avg_sq": "v"} for name in (*ADAMS, "nadam", "radam")},
}
"""What formulas call the slots, by optimizer and torch's name of the slot."""
LATEX = {
    "v": "v", "m": "m", "m̂": r"\hat m", "v̂": r"\hat v", "g": "g",
    "E[g²]": "E[g^2]", "E[g]": "E[g]", "Σg²": r"\sum g^2", "E[Δ²]": r"E[\Delta^2]",
    "step": r"\eta_{\mathrm{eff}}", "Δ": r"\Delta\theta",
}  # fmt: skip


def parts(kind: str, g: Array, before: State, t: int, options: Options) -> dict[str, Array]:
    """Return what the rule computes of a gradient, by symbol, in the order of computing.

    ``step`` is the effective step of each weight, by which its (corrected, averaged) gradient
    is multiplied: η alone for SGD, η/(√v̂ + ε) for Adam. What NAdam averages is m and g, each
    corrected in its own way: it has no m̂.
    """
    update, state = RULES[kind](g, before, t, options)
    found: dict[str, Array] = {"g": g}
    for slot, symbol in SYMBOLS[kind].items():
        if slot in state:
            found[symbol] = np.broadcast_to(state[slot], g.shape)
    if kind in (*ADAMS, "nadam", "radam"):
        m_hat, v_hat = corrected(found["m"], found["v"], t, options)
        found |= {"v̂": v_hat} if kind == "nadam" else {"m̂": m_hat, "v̂": v_hat}
    found["step"] = _effective(kind, g, found, update, options)
    found["Δ"] = update
    return found


def _effective(
    kind: str, g: Array, found: Mapping[str, Array], update: Array, options: Options
) -> Array:
    """Return by what the gradient, or its mean, is multiplied."""
    rate = options["learning_rate"]
    if kind == "sgd":
        return np.full_like(g, rate)
    if kind in (*ADAMS, "nadam"):
        return np.asarray(rate / (np.sqrt(found["v̂"]) + options["eps"]))
    along = found["m̂"] if kind == "radam" else g
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(along != 0, -update / along, np.nan)


def worked(
    symbol: str, kind: str, found: Mapping[str, float], before: Mapping[str, float], t: int,
    options: Mapping[str, Any],
) -> Worked:  # fmt: skip
    """Explain one number between a gradient and its update.

    Parameters
    ----------
    symbol : str
        One of those of `parts`.
    found, before
        The numbers of this very weight, by symbol: as `parts` has them, and as the optimizer
        kept them from the step before; ``∏μ`` besides, of NAdam.
    t : int
        The number of the update, from 1 on.
    """
    value = found[symbol]
    latex, numbers = _formulas(kind, t, found, before, options).get(symbol, ("", ""))
    return Worked(latex, numbers or put(value, 7), value)


def _formulas(
    kind: str, t: int, found: Mapping[str, float], before: Mapping[str, float],
    o: Mapping[str, Any],
) -> dict[str, tuple[str, str]]:  # fmt: skip
    rate, g = put(o["learning_rate"]), found["g"]
    made: dict[str, tuple[str, str]] = {}
    for symbol, share in _averages(kind, o).items():
        if symbol in found:
            made[symbol] = _average(symbol, share, before.get(symbol, 0.0), g)
    if kind == "sgd":
        made |= _sgd(t, found, before, o)
    for hat, symbol, beta in (("m̂", "m", "beta1"), ("v̂", "v", "beta2")):
        if hat in found:
            n = symbol == "v"
            latex = rf"\frac{{{symbol}}}{{1-\beta_{2 if n else 1}^{{t}}}}"
            below = rf"1-{put(o[beta])}^{{{t}}}"
            made[hat] = latex, rf"\frac{{{put(found[symbol])}}}{{{below}}}"
    if kind in (*ADAMS, "nadam"):
        root = rf"\sqrt{{{put(found['v̂'])}}}+{put(o['eps'])}"
        made["step"] = r"\frac{\eta}{\sqrt{\hat v}+\varepsilon}", rf"\frac{{{rate}}}{{{root}}}"
    if kind in ADAMS:
        made["Δ"] = (
            r"-\eta\,\frac{\hat m}{\sqrt{\hat v}+\varepsilon}",
            rf"-{rate} \cdot \frac{{{put(found['m̂'])}}}{{{root}}}",
        )
    if kind == "nadam":
        made["Δ"] = _nadam(t, found, before, o)
    if kind == "radam":
        made |= _radam(t, found, o)
    return made | _others(kind, found, before, o)


def _averages(kind: str, o: Mapping[str, Any]) -> dict[str, tuple[str, float, int]]:
    """Return the running means of a rule: the share's name, the share, the power of g."""
    if kind in (*ADAMS, "nadam", "radam"):
        return {"m": (r"\beta_1", o["beta1"], 1), "v": (r"\beta_2", o["beta2"], 2)}
    if kind == "rmsprop":
        return {"E[g²]": (r"\alpha", o["alpha"], 2), "E[g]": (r"\alpha", o["alpha"], 1)}
    return {"E[g²]": (r"\rho", o["rho"], 2)} if kind == "adadelta" else {}


def _average(
    symbol: str, share: tuple[str, float, int], before: float, g: float
) -> tuple[str, str]:
    name, beta, power = share
    upper = "^2" if power == 2 else ""
    return (
        rf"{name}\, {LATEX[symbol]}_{{t-1}} + (1-{name})\, g{upper}",
        rf"{put(beta)} \cdot {bracketed(before)} + {put(1 - beta)} \cdot {bracketed(g)}{upper}",
    )


def _sgd(
    t: int, found: Mapping[str, float], before: Mapping[str, float], o: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    rate, mu, g = put(o["learning_rate"]), put(o["momentum"]), bracketed(found["g"])
    made = {"step": (r"\eta", rate)}
    if "v" not in found:
        return made | {"Δ": (r"-\eta\, g", rf"-{rate} \cdot {g}")}
    v = bracketed(found["v"])
    kept = rf"{mu} \cdot {bracketed(before.get('v', 0.0))} + {g}"
    made["v"] = (r"\mu\, v_{t-1} + g", kept) if t > 1 else ("g", g)
    if o["nesterov"]:
        return made | {"Δ": (r"-\eta\,(g + \mu v)", rf"-{rate}\,({g} + {mu} \cdot {v})")}
    return made | {"Δ": (r"-\eta\, v", rf"-{rate} \cdot {v}")}


def _others(
    kind: str, found: Mapping[str, float], before: Mapping[str, float], o: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    rate, g = put(o["learning_rate"]), found["g"]
    if kind == "adagrad":
        root = rf"\sqrt{{{put(found['Σg²'])}}}+{put(o['eps'])}"
        return {
            "Σg²": (
                r"\sum_{<t} g^2 + g^2", rf"{put(before.get('Σg²', 0.0))} + {bracketed(g)}^2",
            ),
            "Δ": (
                r"-\eta\,\frac{g}{\sqrt{\sum g^2}+\varepsilon}",
                rf"-{rate} \cdot \frac{{{put(g)}}}{{{root}}}",
            ),
        }  # fmt: skip
    if kind == "rmsprop":
        middle = r"-E[g]^2" if "E[g]" in found else ""
        scaled = rf"\frac{{g}}{{\sqrt{{E[g^2]{middle}}}+\varepsilon}}"
        variance = found["E[g²]"] - found.get("E[g]", 0.0) ** 2
        numbers = rf"\frac{{{put(g)}}}{{\sqrt{{{put(variance)}}}+{put(o['eps'])}}}"
        if "v" not in found:
            return {"Δ": (rf"-\eta\,{scaled}", rf"-{rate} \cdot {numbers}")}
        kept = rf"{put(o['momentum'])} \cdot {bracketed(before.get('v', 0.0))}"
        return {
            "v": (rf"\mu\, v_{{t-1}} + {scaled}", rf"{kept} + {numbers}"),
            "Δ": (r"-\eta\, v", rf"-{rate} \cdot {bracketed(found['v'])}"),
        }
    if kind == "adadelta":
        past, eps = before.get("E[Δ²]", 0.0), put(o["eps"])
        step = r"\frac{\sqrt{E[\Delta^2]_{t-1}+\varepsilon}}{\sqrt{E[g^2]+\varepsilon}}\, g"
        root = rf"\frac{{\sqrt{{{put(past)}+{eps}}}}}{{\sqrt{{{put(found['E[g²]'])}+{eps}}}}}"
        return {
            "E[Δ²]": (
                r"\rho\,E[\Delta^2]_{t-1}+(1-\rho)\,(\Delta\theta/\eta)^2",
                rf"{put(o['rho'])} \cdot {put(past)} + {put(1 - o['rho'])} \cdot "
                rf"({put(found['Δ'] / o['learning_rate'])})^2",
            ),
            "Δ": (rf"-\eta\,{step}", rf"-{rate} \cdot {root} \cdot {bracketed(g)}"),
        }
    return {}


def _nadam(
    t: int, found: Mapping[str, float], before: Mapping[str, float], o: Mapping[str, Any]
) -> tuple[str, str]:
    """Write NAdam's step with P, the product of all μ up to now."""
    now, after = (
        o["beta1"] * (1 - 0.5 * 0.96 ** (k * o["momentum_decay"])) for k in (t, t + 1)
    )
    p = before.get("∏μ", 1.0) * now
    of_m = rf"\frac{{{put(after)} \cdot {bracketed(found['m'])}}}{{1-{put(p * after)}}}"
    of_g = rf"\frac{{{put(1 - now)} \cdot {bracketed(found['g'])}}}{{1-{put(p)}}}"
    root = rf"\sqrt{{{put(found['v̂'])}}}+{put(o['eps'])}"
    return (
        r"-\frac{\eta}{\sqrt{\hat v}+\varepsilon}\left("
        r"\frac{\mu_{t+1}\, m}{1-\mu_{t+1} \prod_{s \leq t} \mu_s}"
        r" + \frac{(1-\mu_t)\, g}{1-\prod_{s \leq t} \mu_s}\right)",
        rf"-\frac{{{put(o['learning_rate'])}}}{{{root}}}\left({of_m} + {of_g}\right)",
    )


def _radam(
    t: int, found: Mapping[str, float], o: Mapping[str, Any]
) -> dict[str, tuple[str, str]]:
    """Write RAdam's step: that of momentum until v is of enough gradients, then rectified."""
    rate, beta = put(o["learning_rate"]), o["beta2"]
    mean = bracketed(found["m̂"])
    most = 2 / (1 - beta) - 1
    length = most - 2 * t * beta**t / (1 - beta**t)
    if length <= 5:
        return {"step": (r"\eta", rate), "Δ": (r"-\eta\,\hat m", rf"-{rate} \cdot {mean}")}
    trust = (length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)
    scale = r"r_t\,\frac{\sqrt{1-\beta_2^t}}{\sqrt{v}+\varepsilon}"
    numbers = (
        rf"{put(trust**0.5)} \cdot \frac{{\sqrt{{1-{put(beta)}^{{{t}}}}}}}"
        rf"{{\sqrt{{{put(found['v'])}}}+{put(o['eps'])}}}"
    )
    return {
        "step": (rf"\eta\, {scale}", rf"{rate} \cdot {numbers}"),
        "Δ": (rf"-\eta\,\hat m\, {scale}", rf"-{rate} \cdot {mean} \cdot {numbers}"),
    }
