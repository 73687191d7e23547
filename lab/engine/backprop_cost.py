"""What backpropagation saves: one pass back against P + 1 passes forward (NN15).

Timed on copies of the network at hand, narrower and wider ones among them, in turns with
training. Both passes are those of the lab's own trainer, on the batch at hand. What finite
differences of all P parameters would take is *extrapolated*: P + 1 times the time of one loss,
measured while a sample of the parameters is really moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.lazy import LazyModule
from lab.engine.networks import sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import torch

    from lab.engine.experiment import Experiment, Part
    from lab.engine.run import Run
    from lab.engine.trainer import Trainer
else:
    torch = LazyModule("torch")

WIDTHS = (1.0, 0.25, 0.5, 2.0)
"""The network at hand comes first: what is as wide as another is not timed again."""
ROUNDS = 15
LEAST_ROUNDS = 3
LONGEST_S = 1.0
"""Repetitions stop after so long, but for the least number."""
MOST_PARAMETERS = 20_000_000
MOVED = 1e-4


@dataclass(frozen=True, slots=True)
class Cost:
    """The times of one network, in seconds, medians of ``rounds`` repetitions.

    ``width`` is that of its widest hidden layer, ``factor`` that relative to the network at
    hand. ``forward_s``: one loss. ``gradient_s``: one loss and one pass back. ``moved`` counts
    the parameters that were really moved.
    """

    factor: float
    width: int
    parameters: int
    rounds: int
    moved: int
    forward_s: float
    gradient_s: float

    @property
    def differences_s(self) -> float:
        """What P + 1 losses would take, extrapolated."""
        return self.forward_s * (self.parameters + 1)

    @property
    def saving(self) -> float:
        """How many times faster the gradient is found by backpropagation."""
        return self.differences_s / self.gradient_s


@dataclass(frozen=True, slots=True)
class Costs:
    """What is known so far: the widths measured, those left out and why, and how far it is."""

    costs: tuple[Cost, ...] = ()
    left_out: tuple[str, ...] = ()
    done: float = 0.0


def timing(run: Run) -> Generator[Costs, None, None]:
    """Time the run's network at several widths; a job, see `lab.engine.jobs`.

    Copies are made when their turn comes; the run itself is not touched.
    """
    settings, data, device = run.settings, run.bench.data, run.bench.device
    found = Costs()
    seen: set[int] = set()
    for place, factor in enumerate(WIDTHS):
        try:
            described = widened(settings, factor, data.encoding.outputs)
            size = sum(
                s.parameters for s in sizes(described.layers, data.shape, data.encoding.outputs)
            )
            if size in seen:
                continue
            seen.add(size)
            made = _copy(described, size, data, device)
        except ExperimentError as error:
            found = Costs(found.costs, (*found.left_out, f"{factor:g} × the width: {error}"))
            continue
        for share, cost in _timed(made, factor, size):
            done = (place + share) / len(WIDTHS)
            costs = (*found.costs, cost) if cost else found.costs
            found = Costs(costs, found.left_out, done)
            yield found
    yield Costs(found.costs, found.left_out, 1.0)


def _copy(described: Experiment, size: int, data: object, device: object) -> Trainer:
    """Build a trainer of a width that is not too large for it.

    Raises
    ------
    ExperimentError
        If it is too large, or cannot be built.
    """
    from lab.engine.trainer import Trainer

    if size > MOST_PARAMETERS:
        raise ExperimentError(f"{size:,} parameters, more than {MOST_PARAMETERS:,}.")
    return Trainer(described, device, data)  # type: ignore[arg-type]  # as a run has them


def widened(settings: Experiment, factor: float, outputs: int) -> Experiment:
    """Return a description whose hidden layers are so many times as wide, one unit at least.

    The last layer with weights keeps its width, which the loss decides.
    """
    keep = _last_drawn(settings.layers)
    layers = _widened(settings.layers, factor, keep)
    changes = {"layers": layers, "optimizer.kind": "sgd", "batches.micro": 1}
    return settings.changed(changes)


def _widened(
    layers: Sequence[Part], factor: float, keep: Part | None
) -> list[dict[str, object]]:
    found = []
    for part in layers:
        described = part.model_dump()
        if part.layers:
            described["layers"] = _widened(part.layers, factor, keep)
        width = _width_option(part)
        if width and part is not keep:
            described[width] = max(1, round(part[width] * factor))
        found.append(described)
    return found


def _width_option(part: Part) -> str:
    """Return the option that says how wide a layer is, if it has one that is set."""
    name = LAYERS[part.kind].width
    return name if name and part[name] is not None else ""


def _last_drawn(layers: Sequence[Part]) -> Part | None:
    for part in reversed(layers):
        inner = _last_drawn(part.layers)
        if inner is not None:
            return inner
        if LAYERS[part.kind].is_drawn:
            return part
    return None


def widest(layers: Sequence[Part]) -> int:
    """Return the width of the widest hidden layer, 0 if there is none."""
    keep = _last_drawn(layers)

    def widths(parts: Sequence[Part]) -> list[int]:
        own = [int(p[_width_option(p)]) for p in parts if _width_option(p) and p is not keep]
        return own + [w for p in parts for w in widths(p.layers)]

    return max(widths(layers), default=0)


def _timed(
    trainer: Trainer, factor: float, size: int
) -> Generator[tuple[float, Cost | None], None, None]:
    """Repeat both passes in turns, a place to stop after each; the cost comes last."""
    forward: list[float] = []
    back: list[float] = []
    _clocked(trainer, lambda: _gradient(trainer))  # the first pass finds its memory
    began = perf_counter()
    for turn in range(ROUNDS):
        forward.append(_moved_loss(trainer, turn))
        back.append(_clocked(trainer, lambda: _gradient(trainer)))
        if len(forward) >= LEAST_ROUNDS and perf_counter() - began > LONGEST_S:
            break
        yield (turn + 1) / (ROUNDS + 1), None
    moved = len({turn % size for turn in range(len(forward))})
    times = median(forward), median(back)
    width = widest(trainer.experiment.layers)
    yield 1.0, Cost(factor, width, size, len(forward), moved, *times)


def _moved_loss(trainer: Trainer, turn: int) -> float:
    """Move one parameter, find the loss, put it back; return the time of all that."""
    values = trainer.state.values
    place = (turn * 7919) % len(values)  # a prime, so that turns fall all over the network

    def moved() -> None:
        before = values[place].item()
        values[place] = before + MOVED
        _loss(trainer)
        values[place] = before

    return _clocked(trainer, moved)


def _loss(trainer: Trainer) -> None:
    with torch.no_grad():
        trainer.forward()
        trainer.loss()
    trainer.discard()


def _gradient(trainer: Trainer) -> None:
    trainer.forward()
    trainer.loss()
    trainer.backward()
    trainer.discard()


def _clocked(trainer: Trainer, work: Callable[[], None]) -> float:
    """Return the seconds that something takes, to the end of what it left to the device."""
    began = perf_counter()
    work()
    if trainer.device.torch.type == "cuda":
        torch.cuda.synchronize(trainer.device.torch)
    return perf_counter() - began
