"""What can be set of one layer: lines of a form, and what a change of one means."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.engine.layers import ACTIVATION, DROPOUT, LAYERS, NORMALISATION, ROLES
from lab.engine.rows import Row, described, option_rows
from lab.panels.network import edits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.engine.experiment import Part
    from lab.panels.network.blocks import Block

NONE = "none"
_TITLES = {NORMALISATION: "Normalise", ACTIVATION: "Activation", DROPOUT: "Dropout"}
_MEANING = {
    NORMALISATION: "shifts and scales what the layer gives before its activation",
    ACTIVATION: "the function that each unit's sum goes through",
    DROPOUT: "switches units off at random while training",
}


def rows(block: Block, wide: int = 0) -> list[Row]:
    """Return the lines of a block: options of its main layer, and what follows in each role.

    ``wide`` is how many numbers it gives, for where that is left open.
    """
    kind = LAYERS[block.main.kind]
    found = [
        _closed(row, block, wide)
        for row in option_rows(block.path, block.main, kind)
        if _counts(row, block)
    ]
    if kind.role or kind.holds_layers:
        return found
    return [*found[:1], *_role_rows(block), *found[1:]]


def _closed(row: Row, block: Block, wide: int) -> Row:
    """Return a line that was left open with what it comes to: as many as the loss needs."""
    closing = LAYERS[block.main.kind].closing
    is_open = closing and row.path == f"{block.path}.{closing}" and block.main[closing] is None
    return replace(row, value=wide) if is_open and wide else row


def _counts(row: Row, block: Block) -> bool:
    """Whether an option means anything beside the others."""
    if row.path.endswith(".std"):
        return bool(block.main["init"] == "normal")
    return True


def _role_rows(block: Block) -> Iterator[Row]:
    for role in ROLES:
        titles = {NONE: "None"} | {n: k.title for n, k in LAYERS.items() if k.role == role}
        path = block.role(role)
        part = dict(zip(block.paths, block.parts, strict=True)).get(path or "")
        value = part.kind if part is not None else NONE
        yield Row(
            f"{block.path}.{role}", _TITLES[role], "choice", value, titles,
            meaning=_MEANING[role],
        )  # fmt: skip
        if part is not None and path is not None:
            yield from option_rows(path, part, LAYERS[part.kind])


def changed(layers: tuple[Part, ...], block: Block, path: str, value: Any) -> tuple[Part, ...]:
    """Return the layers after a change of one line."""
    owner, _, name = path.rpartition(".")
    if name in ROLES and owner == block.path:
        return _with_role(layers, block, name, str(value))
    part = dict(zip(block.paths, block.parts, strict=True))[owner]
    parameter = next(p for p in LAYERS[part.kind].parameters if p.name == name)
    return edits.set_option(layers, owner, name, described(parameter, value))


def _with_role(
    layers: tuple[Part, ...], block: Block, role: str, kind: str
) -> tuple[Part, ...]:
    """Put a kind into a role of a block, in the order of `ROLES`, or take it out."""
    path = block.role(role)
    if path is not None:
        layers = edits.remove(layers, path)
        if kind == NONE:
            return layers
        return edits.insert(layers, path, kind)
    before = [block.path, *filter(None, (block.role(r) for r in ROLES[: ROLES.index(role)]))]
    return edits.insert(layers, _next(before[-1]), kind) if kind != NONE else layers


def _next(path: str) -> str:
    parent, _, index = path.rpartition(".")
    return f"{parent}.{int(index) + 1}"
