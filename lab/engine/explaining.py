"""One number questioned: its formula worked, and every other way to it beside it.

The formulas stand in `lab.maths`; what is done here is to find the numbers that enter them, to
name them as formulas do, and to prove the outcome.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.difference_checks import checks_of
from lab.engine.layers import LAYERS
from lab.engine.microscope import tensor
from lab.engine.numbering import numbered
from lab.engine.questioned import Number, symbol_and_weight
from lab.engine.stages import Sum, sources
from lab.maths import worked_backward, worked_forward, worked_gradients, worked_losses
from lab.maths.explanations import (
    LOSS,
    Entering,
    Explanation,
    Local,
    Term,
    Worked,
    bracketed,
    indexed,
    put,
    summed,
)
from lab.maths.worked_updates import LATEX, SYMBOLS, worked

if TYPE_CHECKING:
    from lab.engine.microscope import Iteration
    from lab.engine.stages import Source


def found(it: Iteration, number: Number) -> float:
    """Return the number itself, by the formulas.

    Raises
    ------
    LookupError
        If there is no such number.
    """
    whole = tensor(it, number.layer, number.tensor)
    return float((whole if number.is_of_weight else whole[number.row]).flat[number.place])


def explain(it: Iteration, number: Number) -> Explanation:
    """Explain a number of an iteration, and prove it.

    Raises
    ------
    LookupError
        If there is no such number.
    """
    value = found(it, number)
    work = _worked(it, number)
    symbol = symbol_of(it, number)
    latex = f"{symbol} = {work.latex}" if work.latex else symbol
    made = Explanation(
        title=title_of(it, number),
        symbol=symbol,
        latex=latex,
        numbers=f"= {work.numbers} = {put(value, 7)}" if work.latex else f"= {put(value, 7)}",
        value=value,
        terms=work.terms,
        columns=work.columns,
        enters=work.enters,
        factor=work.factor,
        total=work.total,
        worked=work.value,
    )
    return checks_of(it, number, made)


def _worked(it: Iteration, number: Number) -> Worked:
    if number.layer == LOSS:
        return _of_loss(it, number)
    if number.tensor == "out":
        return worked_forward.forward(local(it, number.layer, number.row), number.place)
    if number.tensor == "in":
        return _incoming(it, number)
    if number.tensor == "d_out":
        return _arriving(it, number.layer, number.row, number.place)
    if number.tensor == "d_in":
        at = local(it, number.layer, number.row)
        return worked_backward.backward(at, number.place)
    if number.tensor in it.passes[number.layer].layer.weights:
        return Worked("", "", found(it, number))
    if number.tensor.startswith("∂"):
        at = local(it, number.layer, number.row)
        return worked_gradients.gradient(at, number.tensor[1:], number.place, found(it, number))
    return _of_update(it, number)


def _of_loss(it: Iteration, number: Number) -> Worked:
    loss = it.of_loss(number.row)
    if number.tensor == "terms":
        return worked_losses.term(loss, number.place)
    if number.tensor == "d_o":
        return worked_losses.slope(loss, number.place)
    if number.tensor == "p":
        return worked_losses.probability(loss, number.place)
    if number.tensor == "o":
        return _incoming(it, number)
    return Worked("", "", found(it, number))


def _incoming(it: Iteration, number: Number) -> Worked:
    """What comes in is what the layer before hands on, or the sample."""
    source = sources(it.layers)[number.layer]
    if isinstance(source, Sum):
        return _added(it, source, number)
    if source:
        return worked_forward.forward(local(it, source, number.row), number.place)
    return Worked("", "", found(it, number))


def _added(it: Iteration, block: Sum, number: Number) -> Worked:
    """Explain h + F(h), what comes out of a residual block."""
    ways = (("past the block", block.past), ("through it", block.through))
    terms = tuple(Term(words, (), _value_of(it, way, number)) for words, way in ways)
    latex = " + ".join(_name_of(it, way, number.place) for _, way in ways)
    places = (number.place,)
    enters = (Entering(block.first, "in", places), *_enters_of(block.through, places))
    return summed(latex, terms, ("way", "value"), enters)


def _value_of(it: Iteration, source: Source, number: Number) -> float:
    if isinstance(source, Sum):
        ways = (source.past, source.through)
        return sum(_value_of(it, way, number) for way in ways)
    given = it.passes[source].z if source else it.passes[it.leaves[0].name].a
    return float(given[number.row].flat[number.place])


def _name_of(it: Iteration, source: Source, place: int) -> str:
    """Name what is handed on: of a block a, with the number of the block."""
    if isinstance(source, Sum):
        shape = it.passes[source.first].a.shape[1:]
        return indexed("a", _index(shape, place), _label_of(it, source))
    if source:
        return symbol_of(it, Number(source, "out", place))
    return indexed("x", _index(it.passes[it.leaves[0].name].a.shape[1:], place))


def _index(shape: tuple[int, ...], place: int) -> str:
    return ",".join(str(int(n) + 1) for n in np.unravel_index(place, shape))


def _enters_of(source: Source, places: tuple[int, ...]) -> tuple[Entering, ...]:
    if isinstance(source, Sum):
        past = Entering(source.first, "in", places)
        return (past, *_enters_of(source.through, places))
    return (Entering(source, "out", places),) if source else ()


def _label_of(it: Iteration, source: Source) -> str:
    """Return the upper index of what is handed on; of a sample none."""
    if isinstance(source, Sum):
        return dict(numbered(it.layers, lambda layer: layer.inner))[source.path]
    return _stage_numbers(it)[source] if source else ""


def _arriving(it: Iteration, name: str, row: int, place: int) -> Worked:
    """δ at what a layer hands on: the sum over all that take it, each by its own rule."""
    takers = it.takers[name]
    if len(takers) == 1 and takers[0] != LOSS and _is_own_activation(it, name, takers[0]):
        return _through_activation(it, takers[0], row, place)
    ways = [_way(it, taker, row, place) for taker in takers]
    if len(ways) == 1:
        return ways[0]
    numbers = _stage_numbers(it)
    terms = tuple(
        Term("past the block" if n else f"layer {numbers.get(taker, '')}", (), way.value)
        for n, (taker, way) in enumerate(zip(takers, ways, strict=True))
    )
    latex = " + ".join(rf"\left({way.latex}\right)" for way in ways)
    enters = tuple(e for way in ways for e in way.enters)
    told = " + ".join(bracketed(way.value) for way in ways)
    return Worked(latex, told, sum(w.value for w in ways), terms, ("way back", "value"), enters)


def _way(it: Iteration, taker: str, row: int, place: int) -> Worked:
    if taker == LOSS:
        return worked_losses.slope(it.of_loss(row), place)
    return worked_backward.backward(local(it, taker, row), place)


def _through_activation(it: Iteration, activation: str, row: int, place: int) -> Worked:
    """φ′(z) times what arrives at a: the δ of a layer with its activation, in one formula."""
    at = local(it, activation, row)
    slope, latex, numbers = worked_backward.slope_of(at, place)
    inner = _arriving(it, activation, row, place)
    told = inner.factor * inner.total if inner.terms else inner.value
    return Worked(
        rf"{latex} {inner.latex}",
        rf"{numbers} \times {bracketed(told, 5)}",
        slope * inner.value,
        inner.terms,
        inner.columns,
        (*inner.enters, Entering(activation, "out", (place,))),
        slope * inner.factor,
    )


def _is_own_activation(it: Iteration, name: str, taker: str) -> bool:
    """Say whether δ goes through it number by number, as it does not through a softmax."""
    return any(s.activation and s.activation.name == taker and s.main.name == name
               and not LAYERS[s.activation.kind].mixes for s in it.stages)  # fmt: skip


def _of_update(it: Iteration, number: Number) -> Worked:
    symbol, weight = symbol_and_weight(number)
    name = f"{number.layer}.{weight}"
    update = it.update
    parts = update.parts(name)
    values = {s: float(a.flat[number.place]) for s, a in parts.items()}
    if symbol == "g":
        return _bound_gradient(it, number, name, weight)
    before = {
        s: float(np.asarray(update.kept[name][slot]).flat[number.place])
        for slot, s in SYMBOLS[update.kind].items()
        if slot in update.kept[name]
    }
    if "mu_product" in update.kept[name]:
        before["∏μ"] = float(update.kept[name]["mu_product"])
    made = worked(symbol, update.kind, values, before, update.t, update.options)
    decay = update.options["learning_rate"] * update.settings.weight_decay
    if symbol != "Δ" or not decay:
        return made
    w = float(it.passes[number.layer].layer.weights[weight].flat[number.place])
    return replace(
        made,
        latex=made.latex + rf" - \eta\lambda\, {LATEX_WEIGHT.get(weight, 'w')}",
        numbers=made.numbers + rf" - {put(decay)} \cdot {bracketed(w)}",
        value=made.value - decay * w,
    )


def _bound_gradient(it: Iteration, number: Number, name: str, weight: str) -> Worked:
    """∂L/∂w with penalties, clipped: what the rule is given."""
    slope = float(it.found.gradients()[name].flat[number.place])
    w = float(it.passes[number.layer].layer.weights[weight].flat[number.place])
    penalty, clip = it.update.settings.regularisation, it.update.settings.clip
    terms = [Term("∂L/∂w", (), slope)]
    latex = r"\frac{\partial L}{\partial w}"
    if penalty.l1:
        terms.append(Term("λ₁ sign w", (), penalty.l1 * float(np.sign(w))))
        latex += r" + \lambda_1\, \mathrm{sign}\, w"
    if penalty.l2:
        terms.append(Term("λ₂ w", (), penalty.l2 * w))
        latex += r" + \lambda_2\, w"
    total, value = sum(t.value for t in terms), found(it, number)
    factor = value / total if clip.kind == "norm" and total else 1.0
    numbers = " + ".join(bracketed(t.value) for t in terms)
    if clip.kind == "norm":
        latex = rf"\min\left(1, \frac{{c}}{{\|g\|}}\right)\left({latex}\right)"
        numbers = rf"{put(factor)} \cdot \left({numbers}\right)"
    if clip.kind == "value":
        latex = rf"\max(-c,\ \min(c,\ {latex}))"
        c = put(float(clip["limit"]))
        numbers = rf"\max(-{c},\ \min({c},\ {numbers}))"
        return Worked(latex, numbers, value)
    told = tuple(terms) if len(terms) > 1 else ()
    return Worked(latex, numbers, value, told, ("part", "value"), factor=factor)


# What things are called.

SUMS = ("linear", "conv2d")
LATEX_WEIGHT = {"weight": "W", "bias": "b"}


def _stage_numbers(it: Iteration) -> dict[str, str]:
    return {layer.name: stage.label for stage in it.stages for layer in stage.layers}


def local(it: Iteration, name: str, row: int = 0) -> Local:
    """Return what the formulas may know of a layer."""
    p, numbers = it.passes[name], _stage_numbers(it)
    before = _label_of(it, sources(it.layers)[name])
    layer = p.layer
    return Local(
        name, layer.kind, layer.options, layer.weights, p.a, p.z, p.d_a, p.d_z, row,
        numbers[name], before,
    )  # fmt: skip


def symbol_of(it: Iteration, number: Number) -> str:
    """Return what a number is called in formulas, in LaTeX."""
    if number.layer == LOSS:
        index = str(number.place + 1)
        letters = {"o": "o", "p": "p", "y": "y", "terms": r"\ell"}
        if number.tensor == "d_o":
            return rf"\frac{{\partial L}}{{\partial o_{{{index}}}}}"
        return indexed(letters[number.tensor], index)
    stage = next(s for s in it.stages if any(x.name == number.layer for x in s.layers))
    if not number.is_of_weight:
        return _symbol_of_unit(it, number, stage.label)
    shape = tensor(it, number.layer, number.tensor).shape
    index = ",".join(str(int(n) + 1) for n in np.unravel_index(number.place, shape))
    symbol, weight = _weight_and_symbol(it, number)
    letter = LATEX_WEIGHT.get(weight, rf"\mathrm{{{weight.replace('_', ' ')}}}")
    if weight in ("weight", "bias") and "norm" in it.passes[number.layer].layer.kind:
        letter = r"\gamma" if weight == "weight" else r"\beta"
    named = indexed(letter, index, stage.label)
    if symbol == "∂":
        return rf"\frac{{\partial L}}{{\partial {named}}}"
    if symbol == "Δ":
        return rf"\Delta {named}"
    return named if not symbol else LATEX[symbol]


def _symbol_of_unit(it: Iteration, number: Number, stage: str) -> str:
    shape = tensor(it, number.layer, number.tensor).shape[1:]
    index = ",".join(str(int(n) + 1) for n in np.unravel_index(number.place, shape))
    role = role_of(it, number.layer, number.tensor)
    letter = {"δ": r"\delta", "∂L/∂a": r"\frac{\partial L}{\partial a}"}.get(role, role)
    if letter.startswith(r"\frac"):
        return rf"\frac{{\partial L}}{{\partial {indexed('a', index, stage)}}}"
    return indexed(letter, index, stage)


def role_of(it: Iteration, layer: str, name: str) -> str:
    """Return what a tensor of a layer is in the words of formulas: z, a, δ, ∂L/∂a."""
    is_activation = LAYERS[it.passes[layer].layer.kind].is_activation
    stage = next(s for s in it.stages if any(x.name == layer for x in s.layers))
    if name == "in":
        return "z" if is_activation else "a"
    if name == "out":
        kind = stage.main.kind
        is_sum = stage.main.name == layer and (stage.activation or kind in SUMS)
        return "z" if is_sum else "a"
    if name == "d_in":
        return "δ" if is_activation else "∂L/∂a"
    return "∂L/∂a" if is_activation else "δ"


def _weight_and_symbol(it: Iteration, number: Number) -> tuple[str, str]:
    name = number.tensor
    if name in it.passes[number.layer].layer.weights:
        return "", name
    if name.startswith("∂"):
        return "∂", name[1:]
    return symbol_and_weight(number)


def title_of(it: Iteration, number: Number) -> str:
    """Return what is questioned in words: ``δ of layer 1, unit 2``."""
    if number.layer == LOSS:
        words = {"o": "Output", "p": "Probability", "y": "Target", "terms": "Term of the loss",
                 "d_o": "Slope of the loss"}  # fmt: skip
        return f"{words[number.tensor]} {number.place + 1}{_sample_words(it, number)}"
    stage = next(s for s in it.stages if any(x.name == number.layer for x in s.layers))
    if not number.is_of_weight:
        shape = tensor(it, number.layer, number.tensor).shape[1:]
        role = role_of(it, number.layer, number.tensor)
        where = place_words(shape, number.place)
        return f"{role} of layer {stage.label}, {where}{_sample_words(it, number)}"
    symbol, weight = _weight_and_symbol(it, number)
    shape = tensor(it, number.layer, number.tensor).shape
    letter = {"weight": "W", "bias": "b"}.get(weight, weight)
    known = {"": letter, "∂": f"∂L/∂{letter}", "Δ": f"Δ{letter}"}
    known |= {"step": f"Effective step of {letter}", "m̂": f"Corrected m of {letter}"}
    known["v̂"] = f"Corrected v of {letter}"
    of = known.get(symbol, f"{symbol} of {letter}")
    where = place_words(shape, number.place, is_weight=True)
    return f"{of}, layer {stage.label}, {where}"


def _sample_words(it: Iteration, number: Number) -> str:
    return f", sample {int(it.rows[number.row]):,}" if it.is_batch else ""


AXES = {
    (1, False): ("unit",),
    (2, False): ("position", "unit"),
    (3, False): ("channel", "row", "column"),
    (1, True): ("unit",),
    (2, True): ("unit", "input"),
    (4, True): ("channel", "from channel", "row", "column"),
}
"""What the axes of a tensor are called, by their number and by whether it is a weight."""


def place_words(shape: tuple[int, ...], place: int, *, is_weight: bool = False) -> str:
    """Say where in a tensor a number is, counted from 1: ``unit 2, input 1``."""
    names = AXES.get((len(shape), is_weight), tuple(f"axis {n + 1}" for n in range(len(shape))))
    index = np.unravel_index(place, shape)
    return ", ".join(f"{name} {int(n) + 1:,}" for name, n in zip(names, index, strict=True))
