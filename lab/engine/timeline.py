"""The history of a run: scalars and snapshots of every step, edits, branches that share a past.

Nothing is overwritten: going on from an earlier step begins a branch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lab.engine.edits import WEIGHTS, merged
from lab.engine.edits import Edit as Edit  # where a branch is, its edits are looked for
from lab.engine.series import Envelope, Series
from lab.engine.snapshots import Snapshots, never

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from lab.engine.bench import Evaluation
    from lab.engine.experiment import Experiment

STEP_COLUMNS = ("loss", "gradient_norm", "learning_rate", "weight_norm")
EVALUATION_COLUMNS = ("step", "train_loss", "accuracy", "test_loss", "test_accuracy")
BUDGET = 512 * 2**20
REPLAY_S = 0.05
SMALL = 2**20
"""A state of at most this many bytes is kept after every step."""


@dataclass
class Branch:
    """One line of steps, from ``fork`` (a step of ``parent``) on.

    ``steps`` holds a row for each step after the fork, ``evaluations`` one wherever the test
    set was asked. ``base`` is the description at the fork, before the edits made there.
    """

    number: int
    base: Experiment
    parent: Branch | None = None
    fork: int = 0
    edits: list[Edit] = field(default_factory=list)
    budget: int = BUDGET
    snapshots: list[Snapshots] = field(default_factory=list)
    diverged_at: int | None = None

    def __post_init__(self) -> None:
        self.steps = Series(STEP_COLUMNS, self.budget // 8)
        self.evaluations = Series(EVALUATION_COLUMNS, self.budget // 32)

    @property
    def newest(self) -> int:
        """The last step carried out on it."""
        return self.fork + len(self.steps)

    def experiment_at(self, step: int) -> Experiment:
        """Return the description that led to ``step``: edits made at it come after."""
        if self.parent and step <= self.fork:
            return self.parent.experiment_at(step)
        changes = merged(e for e in self.edits if e.step < step)
        return self.base.changed(changes) if changes else self.base

    def changes_at(self, step: int) -> dict[str, Any]:
        """Return what was edited after ``step`` and before the next."""
        return {e.what: e.new for e in self.edits if e.step == step}

    def all_edits(self) -> tuple[Edit, ...]:
        """Return the log of edits from step 0 on, the ancestors' first."""
        if not self.parent:
            return tuple(self.edits)
        before = (e for e in self.parent.all_edits() if e.step < self.fork)
        return (*before, *self.edits)

    def lineage(self) -> Iterator[tuple[Branch, int]]:
        """Yield the branches that lead here, root first, with the last step each gives."""
        if self.parent:
            for branch, last in self.parent.lineage():
                yield branch, min(last, self.fork)
        yield self, self.newest

    def owner_of(self, step: int) -> Branch:
        """Return the branch of the lineage on which a step was carried out."""
        return self.parent.owner_of(step) if self.parent and step <= self.fork else self

    def snapshot(self, step: int) -> tuple[Branch, int, Tensor]:
        """Return the nearest snapshot at or before a step: its owner, its step, the vector."""
        for kept in reversed(self.snapshots):
            found = kept.at_or_before(step)
            if found:
                return self, *found
        if self.parent is None:
            raise LookupError(f"no snapshot at or before step {step}")
        return self.parent.snapshot(min(step, self.fork))

    def row(self, step: int) -> dict[str, float] | None:
        """Return the recorded numbers of a step (from 1), or None if only blocks are left."""
        owner = self.owner_of(step)
        return owner.steps.row(step - owner.fork - 1) if step > 0 else None

    def evaluation_at(self, step: int) -> dict[str, float] | None:
        """Return the newest evaluation at or before a step."""
        for branch, last in reversed(list(self.lineage())):
            found = branch.evaluations.table()
            place = int(found[:, 0].searchsorted(min(step, last), side="right")) - 1
            if place >= 0:
                return dict(zip(EVALUATION_COLUMNS, found[place].tolist(), strict=True))
        return None

    def envelope(self, column: str, first: int, last: int, pixels: int) -> list[Envelope]:
        """Return a column of ``steps`` between two steps, a part a branch; rows are steps."""
        parts = []
        for branch, end in self.lineage():
            start, stop = max(first, branch.fork + 1), min(last, end)
            if start <= stop:
                offset = branch.fork + 1
                part = branch.steps.envelope(column, start - offset, stop - offset + 1, pixels)
                parts.append(Envelope(part.rows + offset, part.low, part.high, part.mean))
        return parts


class Timeline:
    """All branches of a run; ``current`` is the one that grows or is looked at."""

    def __init__(self, experiment: Experiment, budget: int = BUDGET) -> None:
        self.budget = budget
        self.current = Branch(0, experiment, budget=budget)
        self.branches = [self.current]
        self.step_s = 0.0
        """Mean time of a step, which decides how far apart key frames may lie."""

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return sum(
            b.steps.nbytes + b.evaluations.nbytes + sum(s.nbytes for s in b.snapshots)
            for b in self.branches
        )

    @property
    def spacing(self) -> int:
        """How many steps can be replayed within 50 ms."""
        return max(1, int(REPLAY_S / self.step_s)) if self.step_s else 1

    def keep_state(
        self, step: int, vector: Tensor, is_hurried: Callable[[], bool] = never
    ) -> None:
        """Keep a snapshot, if this is a step to keep and nobody gets in a hurry."""
        branch = self.current
        kept = branch.snapshots[-1] if branch.snapshots else None
        if kept is None or kept.length != len(vector):
            kept = Snapshots(vector, self._share())
            branch.snapshots.append(kept)
        elif kept.row_bytes > SMALL and step % self.spacing:
            return
        kept.add(step, vector, self.spacing, is_hurried)

    def _share(self) -> int:
        """Return the memory for one more collection of snapshots; the others give it up."""
        collections = [s for b in self.branches for s in b.snapshots]
        share = self.budget * 3 // 4 // (len(collections) + 1)
        for kept in collections:
            kept.set_budget(share, self.spacing)
        return share

    def shrink(self) -> None:
        """Make do with half the memory from now on, as a device has run out of it."""
        self.budget //= 2
        self._share()

    def keep_evaluation(self, step: int, found: Evaluation) -> None:
        """Keep what an evaluation after ``step`` updates has found, once."""
        column = self.current.evaluations.column("step")
        if not len(column) or column[-1] < step:
            row = (step, found.train_loss, found.accuracy, found.test_loss, found.test_accuracy)
            self.current.evaluations.append(row)

    def branch(self, step: int) -> Branch:
        """Begin a branch at a step of the current one, and make it current.

        It begins with what was edited there: left alone, it goes where the current one went.
        """
        following = self.current.owner_of(step + 1)
        edits = [e for e in following.edits if e.step == step]
        loaded = any(e.what == WEIGHTS for e in edits)  # their snapshot is the branch's own
        parent = following if loaded else self.current.owner_of(step)
        base = parent.experiment_at(step)
        number = len(self.branches)
        new = Branch(number, base, parent, step, edits, self.budget)
        self.branches.append(new)
        self.current = new
        return new
