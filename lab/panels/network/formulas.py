r"""The formula of a network in LaTeX: line by line, in one line, or with its weights put in.

A line begins with each layer that is no activation, normalisation or dropout of the one before:
:math:`a^{(1)} = \tanh(W^{(1)} x + b^{(1)})`. Lines are counted from 1, those of a block behind
the number of the block. No Qt, no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.layers import LAYERS
from lab.engine.networks import inner_parts
from lab.panels.network.formula_table import FORMULAS, Formula, bracketed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from lab.engine.experiment import Part

    Tensors = Mapping[str, npt.NDArray[np.floating[Any]]]

MOST_NUMBERS = 60
"""A network of more is not written out in numbers."""
MOST_IN_ONE_LINE = 6
"""Layers that one line may hold."""
_EMPTY: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a formula, and the layers of the description that it is of."""

    latex: str
    paths: tuple[str, ...]


def lines(layers: Sequence[Part], tensors: Tensors | None = None) -> tuple[Line, ...]:
    """Return the formula line by line.

    Parameters
    ----------
    layers
        The description; a draft will do, options left out are those of the table.
    tensors : mapping of name to ndarray, optional
        Weights by their names in the state dict, put in as matrices; see `is_small`.
    """
    return tuple(_Writer(tensors or _EMPTY).through(layers, "x", "layers", "", "", "a"))


def whole(layers: Sequence[Part], tensors: Tensors | None = None) -> str:
    r"""Return the formula in one line: :math:`f(x) = \ldots`, or "" if it would be too long."""
    if not layers or len(layers) > MOST_IN_ONE_LINE:
        return ""
    if any(LAYERS[part.kind].wrap is not None for part in layers if part.kind in LAYERS):
        return ""
    writer, made = _Writer(tensors or _EMPTY), "x"
    found = list(writer.through(layers, "x", "layers", "", "", "a"))
    for group in writer.groups:
        made = _composed(group, made, writer)
    return f"f(x) = {made}" if found else ""


def definitions(layers: Sequence[Part]) -> tuple[str, ...]:
    """Return what the names in a formula stand for, each once."""
    found = (formula_of(part.kind).defined(part.as_dict()) for part in _all_parts(layers))
    return tuple(dict.fromkeys(d for d in found if d))


def copyable(layers: Sequence[Part], tensors: Tensors | None = None) -> str:
    """Return the lines as one text for a document, aligned at the equals signs."""
    found = [line.latex.replace(" = ", " &= ", 1) for line in lines(layers, tensors)]
    return "\\begin{aligned}\n" + " \\\\\n".join(found) + "\n\\end{aligned}" if found else ""


def is_small(tensors: Tensors) -> bool:
    """Say whether the weights are few enough to be written out."""
    return 0 < sum(int(np.size(t)) for t in tensors.values()) <= MOST_NUMBERS


def formula_of(kind: str) -> Formula:
    """Return the entry of a kind; one that is not known is written as its name."""
    return FORMULAS.get(kind) or Formula(
        lambda a, symbol, options: rf"\mathrm{{{kind.replace('_', '')}}}{bracketed(a)}"
    )


def matrix(tensor: npt.NDArray[np.floating[Any]]) -> str:
    """Return a matrix, or a vector as a column, with three digits a number."""
    table = np.asarray(tensor, float)
    table = table.reshape(-1, 1) if table.ndim < 2 else table
    rows = (" & ".join(map(_number, row)) for row in table)
    return r"\begin{bmatrix}" + r" \\ ".join(rows) + r"\end{bmatrix}"


def _number(value: float) -> str:
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return rf"{mantissa}\cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _all_parts(layers: Sequence[Part]) -> Iterator[Part]:
    for part in layers:
        yield part
        yield from _all_parts(_inside(part))


def _inside(part: Part) -> Sequence[Part]:
    kind = LAYERS.get(part.kind)
    if kind is None or kind.wrap is None:
        return ()
    if kind.made_of is None:
        return part.layers
    return inner_parts(part.model_copy(update={"options": kind.complete(part.as_dict(), "")}))


@dataclass(frozen=True, slots=True)
class _Member:
    """A layer within a line: where it stands, and the number that its symbols carry."""

    part: Part
    path: str
    name: str
    number: str


@dataclass
class _Writer:
    """Cuts layers into lines, and writes each."""

    tensors: Tensors
    groups: list[list[_Member]] = field(default_factory=list)

    def through(
        self, layers: Sequence[Part], start: str, path: str, name: str, tag: str, letter: str
    ) -> Iterator[Line]:
        """Yield the lines of a sequence; the first gets ``start``."""
        before = start
        for index, group in enumerate(self._grouped(layers, path, name, tag), 1):
            self.groups.append(group)
            made = rf"{letter}^{{({tag}{index})}}"
            inner = _inside(group[0].part)
            if inner:
                yield from self._block(group, inner, before, made, f"{tag}{index}")
            else:
                yield Line(f"{made} = {_composed(group, before, self)}", _paths(group))
            before = made

    def _grouped(
        self, layers: Sequence[Part], path: str, name: str, tag: str
    ) -> Iterator[list[_Member]]:
        group: list[_Member] = []
        number = 0
        for index, part in enumerate(layers):
            follows = getattr(LAYERS.get(part.kind), "role", "") and not part.layers
            if not (follows and group):
                if group:
                    yield group
                group, number = [], number + 1
            here, called = f"{path}.{index}", f"{name}{index}"
            group.append(_Member(part, here, called, f"{tag}{number}"))
        if group:
            yield group

    def _block(
        self, group: list[_Member], inner: Sequence[Part], a: str, made: str, tag: str
    ) -> Iterator[Line]:
        """Yield the lines inside a block, then what it makes of them."""
        head, *rest = group
        path, name = f"{head.path}.layers", f"{head.name}.inner."
        is_added = LAYERS[head.part.kind].needs_same_shape
        found = list(self.through(inner, a, path, name, f"{tag}.", "h"))
        yield from found
        last = found[-1].latex.partition(" = ")[0]
        result = f"{a} + {last}" if is_added else last
        for member in rest:
            result = _written(member, result, self)
        yield Line(f"{made} = {result}", _paths(group))

    def symbol(self, member: _Member, parameter: str) -> str:
        """Return how a parameter is written: its numbers if they are at hand."""
        tensor = self.tensors.get(f"{member.name}.{parameter}")
        if tensor is not None and tensor.ndim <= 2:
            return _number(float(tensor[0])) if tensor.shape == (1,) else matrix(tensor)
        letters = dict(formula_of(member.part.kind).symbols)
        return f"{letters.get(parameter, 'w')}^{{({member.number})}}"


def _paths(group: Sequence[_Member]) -> tuple[str, ...]:
    return tuple(member.path for member in group)


def _composed(group: Sequence[_Member], a: str, writer: _Writer) -> str:
    for member in group:
        a = _written(member, a, writer)
    return a


def _written(member: _Member, a: str, writer: _Writer) -> str:
    formula = formula_of(member.part.kind)
    return formula.writing(a, lambda name: writer.symbol(member, name), member.part.as_dict())
