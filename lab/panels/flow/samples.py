"""What was measured as training went on, each where it belongs: run, branch, step, settings."""

from __future__ import annotations

from bisect import bisect_right
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


class Log:
    """Edits one after the other: equal ones, in equal order, end at the same object.

    So samples are compared with a look's edits at no cost, however many of both there are.
    """

    __slots__ = ("after", "edit")

    def __init__(self, edit: Edit | None = None) -> None:
        self.edit = edit
        self.after: list[Log] = []

    def then(self, edit: Edit) -> Log:
        """Return where one more edit leads to."""
        for log in self.after:
            if log.edit is edit or log.edit == edit:
                return log
        self.after.append(Log(edit))
        return self.after[-1]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """All quantities of all layers, (Q, L), at a step of a branch.

    ``log`` ends with the edits in force there; ``sight`` counts how often the panel had come
    into sight, for between two times nothing was measured.
    """

    branch: int
    step: int
    log: Log
    sight: int
    values: FloatArray


class Samples:
    """The samples of the last runs, thinned out evenly where there are too many."""

    def __init__(self) -> None:
        self.sight = 0
        self._runs: dict[int, dict[tuple[int, int], Sample]] = {}
        self._layers: dict[int, tuple[FlowLayer, ...]] = {}
        self._logs: dict[int, Log] = {}
        self._path: tuple[list[int], list[Log]] = [], []
        self._path_for: object = None
        self._apart: dict[int, float] = {}  # the least distance of two samples, in steps
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
        log = self._log(look, flow.step)
        run[look.branch, flow.step] = Sample(look.branch, flow.step, log, self.sight, values)
        self._runs[look.run] = self._thinned(look.run, look.branch)
        self._version += 1

    def _thinned(self, number: int, branch: int) -> dict[tuple[int, int], Sample]:
        """Keep the samples of a branch so far apart that they, and those to come, find room.

        The newest is always there; the one before it goes if it lies too near its own
        predecessor. Where that is not enough, all lie twice as far apart from now on.
        """
        run, most = self._runs[number], self.most(len(self._layers[number]))
        apart = self._apart.get(number, 0.0)
        if len(run) > most:
            span = np.ptp([step for _, step in run]) if len(run) > 1 else 0.0
            apart = self._apart[number] = max(2 * apart, 2 * float(span) / most, 1.0)
            run = {k: run[k] for b in {b for b, _ in run} for k in _spread(run, b, apart)}
        elif apart:
            others = {k: s for k, s in run.items() if k[0] != branch}
            run = others | {k: run[k] for k in _spread(run, branch, apart)}
        if len(run) > most:  # many branches of few samples: the oldest go
            run = dict(sorted(run.items())[len(run) - most // 2 :])
        return run

    def _let_go(self, newest: int) -> None:
        for number in sorted(self._runs)[: len(self._runs) + 1 - MOST_RUNS]:
            for held in (self._runs, self._layers, self._apart, self._logs):
                held.pop(number, None)

    @staticmethod
    def most(layers: int) -> int:
        """Return how many samples of so many layers are kept."""
        fitting = MOST_NUMBERS // (len(QUANTITIES) * max(layers, 1))
        return min(max(fitting, LEAST_SAMPLES), MOST_SAMPLES)

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
            and s.log is self._log(look, s.step)
        ]
        return tuple(sorted(found, key=lambda s: s.step))

    def _log(self, look: RunLook, step: int) -> Log:
        """Return the end of the edits in force at a step."""
        if self._path_for != (look.run, look.edits):
            self._path_for = look.run, look.edits
            logs = [self._logs.setdefault(look.run, Log())]
            edits = sorted(look.edits, key=lambda e: e.step)
            for edit in edits:
                logs.append(logs[-1].then(edit))
            self._path = [e.step for e in edits], logs
        steps, logs = self._path
        return logs[bisect_right(steps, step)]

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


def _spread(
    run: dict[tuple[int, int], Sample], branch: int, apart: float
) -> list[tuple[int, int]]:
    """Return which samples of a branch lie far enough apart, and the newest."""
    keys = sorted(k for k in run if k[0] == branch)
    found = keys[:1]
    for key in keys[1:]:
        if key[1] - found[-1][1] >= apart or key == keys[-1]:
            found.append(key)
    return found
