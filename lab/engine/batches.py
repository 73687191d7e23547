"""Which samples a step is taken on: a function of (seed, step) and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from lab.engine.seeds import seed_of

if TYPE_CHECKING:
    import numpy.typing as npt
    from torch import Tensor

    from lab.engine.experiment import Batches

    IntArray = npt.NDArray[np.int64]


def order_of_epoch(n: int, epoch: int, seed: int, shuffle: bool) -> IntArray:
    """Return the order in which an epoch, counted from 0, goes through n samples."""
    if not shuffle:
        return np.arange(n)
    rng = np.random.Generator(np.random.PCG64(seed_of(seed, "shuffle", epoch)))
    return rng.permutation(n)


class BatchPlan:
    """Hands out the batch of any step; one epoch lies ready in its order.

    Why: gathering an epoch once and cutting it into views costs less than gathering every
    batch, and any step can be asked for, as going back needs.
    """

    def __init__(self, x: Tensor, y: Tensor, spec: Batches, seed: int) -> None:
        self._x, self._y, self._spec, self._seed = x, y, spec, seed
        self.size = min(spec.size or len(x), len(x))
        whole = len(x) // self.size if spec.drop_last else -(-len(x) // self.size)
        self.per_epoch = max(whole, 1)
        self._epoch = -1
        self._order: IntArray = np.arange(len(x))
        self._pieces: list[tuple[Tensor, Tensor]] = []

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Return inputs and targets of a step, counted from 1."""
        epoch, place = divmod(step - 1, self.per_epoch)
        if epoch != self._epoch:
            self._lay_out(epoch)
        return self._pieces[place]

    def indices(self, step: int) -> IntArray:
        """Return which training samples a step uses, as positions in the training set."""
        epoch, place = divmod(step - 1, self.per_epoch)
        if epoch != self._epoch:
            self._lay_out(epoch)
        return self._order[place * self.size : (place + 1) * self.size]

    def _lay_out(self, epoch: int) -> None:
        shuffle = self._spec.shuffle and self.size < len(self._x)
        order = order_of_epoch(len(self._x), epoch, self._seed, shuffle)
        index = torch.from_numpy(order).to(self._x.device)
        x, y = (self._x[index], self._y[index]) if shuffle else (self._x, self._y)
        pieces = zip(torch.split(x, self.size), torch.split(y, self.size), strict=True)
        self._epoch, self._order, self._pieces = epoch, order, list(pieces)
