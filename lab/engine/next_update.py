"""The update that a gradient would lead to, by the formulas and in float64; nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

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
    the weights. ``kept`` is what it kept before, by weight; ``t`` counts the updates of this
    optimizer, this one included; ``length`` is that of the gradient before clipping.
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


def next_update(trainer: Trainer, gradients: Mapping[str, Array]) -> Update:
    """Return the update of the next iteration, were these its gradients.

    The trainer's step, settings and optimizer state are those in force; for edits that wait see
    `lab.engine.stand_in`, and `lab.engine.trainer` for the order of penalties, clipping, decay
    and rule.
    """
    experiment = trainer.experiment
    chosen = experiment.optimizer
    weights = {n: _double(p) for n, p in trainer.network.named_parameters()}
    penalty = experiment.regularisation
    bare = {n: penalised(gradients[n], w, penalty.l1, penalty.l2) for n, w in weights.items()}
    length = float(np.sqrt(sum(float((g**2).sum()) for g in bare.values())))
    clip = experiment.clip
    bound = {n: CLIPS[clip.kind](g, length, **clip.as_dict()) for n, g in bare.items()}
    rate = trainer.learning_rate
    options = {**chosen.as_dict(), "learning_rate": rate}
    kept, t = _kept(trainer, weights), count_of(trainer) + 1
    state: dict[str, dict[str, Array]] = {}
    deltas: dict[str, Array] = {}
    for name, weight in weights.items():
        update, found = RULES[chosen.kind](bound[name], kept[name], t, options)
        deltas[name] = update - rate * experiment.weight_decay * weight
        for slot, value in found.items():
            state.setdefault(slot, {})[name] = np.asarray(value)
    return Update(bound, state, deltas, experiment, kept, options, t, length)


def count_of(trainer: Trainer) -> int:
    """Return how many updates the optimizer has made, as it counts them itself.

    It begins anew where the optimizer is changed, or weights are loaded. One that keeps no
    count has no use for it; that of the run stands in.
    """
    count = trainer.state.counters.get("step")
    return trainer.step_number if count is None else round(count.item())


def _kept(trainer: Trainer, weights: Mapping[str, Array]) -> dict[str, dict[str, Any]]:
    """Return what the optimizer keeps of each weight, cut out of the flat state."""
    found: dict[str, dict[str, Any]] = {}
    flat = {slot: _double(tensor) for slot, tensor in trainer.state.slots.items()}
    numbers = {name: _double(count) for name, count in trainer.state.counters.items()}
    start = 0
    for name, weight in weights.items():
        end = start + weight.size
        views = {s: v[start:end].reshape(weight.shape) for s, v in flat.items()}
        found[name], start = {**views, **numbers}, end
    return found


def _double(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu().double().numpy())
