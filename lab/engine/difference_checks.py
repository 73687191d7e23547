"""Other ways to a number: autograd, a finite difference, and what the run itself has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.layers import LAYERS
from lab.engine.microscope import beside, tensor
from lab.engine.nudges import STEP, Difference, difference_of
from lab.engine.questioned import Number, symbol_and_weight
from lab.maths import corrections
from lab.maths.explanations import LOSS, Check, error_of
from lab.maths.losses import LOSSES
from lab.maths.updates import RULES
from lab.maths.worked_losses import SIGMOID, lost_digits, probabilities
from lab.maths.worked_updates import ADAMS, parts

if TYPE_CHECKING:
    from lab.engine.microscope import Iteration
    from lab.maths.activations import Array
    from lab.maths.explanations import Explanation

AUTOGRAD, DIFFERENCE = 1e-10, 1e-5
"""Relative errors, of the largest number of the tensor, up to which two ways agree."""
ROUNDING = 1e-13
NOISE = 1e-10
"""What a difference may be off by besides, for a loss of about 1."""
CORNER = "Difference at a corner"
OF_SLOPE = {"in": "d_in", "out": "d_out"}


def checks_of(it: Iteration, number: Number, made: Explanation) -> Explanation:
    """Return an explanation with its proofs and notes."""
    if number.layer == LOSS:
        made = _of_loss(it, number, made)
    elif number.tensor in OF_SLOPE:
        made = _of_unit(it, number, made)
    elif number.tensor in ("d_in", "d_out"):
        checks = _slope_checks(it, number, made.value, number.tensor)
        if number.tensor == "d_in" and LAYERS[it.passes[number.layer].layer.kind].vocabulary:
            checks = ()
        made = replace(made, checks=checks)
    elif number.tensor in it.passes[number.layer].layer.weights:
        made = _of_weight(it, number, made)
    elif number.tensor.startswith("∂"):
        difference = _difference(it, number, number.tensor[1:])
        made = replace(made, checks=_checks(it, number, made.value, difference))
    else:
        made = _of_update(it, number, made)
    made = replace(made, checks=(*_of_itself(it, number, made), *made.checks))
    return replace(made, notes=made.notes + notes_on(it, number, made))


def _of_itself(it: Iteration, number: Number, made: Explanation) -> tuple[Check, ...]:
    """Speak up where the formula that is told, or its terms, do not give the number."""
    whole = tensor(it, number.layer, number.tensor)
    allowed = AUTOGRAD * _reach(whole[np.isfinite(whole)]) + ROUNDING * _added_up(it, number)
    told = [] if made.worked is None else [made.worked]
    told += [made.factor * made.total] if made.terms else []
    checks = (_check("The formula, worked", made.value, other, allowed) for other in told)
    return tuple(
        check for check in checks if not check.is_good and not _are_undefined(check, made)
    )


def _are_undefined(check: Check, made: Explanation) -> bool:
    return bool(np.isnan(check.value) and np.isnan(made.value))


def _of_unit(it: Iteration, number: Number, made: Explanation) -> Explanation:
    """A number on the way forward: torch's beside it, and the slope of the loss by it."""
    role = OF_SLOPE[number.tensor]
    checks = _checks(it, number, made.value, None, "Torch, float64")
    if number.tensor == "in" and LAYERS[it.passes[number.layer].layer.kind].vocabulary:
        return replace(made, checks=checks)  # a word's number has no slope
    slope = float(tensor(it, number.layer, role)[number.row].flat[number.place])
    return replace(
        made, checks=checks, slope=slope, slope_checks=_slope_checks(it, number, slope, role)
    )


def _slope_checks(it: Iteration, number: Number, slope: float, role: str) -> tuple[Check, ...]:
    at = Number(number.layer, role, number.place, number.row)
    return _checks(it, at, slope, _difference(it, number, role.removeprefix("d_")))


def _of_weight(it: Iteration, number: Number, made: Explanation) -> Explanation:
    if number.tensor not in it.passes[number.layer].gradients:
        return made  # a running statistic, or a mask: nothing learns it
    at = Number(number.layer, f"∂{number.tensor}", number.place)
    slope = float(tensor(it, at.layer, at.tensor).flat[number.place])
    checks = _checks(it, at, slope, _difference(it, number, number.tensor))
    note = f"A number that is learned: this is what {it.step:,} updates have made of it."
    return replace(made, slope=slope, slope_checks=checks, notes=(note,))


def _difference(it: Iteration, number: Number, what: str) -> Difference:
    return difference_of(
        it.layers, it.x, it.target, it.loss, number.layer, what, number.row, number.place
    )


