"""The update that a gradient would lead to, by the formulas and in float64; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.maths.updates import CLIPS, RULES, penalised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from lab.engine.trainer import Trainer
    from lab.maths.activations import Array


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """What becomes of each weight, by its name in the state dict.

    ``gradients`` are those of the objective after penalties and clipping, ``state`` what the
    optimizer keeps afterwards, by its torch name and then by weight; ``deltas`` are added to
    the weights.
    """

    gradients: dict[str, Array]
    state: dict[str, dict[str, Array]]
    deltas: dict[str, Array]


def next_update(trainer: Trainer, gradients: Mapping[str, Array]) -> Update:
    """Return the update of the next iteration, were these its gradients.

    The trainer's settings, step and optimizer state are those in force. See
    `lab.engine.trainer` for the order of penalties, clipping, decay and rule.
    """
    experiment, chosen = trainer.experiment, trainer.experiment.optimizer
    weights = {n: _double(p) for n, p in trainer.network.named_parameters()}
    penalty = experiment.regularisation
    bare = {n: penalised(gradients[n], w, penalty.l1, penalty.l2) for n, w in weights.items()}
    length = float(np.sqrt(sum(float((g**2).sum()) for g in bare.values())))
    clip = experiment.clip
    bound = {n: CLIPS[clip.kind](g, length, **clip.as_dict()) for n, g in bare.items()}
    rate = trainer.learning_rate
    options = {**chosen.as_dict(), "learning_rate": rate}
    kept, t = _kept(trainer, weights), trainer.step_number + 1
    state: dict[str, dict[str, Array]] = {}
    deltas: dict[str, Array] = {}
    for name, weight in weights.items():
        update, found = RULES[chosen.kind](bound[name], kept[name], t, options)
        deltas[name] = update - rate * experiment.weight_decay * weight
        for slot, value in found.items():
            state.setdefault(slot, {})[name] = np.asarray(value)
    return Update(bound, state, deltas)


def _kept(trainer: Trainer, weights: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Return what the optimizer keeps of each weight, cut out of the flat state."""
    found: dict[str, dict[str, Any]] = {}
    flat = {slot: _double(tensor) for slot, tensor in trainer.state.slots.items()}
    counters = {name: _double(tensor) for name, tensor in trainer.state.counters.items()}
    start = 0
    for name, weight in weights.items():
        end = start + weight.size
        views = {slot: v[start:end].reshape(weight.shape) for slot, v in flat.items()}
        found[name], start = {**views, **counters}, end
    return found


def _double(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu().double().numpy())
