"""The walk through the network: a row a layer, and in it the tensors of the stop one is at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.engine.layers import LAYERS
from lab.engine.questioned import Number
from lab.maths.explanations import LOSS
from lab.maths.shape_rule import product_shape
from lab.panels.inspector.groups import Group, groups
from lab.panels.inspector.sheets import Sheet, sheet, size_words

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lab.engine.microscope import Iteration
    from lab.engine.second_path import Layer
    from lab.engine.stages import Stage
    from lab.panels.inspector.choices import Stop

    Array = npt.NDArray[np.float64]

POSITIVE = frozenset({"v", "v̂", "E[g²]", "E[Δ²]", "Σg²", "step", "p", "y", "ℓ"})
"""Columns of magnitudes and probabilities; all others have signs."""
MEANINGS = {
    "W": "weights",
    "b": "bias",
    "z": "Wa + b",
    "a": "φ(z)",
    "δ": "∂L/∂z",
    "∂L/∂W": "δ aᵀ",
    "∂L/∂b": "δ",
    "o": "output",
    "p": "share",
    "y": "target",
    "ℓ": "terms",
    "∂L/∂o": "slope",
    "w": "before",
    "g": "gradient",
    "m": "mean of g",
    "v": "kept",
    "m̂": "corrected",
    "v̂": "corrected",
    "step": "effective",
    "Δ": "update",
    "E[g²]": "mean square",
    "E[g]": "mean",
    "Σg²": "sum",
    "E[Δ²]": "mean square",
}


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A tensor in the walk: under which column, of which layer, laid out."""

    column: str
    layer: str
    tensor: str
    sheet: Sheet
    shape: tuple[int, ...]
    is_of_weight: bool

    @property
    def is_signed(self) -> bool:
        """Whether its numbers have signs that matter."""
        return self.column not in POSITIVE

    @property
    def words(self) -> str:
        """What it is called in a sentence, where a hat over a letter is easily lost."""
        return {"m̂": "corrected m", "v̂": "corrected v"}.get(self.column, self.column)

    @property
    def scale(self) -> str:
        """Which tensors share its scale of colours: those of the same kind in all layers."""
        shared = {"b": "W", "w": "W", "∂L/∂W": "δ", "∂L/∂b": "δ", "∂L/∂o": "δ", "y": "p"}
        return shared.get(self.column, self.column)


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One layer in the walk; ``path`` is its place in the description, empty of the loss.

    ``is_further`` rows hold the weights for which the row of their layer had no room.
    """

    title: str
    caption: str
    tooltip: str
    path: str
    tiles: tuple[Tile, ...]
    stage: int = 0
    is_further: bool = False


def rows(it: Iteration, stop: Stop) -> tuple[Row, ...]:
    """Return what is to be seen at a stop, in the order in which a sample passes."""
    if stop == "Loss":
        return (_stage_rows(it, it.stages[-1], "Forward")[0], loss_row(it, stop))
    if stop == "Update":
        return tuple(row for stage in it.stages for row in _update_rows(it, stage))
    made = tuple(row for stage in it.stages for row in _stage_rows(it, stage, stop))
    return (*made, loss_row(it, stop)) if stop == "Backward" else made


def _stage_rows(it: Iteration, stage: Stage, stop: Stop) -> tuple[Row, ...]:
    """Return the row of a stage, and one more for each further pair of weights."""
    own = [(stage.main, group) for group in groups(it.passes[stage.main.name].gradients)]
    first = own[0][1] if own else Group("", {})
    others = own[1:]
    if stage.activation is not None:
        learned = groups(it.passes[stage.activation.name].gradients)
        others += [(stage.activation, replace(group, title="slope")) for group in learned]
    further = (
        Row(
            f"Layer {stage.label}", group.title, _shapes(it, layer, group), layer.path,
            tuple(_weight_tiles(it, layer, group, stop)), stage.number, True,
        )
        for layer, group in others
    )  # fmt: skip
    return (_row(it, stage, stop, first), *further)


def _row(it: Iteration, stage: Stage, stop: Stop, group: Group) -> Row:
    main, last = stage.main, stage.last
    is_alone = LAYERS[main.kind].is_activation
    weights = _weight_tiles(it, main, group, stop)
    tiles = [tile for tile in weights if not tile.tensor.startswith("∂")]
    if stage.activation is not None:
        tiles.append(_tile(it, "z", main.name, "out"))
    elif is_alone:
        tiles.append(_tile(it, "z", main.name, "in"))
    is_sum = stage.activation is None and main.kind in ("linear", "conv2d")
    tiles.append(_tile(it, "z" if is_sum else "a", last.name, "out"))
    if stop == "Backward":
        role = "d_in" if is_alone else "d_out"
        tiles.append(_tile(it, "δ", main.name, role))
    tiles += [tile for tile in weights if tile.tensor.startswith("∂")]
    words = _tooltip(stage)
    if group.title:
        words += f": {_caption(it, stage)}; {_shapes(it, main, group)}"
    return Row(
        f"Layer {stage.label}", group.title or _caption(it, stage), words, main.path,
        tuple(tiles), stage.number,
    )  # fmt: skip


def _weight_tiles(it: Iteration, layer: Layer, group: Group, stop: Stop) -> list[Tile]:
    """Return the weights of a group, and, on the way back, their derivatives behind W."""
    shown = [(c, n) for c, n in group.names.items() if stop == "Forward" or c == "W"]
    if stop == "Backward":
        shown += [(f"∂L/∂{c}", f"∂{n}") for c, n in group.names.items()]
    return [_tile(it, column, layer.name, name) for column, name in shown]


def _shapes(it: Iteration, layer: Layer, group: Group) -> str:
    weights = it.passes[layer.name].layer.weights
    return ", ".join(f"{n} {size_words(weights[n].shape)}" for n in group.names.values())


def _update_rows(it: Iteration, stage: Stage) -> list[Row]:
    made = []
    for layer in stage.layers:
        for name in it.passes[layer.name].gradients:
            parts = it.update.parts(f"{layer.name}.{name}")
            columns = [("w", name), *((s, f"{s} {name}") for s in parts if s != "Δ")]
            tiles = [_tile(it, column, layer.name, t) for column, t in columns]
            tiles.append(_tile(it, "Δ", layer.name, f"Δ{name}"))
            letter = {"weight": "W", "bias": "b"}.get(name, name)
            shape = size_words(it.passes[layer.name].layer.weights[name].shape)
            made.append(
                Row(f"Layer {stage.label}", f"{letter} {shape}", _tooltip(stage), layer.path,
                    tuple(tiles), stage.number)
            )  # fmt: skip
    return made


def loss_row(it: Iteration, stop: Stop) -> Row:
    """Return the row of the loss."""
    from lab.maths.worked_losses import probabilities

    has_p = probabilities(it.loss.kind, it.found.output) is not None
    columns = [("o", "o"), *([("p", "p")] if has_p else []), ("y", "y")]
    columns += [("ℓ", "terms"), ("∂L/∂o", "d_o")]
    if stop == "Backward":
        columns = [("δ", "d_o")]
    tiles = tuple(_tile(it, column, LOSS, name) for column, name in columns)
    words = it.loss.kind.replace("_", " ")
    return Row("Loss", _short(it), f"{words}: {it.found.loss:.6g}", "", tiles)


def _short(it: Iteration) -> str:
    from lab.numerals import shown

    return shown(it.found.loss, 4)


def _tile(it: Iteration, column: str, layer: str, name: str) -> Tile:
    from lab.engine.microscope import tensor

    is_of_weight = Number(layer, name).is_of_weight
    whole = _with_blanks(it, layer, name, tensor(it, layer, name))
    laid = sheet(whole, has_samples=not is_of_weight, is_batch=it.is_batch)
    shape = whole.shape if is_of_weight or it.is_batch else whole.shape[1:]
    return Tile(column, layer, name, laid, shape, is_of_weight)


def _with_blanks(it: Iteration, layer: str, name: str, whole: Array) -> Array:
    """Blank what a dropout has dropped in this very step."""
    import numpy as np

    if layer == LOSS or name != "out":
        return whole
    mask = it.passes[layer].layer.weights.get("mask")
    if mask is None or it.passes[layer].layer.kind != "dropout":
        return whole
    return np.where(mask == 0, np.nan, whole)


def _caption(it: Iteration, stage: Stage) -> str:
    before, after = it.passes[stage.main.name], it.passes[stage.last.name]
    came, went = before.a.shape[1:], after.z.shape[1:]
    if not before.gradients:
        return LAYERS[stage.main.kind].title
    return f"{size_words(came)} → {size_words(went)}"


def _tooltip(stage: Stage) -> str:
    named = (f"{layer.name} {LAYERS[layer.kind].title}" for layer in stage.layers)
    return "; ".join(named)


def carried(it: Iteration, stage: Stage) -> str:
    """Say with shapes how δ comes to a stage: ``δ(64) = Wᵀ(64×10) δ(10) ⊙ φ′(64)``."""
    passes, takers = it.passes, it.takers[stage.last.name]
    shape = size_words(passes[stage.main.name].z.shape[1:])
    activation = stage.main if LAYERS[stage.main.kind].is_activation else stage.activation
    if takers == (LOSS,):
        return f"δ({shape}) = {_through(activation, shape, '∂L/∂o')}"
    ways = []
    for taker in takers:
        if taker == LOSS:
            ways.append("∂L/∂o")
            continue
        p = passes[taker]
        back = size_words(p.z.shape[1:])
        if p.layer.kind == "linear":
            units, inputs = p.layer.weights["weight"].shape
            product_shape((inputs, units), (units, 1))  # what is written does chain
            ways.append(f"Wᵀ({inputs}×{units}) δ({back})")
        else:
            ways.append(f"δ({back}) back through {LAYERS[p.layer.kind].title.lower()}")
    return f"δ({shape}) = {_through(activation, shape, *ways)}"


def _through(activation: Layer | None, shape: str, *ways: str) -> str:
    """Say how δ goes back through an activation: number by number, or all with all."""
    told = " + ".join(ways)
    if activation is None:
        return told
    many = f"({told})" if len(ways) > 1 else told
    if LAYERS[activation.kind].mixes:
        sizes = shape.split("×")
        each = "" if len(sizes) == 1 else " at each place"
        one = sizes[-1] if len(sizes) == 2 else sizes[0]
        return f"Jᵀ({one}×{one}) {many}{each}"
    return f"{many} ⊙ φ′({shape})"
