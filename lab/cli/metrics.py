"""``metrics.jsonl``: an object a step, written while the run goes on."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from lab.engine.run import Run

WHOLE = 100_000
"""Up to this step every step is written; a file of more would be gigabytes."""

EVERY = 100

FILE_NAME = "metrics.jsonl"
COLUMNS = {"loss": "loss", "grad_norm": "gradient_norm", "learning_rate": "learning_rate"}
"""What is written, and what the history calls it."""


class Metrics:
    """Writes what a run has recorded since the last time, read by cursor in blocks.

    ``loss`` and ``grad_norm`` are those of the batch before its update, ``test_loss``,
    ``accuracy`` (of the training set) and ``test_accuracy`` those after it, which the last
    row always has. A number that is
    not finite is ``null``; what does not exist (the accuracy of a curve) is left out.
    """

    def __init__(self, run: Run, stream: TextIO, every: int = EVERY) -> None:
        self._branch, self._stream, self._every = run.timeline.current, stream, every
        self._steps = self._evaluations = 0
        self._found: dict[int, dict[str, float]] = {}  # of the row that waits
        self.rows = 0
        has_test, has_classes = len(run.trainer.test_x) > 0, run.trainer.data.classes > 0
        there = {
            "test_loss": has_test,
            "accuracy": has_classes,
            "test_accuracy": has_test and has_classes,
        }
        self._asked = [name for name, is_there in there.items() if is_there]

    def write_new(self, *, is_last: bool = False) -> None:
        """Write the rows of all steps that have come since the last call, but the newest.

        That one waits until the next call or the last: an evaluation may still come to it.
        """
        steps = self._branch.steps
        newest = len(steps)
        start, stop = self._steps, newest if is_last else max(newest - 1, self._steps)
        columns = (steps.column(name, start, stop).tolist() for name in COLUMNS.values())
        found = self._found | self._new_evaluations()
        for step, numbers in enumerate(zip(*columns, strict=True), start + 1):
            if step <= WHOLE or step % self._every == 0 or (is_last and step == newest):
                row = dict(zip(COLUMNS, numbers, strict=True))
                self._write({"step": step, **row, **found.get(step, {})})
        self._steps = stop
        self._found = {step: row for step, row in found.items() if step > stop}

    def _new_evaluations(self) -> dict[int, dict[str, float]]:
        """Return what was found since the last time, by the step after which it was."""
        series = self._branch.evaluations
        start, stop = self._evaluations, len(series)
        self._evaluations = stop
        steps = series.column("step", start, stop).tolist()
        columns = [series.column(name, start, stop).tolist() for name in self._asked]
        rows = zip(*columns, strict=True) if columns else ((),) * len(steps)
        return {
            int(step): dict(zip(self._asked, row, strict=True))
            for step, row in zip(steps, rows, strict=True)
        }

    def _write(self, row: dict[str, Any]) -> None:
        self._stream.write(json.dumps({k: finite(v) for k, v in row.items()}) + "\n")
        self.rows += 1


def finite(value: Any) -> Any:
    """Return a value that JSON can hold: None for NaN and the infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def thinning(last: int, every: int, option: str = "") -> str:
    """Return the sentence that says which steps are written, if not all of them are.

    ``option`` is what it can be changed by.
    """
    if last <= WHOLE or every == 1:
        return ""
    return f"{FILE_NAME} holds each step up to {WHOLE:,}, then every {every:,}th{option}."
