"""What the panel asks the network; each question runs in the worker's thread, at the cursor.

A question knows nothing of the window and answers with copies that nobody writes to. One that
does not fit the network at hand (the run has just changed) answers None.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from lab.panels.data.maths import Box, map_points

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    from lab.engine.trainer import Trainer

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RowAnswers:
    """Outputs (n, K) for some rows of ``data.x``, in evaluation mode, and the time it took."""

    step: int
    rows: IntArray
    outputs: FloatArray
    seconds: float


@dataclass(frozen=True, slots=True)
class MapAnswers:
    """Outputs (cells², K) for the cells of a map, row by row from the least y."""

    step: int
    box: Box
    cells: int
    outputs: FloatArray
    seconds: float


@dataclass(frozen=True, slots=True)
class LineAnswers:
    """Outputs (n,) for inputs x (n,), as the network gets them."""

    step: int
    x: FloatArray
    outputs: FloatArray


class AskRows:
    """Asks for samples: some each time, and a part of the others that moves on.

    Parameters
    ----------
    always : ndarray of int
        Rows of ``data.x`` asked each time.
    others : ndarray of int
        Rows asked in turn, ``chunk`` at a time.
    pause_s : float
        Looks that come sooner after an answer go without.
    """

    def __init__(self, always: IntArray, others: IntArray | None = None, chunk: int = 0,
                 pause_s: float = 0.0):  # fmt: skip
        self.always = always
        self.others = np.empty(0, np.int64) if others is None else others
        self.chunk = min(chunk, len(self.others))
        self._turn = 0  # moved on by the worker's thread only
        self._pause_s, self._last = pause_s, 0.0

    def asks_as(self, other: object) -> bool:
        """Whether another question asks for the same samples."""
        return (
            isinstance(other, AskRows)
            and (self.chunk, self._pause_s) == (other.chunk, other._pause_s)
            and np.array_equal(self.always, other.always)
            and np.array_equal(self.others, other.others)
        )

    def __call__(self, trainer: Trainer) -> RowAnswers | None:
        """Answer at the trainer's step."""
        began = perf_counter()
        if began - self._last < self._pause_s:
            return None
        self._last = began
        rows = self._rows()
        rows = rows[rows < len(trainer.data.x)]
        if not len(rows):
            return None
        outputs = _frozen(_outputs_of_rows(trainer, rows))
        return RowAnswers(trainer.step_number, rows, outputs, perf_counter() - began)

    def _rows(self) -> IntArray:
        if not self.chunk:
            return self.always
        turn = (self._turn + np.arange(self.chunk)) % len(self.others)
        self._turn = int(turn[-1] + 1)
        return np.union1d(self.always, self.others[turn])


@dataclass(frozen=True, slots=True)
class AskMap:
    """Asks for all cells of a map of two features."""

    box: Box
    cells: int

    def __call__(self, trainer: Trainer) -> MapAnswers | None:
        """Answer at the trainer's step."""
        import torch

        if trainer.data.shape != (2,):
            return None
        began = perf_counter()
        places = _cells(self.box, self.cells, trainer.device.torch, trainer.dtype)
        outputs = _frozen(trainer.answers(places).to("cpu", torch.float64).numpy())
        took = perf_counter() - began
        return MapAnswers(trainer.step_number, self.box, self.cells, outputs, took)


@dataclass(frozen=True, slots=True)
class AskLine:
    """Asks for evenly spaced values of a single feature."""

    low: float
    high: float
    points: int = 400

    def __call__(self, trainer: Trainer) -> LineAnswers | None:
        """Answer at the trainer's step."""
        if trainer.data.shape != (1,):
            return None
        x = np.linspace(self.low, self.high, self.points)
        outputs = _outputs(trainer, x[:, None])[:, 0]
        return LineAnswers(trainer.step_number, _frozen(x), _frozen(outputs))


@lru_cache(maxsize=2)
def _cells(box: Box, cells: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """The places of a map as the network gets them; nobody writes to them."""
    import torch

    return torch.from_numpy(map_points(box, cells)).to(device, dtype)


def _outputs(trainer: Trainer, x: FloatArray) -> FloatArray:
    import torch

    inputs = torch.from_numpy(x).to(trainer.device.torch, trainer.dtype)
    return trainer.answers(inputs).to("cpu", torch.float64).numpy().copy()


def _outputs_of_rows(trainer: Trainer, rows: IntArray) -> FloatArray:
    """Pick rows out of the tensors that the trainer has on its device already."""
    import torch

    data = trainer.data
    parts, order = [], []
    for own, x in ((data.train, trainer.train_x), (data.test, trainer.test_x)):
        here = np.flatnonzero(np.isin(rows, own, assume_unique=True))
        if len(here):
            places = np.searchsorted(own, rows[here])
            is_whole = len(here) == len(own)
            picked = x if is_whole and (places == np.arange(len(own))).all() else x[places]
            parts.append(trainer.answers(picked).to("cpu", torch.float64))
            order.append(here)
    outputs = torch.cat(parts).numpy()
    sorted_outputs = np.empty_like(outputs)
    sorted_outputs[np.concatenate(order)] = outputs
    return sorted_outputs


def _frozen(a: FloatArray) -> FloatArray:
    a.flags.writeable = False
    return a
