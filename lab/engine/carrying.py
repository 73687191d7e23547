"""Keeping the weights of layers that a change of the network has left alone.

Layers have no names of their own, so the old and the new description are laid side by side:
as many equal layers in the same order as can be, then those that have only changed places,
then pairs of one kind, which is what a layer becomes that was made wider. No torch at import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.experiment import nested
from lab.engine.layers import LAYERS
from lab.engine.numbering import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from lab.engine.experiment import Part
    from lab.engine.shapes import Shape

    Shapes = Mapping[str, Shape]
    Origins = Mapping[str, str]

_FIRST_WEIGHTS = ("init", "std", "gain")
_SAME, _EMPTY, _KIND = 9, 3, 1


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A network that was: what a run may begin from, and how its log names it."""

    layers: Sequence[Part]
    tensors: Mapping[str, Tensor]
    source: str
    run: int = 0
    grow: bool = False
    origins: Origins | None = None


@dataclass(frozen=True, slots=True)
class Keep:
    """Which weights a new run is to begin from, where its layers are still there.

    ``run`` is the number of the run that they are taken from, at its cursor; None is the one
    in use. ``grow`` keeps the overlapping part of a layer that has become wider or narrower.
    ``network`` is taken in place of a run's, such as one from a file. ``origins`` says of the
    layers left alone which they were, see `origins`: among equal ones nothing else can tell.
    """

    run: int | None = None
    grow: bool = False
    network: Kept | None = None
    origins: Origins | None = None


@dataclass(frozen=True, slots=True)
class Leaf:
    """A layer that computes: its path, its name in the state dict, its tensors' shapes."""

    path: str
    name: str
    part: Part
    shapes: tuple[tuple[str, Shape], ...]

    @property
    def is_empty(self) -> bool:
        """Whether it has nothing to keep."""
        return not self.shapes


@dataclass(frozen=True, slots=True)
class Pair:
    """A layer of the new network, and the one of the old that it was, if any.

    ``fate`` is ``kept``, ``grown``, or why it begins anew.
    """

    new: Leaf
    old: Leaf | None
    fate: str


@dataclass(frozen=True)
class Carried:
    """The tensors that are kept, by their names in the new network, and what to say of it."""

    tensors: dict[str, Tensor]
    pairs: tuple[Pair, ...]
    layers: Sequence[Part]

    @property
    def kept(self) -> int:
        """How many layers have kept weights, or a part of them."""
        return sum(pair.fate in {"kept", "grown"} for pair in self.pairs)

    @property
    def count(self) -> str:
        """How many of how many layers, such as ``3 of 4 layers kept``."""
        return f"{self.kept} of {len(self.pairs)} layers kept"

    @property
    def words(self) -> str:
        """What was kept, and of each layer that was not, why."""
        known = numbers(self.layers)
        rest = (_words(pair, known) for pair in self.pairs if pair.fate != "kept")
        return "; ".join((f"Kept {self.kept} of {len(self.pairs)} layers", *rest)) + "."


def carried(
    old_layers: Sequence[Part],
    old_state: Mapping[str, Tensor],
    new_layers: Sequence[Part],
    new_state: Mapping[str, Any],
    *,
    grow: bool = False,
    origins: Origins | None = None,
) -> Carried:
    """Return what a changed network can keep of the weights it had.

    Parameters
    ----------
    old_layers, old_state
        The network that was, and its state dict.
    new_layers, new_state
        The network that is to be, and its own first tensors, or their shapes only.
    grow : bool
        Keep rows and columns that both have of a layer whose width has changed; the rest is
        of ``new_state``, which has to hold tensors then.
    origins : mapping of path to path, optional
        Which layer of the old network a new one was, where that is known.
    """
    shapes = _shapes(old_state), _shapes(new_state)
    pairs = matched(old_layers, shapes[0], new_layers, shapes[1], grow=grow, origins=origins)
    tensors: dict[str, Tensor] = {}
    for pair in pairs:
        if pair.old is None or pair.fate not in {"kept", "grown"}:
            continue
        for name, _ in pair.new.shapes:
            was = old_state[f"{pair.old.name}.{name}"]
            mine = f"{pair.new.name}.{name}"
            tensors[mine] = was if pair.fate == "kept" else _grown(was, new_state[mine])
    return Carried(tensors, pairs, new_layers)


def matched(
    old_layers: Sequence[Part],
    old_shapes: Shapes,
    new_layers: Sequence[Part],
    new_shapes: Shapes,
    *,
    grow: bool = False,
    origins: Origins | None = None,
) -> tuple[Pair, ...]:
    """Return every layer of the new network that has weights, with the one that it was."""
    old, new = tuple(leaves(old_layers, old_shapes)), tuple(leaves(new_layers, new_shapes))
    found = _known(old, new, origins or {})
    a = [i for i in range(len(old)) if i not in found.values()]
    b = [j for j in range(len(new)) if j not in found]
    rest = dict(_aligned([old[i] for i in a], [new[j] for j in b]))
    _add_moved([old[i] for i in a], [new[j] for j in b], rest)
    found |= {b[j]: a[i] for j, i in rest.items()}
    return tuple(
        Pair(leaf, before, _fate(before, leaf, grow=grow))
        for j, leaf in enumerate(new)
        if not leaf.is_empty
        for before in [old[found[j]] if j in found else None]
    )


def origins(old: Sequence[Part], new: Sequence[Part]) -> Origins:
    """Return by its path the path that each layer had before an edit.

    An edit hands on the very objects that it leaves alone; a copy of one is not it.
    """
    paths = {id(part): path for path, part in nested(old)}
    found: dict[str, str] = {}
    for path, part in nested(new):
        before = paths.pop(id(part), None)
        if before is not None:
            found[path] = before
    return found


