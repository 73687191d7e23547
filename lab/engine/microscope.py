"""One iteration under the microscope: every number of it, in three ways.

By the formulas in float64, by autograd in float64, and as the run itself has them in its own
precision. One sample is passed as in evaluation; a batch as in training, with the masks of
the very step and its own statistics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.kinds import ExperimentError
from lab.engine.next_update import next_update
from lab.engine.second_path import carry_out, read
from lab.engine.stages import consumers, leaves, stages
from lab.maths.explanations import LOSS
from lab.maths.worked_losses import LocalLoss, probabilities, wanted
from lab.maths.worked_updates import SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.engine.experiment import Experiment, Part
    from lab.engine.next_update import Update
    from lab.engine.proofs import Recorded
    from lab.engine.second_path import Layer, LayerPass, Pass
    from lab.engine.stages import Stage
    from lab.engine.torch_pass import TorchUpdate
    from lab.engine.trainer import Trainer
    from lab.maths.activations import Array

MOST_WORK = 400_000_000
"""Multiply-adds of a batch beyond which it is not looked into: seconds for each look."""


@dataclass(frozen=True, slots=True, eq=False)
class Iteration:
    """An iteration taken apart; the weights are those after ``step`` updates.

    ``rows`` of the data went through, in training where ``is_batch``. ``found`` is by the
    formulas, ``proof`` by autograd, ``own`` by the run in its ``precision``; the updates are
    there where they were asked for.
    """

    step: int
    rows: Array
    is_batch: bool
    x: Array
    target: Any
    loss: Part
    precision: str
    layers: tuple[Layer, ...]
    found: Pass
    proof: Mapping[str, Recorded]
    own: Mapping[str, Recorded]
    own_output: Array
    update: Update
    proof_update: TorchUpdate | None = None
    own_update: TorchUpdate | None = None

    @property
    def passes(self) -> dict[str, LayerPass]:
        """What went through each layer, by its name."""
        return {p.layer.name: p for p in self.found.layers}

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The layers as formulas count them."""
        return stages(self.layers)

    @property
    def takers(self) -> dict[str, tuple[str, ...]]:
        """Who takes what each layer hands on."""
        return consumers(self.layers)

    @property
    def leaves(self) -> tuple[Layer, ...]:
        """The layers that compute something."""
        return tuple(leaves(self.layers))

    def of_loss(self, row: int = 0) -> LocalLoss:
        """Return the loss as its formulas want it."""
        from lab.maths.losses import LOSSES

        options = self.loss.as_dict()
        slope = LOSSES[self.loss.kind].slope(self.found.output, self.target, **options)
        return LocalLoss(
            self.loss.kind, options, self.found.output, self.target, self.found.terms, slope,
            row,
        )  # fmt: skip


def look_into(
    trainer: Trainer,
    sample: int | None,
    settings: Experiment | None = None,
    *,
    with_update: bool = False,
) -> Iteration:
    """Take the next iteration apart, or what it would be on one sample alone.

    Parameters
    ----------
    trainer
        The network at a step; it is left as it is. In the midst of an iteration it is taken
        as it was before.
    sample : int or None
        A row of ``data.x``; None: the batch of the iteration in progress, or of the next.
    settings
        Those in force for the next step, where they are not the trainer's: the iteration is
        the one that really comes next, see `lab.engine.stand_in`.
    with_update
        Whether torch's own updates are found too.

    Raises
    ------
    ExperimentError
        If there is no such sample, or the batch is too much to look into, or passes in pieces
        that are normalised by themselves.
    """
    from lab.engine.networks import built
    from lab.engine.proofs import by_autograd
    from lab.engine.stand_in import stand_in
    from lab.engine.torch_pass import own_pass

    trainer = stand_in(trainer, settings)
    data, loss, training = trainer.data, trainer.experiment.loss, sample is None
    rows = _rows(trainer, sample)
    x, y = data.x[rows], data.target[rows]
    with trainer.settled():
        copy, own, own_output = own_pass(trainer, x, y, training=training)
        parts = built(trainer.experiment.layers, copy)
        proof = by_autograd(parts, copy, x, y, loss, training=training)
    with trainer.settled():
        plain = parts if training else built(trainer.experiment.layers, trainer.network)
        layers = read(plain, training=training)
    found = carry_out(layers, x, y, loss)
    update = next_update(trainer, found.gradients())
    proofs = _updates(trainer, proof, own) if with_update else (None, None)
    return Iteration(
        trainer.step_number, rows, training, x, y, loss, trainer.experiment.precision, layers,
        found, proof, own, own_output, update, *proofs,
    )  # fmt: skip


