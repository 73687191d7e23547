"""The answers known so far, each with the step it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lab.engine.losses import LOSSES
from lab.panels.data import maths
from lab.panels.data.questions import AskRows, RowAnswers

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.news import RunLook

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]
    BoolArray = npt.NDArray[np.bool_]

ROWS = "data.rows"
PLAYING_S, PAUSED_S = 0.001, 0.25
WHOLE_S, SHARE = 0.02, 0.02
"""While training, a set that takes so long is asked whole, for this share of the time."""
FIRST_ROWS = 1_024
MOST_ROWS = 20_000
"""Samples answered at most; of a larger set an evenly spaced part is looked at."""


class AnswerBook:
    """Outputs of the samples along a run: what came last, and from which step.

    ``outputs`` is (N, K) with NaN where nothing is known, ``steps`` (N,) with −1 there;
    ``version`` grows with each look that brought answers.
    """

    def __init__(self) -> None:
        self.run = self.branch = -1
        self.outputs: FloatArray = np.empty((0, 1))
        self.steps: IntArray = np.empty(0, np.int64)
        self.looked_at: IntArray = np.empty(0, np.int64)
        self.seconds_a_row: float | None = None
        self.answer = "value"
        self.version = 0

    def take(self, look: RunLook) -> None:
        """Take over what a look brought."""
        if look.run != self.run or len(look.data.x) != len(self.steps):
            self._begin(look)
        if look.branch != self.branch:  # the same step of another branch has other weights
            self.branch = look.branch
            self.steps[:] = -1
        found = look.answers.get(ROWS)
        if not isinstance(found, RowAnswers) or found.outputs.shape[1] != self.outputs.shape[1]:
            return
        self.outputs[found.rows] = found.outputs
        self.steps[found.rows] = look.step
        self.version += 1
        seconds = found.seconds / len(found.rows)
        kept = self.seconds_a_row
        self.seconds_a_row = (
            seconds if kept is None else min(0.8 * kept + 0.2 * seconds, seconds)
        )

    def _begin(self, look: RunLook) -> None:
        data = look.data
        self.run, self.seconds_a_row = look.run, None
        self.outputs = np.full((len(data.x), data.encoding.outputs), np.nan)
        self.steps = np.full(len(data.x), -1)
        self.looked_at = np.sort(np.concatenate([thinned(data.train), thinned(data.test)]))
        kind = LOSSES[look.settings.loss.kind]
        self.answer = kind.answer if data.classes else "value"

    def question(self, look: RunLook, wanted: IntArray, pause_s: float = 0.0) -> AskRows | None:
        """What to ask from now on; None: nothing else than before.

        All samples at once if there is time for it, while training now and then, so that
        they are of one step. If not: while training, ``wanted`` and a part of the others in
        turn; when paused, what is not answered yet, ``wanted`` first.
        """
        everything = np.union1d(self.looked_at, wanted)
        pace = self.seconds_a_row
        if pace is None:
            few = everything[:: max(1, -(-len(everything) // FIRST_ROWS))]
            return AskRows(np.union1d(few, wanted))
        affordable = int((PLAYING_S if look.playing else PAUSED_S) / max(pace, 1e-9))
        whole_s = pace * len(everything)
        if look.playing and whole_s <= WHOLE_S:
            return AskRows(everything, pause_s=max(pause_s, steady(whole_s / SHARE)))
        if affordable >= len(everything):
            return AskRows(everything)
        affordable = 2 ** max(affordable, 64).bit_length() // 2  # steady though paces waver
        first = np.unique(wanted)[:affordable]
        if look.playing:
            return AskRows(first, self.looked_at, max(affordable - len(first), 16))
        late = everything[self.steps[everything] != look.step]
        if not len(late):
            return None
        rest = np.setdiff1d(late, first)[: affordable - len(first)]
        return AskRows(np.union1d(np.intersect1d(late, first), rest))

    @property
    def known(self) -> BoolArray:
        """Which samples have an answer, (N,)."""
        return self.steps >= 0

    def is_exact(self, look: RunLook) -> bool:
        """Whether every sample has the answer of the cursor's step."""
        return bool((self.steps == look.step).all())

    @property
    def step(self) -> int | None:
        """The step that the answers of all samples looked at belong to; None: to several."""
        steps = self.steps[self.looked_at]
        is_one = len(steps) > 0 and steps[0] >= 0 and bool((steps == steps[0]).all())
        return int(steps[0]) if is_one else None

    def scores(self, rows: IntArray | slice = slice(None)) -> FloatArray:
        """One number for each class, (n, C); see ``maths.class_scores``."""
        return maths.class_scores(self.outputs[rows], self.answer)

    def predicted(self, rows: IntArray | slice = slice(None)) -> IntArray:
        """The class each sample is taken for, (n,); −1 where nothing is known."""
        outputs = self.outputs[rows]
        found = maths.predicted(np.nan_to_num(outputs, nan=0.0))
        found[np.isnan(outputs[:, 0])] = -1
        return found

    def wrong(self, look: RunLook) -> BoolArray:
        """Which samples are known to get the wrong class, (N,)."""
        return np.asarray(self.known & (self.predicted() != look.data.labels))

    @property
    def has_probabilities(self) -> bool:
        """Whether the outputs are meant as probabilities."""
        return self.answer in {"softmax", "sigmoid"}


def steady(seconds: float) -> float:
    """The next power of two, so that what wavers a little does not change at all."""
    return float(2.0 ** np.ceil(np.log2(max(seconds, 1e-3))))


def thinned(rows: IntArray) -> IntArray:
    """At most ``MOST_ROWS`` rows, evenly spaced."""
    if len(rows) <= MOST_ROWS:
        return rows
    return rows[np.linspace(0, len(rows) - 1, MOST_ROWS).astype(np.int64)]
