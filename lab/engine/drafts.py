"""A network as it is drawn: what fits, what does not, and what it would cost. No torch.

Building stops at the first thing that cannot be. Here one goes on behind it wherever a sensible
shape can be assumed, so that a person sees all that is wrong at once. The verdict is the same:
a draft without problems can be trained, one with problems cannot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from math import ceil, prod
from typing import TYPE_CHECKING, Any, Literal

from lab.engine.experiment import Batches, nested
from lab.engine.gists import is_of_itself, of_error, of_option, unequal
from lab.engine.kinds import ExperimentError, find
from lab.engine.layers import LAYERS, LayerKind, options_of
from lab.engine.losses import LOSSES
from lab.engine.networks import (
    MAX_LAYERS,
    NOT_IN_FRONT,
    check_memory,
    completed,
    least_rows,
)
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.preflight import (
    check_early_stopping,
    check_tokens,
    require_outputs_fit,
    require_rows,
)
from lab.engine.shapes import Shape, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lab.engine.data import Data
    from lab.engine.experiment import Experiment, Part
    from lab.engine.layers import Options

Where = Literal["edge", "layer", "out", "network"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be.

    ``where`` says what of ``path`` is at fault: the ``edge`` into the layer, the ``layer``
    itself, the edge ``out`` of it (into the sum of a block, or into the loss), or the whole
    ``network``. ``short`` fits on an edge (``4 ≠ 5``), ``text`` is a sentence.
    """

    path: str
    where: Where
    short: str
    text: str


