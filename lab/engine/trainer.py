"""The training loop: forward, loss, backward, update. No thread, no Qt.

Penalties and decay are added here, the same way for every optimizer:

    gradient of the objective   g = ∂loss/∂w + l1 sign(w) + l2 w
    then, if asked for          g clipped by norm or value
    decoupled decay             w ← w − η λ w
    the rule of torch.optim     w ← w − η · rule(g)

which is torch.optim's own ``weight_decay`` for l2 (SGD, Adam, ...) and for λ (AdamW).
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from lab.engine.batches import BatchPlan
from lab.engine.bench import Bench
from lab.engine.bench import Evaluation as Evaluation
from lab.engine.bench import predicted_classes as predicted_classes
from lab.engine.clips import CLIPS
from lab.engine.flat import FlatState
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.modules import Dropout
from lab.engine.networks import leaf_modules, leaf_parts, least_rows
from lab.engine.optimizers import OPTIMIZERS, bare_step, build_optimizer, torch_options
from lab.engine.phases import Phase
from lab.engine.schedules import SCHEDULES
from lab.engine.seeds import seed_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from lab.engine.data import Data
    from lab.engine.device import Device
    from lab.engine.experiment import Experiment
    from lab.engine.hand_edits import Number


class Trainer(Bench):
    """A bench with an optimizer, taken through iterations by hand.

    ``step_number`` counts finished updates. After ``backward`` the fields ``loss_value``,
    ``gradient_norm`` (of the objective, before clipping) and ``learning_rate`` tell of the
    iteration in progress.

    Raises
    ------
    ExperimentError
        If the description cannot be trained, in one sentence.
    """

    def __init__(
        self, experiment: Experiment, device: Device | None = None, data: Data | None = None
    ) -> None:
        super().__init__(experiment, device, data)
        self._dropouts = [m for m in self.network.modules() if isinstance(m, Dropout)]
        self._least_piece = least_rows(experiment.layers)
        self.step_number = 0
        self.phase = Phase.READY
        self._is_begun = False  # whether an iteration may have changed buffers
        self._lay_out_batches()
        self._lay_out_state()

    def _lay_out_batches(self) -> None:
        spec = self.experiment.batches
        self.batches = BatchPlan(self.train_x, self.train_y, spec, self.experiment.seed)
        if self.step_number == 0:
            self._last_plan = self.batches

    def _lay_out_state(self) -> None:
        """Make the flat state and the optimizer that its options call for."""
        chosen = self.experiment.optimizer
        kind, options = OPTIMIZERS[chosen.kind], chosen.as_dict()
        self.state = FlatState(self.network, kind.slots_for(options), kind.counters)
        self.optimizer = build_optimizer(kind, options, self.state.weights)
        self.optimizer.state[self.state.weights].update(self.state.optimizer_state)
        self._buffers_before = self.state.buffers.clone()
        self._has_buffers = len(self._buffers_before) > 0
        self.apply_rule = bare_step(self.optimizer)
        self._settle()

    def _settle(self) -> None:
        """Read from the description what every step needs."""
        e = self.experiment
        self._l1, self._l2 = e.regularisation.l1, e.regularisation.l2
        self._decay = e.weight_decay
        self._bound, self._bound_options = CLIPS[e.clip.kind].bound, e.clip.as_dict()
        self._factor = SCHEDULES[e.schedule.kind].factor
        self._factor_options = e.schedule.as_dict()
        self._base_rate: float = e.optimizer["learning_rate"]
        self._micro = e.batches.micro
        self._settle_layers()

    def _settle_layers(self) -> None:
        """Give the modules what may change of their options: attributes of the same name."""
        parts = leaf_parts(self.experiment.layers)
        for (_, module), part in zip(leaf_modules(self.network), parts, strict=True):
            for name in LAYERS[part.kind].live_options:
                setattr(module, name, part[name])

    # The four phases of an iteration.

    def step(self) -> None:
        """Carry out one iteration, or what is left of the one in progress."""
        if self.phase < Phase.FORWARD:
            self.forward()
        if self.phase < Phase.LOSS:
            self.loss()
        if self.phase < Phase.BACKWARD:
            self.backward()
        self.update()

    def forward(self) -> None:
        """Pass the batch of this step through the network."""
        self._enter(Phase.READY)
        if self._has_buffers:
            self._buffers_before.copy_(self.state.buffers)
        self._is_begun = True
        x, self.target = self.batches.at(self.step_number + 1)
        self._seed_noise()
        if self._micro > 1:
            self._accumulate(x)
        else:
            self.output = self._answer(x)
        self.phase = Phase.FORWARD

    def loss(self) -> None:
        """Compare the output with the target."""
        self._enter(Phase.FORWARD)
        if self._micro == 1:
            self._objective = self._loss(self.output, self.target)
            self.loss_value = self._objective.item()
        self.phase = Phase.LOSS

    def backward(self) -> None:
        """Find the gradient of the objective with respect to every weight."""
        self._enter(Phase.LOSS)
        gradient = self.state.gradient
        if self._micro == 1:
            gradient.zero_()
            self._objective.backward()  # type: ignore[no-untyped-call]
        if self._l1:
            gradient.add_(self.state.values.sign(), alpha=self._l1)
        if self._l2:
            gradient.add_(self.state.values, alpha=self._l2)
        self.gradient_norm = norm(gradient)
        self.phase = Phase.BACKWARD

    def update(self) -> None:
        """Change the weights, and end the iteration."""
        self._enter(Phase.BACKWARD)
        if self._bound:
            self._bound(self.state.gradient, self.gradient_norm, self._bound_options)
        rate = self.learning_rate
        if self._decay:
            self.state.values.mul_(1 - rate * self._decay)
        self.optimizer.param_groups[0]["lr"] = rate
        self.apply_rule()
        self.step_number += 1
        self.phase, self._is_begun = Phase.READY, False
        self._last_plan = self.batches

    @property
    def learning_rate(self) -> float:
        """The learning rate of the iteration in progress, or of the next."""
        factor = self._factor(self.step_number, self.experiment.steps, **self._factor_options)
        return self._base_rate * factor

    def discard(self) -> None:
        """Leave a half-done iteration as if it had not begun."""
        if self._is_begun:
            self.state.buffers.copy_(self._buffers_before)
            self.state.set_counts(self.step_number)
            self.phase, self._is_begun = Phase.READY, False

    def abandon(self) -> None:
        """Leave an iteration that has failed midway, if one has, and the tensors it holds.

        What a backward pass that was left has waiting in the queue of its thread goes with
        the next pass, so there is one, of a single number. Without it the queue is destroyed
        at the end of the thread, which can abort the process (torch 2.13).
        """
        self.discard()
        self.output = self._objective = self.target = torch.empty(0)
        torch.autograd.backward(torch.zeros((), requires_grad=True).square())

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Have the network as it was before the iteration in progress, which then goes on.

        Why: the forward pass has moved the running statistics already, the weights have yet to.
        """
        if not (self._is_begun and self._has_buffers):
            yield
            return
        now = self.state.buffers.clone()
        self.state.buffers.copy_(self._buffers_before)
        self.state.set_counts(self.step_number)
        try:
            yield
        finally:
            self.state.buffers.copy_(now)
            self.state.set_counts(self.step_number + 1)

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Switch the network to evaluation, as it was before the iteration in progress."""
        with self.settled(), super().evaluating():
            yield

    def _enter(self, wanted: Phase) -> None:
        if self.phase is not wanted:
            raise RuntimeError(
                f"this phase follows {wanted.name}, but the run is {self.phase.name}"
            )

    def _seed_noise(self) -> None:
        for index, module in enumerate(self._dropouts):
            purpose = f"dropout/{index}"
            module.seed = seed_of(self.experiment.seed, purpose, self.step_number + 1)
            module.place = (0, 0)

    def pieces_of(self, samples: int) -> int:
        """Return in how many pieces a batch of so many samples passes through."""
        return max(1, min(self._micro, samples // self._least_piece))

    @property
    def mixes_samples(self) -> bool:
        """Whether a layer takes statistics over what passes through together."""
        return self._least_piece > 1

    def _accumulate(self, x: Tensor) -> None:
        """Go forward and backward in pieces; the gradients of the pieces add up."""
        self.state.gradient.zero_()
        outputs, total, begin = [], 0.0, 0
        number = self.pieces_of(len(x))
        pieces = zip(x.tensor_split(number), self.target.tensor_split(number), strict=True)
        for part_x, part_y in pieces:
            for module in self._dropouts:
                module.place = (begin, len(x))
            output = self._answer(part_x)
            part = self._loss(output, part_y) * (len(part_x) / len(x))
            part.backward()  # type: ignore[no-untyped-call]
            total += part.item()
            begin += len(part_x)
            outputs.append(output.detach())
        self.output, self.loss_value = torch.cat(outputs), total
        self.state.set_counts(self.step_number + 1)

    # Going elsewhere in the run.

    def batch_indices(self) -> npt.NDArray[np.int64]:
        """Return the rows of ``data.x`` in the batch in use.

        That is the iteration in progress, or the last one carried out (the first, before any).
        """
        is_over = self.phase is Phase.READY
        plan = self._last_plan if is_over else self.batches
        step = max(self.step_number, 1) if is_over else self.step_number + 1
        rows: npt.NDArray[np.int64] = self.data.train[plan.indices(step)]
        return rows

    def restore(self, vector: Tensor, step: int) -> None:
        """Take over a snapshot of ``state.vector`` made after ``step`` updates.

        The description in force is taken for that which led there.
        """
        self.phase, self._is_begun = Phase.READY, False
        self.step_number, self._last_plan = step, self.batches
        self.state.restore(vector, step)

    def change(self, experiment: Experiment) -> None:
        """Go on under another description, which may differ in what needs no reset.

        Optimizer state with the same name under the same rule is kept; the rest begins anew.
        """
        before, self.experiment = self.experiment, experiment
        if before.batches != experiment.batches:
            self._lay_out_batches()
        self._change_optimizer(before)
        self._settle()

    def _change_optimizer(self, before: Experiment) -> None:
        chosen = self.experiment.optimizer
        kind, options = OPTIMIZERS[chosen.kind], chosen.as_dict()
        same = before.optimizer.kind == chosen.kind
        if same and tuple(self.state.slots) == kind.slots_for(options):
            self.optimizer.param_groups[0].update(torch_options(options))
            return
        old = self.state
        if not same:
            old.slots, old.counters = {}, {}
        self._lay_out_state()
        self.state.adopt(old)

    def require_same_shapes(self, tensors: Mapping[str, Any]) -> None:
        """Raise an ExperimentError unless tensors are named and shaped as the network's own."""
        own = self.network.state_dict()
        if set(own) != set(tensors) or any(own[n].shape != tensors[n].shape for n in own):
            raise ExperimentError("weights: names or shapes are not those of this network.")

    def load_weights(self, tensors: Mapping[str, Any]) -> None:
        """Take over weights by name; the optimizer's state begins anew."""
        self.require_same_shapes(tensors)
        self.discard()
        for slot in self.state.slots.values():
            slot.zero_()
        for name, value in OPTIMIZERS[self.experiment.optimizer.kind].counters:
            self.state.counters[name].fill_(value)
        with torch.no_grad():
            for name, tensor in self.network.state_dict().items():
                tensor.copy_(torch.as_tensor(tensors[name]))
        self.state.set_counts(self.step_number)

    def set_weights(self, values: Mapping[Number, float]) -> None:
        """Give single weights other values; what the optimizer remembers stays as it is."""
        with torch.no_grad():
            for number, value in values.items():
                self.weight_at(number).fill_(value)

    def weight_at(self, number: Number) -> Tensor:
        """Return one number of a parameter, as a view.

        Raises
        ------
        ExperimentError
            If there is none.
        """
        parameters = dict(self.network.named_parameters())
        found = parameters.get(number.name)
        if found is None:
            known = ", ".join(list(parameters)[:8])
            raise ExperimentError(
                f"weights.{number.name}: there is no such parameter; there is {known}."
            )
        if number.place >= found.numel():
            raise ExperimentError(
                f"weights.{number.name}: wanted an index below {found.numel()}, "
                f"got {number.place}."
            )
        return found.data.view(-1)[number.place]


def norm(vector: Tensor) -> float:
    """Return the Euclidean length, in double precision where single would overflow."""
    length = torch.linalg.vector_norm(vector).item()
    if math.isinf(length):
        length = torch.linalg.vector_norm(vector, dtype=torch.float64).item()
    return float(length)