def _checks(
    it: Iteration, at: Number, value: float, difference: Difference | None,
    words: str = "Autograd",
) -> tuple[Check, ...]:  # fmt: skip
    """Return the checks of a number that autograd has too."""
    made = []
    proof = beside(it, at.layer, at.tensor, own=False)
    reach = _reach(proof)
    if proof is not None:
        allowed = AUTOGRAD * reach + ROUNDING * _added_up(it, at)
        made.append(_check(words, value, _at(proof, at), allowed))
    if difference is not None:
        size = NOISE * max(1.0, float(np.abs(it.found.terms).max()))
        rounding = 1e-15 * _amplified(it) / difference.step
        allowed = DIFFERENCE * reach + size + 3 * difference.spread + rounding
        check = _check("Finite difference", value, difference.value, allowed)
        check = replace(check, detail=f"h = {difference.step:.0e}")
        is_off = difference.is_corner and not check.is_good
        made.append(replace(check, words=CORNER, is_good=None) if is_off else check)
    return (*made, *_own(it, at, value))


def _amplified(it: Iteration) -> float:
    """Return by how much the loss moves if every number of a layer is rounded."""
    return max(float(np.abs(p.z * p.d_z).sum()) for p in it.found.layers)


def _added_up(it: Iteration, at: Number) -> float:
    """Return how large the numbers are that were added up; where they cancel, rounding stays.

    As of a bias before a batch normalisation, whose derivative is nothing.
    """
    if at.layer == LOSS:
        return 0.0
    p = it.passes[at.layer]
    return _reach(p.d_z) * max(_reach(p.a), 1.0) if at.tensor[:1] in "∂d" else _reach(p.a)


def _own(it: Iteration, at: Number, value: float) -> tuple[Check, ...]:
    own = beside(it, at.layer, at.tensor, own=True)
    if own is None:
        return ()
    run = _at(own, at)
    return (Check(f"The run, {it.precision}", run, error_of(run, value)),)


def _at(whole: Array, at: Number) -> float:
    return float((whole if at.is_of_weight else whole[at.row]).flat[at.place])


def _reach(whole: Array | None) -> float:
    return float(np.abs(whole).max(initial=0.0)) if whole is not None else 0.0


def _check(words: str, value: float, other: float, allowed: float) -> Check:
    is_good = bool(abs(value - other) <= allowed) if allowed else value == other
    return Check(words, other + 0.0, error_of(value, other), is_good)


# The loss.


def _of_loss(it: Iteration, number: Number, made: Explanation) -> Explanation:
    if number.tensor in ("o", "d_o"):
        slope = float(tensor(it, LOSS, "d_o")[number.row].flat[number.place])
        difference = difference_of(
            it.layers, it.x, it.target, it.loss, LOSS, "out", number.row, number.place
        )
        at = Number(LOSS, "d_o", number.place, number.row)
        checks = _checks(it, at, slope, difference)
        if number.tensor == "d_o":
            return replace(made, checks=checks)
        values = _checks(it, number, made.value, None, "Torch, float64")
        return replace(made, checks=values, slope=slope, slope_checks=checks)
    if number.tensor in ("terms", "p"):
        return _of_term(it, number, made)
    return made


def _of_term(it: Iteration, number: Number, made: Explanation) -> Explanation:
    """A term or a probability: torch's from the same outputs, and its slope by its output."""
    from lab.engine.torch_losses import probability_of, slope_of, term_of

    loss = it.of_loss(number.row)
    is_term = number.tensor == "terms"
    other = (term_of if is_term else probability_of)(loss, number.place)
    allowed = AUTOGRAD * max(abs(other), _reach(it.found.terms) if is_term else 1.0)
    slope = _slope_by_difference(it, number)
    wanted = slope_of(loss, number.place, is_term=is_term)
    noise = DIFFERENCE * max(abs(wanted), 1.0 / loss.shares)
    return replace(
        made,
        checks=(_check("Torch, float64", made.value, other, allowed),),
        slope=slope,
        slope_title="Derivative by its own output",
        slope_words="Finite difference",
        slope_checks=(_check("Autograd", slope, wanted, noise),),
    )


def _slope_by_difference(it: Iteration, number: Number) -> float:
    """Nudge an output, and see what a term of the loss, or a probability, does."""
    loss = it.of_loss(number.row)
    o = float(loss.output[number.row].flat[number.place])
    h = STEP * max(1.0, abs(o))

    def at(value: float) -> float:
        output = np.array(loss.output)
        output[number.row].flat[number.place] = value
        if number.tensor == "p":
            found = probabilities(loss.kind, output)
        else:
            found = LOSSES[loss.kind].terms(output, loss.target, **loss.options)
        assert found is not None
        return float(found[number.row].flat[number.place])

    return (at(o + h) - at(o - h)) / (2 * h)


# The update.


