"""All that a picture of the network is made of, gathered before anything is painted."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING

from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.numerals import in_bytes, shown
from lab.panels.network.blocks import blocks
from lab.panels.network.layout import INPUT, LOSS, laid_out

if TYPE_CHECKING:
    from lab.engine.drafts import Draft, Problem
    from lab.engine.experiment import Part
    from lab.engine.kinds import Kind
    from lab.engine.news import RunLook
    from lab.panels.network.blocks import Block
    from lab.panels.network.layout import Column, Layout

MOST_LETTERS = 9
"""Of a feature's name below its unit."""
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A network laid out, with its costs and problems and the words about it.

    ``layers`` are as drawn, which need not be those in training.
    """

    layers: tuple[Part, ...]
    blocks: tuple[Block, ...]
    layout: Layout
    draft: Draft
    features: tuple[str, ...]
    outputs: tuple[str, ...]
    loss: Kind
    title: str
    headers: tuple[tuple[str, str, str], ...] = field(default=())

    def problem_at(self, column: Column) -> Problem | None:
        """Return what is wrong with the layers of a column, or None."""
        if column.block is None:
            return None
        wrong = (p for path in column.block.paths for p in self.draft.problems_of(path))
        return next((p for p in wrong if p.where in ("layer", "edge")), None)

    def problem_into(self, place: int) -> Problem | None:
        """Return what is wrong with the link into a column, or None."""
        column = self.layout.columns[place]
        if column.path == LOSS:
            last = self.blocks[-1].last if self.blocks else ""
            wrong = self.draft.problems_of(last)
            return next((p for p in wrong if p.where == "out"), None)
        wrong = self.draft.problems_of(column.path)
        return next((p for p in wrong if p.where == "edge"), None)


def scene(look: RunLook, layers: tuple[Part, ...], draft: Draft) -> Scene:
    """Gather what is to be drawn of layers on the data of a run."""
    found = blocks(layers)
    shapes = {d.path: d.shape_out for d in draft.layers}
    layout = laid_out(found, look.data.shape, shapes)
    classes = look.data.class_names
    outputs = classes if len(classes) == look.data.encoding.outputs else ()
    loss = LOSSES[look.settings.loss.kind]
    headers = tuple(_header(c, draft, look, loss) for c in layout.columns)
    return Scene(
        layers, found, layout, draft, look.data.feature_names, outputs, loss,
        look.settings.title, headers,
    )  # fmt: skip


def _header(column: Column, draft: Draft, look: RunLook, loss: Kind) -> tuple[str, str, str]:
    """Return the three lines above a column: what it is, what it does, what it costs."""
    if column.path == INPUT:
        return "Input", _size(look.data.shape), look.data.kind.title
    if column.block is None:
        first, _, rest = loss.title.partition(" ")
        return "Loss", first, rest
    known = draft.by_path.get(column.path)
    counts = [draft.by_path[p].parameters for p in column.block.paths]
    total = sum(c or 0 for c in counts)
    cost = f"{total:,} parameters" if total else "no parameters"
    cost = "not known yet" if None in counts else cost
    if known is None:
        return f"Layer {column.block.number}", column.block.words, cost
    flat = known.shape_in is None or len(known.shape_in) == 1
    way = f"{_short(known.shape_in)} → " if flat else ""
    way += _short(draft.by_path[column.block.last].shape_out)
    words = ", ".join(filter(None, (column.block.kind, column.block.words)))
    return f"Layer {column.block.number}", words, f"{way}, {cost}"


def _short(shape: tuple[int, ...] | None) -> str:
    return "?" if shape is None else "×".join(map(str, shape))


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} features" if len(shape) == 1 else _short(shape)


def unit_name(found: Scene, column: Column, index: int) -> str:
    """Return what a unit is called below its square: ``x₁``, a feature's or a class's name."""
    if column.path == INPUT:
        names = found.features
        short = len(names) == column.count and max(map(len, names)) <= MOST_LETTERS
        return names[index] if short else f"x{index + 1}".translate(SUBSCRIPTS)
    return f"{index + 1}".translate(SUBSCRIPTS)


def bias_words(index: int, bias: float) -> str:
    """Return ``b₁ = −0.05``."""
    return f"b{index + 1}".translate(SUBSCRIPTS) + f" = {shown(bias, 2)}"


def totals(found: Scene) -> str:
    """Return sizes and costs of all of it in words."""
    draft = found.draft
    memory = in_bytes(draft.memory.total)
    return (
        f"{draft.parameters:,} parameters, {draft.multiply_adds:,} multiply-adds a sample, "
        f"{memory} to train"
    )


def is_wide(column: Column) -> bool:
    """Whether there is a number of units or channels to be changed."""
    return column.block is not None and bool(LAYERS[column.block.main.kind].width)


def numbers_in(column: Column) -> int:
    """Return how many numbers a column hands on of one sample."""
    return prod(column.shape) if column.shape else 0
