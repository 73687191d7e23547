"""What comes back from the worker: looks, which may be skipped, and events, which may not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from lab.engine.data import Data
    from lab.engine.experiment import Experiment
    from lab.engine.series import Envelope
    from lab.engine.timeline import Branch, Edit


class Status(Enum):
    """What an event tells of a job; training is the job on channel ``run``."""

    LOADED = "loaded"
    STARTED = "started"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    DIVERGED = "diverged"
    REFUSED = "refused"
    NOTICE = "notice"


_LAST = {Status.PAUSED, Status.FINISHED, Status.CANCELLED, Status.FAILED, Status.DIVERGED}


@dataclass(frozen=True, slots=True)
class Event:
    """A fact that is never lost; ``text`` is a sentence for people, ``detail`` a traceback."""

    channel: str
    number: int
    status: Status
    text: str = ""
    detail: str = ""
    step: int | None = None

    @property
    def is_last(self) -> bool:
        """Whether nothing more comes of the job: one that was refused never began.

        Of the run, a refused command is not the end.
        """
        is_job = self.channel != "run"
        return self.status in _LAST or (is_job and self.status is Status.REFUSED)


@dataclass(frozen=True, slots=True)
class Partial:
    """The newest partial result of a job, with the job's number: an older job's is stale."""

    number: int
    value: object


@dataclass(frozen=True, slots=True)
class BranchLook:
    """One branch of the tree."""

    number: int
    parent: int | None
    fork: int
    newest: int
    diverged_at: int | None = None


class History:
    """A branch and its ancestors, to be read from any thread while the run goes on.

    Rows once recorded never change; ``newest`` is as far as this look knows of.
    """

    def __init__(self, branch: Branch) -> None:
        self._branch = branch
        self.newest = branch.newest

    def row(self, step: int) -> dict[str, float] | None:
        """Return what was recorded of a step, from 1 on; None if only blocks are left."""
        return self._branch.row(step) if 0 < step <= self.newest else None

    def evaluation_at(self, step: int) -> dict[str, float] | None:
        """Return the newest evaluation at or before a step."""
        return self._branch.evaluation_at(min(step, self.newest))

    def envelope(self, column: str, first: int, last: int, pixels: int) -> list[Envelope]:
        """Return a column between two steps, a part a branch; ``rows`` are steps."""
        return self._branch.envelope(column, first, min(last, self.newest), pixels)

    def evaluations(self) -> dict[str, npt.NDArray[np.float64]]:
        """Return all evaluations along the lineage, oldest first, by column."""
        parts = [
            (b.evaluations.table(), min(last, self.newest))
            for b, last in self._branch.lineage()
        ]
        rows = np.concatenate([found[found[:, 0] <= last] for found, last in parts])
        names = self._branch.evaluations.names
        return dict(zip(names, np.ascontiguousarray(rows.T), strict=True))


@dataclass(frozen=True, slots=True)
class RunLook:
    """The run as it is at the cursor; every view draws from this and nothing newer.

    ``run`` numbers the run itself, ``experiment`` is what it began from, ``settings`` are in
    force for the step after the cursor, ``used`` those under which the cursor's was done;
    ``numbers`` are those recorded of the cursor's step (of the iteration in progress while
    there is one), ``batch`` the rows of ``data.x`` it used (the first step's, before any);
    ``answers`` what watched questions found, by name.
    """

    run: int
    title: str
    experiment: Experiment
    settings: Experiment
    used: Experiment
    step: int
    newest: int
    phase: int
    playing: bool
    speed: float | None
    steps_per_second: float
    branch: int
    branches: tuple[BranchLook, ...]
    history: History
    edits: tuple[Edit, ...]
    data: Data
    batch: npt.NDArray[np.int64]
    numbers: dict[str, float] | None
    evaluation: dict[str, float] | None
    device: str
    precision: str
    timeline_bytes: int
    notice: str
    horizon: int
    answers: Mapping[str, Any] = field(default_factory=dict)