@dataclass(frozen=True, slots=True)
class LayerDraft:
    """One layer of a draft; what is not known is None.

    ``held`` are the numbers of a sample that are in memory on its account: what it hands on,
    and what it keeps for the way back. ``weight_bytes`` are those of its parameters,
    ``activation_bytes`` those held for one piece of a batch. A block counts the parameters of
    the layers inside.
    """

    path: str
    kind: str
    title: str
    shape_in: Shape | None = None
    shape_out: Shape | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    held: int | None = None
    weight_bytes: int | None = None
    activation_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that training takes: ``parameters × (1 + 1 + slots) + activations``."""

    weights: int
    gradient: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradient + self.optimizer + self.activations


@dataclass(frozen=True)
class Draft:
    """What is known of a network before it is built.

    ``layers`` stand as `lab.engine.experiment.nested` walks them, a block before what it
    holds. Sums leave out what is not known.
    """

    layers: tuple[LayerDraft, ...]
    problems: tuple[Problem, ...]
    parameters: int
    multiply_adds: int
    memory: Memory

    @property
    def is_sound(self) -> bool:
        """Whether it can be trained."""
        return not self.problems

    @cached_property
    def by_path(self) -> dict[str, LayerDraft]:
        """The layers by their path."""
        return {layer.path: layer for layer in self.layers}

    def problems_of(self, path: str) -> tuple[Problem, ...]:
        """Return what is wrong with a layer or with the edges at it."""
        return tuple(p for p in self.problems if p.path == path)


def check(
    layers: Sequence[Part],
    shape: Shape,
    outputs: int,
    slots: int = 2,
    itemsize: int = 4,
    batch: int = 32,
    *,
    samples: int | None = None,
    drop_last: bool = False,
    micro: int = 1,
) -> Draft:
    """Follow the shape of one sample through a network, past whatever does not fit.

    Parameters
    ----------
    layers : sequence of Part
        As drawn; options may be missing or wrong.
    shape : tuple of int
        One sample.
    outputs : int
        What the loss wants.
    slots : int
        Numbers that the optimizer keeps for each weight.
    itemsize : int
        Bytes of a number.
    batch : int
        Samples in a batch; 0 for all.
    samples : int, optional
        Samples in the training set; without it batches are not checked against them.
    drop_last : bool
        Whether a last batch that is smaller is left out.
    micro : int
        Pieces in which a batch is computed.
    """
    walk = _Walk(outputs)
    last = walk.through(layers, shape, "layers")
    batches = Batches.model_construct(size=batch, drop_last=drop_last, micro=micro)
    n = samples if samples is not None else max(batch, 2)
    if layers and last is not None:
        walk.check_end(last)
    top = [d for d in walk.found.values() if d.path.count(".") == 1]
    parameters = sum(d.parameters or 0 for d in top)
    walk.check_whole(layers, parameters, slots, itemsize)
    walk.check_rows(batches, n)
    walk.check_outputs(batches, n, itemsize)
    return _draft(walk, top, _Units(slots, itemsize, ceil((batch or n) / micro)))


def draft_of(experiment: Experiment, data: Data, layers: Sequence[Part] | None = None) -> Draft:
    """Check the network of a description, or another in its place, with the data at hand.

    Parameters
    ----------
    experiment
        Says optimizer, precision and batches.
    data : Data
        Its prepared data; of them only shape and number are used.
    layers : sequence of Part, optional
        Those to be checked instead of the description's.
    """
    parts = experiment.layers if layers is None else layers
    found = check(
        parts,
        data.shape,
        LOSSES[experiment.loss.kind].encoding(data.classes).outputs,
        len(OPTIMIZERS[experiment.optimizer.kind].slots_for(experiment.optimizer.as_dict())),
        8 if experiment.precision == "float64" else 4,
        experiment.batches.size,
        samples=len(data.train),
        drop_last=experiment.batches.drop_last,
        micro=experiment.batches.micro,
    )
    more = (*_early_stopping(experiment, data), *_tokens(parts, data, found))
    return replace(found, problems=(*found.problems, *more)) if more else found


def _early_stopping(experiment: Experiment, data: Data) -> Iterator[Problem]:
    try:
        check_early_stopping(experiment, len(data.test))
    except ExperimentError as error:
        yield Problem("early_stopping.patience", "network", "no test set", str(error))


def _tokens(parts: Sequence[Part], data: Data, found: Draft) -> Iterator[Problem]:
    """Tell of samples that are no numbers of tokens where the first layer looks them up."""
    if not parts or found.by_path["layers.0"].shape_out is None:
        return
    try:
        check_tokens([parts[0].completed(LAYERS, "layers.0")], data.x)
    except ExperimentError as error:
        yield Problem("layers.0", "edge", "no tokens", str(error))


@dataclass(frozen=True, slots=True)
class _Units:
    """What numbers cost: slots of the optimizer, bytes each, rows of a piece of a batch."""

    slots: int
    itemsize: int
    rows: int


def _draft(walk: _Walk, top: Sequence[LayerDraft], units: _Units) -> Draft:
    found = tuple(_weighed(d, units) for d in walk.found.values())
    weights = units.itemsize * sum(d.parameters or 0 for d in top)
    activations = sum(d.activation_bytes or 0 for d in found)
    memory = Memory(weights, weights, weights * units.slots, activations)
    cost = sum(d.multiply_adds or 0 for d in top)
    total = sum(d.parameters or 0 for d in top)
    return Draft(found, tuple(walk.problems), total, cost, memory)


def _weighed(draft: LayerDraft, units: _Units) -> LayerDraft:
    weights = None if draft.parameters is None else draft.parameters * units.itemsize
    held = None if draft.held is None else draft.held * units.itemsize * units.rows
    return replace(draft, weight_bytes=weights, activation_bytes=held)


@dataclass
class _Walk:
    """Passes a shape on, and writes down layers and problems as it goes."""

    outputs: int
    found: dict[str, LayerDraft] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    least: dict[str, int] = field(default_factory=dict)
    """How many rows those layers need that need more than one."""

    def through(self, layers: Sequence[Part], shape: Shape | None, path: str) -> Shape | None:
        """Follow a shape through a sequence; None where it is not known any more."""
        for index, part in enumerate(layers):
            shape = self._layer(part, shape, f"{path}.{index}")
        return shape

    def _say(self, path: str, where: Where, short: str, text: str) -> None:
        self.problems.append(Problem(path, where, short, text))

    def _layer(self, part: Part, shape: Shape | None, path: str) -> Shape | None:
        try:
            kind: LayerKind = find(LAYERS, part.kind, path)
        except ExperimentError as error:
            self._say(path, "layer", "unknown", str(error))
            self.found[path] = LayerDraft(path, part.kind, part.kind, shape)
            return None
        self.found[path] = LayerDraft(path, part.kind, kind.title, shape)  # before its inner
        if part.layers and not kind.holds_layers:
            self._say(path, "layer", "holds layers", f"{path}: {kind.name} holds no layers.")
        try:
            options = dict(kind.complete(part.as_dict(), path))
        except ExperimentError as error:
            self._say(path, "layer", of_option(str(error)), str(error))
            return self._block(kind, part, {}, shape, path) if kind.holds_layers else None
        self._note_rows(kind, options, path)
        if kind.vocabulary and path != "layers.0":
            text = f"{path} ({kind.title}): {NOT_IN_FRONT}"
            self._say(path, "edge", "not first", text)
        if kind.holds_layers:
            return self._block(kind, part, options, shape, path)
        return self._leaf(kind, options_of(kind, options, self.outputs), shape, path)

    def _note_rows(self, kind: LayerKind, options: Options, path: str) -> None:
        rows = _rows_inside(kind, tuple(options.items())) if kind.made_of else kind.least_rows
        if rows > 1:
            self.least[path] = rows

    def _leaf(
        self, kind: LayerKind, options: Options, shape: Shape | None, path: str
    ) -> Shape | None:
        if shape is None:
            return self._assumed(kind, options, None, path)
        try:
            after = kind.shape(options, shape)
            numbers = _costs(kind, options, shape)
        except ExperimentError as error:
            text = f"{path} ({kind.title}): {error}"
            where: Where = "layer" if is_of_itself(str(error)) else "edge"
            self._say(path, where, of_error(str(error)), text)
            return self._assumed(kind, options, shape, path)
        held = prod(after) + kind.kept(options, shape)
        known = LayerDraft(path, kind.name, kind.title, shape, after, *numbers, held)
        self.found[path] = known
        return after

    def _assumed(
        self, kind: LayerKind, options: Options, shape: Shape | None, path: str
    ) -> Shape | None:
        """Return what it would give for what it seems to be meant for."""
        if kind.is_foreign:
            return None  # no code of a person's own runs for a guess
        for other in _nearby(shape, options):
            try:
                after = kind.shape(options, other)
                weights = kind.weights(options, other) if shape else None
            except ExperimentError:
                continue
            if shape is None and after != _closed(kind, options):
                return None  # it would depend on what comes in
            if shape is not None and len(shape) == 2 and after == other:
                after = shape  # it changes nothing of what it would rather have
            known = LayerDraft(path, kind.name, kind.title, shape, after, weights)
            self.found[path] = replace(known, held=prod(after))
            return after
        return None

    def _block(
        self, kind: LayerKind, part: Part, options: Options, shape: Shape | None, path: str
    ) -> Shape | None:
        if not part.layers:
            self._say(path, "layer", "empty", f"{path} ({kind.title}): it holds no layers.")
            return shape
        inner = self.through(part.layers, shape, f"{path}.layers")
        if kind.needs_same_shape and None not in (inner, shape) and inner != shape:
            assert inner is not None
            assert shape is not None
            text = f"{in_words(inner)} cannot be added to {in_words(shape)}."
            self._say(path, "out", unequal(inner, shape), f"{path} ({kind.title}): {text}")
        after = shape if kind.needs_same_shape and shape is not None else inner
        if after is not None:
            after = self._around(kind, options, after, path)
        held = [self.found[f"{path}.layers.{i}"] for i in range(len(part.layers))]
        sums = (
            _sum([d.parameters for d in held]),
            _sum([d.multiply_adds for d in held]),
        )
        own = None if after is None else prod(after)
        self.found[path] = LayerDraft(path, kind.name, kind.title, shape, after, *sums, own)
        return after

    def _around(
        self, kind: LayerKind, options: Options, inner: Shape, path: str
    ) -> Shape | None:
        try:
            return kind.shape(options, inner)
        except ExperimentError as error:
            self._say(path, "out", of_error(str(error)), f"{path} ({kind.title}): {error}")
            return None

    # What concerns the network as a whole.

    def check_end(self, last: Shape) -> None:
        """Compare what comes out with what the loss wants."""
        if last != (self.outputs,):
            path = [p for p in self.found if p.count(".") == 1][-1]
            text = f"the loss wants {self.outputs} outputs, the network gives {in_words(last)}."
            title = self.found[path].title
            self._say(path, "out", unequal(last, (self.outputs,)), f"{path} ({title}): {text}")

    def check_whole(
        self, layers: Sequence[Part], parameters: int, slots: int, itemsize: int
    ) -> None:
        """Check number of layers, weights and the memory for them."""
        if not layers:
            text = "layers: the network is empty; add a layer."
            self._say("layers", "network", "empty", text)
            return
        number = sum(not _holds_layers(part) for _, part in nested(layers))
        if number > MAX_LAYERS:
            text = f"layers: wanted at most {MAX_LAYERS}, got {number}."
            self._say("layers", "network", f"{number} > {MAX_LAYERS}", text)
        if all(d.parameters == 0 for d in self.found.values()):
            text = "layers: no layer has weights, so there is nothing to train."
            self._say("layers", "network", "no weights", text)
        self._try(
            lambda: check_memory(parameters * itemsize * (2 + slots), parameters),
            "layers",
            "network",
            "too large",
        )

    def check_rows(self, batches: Batches, n: int) -> None:
        """Check the size of batches, the last one's too, for layers that need several rows."""
        where: Where = "network"
        path, short = "batches.size", f"{batches.size} > {n}"
        if batches.size <= n and self.least:
            path, where, short = next(iter(self.least)), "layer", "batch of 1"
        rows = max(self.least.values(), default=1)
        self._try(lambda: require_rows(rows, batches, n), path, where, short)

    def check_outputs(self, batches: Batches, n: int, itemsize: int) -> None:
        """Check that what a piece of a batch holds fits into memory."""
        numbers = sum(d.held or 0 for d in self.found.values())
        self._try(
            lambda: require_outputs_fit(batches, numbers, n, itemsize),
            "layers",
            "network",
            "too large",
        )

    def _try(self, require: Callable[[], None], path: str, where: Where, short: str) -> None:
        try:
            require()
        except ExperimentError as error:
            self._say(path, where, short, str(error))


