"""The panel's sentences: tips, readings and the subtitle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.engine.layers import LAYERS
from lab.engine.numbering import number_of, spoken
from lab.numerals import in_bytes, shown
from lab.panels.network.blocks import owner
from lab.panels.network.scene import totals

if TYPE_CHECKING:
    from lab.panels.network.model import Seen
    from lab.panels.network.painting import Canvassed
    from lab.panels.network.scene import Scene


LONGEST = 28
"""Of the widths in the title of the panel."""


def subtitle(scene: Scene) -> str:
    """Return the widths of the network: ``2-6-4-2``, or how many layers there are."""
    widths = [
        str(c.shape[0])
        for c in scene.layout.columns
        if c.shape is not None and len(c.shape) == 1
    ]
    chain = "-".join(widths)
    return chain if 0 < len(chain) <= LONGEST else f"{len(scene.draft.layers)} layers"


def tip(now: Canvassed, kind: str, which: object) -> str:
    """Return what lies under the mouse, in words."""
    if kind == "gap":
        return "Insert a layer here"
    if kind in ("header", "skip") and isinstance(which, str):
        return _layer_tip(now.scene, which)
    if kind == "unit" and isinstance(which, tuple):
        return _unit_tip(now, *which)
    if kind in ("weight", "bias") and isinstance(which, tuple) and now.seen is not None:
        value = weight_value(now.seen, which)
        what = weight_words(now.scene, now.seen, which)
        return "" if value is None else f"{what} = {value!r}\nDouble-click to change it"
    return ""


def _layer_tip(scene: Scene, path: str) -> str:
    block = owner(scene.blocks, path)
    known = scene.draft.by_path.get(path)
    if block is None or known is None:
        return ""
    lines = [f"{block.title}: {LAYERS[block.main.kind].summary}"]
    lines += costs_of(scene, path)
    wrong = [
        spoken(p.text, scene.layers)
        for one in block.paths
        for p in scene.draft.problems_of(one)
    ]
    lines += wrong or ["Wheel: more or fewer units. Drag: another place. Shift: skip over it."]
    return "\n".join(lines)


def costs_of(scene: Scene, path: str) -> list[str]:
    """Return what a layer costs: parameters, multiply-adds, memory."""
    known, lines = scene.draft.by_path[path], []
    if known.parameters is not None and known.multiply_adds is not None:
        lines.append(
            f"{known.parameters:,} parameters, {known.multiply_adds:,} multiply-adds a sample"
        )
    if known.weight_bytes is not None and known.activation_bytes is not None:
        lines.append(
            f"{in_bytes(known.weight_bytes)} of weights, "
            f"{in_bytes(known.activation_bytes)} of activations for a batch"
        )
    return lines


def _unit_tip(now: Canvassed, path: str, index: int) -> str:
    block = owner(now.scene.blocks, path)
    if block is None:
        return ""
    words = f"{block.title}, unit {index + 1}"
    values = now.seen.values.get(path) if now.seen else None
    if values is None or values.ndim != 1 or index >= len(values) or now.seen is None:
        return words
    return f"{words}: a = {shown(float(values[index]))} for sample {now.seen.sample}"


def weight_words(scene: Scene, seen: Seen, which: tuple[str, str, int]) -> str:
    """Return what a weight is called: ``1 Linear: w₃₂`` in words, ``weight[3, 2]``."""
    path, name, index = which
    tensor = seen.weights.get((path, name))
    if tensor is None or not 0 <= index < tensor.size:
        return ""
    rest, places = index, []
    for size in reversed(tensor.shape):
        rest, place = divmod(rest, size)
        places.append(place + 1)
    block = owner(scene.blocks, path)
    title = block.title if block else number_of(scene.layers, path)
    return f"{title}, {name}[{', '.join(map(str, places[::-1]))}]"


def weight_value(seen: Seen, which: tuple[str, str, int]) -> float | None:
    """Return one number of a weight tensor, or None where there is none."""
    path, name, index = which
    tensor = seen.weights.get((path, name))
    if tensor is None or not 0 <= index < tensor.size:
        return None
    return float(tensor.flat[index])


def reading(
    scene: Scene, seen: Seen | None, drawn: tuple[int, int], layer: str | None = None
) -> str:
    """Return what is seen, in one line: the costs of the selected layer, or of all.

    ``drawn`` are edges painted, and all there are.
    """
    if scene.draft.problems:
        first, *more = scene.draft.problems
        rest = f" {len(more)} more." if more else ""
        return spoken(f"{first.text}{rest}", scene.layers)
    if layer is not None and layer in scene.draft.by_path:
        costs = costs_of(scene, layer)
        number = number_of(scene.layers, layer)
        return f"Layer {number}, {scene.draft.by_path[layer].title}: {'; '.join(costs)}."
    step = f"Step {seen.step:,}: " if seen is not None else ""
    painted, whole = drawn
    left_out = (
        f"; the strongest {painted:,} of {whole:,} weights drawn" if whole > painted else ""
    )
    return f"{step}{totals(scene)}{left_out}."
