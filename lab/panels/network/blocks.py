"""Layers as a person counts them: a layer with its normalisation, activation and dropout."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lab.engine.layers import ACTIVATION, LAYERS
from lab.engine.numbering import follows, numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lab.engine.experiment import Part


@dataclass(frozen=True, slots=True)
class Block:
    """A main layer and what follows it in its service, all of them siblings.

    ``path`` is the main layer's, ``paths`` are all of them in order; ``number`` is what the
    layer is called everywhere. A layer that holds others is a block of its own, with those as
    ``inner``.
    """

    number: str
    path: str
    parts: tuple[Part, ...]
    paths: tuple[str, ...]
    inner: tuple[Block, ...] = ()

    @property
    def main(self) -> Part:
        """The layer that gives the block its shape."""
        return self.parts[0]

    @property
    def last(self) -> str:
        """The path of the layer whose output the block hands on."""
        return self.paths[-1]

    @property
    def title(self) -> str:
        """Number and kind: ``3 Linear``."""
        return f"{self.number} {self.kind}"

    @property
    def kind(self) -> str:
        """What the main layer is: ``Linear``."""
        return LAYERS[self.main.kind].title

    def role(self, name: str) -> str | None:
        """Return the path of the layer in a role, or None."""
        for path, part in zip(self.paths[1:], self.parts[1:], strict=True):
            if LAYERS[part.kind].role == name:
                return path
        return None

    @property
    def words(self) -> str:
        """What follows the main layer: ``Batch normalisation, ReLU``."""
        return ", ".join(_short(part) for part in self.parts[1:])


def _short(part: Part) -> str:
    kind = LAYERS[part.kind]
    if kind.role == ACTIVATION or not kind.live_options:
        return kind.title
    return f"{kind.title} {part[kind.live_options[0]]!s}"


def blocks(layers: Sequence[Part]) -> tuple[Block, ...]:
    """Gather layers into blocks: those behind another in its service belong to it."""
    return _blocks(layers, "layers", numbers(layers))


def _blocks(layers: Sequence[Part], row: str, known: Mapping[str, str]) -> tuple[Block, ...]:
    found: list[Block] = []
    for index, part in enumerate(layers):
        path = f"{row}.{index}"
        if found and not found[-1].inner and follows(part.kind):
            last = found[-1]
            found[-1] = replace(last, parts=(*last.parts, part), paths=(*last.paths, path))
        else:
            inner = _blocks(part.layers, f"{path}.layers", known)
            found.append(Block(known[path], path, (part,), (path,), inner))
    return tuple(found)


def leaves(found: Sequence[Block]) -> Iterator[Block]:
    """Yield the blocks that compute, in forward order."""
    for block in found:
        if block.inner:
            yield from leaves(block.inner)
        else:
            yield block


def owner(found: Sequence[Block], path: str) -> Block | None:
    """Return the block that a layer belongs to; of one that holds others, that itself."""
    for block in found:
        if path in block.paths:
            return block
        deeper = owner(block.inner, path)
        if deeper is not None:
            return deeper
    return None
