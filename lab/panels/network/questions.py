"""What the card says of a unit, a weight or the whole: titles, formulas, numbers put in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lab.engine.layers import DROPOUT, LAYERS
from lab.numerals import shown
from lab.panels.network.blocks import owner
from lab.panels.network.formulas import formula_of, whole
from lab.panels.network.words import costs_of, weight_value, weight_words

if TYPE_CHECKING:
    from lab.panels.network.blocks import Block
    from lab.panels.network.model import NetworkState, Seen
    from lab.panels.network.scene import Scene

Said = tuple[str, str, str]
LINEAR = "linear"
HINT = "Select a layer to change it, a unit to see what it computes, a curve to set its weight."


def said(scene: Scene, seen: Seen | None, state: NetworkState) -> Said:
    """Return title, formula and numbers of what is selected, or the formula of the network."""
    if state.weight is not None and seen is not None:
        found = of_weight(scene, seen, state.weight)
        if found is not None:
            return found
    if state.unit is not None and seen is not None:
        found = of_unit(scene, seen, *state.unit)
        if found is not None:
            return found
    block = owner(scene.blocks, state.layer) if state.layer else None
    if block is not None:
        return of_layer(scene, block)
    return "The network", whole(scene.layers), HINT


def of_layer(scene: Scene, block: Block) -> Said:
    """Return what there is to say of a layer: its formula and its costs."""
    kind = LAYERS[block.main.kind]
    costs = " ".join(f"{line}." for line in costs_of(scene, block.path)[:1])
    formula = formula_of(block.main.kind)
    return (
        f"Layer {block.number}, {block.kind}",
        formula.defined(block.main.as_dict()),
        f"{kind.summary} {costs}".strip(),
    )


def of_weight(scene: Scene, seen: Seen, which: tuple[str, str, int]) -> Said | None:
    """Return what there is to say of one weight: its value, and its gradient where asked."""
    value = weight_value(seen, which)
    if value is None:
        return None
    path, name, index = which
    gradient = seen.gradients.get((path, name))
    numbers = f"{shown(value, 6)}"
    if gradient is not None:
        numbers += f", ∂L/∂w = {shown(float(gradient.flat[index]), 4)} in the iteration at hand"
    return weight_words(scene, seen, which), "", f"{numbers}. Enter or a double click edits it."


def of_unit(scene: Scene, seen: Seen, path: str, index: int) -> Said | None:
    """Return ``a = φ(Σ w a + b)`` of a unit, and what it comes to for the sample."""
    block = owner(scene.blocks, path)
    if block is None:
        return None
    path = block.path
    z, a = seen.sums.get(path), seen.values.get(path)
    if z is None or a is None or a.ndim != 1 or index >= len(a):
        return None
    title = f"Layer {block.number}, unit {index + 1}{_class_of(scene, path, index)}"
    words = f"{title} at sample {seen.sample}"
    numbers = f"a = {shown(float(a[index]), 5)}"
    weight = seen.weights.get((path, "weight"))
    if block.main.kind != LINEAR or weight is None:
        return words, "", numbers
    latex = _sum(block, index, weight.shape[1], has_bias=(path, "bias") in seen.weights)
    if z.shape == a.shape and len(block.parts) > 1:
        numbers = f"z = {shown(float(z[index]), 5)},  {numbers}"
    return words, latex, numbers


def _class_of(scene: Scene, path: str, index: int) -> str:
    """Return the class that an output unit answers for, in brackets."""
    is_last = bool(scene.blocks) and scene.blocks[-1].path == path
    return f" ({scene.outputs[index]})" if is_last and index < len(scene.outputs) else ""


def _sum(block: Block, index: int, inputs: int, *, has_bias: bool) -> str:
    j = index + 1
    bias = f" + b_{{{j}}}" if has_bias else ""
    made = rf"\sum_{{i=1}}^{{{inputs}}} w_{{{j}i}}\, a_i{bias}"
    symbol = f"a_{{{j}}} = "
    for part in block.parts[1:]:
        if LAYERS[part.kind].role != DROPOUT:  # the card is of evaluation: nothing is dropped
            made = formula_of(part.kind).writing(made, partial(_named, j), part.as_dict())
    return symbol + made


def _named(unit: int, parameter: str) -> str:
    """Return what a parameter of a normalisation or an activation is called in the formula."""
    letter = {"weight": r"\gamma", "bias": r"\beta"}.get(parameter, parameter)
    return rf"{letter}_{{{unit}}}"
