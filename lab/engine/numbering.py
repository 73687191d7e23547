"""How layers are counted, everywhere the same: as the formulas count them.

``a^l = φ(W^l a^{l−1} + b^l)`` is two layers of a description and one of the literature: a layer
and the normalisation, activation and dropout behind it share a number. Those inside the second
are 2.1, 2.2 and so on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from lab.engine.layers import LAYERS
from lab.engine.networks import inner_parts

if TYPE_CHECKING:
    from lab.engine.experiment import Part

_PATH = re.compile(r"\blayers\.\d+(?:\.layers\.\d+)*")


class Kept(Protocol):
    """What can be numbered: a layer of a description, or of a pass."""

    @property
    def kind(self) -> str:
        """Its name in the table."""


Inside = Callable[[Any], Sequence[Any]]


def follows(kind: str) -> bool:
    """Whether a layer serves the one before it, and shares its number."""
    return kind in LAYERS and bool(LAYERS[kind].role)


def numbers(layers: Sequence[Part]) -> dict[str, str]:
    """Return the number of each layer by its path in the description."""
    return dict(numbered(layers, _inside))


def numbered(
    layers: Sequence[Kept], inside: Inside, row: str = "layers", tag: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield path and number of layers, ``inside`` giving those that each holds."""
    count = 0
    for index, layer in enumerate(layers):
        held, path = inside(layer), f"{row}.{index}"
        if count == 0 or held or not follows(layer.kind):
            count += 1
        yield path, f"{tag}{count}"
        yield from numbered(held, inside, f"{path}.layers", f"{tag}{count}.")


def _inside(part: Part) -> Sequence[Part]:
    kind = LAYERS.get(part.kind)
    if kind is None or kind.made_of is None:
        return part.layers
    return inner_parts(part.model_copy(update={"options": kind.complete(part.as_dict(), "")}))


def number_of(layers: Sequence[Part], path: str) -> str:
    """Return the number of one layer; of one that is not there its place in the row."""
    known = numbers(layers).get(path)
    places = (n for n in path.split(".") if n.isdigit())
    return known or ".".join(str(int(n) + 1) for n in places)


def spoken(text: str, layers: Sequence[Part]) -> str:
    """Return a sentence with the numbers of layers in place of their paths."""
    known = numbers(layers)
    return _PATH.sub(lambda m: f"Layer {known[m[0]]}" if m[0] in known else m[0], text)
