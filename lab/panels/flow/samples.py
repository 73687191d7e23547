"""What was measured as training went on, each where it belongs: run, branch, step, settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.flow import QUANTITIES

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.flow import Flow, FlowLayer
    from lab.engine.news import RunLook
    from lab.engine.timeline import Edit

    FloatArray = npt.NDArray[np.float64]

MOST_NUMBERS = 2**20
"""Numbers kept of one run, 8 MB."""
LEAST_SAMPLES, MOST_SAMPLES = 64, 1200
MOST_RUNS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All quantities of all layers, (Q, L), at a step of a branch.

    ``edits`` are those in force there; ``sight`` counts how often the panel had come into
    sight, for between two times nothing was measured.
    """

    branch: int
    step: int
    edits: tuple[Edit, ...]
    sight: int
    values: FloatArray


class Samples:
    """The samples of the last runs, thinned out evenly where there are too many."""

    def __init__(self) -> None:
        self.sight = 0
        self._runs: dict[int, dict[tuple[int, int], Sample]] = {}
        self._layers: dict[int, tuple[FlowLayer, ...]] = {}
        self._found: tuple[Sample, ...] = ()
        self._found_for: object = None
        self._version = 0

    def keep(self, look: RunLook, flow: Flow) -> None:
        """Take up what was measured at a look's cursor."""
        if look.run not in self._runs:
            self._let_go(look.run)
        run = self._runs.setdefault(look.run, {})
        self._layers[look.run] = flow.layers
        values = np.stack([flow.values[name] for name in QUANTITIES])
        edits = _edits(look, flow.step)
        run[look.branch, flow.step] = Sample(look.branch, flow.step, edits, self.sight, values)
        if len(run) > self.most(len(flow.layers)):
            self._runs[look.run] = _thinned(run)
        self._version += 1

    @staticmethod
    def most(layers: int) -> int:
        """Return how many samples of so many layers are kept."""
        fitting = MOST_NUMBERS // (len(QUANTITIES) * max(layers, 1))
        return min(max(fitting, LEAST_SAMPLES), MOST_SAMPLES)

    def _let_go(self, newest: int) -> None:
        for number in sorted(self._runs)[: len(self._runs) + 1 - MOST_RUNS]:
            del self._runs[number], self._layers[number]

    def along(self, look: RunLook) -> tuple[Sample, ...]:
        """Return the samples that led to where a look's branch is, by step.

        Those of its ancestors up to where it forks off; none that was measured under settings
        that were taken back since.
        """
        key = look.run, look.branch, look.branches, look.edits, self._version
        if key != self._found_for:
            self._found_for, self._found = key, self._search(look)
        return self._found

    def _search(self, look: RunLook) -> tuple[Sample, ...]:
        limits = lineage(look)
        found = [
            s
            for s in self._runs.get(look.run, {}).values()
            if s.branch in limits
            and s.step < limits[s.branch]
            and s.edits == _edits(look, s.step)
        ]
        return tuple(sorted(found, key=lambda s: s.step))

    def curves(self, look: RunLook, quantity: str) -> tuple[FloatArray, FloatArray]:
        """Return steps (N,) and one quantity of all layers (N, L).

        A row of NaN parts what was measured before and after the panel was out of sight.
        """
        samples = self.along(look)
        if not samples:
            return np.empty(0), np.empty((0, 0))
        place = QUANTITIES.index(quantity)
        steps = np.array([s.step for s in samples], float)
        values = np.stack([s.values[place] for s in samples])
        sights = np.array([s.sight for s in samples])
        gaps = np.flatnonzero(np.diff(sights)) + 1
        middle = (steps[gaps - 1] + steps[gaps]) / 2
        return np.insert(steps, gaps, middle), np.insert(values, gaps, np.nan, axis=0)


def lineage(look: RunLook) -> dict[int, float]:
    """Return the branches that lead to a look's own, each with the step it is left at."""
    known = {b.number: b for b in look.branches}
    limits, number, limit = {look.branch: np.inf}, look.branch, np.inf
    while (branch := known[number]).parent is not None:
        number, limit = branch.parent, min(limit, branch.fork)
        limits[number] = limit
    return limits


def _edits(look: RunLook, step: int) -> tuple[Edit, ...]:
    return tuple(e for e in look.edits if e.step <= step)


def _thinned(run: dict[tuple[int, int], Sample]) -> dict[tuple[int, int], Sample]:
    """Keep half of each branch's samples, as evenly over its steps as they lie."""
    found: dict[tuple[int, int], Sample] = {}
    for branch in sorted({b for b, _ in run}):
        steps = sorted(s for b, s in run if b == branch)
        bins = np.linspace(steps[0], steps[-1], max(len(steps) // 2, 1))
        chosen = {steps[min(int(np.searchsorted(steps, b)), len(steps) - 1)] for b in bins}
        found |= {(branch, s): run[branch, s] for s in sorted(chosen | {steps[-1]})}
    if len(found) > len(run) * 3 // 4:  # many branches of few samples: the oldest go
        found = dict(list(found.items())[len(found) // 2 :])
    return found
