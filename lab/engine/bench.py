"""A network with its data and its loss, to be looked at: answers, evaluation, batch sizes."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from lab.engine.data import Data, prepare
from lab.engine.device import Device, granted
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES, build_loss
from lab.engine.memory import is_out_of_memory, release
from lab.engine.networks import build_network, checked_sizes, leaf_parts
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.preflight import (
    check_activations,
    check_batches,
    check_early_stopping,
    check_tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from lab.engine.experiment import Experiment

MOST_ROWS = 4096
MOST_BYTES = 2**28
"""What one layer may put out at once when whole sets are asked for."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean loss and accuracy over whole sets; accuracy is NaN where there are no classes."""

    train_loss: float
    accuracy: float
    test_loss: float
    test_accuracy: float


class Bench:
    """What a description asks for, built and ready to be asked.

    ``data`` may be handed over where it has been prepared before: a file of one's own may have
    changed since.

    Raises
    ------
    ExperimentError
        If the description cannot be trained, in one sentence.
    """

    def __init__(
        self, experiment: Experiment, device: Device | None = None, data: Data | None = None
    ) -> None:
        self.device = device or granted(experiment.device)
        self.data = data or prepare(experiment)
        self.experiment = experiment
        self.dtype = torch.float64 if experiment.precision == "float64" else torch.float32
        shape, outputs = self.data.shape, self.data.encoding.outputs
        chosen = experiment.optimizer
        slots = len(OPTIMIZERS[chosen.kind].slots_for(chosen.as_dict()))
        itemsize = self.dtype.itemsize
        self.sizes = checked_sizes(experiment.layers, shape, outputs, slots, itemsize)
        check_batches(experiment, len(self.data.train))
        check_tokens(experiment.layers, self.data.x)
        check_early_stopping(experiment, len(self.data.test))
        check_activations(experiment, self.sizes, len(self.data.train), itemsize)
        network = build_network(experiment.layers, shape, outputs, experiment.seed)
        self.network = network.to(self.device.torch, self.dtype)
        self._has_modes = any(LAYERS[p.kind].has_modes for p in leaf_parts(experiment.layers))
        self._loss = build_loss(LOSSES[experiment.loss.kind], experiment.loss.as_dict())
        widest = max(s.held for s in self.sizes) * itemsize
        self._rows = max(1, min(MOST_ROWS, MOST_BYTES // widest))
        self.train_x, self.train_y = self._tensors(self.data.train)
        self.test_x, self.test_y = self._tensors(self.data.test)

    def _tensors(self, rows: npt.NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        x, y = self.data.x[rows], self.data.target[rows]
        x_ready = torch.from_numpy(x).to(self.device.torch, self.dtype)
        y_dtype = torch.int64 if self.data.encoding.name == "index" else self.dtype
        return x_ready, torch.from_numpy(y).to(self.device.torch, y_dtype)

    def _answer(self, x: Tensor) -> Tensor:
        """Pass samples through the network, in the precision asked for."""
        if self.experiment.precision != "bfloat16":
            output: Tensor = self.network(x)
            return output
        with torch.autocast(self.device.torch.type, torch.bfloat16):
            output = self.network(x)
        return output.float()

    @contextmanager
    def evaluating(self) -> Iterator[None]:
        """Switch the network to evaluation: no dropout, running statistics, no gradient."""
        if self._has_modes:
            self.network.eval()
        try:
            with torch.no_grad():
                yield
        finally:
            if self._has_modes:
                self.network.train()

    def answers(self, x: Tensor) -> Tensor:
        """Return the outputs for inputs of any number, in evaluation mode, (N, outputs).

        When memory runs out they are asked for in smaller pieces from then on.
        """
        while True:
            try:
                return self._answers(x)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error) or self._rows == 1:
                    raise
            self._rows //= 2
            release()

    def _answers(self, x: Tensor) -> Tensor:
        with self.evaluating():
            parts = [self._answer(piece) for piece in torch.split(x, self._rows)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def evaluate(self) -> Evaluation:
        """Return loss and accuracy over the whole training and test set."""
        train = self._judge(self.train_x, self.train_y)
        return Evaluation(*train, *self._judge(self.test_x, self.test_y))

    def _judge(self, x: Tensor, y: Tensor) -> tuple[float, float]:
        if not len(x):
            return math.nan, math.nan
        output = self.answers(x)
        return float(self._loss(output, y)), self._accuracy(output, y)

    def _accuracy(self, output: Tensor, y: Tensor) -> float:
        if not self.data.classes:
            return math.nan
        encoding = self.data.encoding.name
        right = predicted_classes(output, encoding) == true_classes(y, encoding)
        return float(right.to(torch.float64).mean())


def predicted_classes(output: Tensor, encoding: str) -> Tensor:
    """Return the class that an output names, shape (N,)."""
    if encoding in {"sign", "zero_one"}:
        return (output[:, 0] > 0).to(torch.int64)
    return output.argmax(dim=1)


def true_classes(target: Tensor, encoding: str) -> Tensor:
    """Return the class that a target names, shape (N,)."""
    if encoding == "index":
        return target
    return target.argmax(dim=1) if encoding == "one_hot" else (target[:, 0] > 0).to(torch.int64)