def _of_update(it: Iteration, number: Number, made: Explanation) -> Explanation:
    """The rule with autograd's gradient by torch, and with the difference's by the formula."""
    symbol, weight = symbol_and_weight(number)
    checks: list[Check] = []
    whole = tensor(it, number.layer, number.tensor)
    largest = float(np.abs(whole[np.isfinite(whole)]).max(initial=0.0))
    at = Number(number.layer, f"∂{weight}", number.place)
    grain = ROUNDING * _added_up(it, at)
    rounding = grain * (1 + _step(it, number, weight))
    proof = beside(it, number.layer, number.tensor, own=False)
    if proof is not None:
        allowed = AUTOGRAD * _reach(proof) + rounding
        checks.append(_check("torch.optim, float64", made.value, _at(proof, number), allowed))
    else:
        slope = float(it.proof[number.layer].gradients[weight].flat[number.place])
        other = _carried_out(it, number, symbol, weight, slope)
        allowed = AUTOGRAD * largest + rounding
        allowed += _shaken(it, number, symbol, weight, slope, grain)
        checks.append(_check("Autograd, rule", made.value, other, allowed))
    slope = _difference(it, number, weight).value
    by_difference = _carried_out(it, number, symbol, weight, slope)
    noise = NOISE / ROUNDING
    allowed = 10 * DIFFERENCE * largest + noise * rounding
    allowed += _shaken(it, number, symbol, weight, slope, noise * grain)
    checks.append(_check("Finite difference", made.value, by_difference, allowed + 1e-9))
    return replace(made, checks=(*checks, *_own(it, number, made.value)))


def _shaken(
    it: Iteration, number: Number, symbol: str, weight: str, slope: float, by: float
) -> float:
    """Return how far an effective step moves if the slope does by so much.

    Of a slope that is nothing but rounding it is η/ε, to as few digits.
    """
    if symbol != "step":
        return 0.0
    here = _carried_out(it, number, symbol, weight, slope)
    others = (_carried_out(it, number, symbol, weight, slope + s * by) for s in (-1, 1))
    return max((abs(other - here) for other in others if np.isfinite(other)), default=0.0)


def _step(it: Iteration, number: Number, weight: str) -> float:
    """Return by how much the rule makes a gradient larger, its roundings too."""
    step = it.update.parts(f"{number.layer}.{weight}")["step"].flat[number.place]
    return abs(float(step)) if np.isfinite(step) else 0.0


def _carried_out(
    it: Iteration, number: Number, symbol: str, weight: str, slope: float
) -> float:
    """Carry the rule out with another slope in place of the formula's."""
    name, update = f"{number.layer}.{weight}", it.update
    w = float(it.passes[number.layer].layer.weights[weight].flat[number.place])
    g = np.array([_bound(it, number, slope, w)])
    kept = {
        slot: np.asarray(v).reshape(-1)[[number.place]] if np.size(v) > 1 else np.asarray(v)
        for slot, v in update.kept[name].items()
    }
    t = _count(it)
    if symbol != "Δ":
        return float(parts(update.kind, g, kept, t, update.options)[symbol][0])
    moved, _ = RULES[update.kind](g, kept, t, update.options)
    decay = update.options["learning_rate"] * update.settings.weight_decay
    return float(moved[0] - decay * w)


def _count(it: Iteration) -> int:
    """Return the number of the update as torch counts it, where it does."""
    count = it.proof_update.count if it.proof_update else np.nan
    return it.update.t if np.isnan(count) else round(count)


def _bound(it: Iteration, number: Number, slope: float, w: float) -> float:
    """Add penalties to a slope and clip it, as the trainer does."""
    from lab.maths.updates import CLIPS, penalised

    penalty, clip = it.update.settings.regularisation, it.update.settings.clip
    bare = penalised(np.array([slope]), np.array([w]), penalty.l1, penalty.l2)
    return float(CLIPS[clip.kind](bare, it.update.length, **clip.as_dict())[0])


# Words beside a number.


def notes_on(it: Iteration, number: Number, made: Explanation) -> tuple[str, ...]:
    """Return what has to be said beside a number: lost digits, and what is often told wrong."""
    found = [*_lost(it, number, made)]
    is_delta = number.tensor in ("d_out", "d_in", "d_o")
    if is_delta and it.loss.kind in SIGMOID and _is_last(it, number):
        found.append(corrections.bce_slope().sentence)
    elif number.tensor in ("d_out", "d_in") and made.terms:
        found.append(corrections.chain_rule().sentence)
    if it.update.kind in ADAMS and number.tensor[:1] in ("Δ", "m", "v", "s"):
        is_rule = number.tensor.startswith(("Δ", "m̂", "v̂", "step"))
        found += [corrections.adam_corrections().sentence] if is_rule else []
        if number.tensor.startswith("Δ"):
            found.append(corrections.decay_in_adam().sentence)
    return tuple(found)


def _is_last(it: Iteration, number: Number) -> bool:
    return number.layer in (LOSS, it.leaves[-1].name)


def _lost(it: Iteration, number: Number, made: Explanation) -> list[str]:
    """Say where p − y has lost the digits on which formula and autograd could agree."""
    errors = [c.error for c in (*made.checks, *made.slope_checks) if c.words == "Autograd"]
    if not errors or max(errors) <= AUTOGRAD:
        return []
    lost = lost_digits(it.of_loss())[number.row]
    if np.isnan(lost).all():
        return []
    gone = float(np.nanmax(lost))
    return [
        f"The network is very sure of this sample: in p − y about {gone:.0f} of 16 digits "
        f"cancel, so that two ways of computing agree to some {max(16 - gone, 0):.0f} only."
    ]