def _known(old: Sequence[Leaf], new: Sequence[Leaf], known: Origins) -> dict[int, int]:
    places = {leaf.path: i for i, leaf in enumerate(old)}
    return {
        j: places[known[leaf.path]]
        for j, leaf in enumerate(new)
        if known.get(leaf.path) in places
    }


def leaves(
    layers: Sequence[Part], shapes: Shapes, path: str = "layers", name: str = ""
) -> Iterator[Leaf]:
    """Yield the layers that compute something, with the shapes of what each has learned."""
    for index, part in enumerate(layers):
        here, called = f"{path}.{index}", f"{name}{index}"
        if part.layers:
            yield from leaves(part.layers, shapes, f"{here}.layers", f"{called}.inner.")
            continue
        own = (n.removeprefix(f"{called}.") for n in shapes if n.startswith(f"{called}."))
        named = tuple((n, tuple(shapes[f"{called}.{n}"])) for n in sorted(own))
        yield Leaf(here, called, part, named)


def state_name(path: str, parameter: str) -> str:
    """Return ``1.inner.0.weight`` for ``layers.1.layers.0`` and ``weight``."""
    return f"{path.removeprefix('layers.').replace('.layers.', '.inner.')}.{parameter}"


# Laying two descriptions side by side.


def _score(old: Leaf, new: Leaf) -> int:
    """Return how much two layers are one and the same; 0: not at all."""
    if old.part.kind != new.part.kind:
        return 0
    if old.part == new.part and old.shapes == new.shapes:
        return _EMPTY if new.is_empty else _SAME
    return _KIND


def _aligned(old: Sequence[Leaf], new: Sequence[Leaf]) -> Iterator[tuple[int, int]]:
    """Yield places in the new sequence with those in the old, in order, of the best fit.

    Equal ends are taken as they are, so that a small change of a deep network costs little.
    """
    first = 0
    while first < min(len(old), len(new)) and _is_equal(old[first], new[first]):
        yield first, first
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and _is_equal(old[-1 - last], new[-1 - last]):
        yield len(new) - 1 - last, len(old) - 1 - last
        last += 1
    a, b = old[first : len(old) - last], new[first : len(new) - last]
    yield from ((j + first, i + first) for j, i in _best(a, b))


def _is_equal(old: Leaf, new: Leaf) -> bool:
    return old.part == new.part and old.shapes == new.shapes


def _best(old: Sequence[Leaf], new: Sequence[Leaf]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of the alignment with the highest score (Needleman and Wunsch 1970)."""
    table = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        row, below = table[i], table[i + 1]
        for j in range(len(new) - 1, -1, -1):
            score = _score(old[i], new[j])
            row[j] = max(row[j + 1], below[j], below[j + 1] + score if score else 0)
    i = j = 0
    while i < len(old) and j < len(new):
        score = _score(old[i], new[j])
        if score and table[i][j] == table[i + 1][j + 1] + score:
            yield j, i
            i, j = i + 1, j + 1
        elif table[i][j] == table[i + 1][j]:
            i += 1
        else:
            j += 1


def _add_moved(old: Sequence[Leaf], new: Sequence[Leaf], found: dict[int, int]) -> None:
    """Pair equal layers that have changed places; they come before pairs of one kind only."""
    exact = {j: i for j, i in found.items() if _is_equal(old[i], new[j])}
    free = [i for i in range(len(old)) if i not in exact.values() and not old[i].is_empty]
    for j, leaf in enumerate(new):
        if j in exact or leaf.is_empty:
            continue
        twin = next((i for i in free if _is_equal(old[i], leaf)), None)
        if twin is not None:
            free.remove(twin)
            exact[j] = twin
    taken = set(exact.values())
    loose = {j: i for j, i in found.items() if j not in exact and i not in taken}
    found.clear()
    found.update(exact | loose)


# What becomes of a pair.


def _fate(old: Leaf | None, new: Leaf, *, grow: bool) -> str:
    if old is None:
        return "is new"
    if any(old.part.as_dict().get(n) != new.part.as_dict().get(n) for n in _first(new)):
        return "begins anew, as its initialisation has changed"
    if old.shapes == new.shapes:
        return "kept"
    if grow and LAYERS[new.part.kind].can_grow and _ranks(old) == _ranks(new):
        return "grown"
    return "begins anew, as its shape has changed"


def _first(leaf: Leaf) -> tuple[str, ...]:
    known = {p.name for p in LAYERS[leaf.part.kind].parameters}
    return tuple(n for n in _FIRST_WEIGHTS if n in known)


def _ranks(leaf: Leaf) -> list[tuple[str, int]]:
    return [(name, len(shape)) for name, shape in leaf.shapes]


def _grown(was: Tensor, fresh: Tensor) -> Tensor:
    made = fresh.clone()
    overlap = tuple(slice(0, min(a, b)) for a, b in zip(was.shape, fresh.shape, strict=True))
    made[overlap] = was[overlap].to(made)
    return made


def _shapes(state: Mapping[str, Any]) -> dict[str, Shape]:
    return {n: tuple(getattr(t, "shape", t)) for n, t in state.items()}


def _words(pair: Pair, known: Mapping[str, str]) -> str:
    """Return ``layer 5 (Linear) begins anew, as its shape has changed``."""
    fate = "keeps what fits its new shape" if pair.fate == "grown" else pair.fate
    return f"layer {known[pair.new.path]} ({LAYERS[pair.new.part.kind].title}) {fate}"
