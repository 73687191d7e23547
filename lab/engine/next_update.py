"""The update that a gradient would lead to, by the formulas and in float64; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.optimizers import OPTIMIZERS
from lab.maths.updates import CLIPS, RULES, penalised
from lab.maths.worked_updates import parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from lab.engine.experiment import Experiment
    from lab.engine.trainer import Trainer
    from lab.maths.activations import Array


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What becomes of each weight, by its name in the state dict.

    ``gradients`` are those of the objective after penalties and clipping, ``state`` what the
    optimizer keeps afterwards, by its torch name and then by weight; ``deltas`` are added to
    the weights. ``kept`` is what it kept before, by weight; ``share`` is what clipping by the
    norm leaves of every gradient.
    """

    gradients: dict[str, Array]
    state: dict[str, dict[str, Array]]
    deltas: dict[str, Array]
    settings: Experiment
    kept: dict[str, dict[str, Any]]
    options: dict[str, Any]
    t: int
    length: float
    _parts: dict[str, dict[str, Array]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The optimizer."""
        return self.settings.optimizer.kind

    def parts(self, name: str) -> dict[str, Array]:
        """Return everything between gradient and update of a weight, by symbol.

        It is worked out once, for all of it is shown side by side.
        """
        if name not in self._parts:
            self._parts[name] = parts(
                self.kind, self.gradients[name], self.kept[name], self.t, self.options
            )
        return self._parts[name]


def next_update(
    trainer: Trainer, gradients: Mapping[str, Array], settings: Experiment | None = None
) -> Update:
    """Return the update of the next iteration, were these its gradients.

    The trainer's step and optimizer state are those in force, and so are its settings unless
    others are given, which an edit has put in force for the next step. See
    `lab.engine.trainer` for the order of penalties, clipping, decay and rule.
    """
    experiment = settings or trainer.experiment
    chosen = experiment.optimizer
    weights = {n: _double(p) for n, p in trainer.network.named_parameters()}
    penalty = experiment.regularisation
    bare = {n: penalised(gradients[n], w, penalty.l1, penalty.l2) for n, w in weights.items()}
    length = float(np.sqrt(sum(float((g**2).sum()) for g in bare.values())))
    clip = experiment.clip
    bound = {n: CLIPS[clip.kind](g, length, **clip.as_dict()) for n, g in bare.items()}
    rate = rate_of(trainer, experiment)
    options = {**chosen.as_dict(), "learning_rate": rate}
    kept, t = _kept(trainer, weights, experiment), trainer.step_number + 1
    state: dict[str, dict[str, Array]] = {}
    deltas: dict[str, Array] = {}
    for name, weight in weights.items():
        update, found = RULES[chosen.kind](bound[name], kept[name], t, options)
        deltas[name] = update - rate * experiment.weight_decay * weight
        for slot, value in found.items():
            state.setdefault(slot, {})[name] = np.asarray(value)
    return Update(bound, state, deltas, experiment, kept, options, t, length)


def rate_of(trainer: Trainer, experiment: Experiment) -> float:
    """Return the learning rate of the next iteration under settings."""
    if experiment is trainer.experiment:
        return trainer.learning_rate
    from lab.engine.schedules import SCHEDULES

    schedule = experiment.schedule
    factor = SCHEDULES[schedule.kind].factor(
        trainer.step_number, experiment.steps, **schedule.as_dict()
    )
    rate: float = experiment.optimizer["learning_rate"] * factor
    return rate


def _kept(
    trainer: Trainer, weights: Mapping[str, Array], experiment: Experiment
) -> dict[str, dict[str, Any]]:
    """Return what the optimizer keeps of each weight, cut out of the flat state.

    What a newly chosen optimizer has not kept yet is as it begins.
    """
    found: dict[str, dict[str, Any]] = {}
    kind = OPTIMIZERS[experiment.optimizer.kind]
    is_same = trainer.experiment.optimizer.kind == kind.name
    slots = trainer.state.slots if is_same else {}
    counters = trainer.state.counters if is_same else {}
    flat = {slot: _double(tensor) for slot, tensor in slots.items()}
    numbers = {n: _double(counters[n]) if n in counters else v for n, v in kind.counters}
    wanted = kind.slots_for(experiment.optimizer.as_dict())
    start = 0
    for name, weight in weights.items():
        end = start + weight.size
        views = {s: v[start:end].reshape(weight.shape) for s, v in flat.items()}
        fresh = {s: np.zeros_like(weight) for s in wanted if s not in views}
        found[name], start = {**views, **fresh, **numbers}, end
    return found


def _double(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu().double().numpy())