def _costs(kind: LayerKind, options: Options, shape: Shape) -> tuple[int, int]:
    """Return parameters and multiply-adds; those of a kind made of others are kept."""
    if kind.made_of is not None:
        return _costs_inside(kind, tuple(options.items()), shape)
    return kind.weights(options, shape), kind.cost(options, shape)


@lru_cache(maxsize=1024)
def _costs_inside(
    kind: LayerKind, options: tuple[tuple[str, Any], ...], shape: Shape
) -> tuple[int, int]:
    return kind.weights(dict(options), shape), kind.cost(dict(options), shape)


@lru_cache(maxsize=1024)
def _rows_inside(kind: LayerKind, options: tuple[tuple[str, Any], ...]) -> int:
    assert kind.made_of is not None
    return least_rows(completed(kind.made_of(dict(options))))


def _holds_layers(part: Part) -> bool:
    kind = LAYERS.get(part.kind)
    return kind is not None and kind.holds_layers


def _sum(numbers: Sequence[int | None]) -> int | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if len(known) == len(numbers) else None


def _nearby(shape: Shape | None, options: Options) -> Iterator[Shape]:
    """Yield shapes that a layer may be meant for where it cannot take what comes in."""
    if shape is None:
        yield (1,)
        return
    if len(shape) == 1:
        yield (shape[0], 1)
    if len(shape) == 2 and options.get("heads"):
        yield (shape[0], ceil(shape[1] / options["heads"]) * options["heads"])
    if len(shape) == 3:
        side = int(options.get("kernel", 1) or 1)
        yield (shape[0], max(shape[1], side), max(shape[2], side))
    yield (prod(shape),)


def _closed(kind: LayerKind, options: Options) -> Shape | None:
    """Return what a layer of units gives whatever comes in; None for any other."""
    return (options[kind.closing],) if kind.closing else None
