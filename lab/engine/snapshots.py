"""Snapshots of the flat state: all of the recent past, key frames of the older.

Memory has a budget. Blocks of recent snapshots lie in preallocated tensors; when the budget is
spent, the oldest block is thinned to key frames and its memory is used for the newest.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from typing import TYPE_CHECKING

import torch

from lab.engine.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

BLOCK_BYTES = 4 * 2**20
PIECE = 4 * 2**20
"""Numbers copied in one go, some milliseconds; between two the copy may be given up."""


def never() -> bool:
    """Nobody waits."""
    return False


class _Block:
    """Consecutive snapshots in one tensor."""

    def __init__(self, rows: int, like: Tensor) -> None:
        self.tensor = torch.empty((rows, len(like)), dtype=like.dtype, device=like.device)
        self.rows = self.tensor.unbind(0)
        self.steps: list[int] = []

    @property
    def is_full(self) -> bool:
        return len(self.steps) == len(self.rows)

    def add(self, step: int, vector: Tensor, is_hurried: Callable[[], bool]) -> None:
        row = self.rows[len(self.steps)]
        for start in range(0, len(vector), PIECE):
            if is_hurried():
                return
            row[start : start + PIECE].copy_(vector[start : start + PIECE])
        self.steps.append(step)


def key_steps(
    steps: list[int], spacing: int, last: float = -math.inf, after: float = math.inf
) -> list[int]:
    """Return those of ``steps`` that leave no gap beyond ``spacing`` that they could fill.

    ``last`` is kept before them and ``after`` behind them; where there is none, the first and
    the last step stay.
    """
    kept = []
    for step, following in zip(steps, [*steps[1:], after], strict=True):
        if following - last > spacing:
            kept.append(step)
            last = step
    return kept


def _copied(row: Tensor) -> Tensor:
    """Return a copy, or the row itself where there is no memory for one."""
    try:
        return row.clone()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        return row


class Snapshots:
    """Vectors of one length by step, in rising order.

    Parameters
    ----------
    like
        A vector of the length, type and device to be kept.
    budget
        Bytes for all of them.
    """

    def __init__(self, like: Tensor, budget: int) -> None:
        self._like = like
        self.row_bytes = max(like.numel() * like.element_size(), 1)
        most = min(BLOCK_BYTES, budget // 6)
        self._rows = max(1, min(256, most // self.row_bytes))
        self._gap = 1  # how far apart key frames may lie, as memory is short
        self._frames: dict[int, Tensor] = {}
        self._frame_steps: list[int] = []
        self._blocks: list[_Block] = []
        self.set_budget(budget, 1)

    def set_budget(self, budget: int, spacing: int) -> None:
        """Give it more or less memory, at once: two thirds for the recent past.

        However little it is, the first snapshot and the newest stay.
        """
        self._most_frames = max(2, budget // 3 // self.row_bytes)
        rest = budget - self._most_frames * self.row_bytes
        self._most_blocks = max(0, rest // (self._rows * self.row_bytes))
        while len(self._blocks) > self._most_blocks:
            self._thin(self._blocks.pop(0), spacing)

    @property
    def length(self) -> int:
        """How many numbers a snapshot has."""
        return len(self._like)

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        rows = sum(len(b.rows) for b in self._blocks)
        return (rows + len(self._frames)) * self.row_bytes

    @property
    def steps(self) -> list[int]:
        """All steps kept."""
        return self._frame_steps + [s for b in self._blocks for s in b.steps]

    def add(
        self, step: int, vector: Tensor, spacing: int, is_hurried: Callable[[], bool] = never
    ) -> None:
        """Keep a copy, unless somebody gets in a hurry before it is done.

        ``spacing`` is how far apart key frames may lie once it is old.
        """
        if not self._blocks or self._blocks[-1].is_full:
            self._blocks.append(self._fresh_block(spacing))
        self._blocks[-1].add(step, vector, is_hurried)

    def _fresh_block(self, spacing: int) -> _Block:
        if len(self._blocks) < max(self._most_blocks, 1):
            return _Block(self._rows, self._like)
        oldest = self._blocks.pop(0)
        if self._thin(oldest, spacing):
            return _Block(self._rows, self._like)
        oldest.steps = []
        return oldest

    def _thin(self, block: _Block, spacing: int) -> bool:
        """Turn a block into key frames, and say whether its memory is still needed for them.

        It is where the block has a single row, and where there is none for copies.
        """
        last = self._frame_steps[-1] if self._frame_steps else -math.inf
        after = next((b.steps[0] for b in self._blocks if b.steps), math.inf)
        rows = dict(zip(block.steps, block.rows, strict=False))
        for step in key_steps(block.steps, max(spacing, self._gap), last, after):
            self._frames[step] = _copied(rows[step]) if len(block.rows) > 1 else rows[step]
            self._frame_steps.append(step)
        is_needed = any(self._frames.get(step) is row for step, row in rows.items())
        while len(self._frame_steps) > self._most_frames:
            self._thin_frames()
        return is_needed

    def _thin_frames(self) -> None:
        """Let key frames lie twice as far apart, those to come as well."""
        self._gap *= 2
        self._frame_steps = key_steps(self._frame_steps, self._gap)
        self._frames = {step: self._frames[step] for step in self._frame_steps}

    def at_or_before(self, step: int) -> tuple[int, Tensor] | None:
        """Return the newest snapshot that is no newer than ``step``."""
        for block in reversed(self._blocks):
            if block.steps and block.steps[0] <= step:
                place = bisect_right(block.steps, step) - 1
                return block.steps[place], block.rows[place]
        place = bisect_right(self._frame_steps, step) - 1
        if place < 0:
            return None
        found = self._frame_steps[place]
        return found, self._frames[found]
