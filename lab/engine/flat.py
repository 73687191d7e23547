"""All numbers a run can change, in one vector, so that a snapshot is one copy.

``[weights (P) | optimizer slots (P each) | optimizer counters | buffers]``

Why: parameters and gradients as views of flat tensors turn an update into one fused call and
a snapshot into one copy of contiguous memory, which pays for recording every step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor


def pieces(vector: Tensor, like: Iterable[Tensor]) -> Iterator[Tensor]:
    """Cut a vector into views of the shapes of other tensors, in order."""
    start = 0
    for tensor in like:
        yield vector[start : start + tensor.numel()].view_as(tensor)
        start += tensor.numel()


SEEN = "num_batches_tracked"
"""The buffer in which torch's normalisations count steps."""


class FlatState:
    """The vector of a network and its optimizer, and the views into it.

    ``weights`` is the one parameter that the optimizer knows; ``gradient`` its gradient, into
    which the backward pass writes. Both are shared with the network's own parameters.
    """

    def __init__(
        self,
        network: nn.Module,
        slots: Sequence[str],
        counters: Sequence[tuple[str, float]],
    ) -> None:
        self.network = network
        self._parameters = list(network.parameters())
        self._buffers = [b for b in network.buffers() if b.is_floating_point()]
        self._counts = [b for n, b in network.named_buffers() if n.endswith(SEEN)]
        first = self._parameters[0]
        self.size = sum(p.numel() for p in self._parameters)
        kept = sum(b.numel() for b in self._buffers)
        length = self.size * (1 + len(slots)) + len(counters) + kept
        self.vector = torch.zeros(length, dtype=first.dtype, device=first.device)
        self.gradient = torch.zeros(self.size, dtype=first.dtype, device=first.device)
        self.buffers = self.vector[length - kept :]
        self._bind_network()
        self.slots = self._slot_views(slots)
        self.counters = self._counter_views(counters)

    def _bind_network(self) -> None:
        """Move parameters, gradients and buffers into the vectors, and leave views behind."""
        self.weights = nn.Parameter(self.vector[: self.size])
        self.values = self.weights.data  # the same memory, outside of autograd
        self.weights.grad = self.gradient
        self._move(self._parameters, self.vector[: self.size])
        self._move(self._buffers, self.buffers)
        for parameter, view in zip(
            self._parameters, pieces(self.gradient, self._parameters), strict=True
        ):
            parameter.grad = view

    @staticmethod
    def _move(tensors: Sequence[Tensor], vector: Tensor) -> None:
        for tensor, view in zip(tensors, pieces(vector, tensors), strict=True):
            view.copy_(tensor.detach())
            tensor.data = view

    def _slot_views(self, names: Sequence[str]) -> dict[str, Tensor]:
        n = self.size
        return {name: self.vector[n * (i + 1) : n * (i + 2)] for i, name in enumerate(names)}

    def _counter_views(self, counters: Sequence[tuple[str, float]]) -> dict[str, Tensor]:
        start = self.size * (1 + len(self.slots))
        views = {name: self.vector[start + i] for i, (name, _) in enumerate(counters)}
        for name, value in counters:
            views[name].fill_(value)
        return views

    @property
    def optimizer_state(self) -> dict[str, Tensor]:
        """What torch.optim is to find as the state of ``weights``."""
        return {**self.slots, **self.counters}

    def restore(self, vector: Tensor, step: int) -> None:
        """Take over a snapshot made after ``step`` updates."""
        self.vector.copy_(vector)
        self.set_counts(step)

    def set_counts(self, step: int) -> None:
        """Set the batches that normalisation layers have seen: one a step."""
        for count in self._counts:
            count.fill_(step)

    def adopt(self, old: FlatState) -> None:
        """Take over whatever optimizer state both have; the network has brought the rest."""
        for name, view in self.optimizer_state.items():
            if name in old.optimizer_state:
                view.copy_(old.optimizer_state[name])
