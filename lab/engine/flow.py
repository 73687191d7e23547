"""How large things are in every layer: activations, gradients, weights, updates (NN9, NN10).

All is measured of the iteration that is about to begin at the cursor, or is in progress there,
on the very network in training: its batch, its dropout masks, its optimizer. Nothing of the
run is changed by it.

Sizes are root mean squares, √(Σv²/n) over the n numbers of a layer, and not lengths √Σv²: a
layer of a thousand units and one of ten can be compared that way. A layer's weights and biases
are taken together as one vector. So ‖∇‖₂² of the whole network is Σ n · rms².
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.firing import firing
from lab.engine.layers import LAYERS
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    import torch
    from torch import Tensor

    from lab.engine.experiment import Experiment
    from lab.engine.networks import Built
    from lab.engine.trainer import Trainer

    FloatArray = npt.NDArray[np.float64]
    Gradients = dict[str, Tensor]
else:
    torch = LazyModule("torch")

MOST_PARAMETERS = 2_000_000
"""Of a larger network no update is found: in float64 that takes longer than a person waits."""

QUANTITIES = (
    "gradient",
    "delta",
    "activation",
    "variance",
    "weight",
    "update",
    "ratio",
    "dead",
    "saturated",
)


@dataclass(frozen=True, slots=True)
class FlowLayer:
    """A layer that computes: its path in the description, its name in the state dict.

    ``number`` is what it is called everywhere, see `lab.engine.numbering`.
    """

    path: str
    name: str
    kind: str
    parameters: int
    number: str

    @property
    def title(self) -> str:
        """Number and kind: ``3 ReLU``."""
        return f"{self.number} {LAYERS[self.kind].title}"

    @property
    def is_drawn(self) -> bool:
        """Whether its weights are drawn at random: a layer that mixes units."""
        return LAYERS[self.kind].is_drawn


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """The sizes of all layers at a step, in forward order; arrays of shape (L,).

    NaN stands where a layer has no such thing. ``values`` holds, by the names in `QUANTITIES`:

    - ``gradient``: RMS of ∂J/∂w, J the objective (loss and penalties), before clipping;
    - ``delta``: RMS of ∂L/∂a, a what the layer hands on, over samples and units;
    - ``activation``: RMS of a; ``variance``: that of a, over samples and units;
    - ``weight``: RMS of w; ``update``: RMS of Δw, which the optimizer adds to w;
    - ``ratio``: update over weight, which is ‖Δw‖/‖w‖;
    - ``dead``, ``saturated``: shares of units, see `lab.engine.firing`.

    ``rows`` counts the samples of the batch, ``probe`` those that units are judged on.
    """

    step: int
    rows: int
    probe: int
    loss: float
    layers: tuple[FlowLayer, ...]
    values: dict[str, FloatArray]

    def gradient_norm(self) -> float:
        """Return ‖∇J‖₂ over all weights, put together from the layers."""
        sizes = np.array([layer.parameters for layer in self.layers], float)
        return float(np.sqrt(np.nansum(sizes * self.values["gradient"] ** 2)))


def measure(trainer: Trainer, settings: Experiment | None = None) -> Flow:
    """Go through the iteration at hand without leaving a trace, and measure every layer.

    ``settings`` are those in force for the next step, where they are not the trainer's.
    """
    from lab.engine.networks import built
    from lab.engine.numbering import numbers
    from lab.engine.stand_in import stand_in

    trainer = stand_in(trainer, settings)

    layers = tuple(_leaves(built(trainer.experiment.layers, trainer.network)))
    with rehearsing(trainer):
        tally = _Tally(trainer, layers)
        tally.go_through()
    dead, saturated, probe = firing(trainer, layers)
    values = tally.of_passes() | tally.of_weights() | {"dead": dead, "saturated": saturated}
    known = numbers(trainer.experiment.layers)
    named = tuple(
        FlowLayer(
            b.path, b.name, b.part.kind, sum(p.numel() for p in b.module.parameters()),
            known[b.path],
        )
        for b in layers
    )  # fmt: skip
    return Flow(trainer.step_number, tally.rows, probe, tally.loss, named, values)


def gradients_at_hand(trainer: Trainer) -> Gradients:
    """Return ∂L/∂w of the iteration at hand, without penalties, by names in the state dict.

    It is passed through as the trainer would, with its dropout masks and batch statistics, and
    leaves no trace. For the worker's thread.
    """
    from lab.engine.networks import built

    layers = tuple(_leaves(built(trainer.experiment.layers, trainer.network)))
    with rehearsing(trainer):
        tally = _Tally(trainer, layers)
        tally.go_through()
    return tally.gradients


@contextmanager
def rehearsing(trainer: Trainer) -> Iterator[None]:
    """Have the network as its next iteration finds it; what passes through leaves no trace.

    Running statistics and dropout masks are those of before, afterwards.
    """
    from lab.engine.modules import Dropout

    dropouts = [m for m in trainer.network.modules() if isinstance(m, Dropout)]
    with trainer.settled():
        kept = [(m.seed, m.place, m.mask) for m in dropouts]
        buffers = trainer.state.buffers.clone()
        trainer._seed_noise()
        try:
            yield
        finally:
            trainer.state.buffers.copy_(buffers)
            trainer.state.set_counts(trainer.step_number)
            for module, before in zip(dropouts, kept, strict=True):
                module.seed, module.place, module.mask = before


def _leaves(layers: Iterable[Built]) -> Iterator[Built]:
    for one in layers:
        if one.inner:
            yield from _leaves(one.inner)
        else:
            yield one


class _Tally:
    """Sums over the samples of a batch, which may be passed through in pieces."""

    def __init__(self, trainer: Trainer, layers: Sequence[Built]) -> None:
        self._trainer, self._layers = trainer, layers
        self._parameters = dict(trainer.network.named_parameters())
        self.gradients: Gradients = {}
        self._sums = np.zeros((4, len(layers)))  # of a², a, (∂L/∂a)², and how many there are
        self.loss, self.rows = 0.0, 0

    def go_through(self) -> None:
        """Pass the batch forward and back, in as many pieces as the trainer would."""
        trainer = self._trainer
        x, y = trainer.batches.at(trainer.step_number + 1)
        number = trainer.pieces_of(len(x))
        pieces, begin = zip(x.tensor_split(number), y.tensor_split(number), strict=True), 0
        for piece, target in pieces:
            for module in trainer._dropouts:
                module.place = (begin, len(x))
            self._pass(piece, target, len(piece) / len(x))
            begin += len(piece)
        self.rows = len(x)

    def _pass(self, x: Tensor, y: Tensor, share: float) -> None:
        outputs: dict[int, Tensor] = {}

        def keep(place: int) -> Any:
            def hook(module: object, inputs: object, output: Tensor) -> None:
                outputs[place] = output

            return hook

        hooks = [b.module.register_forward_hook(keep(i)) for i, b in enumerate(self._layers)]
        try:
            with torch.enable_grad():
                objective = self._trainer._loss(self._trainer._answer(x), y) * share
        finally:
            for hook in hooks:
                hook.remove()
        self.loss += float(objective.detach())
        self._take(objective, outputs)

    def _take(self, objective: Tensor, outputs: dict[int, Tensor]) -> None:
        """Carry the derivative back, and add up."""
        places = [i for i, a in outputs.items() if a.requires_grad]
        names = [n for n, p in self._parameters.items() if p.requires_grad]
        wanted = [*(outputs[i] for i in places), *(self._parameters[n] for n in names)]
        found = torch.autograd.grad(objective, wanted, allow_unused=True)
        for name, gradient in zip(names, found[len(places) :], strict=True):
            self._add(name, gradient)
        for place, a in outputs.items():
            b = a.detach().double()
            self._sums[:, place] += float((b**2).sum()), float(b.sum()), 0.0, a.numel()
        for place, delta in zip(places, found, strict=False):
            if delta is not None:
                self._sums[2, place] += _squares(delta)

    def _add(self, name: str, gradient: Tensor | None) -> None:
        if gradient is None:
            gradient = torch.zeros_like(self._parameters[name])
        known = self.gradients.get(name)
        self.gradients[name] = gradient if known is None else known + gradient

    def of_passes(self) -> dict[str, FloatArray]:
        """Return what was handed on, and the derivative by it."""
        squares, total, deltas, count = self._sums
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            variance = np.maximum(squares / count - (total / count) ** 2, 0)
            rms, delta = np.sqrt(squares / count), np.sqrt(deltas / count)
        return {"activation": rms, "variance": variance, "delta": delta}

    def of_weights(self) -> dict[str, FloatArray]:
        """Return the sizes of weights, of their gradients and of the update to come."""
        penalty = self._trainer.experiment.regularisation
        with torch.no_grad():
            objective = {
                n: g
                + penalty.l1 * self._parameters[n].sign()
                + penalty.l2 * self._parameters[n]
                for n, g in self.gradients.items()
            }
        weight, update = self._rms(self._parameters), self._rms(self._deltas())
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where(weight > 0, update / weight, np.nan)
        gradient = self._rms(objective)
        return {"gradient": gradient, "weight": weight, "update": update, "ratio": ratio}

    def _deltas(self) -> Gradients:
        """Return the update of every weight, by the written-out rules of the optimizers."""
        from lab.engine.next_update import next_update

        if sum(p.numel() for p in self._parameters.values()) > MOST_PARAMETERS:
            return {}
        bare = {n: g.detach().cpu().double().numpy() for n, g in self.gradients.items()}
        with np.errstate(all="ignore"):  # a network about to diverge is measured as well
            deltas = next_update(self._trainer, bare).deltas
        return {n: torch.from_numpy(np.ascontiguousarray(d)) for n, d in deltas.items()}

    def _rms(self, tensors: Mapping[str, Tensor]) -> FloatArray:
        """Return the root mean square of each layer's share of some tensors."""
        found = np.full(len(self._layers), np.nan)
        for place, b in enumerate(self._layers):
            own = [tensors.get(f"{b.name}.{n}") for n, _ in b.module.named_parameters()]
            there = [t for t in own if t is not None]
            if there:
                squares = sum(_squares(t) for t in there)
                found[place] = np.sqrt(squares / sum(t.numel() for t in there))
        return found


def _squares(tensor: Tensor) -> float:
    """Return the sum of squares, in double precision."""
    length: float = torch.linalg.vector_norm(tensor.detach(), dtype=torch.float64).item()
    return length**2