def _rows(trainer: Trainer, sample: int | None) -> Any:
    data = trainer.data
    if sample is None:
        rows = data.train[trainer.batches.indices(trainer.step_number + 1)]
        pieces = trainer.pieces_of(len(rows))
        if pieces > 1 and trainer.mixes_samples:
            raise ExperimentError(
                f"The batch passes in {pieces} pieces, each normalised by itself, which the "
                "inspector cannot show as one; look at one sample."
            )
        work = len(rows) * sum(s.multiply_adds for s in trainer.sizes)
        if work > MOST_WORK:
            raise ExperimentError(
                f"A batch of {len(rows):,} takes {work:,} multiply-adds here, too many to look "
                "into it while it trains; look at one sample."
            )
        return rows
    if not 0 <= sample < len(data.x):
        raise ExperimentError(f"sample: wanted 0 to {len(data.x) - 1:,}, got {sample:,}.")
    return np.array([sample])


def _updates(
    trainer: Trainer, proof: Mapping[str, Recorded], own: Mapping[str, Recorded]
) -> tuple[TorchUpdate, TorchUpdate]:
    from lab.engine.torch_pass import torch_update

    def by_name(records: Mapping[str, Recorded]) -> dict[str, Array]:
        return {
            f"{layer}.{name}": gradient
            for layer, record in records.items()
            for name, gradient in record.gradients.items()
        }

    return (
        torch_update(trainer, by_name(proof)),
        torch_update(trainer, by_name(own), trainer.dtype),
    )


# Any tensor, by its layer and its name.


def tensor(it: Iteration, layer: str, name: str) -> Array:
    """Return a tensor of an iteration, by the formulas.

    ``in out d_in d_out`` of a layer are (N, ...); ``weight`` and its like are learned, with
    ``∂weight`` and ``Δweight``, and ``m weight`` by the optimizer's symbols. The loss has
    ``o p y terms d_o``, each (N, C).

    Raises
    ------
    KeyError
        If there is none.
    """
    if layer == LOSS:
        return _of_loss(it, name)
    one = it.passes[layer]
    if name in _ROLES:
        return np.asarray(getattr(one, _ROLES[name]))
    if name in one.layer.weights:
        return one.layer.weights[name]
    if name.startswith("∂"):
        return one.gradients[name[1:]]
    if name.startswith("Δ") and f"{layer}.{name[1:]}" in it.update.deltas:
        return it.update.deltas[f"{layer}.{name[1:]}"]
    symbol, _, weight = name.rpartition(" ")
    return it.update.parts(f"{layer}.{weight}")[symbol]


HATS = {"m̂": ("exp_avg", "beta1"), "v̂": ("exp_avg_sq", "beta2")}
_ROLES = {"in": "a", "out": "z", "d_in": "d_a", "d_out": "d_z"}


def _of_loss(it: Iteration, name: str) -> Array:
    loss = it.of_loss()
    if name == "p":
        found = probabilities(loss.kind, loss.output)
        if found is None:
            raise KeyError(name)
        return found
    if name == "y":
        return wanted(loss)
    return {"o": loss.output, "terms": loss.terms, "d_o": loss.slope}[name]


def beside(it: Iteration, layer: str, name: str, *, own: bool) -> Array | None:
    """Return the same tensor by autograd, or as the run has it; None where it has none."""
    records, update = (it.own, it.own_update) if own else (it.proof, it.proof_update)
    if layer == LOSS:
        return _beside_of_loss(it, name, records, own)
    record = records[layer]
    if name in _ROLES:
        return np.asarray(getattr(record, _ROLES[name]))
    if name.startswith("∂"):
        return record.gradients[name[1:]]
    if update is None:
        return None
    if name.startswith("Δ"):
        return update.deltas.get(f"{layer}.{name[1:]}")
    symbol, _, weight = name.rpartition(" ")
    if symbol in HATS:
        return _corrected(it, update, symbol, f"{layer}.{weight}")
    slots = {s: slot for slot, s in SYMBOLS[it.update.kind].items()}
    found = update.state.get(slots.get(symbol, ""), {})
    return found.get(f"{layer}.{weight}")


def _corrected(it: Iteration, update: TorchUpdate, symbol: str, weight: str) -> Array:
    """Return m̂ or v̂ of what torch keeps after the update, by torch's own count of updates."""
    slot, beta = HATS[symbol]
    moment = update.state[slot][weight]
    return np.asarray(moment / (1 - it.update.options[beta] ** update.count))


def _beside_of_loss(
    it: Iteration, name: str, records: Mapping[str, Recorded], own: bool
) -> Array | None:
    last = records[it.leaves[-1].name]
    is_leaf = not it.layers[-1].inner
    if name == "o":
        return it.own_output if own else (last.z if is_leaf else None)
    return last.d_z if name == "d_o" and is_leaf else None
