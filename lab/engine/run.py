"""A run: a trainer with its history. Step, seek, branch, edit; no thread, no Qt.

    from lab.engine.run import Run
    from lab.presets import load

    run = Run(load("digits-mlp"))
    run.advance(200)
    print(run.timeline.current.row(200), run.trainer.evaluate())

The cursor is the step that is looked at. At the newest step it follows the run; before it,
``bench`` is a second trainer brought to that step, and going on from there begins a branch.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import torch

from lab.engine import hand_edits
from lab.engine.autopsy import Diverged, Finding, find, find_after_update
from lab.engine.device import Device, repeat_exactly
from lab.engine.edits import (
    WEIGHTS,
    Edit,
    is_of_weights,
    require_replayable,
    settings_in,
    write_down,
)
from lab.engine.experiment import needs_reset
from lab.engine.kinds import ExperimentError
from lab.engine.memory import is_out_of_memory, release
from lab.engine.phases import Phase
from lab.engine.preflight import check_batches, check_early_stopping
from lab.engine.replay import bring, take_over_edits
from lab.engine.snapshots import never
from lab.engine.timeline import BUDGET, Branch, Timeline
from lab.engine.trainer import Trainer, norm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lab.engine.carrying import Kept
    from lab.engine.experiment import Experiment

MOST_RETRIES = 3
LARGE = 1e15
"""A gradient of this length may, squared and summed up, overflow what an optimizer keeps."""


class Run:
    """What an experiment becomes when it is carried out.

    Parameters
    ----------
    experiment
        What was asked for.
    device
        Where to compute; None: what the description wishes for, or the CPU.
    edits
        A log of edits to be made at their steps, as recorded by an earlier run.
    budget
        Bytes for history.
    keep
        Where to begin from, in place of first weights: a network that was, whose layers are
        looked for in this one, and how the log of edits names it. A log with it cannot be
        carried out from a description alone.

    Raises
    ------
    ExperimentError
        If the description cannot be trained.
    """

    def __init__(
        self,
        experiment: Experiment,
        device: Device | None = None,
        edits: Iterable[Edit] = (),
        budget: int = BUDGET,
        keep: Kept | None = None,
    ) -> None:
        torch.set_num_threads(experiment.threads)
        self.experiment = experiment
        self.trainer = Trainer(experiment, device)
        repeat_exactly(self.trainer.device)
        self.timeline = Timeline(experiment, budget)
        self.timeline.current.edits.extend(edits)
        self._check_log()
        self.notice = self._begin_from(keep) if keep else ""
        """What was kept of another network's weights, in words."""
        self.cursor = 0
        self.early_stop = ""
        self.is_leavable = False
        """Whether what is computed now may be left midway: a phase, and nothing else."""
        self._viewer: Trainer | None = None
        self._retries = 0
        self.is_hurried: Callable[[], bool] = never  # somebody waits for the pause
        self._led_here = experiment  # the description that led to the newest step
        self._made: tuple[tuple[str, Any], ...] = ()  # the edits since, as far as taken over
        self._set: dict[hand_edits.Number, float] = {}  # weights set by hand since, the same
        self.timeline.keep_state(0, self.trainer.state.vector)
        self.timeline.keep_evaluation(0, self.trainer.evaluate())
        self._make_first_edits()

    def _begin_from(self, keep: Kept) -> str:
        from lab.engine.carrying import carried

        mine = self.trainer.network.state_dict()
        layers = self.experiment.layers
        known = keep.origins
        found = carried(keep.layers, keep.tensors, layers, mine, grow=keep.grow, origins=known)
        if found.tensors:
            self.trainer.load_weights({**mine, **found.tensors})
            source = f"{keep.source} ({found.count})"
            self.timeline.current.edits.insert(0, Edit(0, WEIGHTS, None, source))
        return found.words

    @property
    def newest(self) -> int:
        """The last step carried out on the current branch."""
        return self.timeline.current.newest

    @property
    def phase(self) -> Phase:
        """How far the iteration in progress has come."""
        return self.trainer.phase if self.cursor == self.newest else Phase.READY

    @property
    def bench(self) -> Trainer:
        """The trainer as it was at the cursor; for looking, not for stepping."""
        if self.cursor == self.newest or self._viewer is None:
            return self.trainer
        return self._viewer

    def step(self) -> None:
        """Carry out one iteration from the cursor on, or finish the one in progress.

        Raises
        ------
        Diverged
            If it meets a number that is not finite; the state before it stands.
        """
        self._guarded(self._carry_out_rest)
        while self.trainer.phase:  # begun anew in smaller pieces
            self._guarded(self._carry_out_rest)

    def advance(self, steps: int) -> None:
        """Carry out many iterations, or fewer if early stopping ends them."""
        began, self.early_stop = perf_counter(), ""
        for _ in range(steps):
            self.step()
            if self.early_stop:
                break
        self.note_pace((perf_counter() - began) / max(steps, 1))

    def note_pace(self, step_s: float) -> None:
        """Tell the time line how long a step takes; it thins old snapshots by that."""
        mean = self.timeline.step_s or step_s
        self.timeline.step_s = 0.8 * mean + 0.2 * step_s

    def advance_phase(self) -> None:
        """Carry out the next of the four phases of an iteration, recording the last.

        When memory runs out the iteration begins anew in smaller pieces, three times at most.
        """
        self._guarded(self._carry_out_phase)

    def _guarded(self, carry_out: Callable[[], None]) -> None:
        if self.cursor < self.newest:
            self.branch(self.cursor)
        short_of_memory = False
        try:
            carry_out()
        except (RuntimeError, MemoryError) as error:
            is_updated = self.trainer.step_number > self.newest
            self._leave(Phase.BACKWARD if is_updated else self.trainer.phase)
            if not is_out_of_memory(error) or self._retries == MOST_RETRIES:
                self._retries = 0
                raise
            short_of_memory = True
        if short_of_memory:  # outside the handler, whose frames would keep the tensors alive
            self._begin_in_smaller_pieces()

    def _leave(self, failed: Phase) -> None:
        """Leave an iteration of which a phase has failed as if it had not begun."""
        if failed is not Phase.BACKWARD:
            self.trainer.abandon()
        elif self.trainer.phase or self.trainer.step_number > self.newest:
            self.trainer.abandon()
            self._bring_back()

    def _carry_out_rest(self) -> None:
        self._carry_out_phase()
        while self.trainer.phase:
            self._carry_out_phase()

    def _carry_out_phase(self) -> None:
        trainer = self.trainer
        if trainer.phase is Phase.READY:
            self._make_edits()
            self._leavable(trainer.forward)
        elif trainer.phase is Phase.FORWARD:
            trainer.loss()
        elif trainer.phase is Phase.LOSS:
            self._leavable(trainer.backward)
            if not (math.isfinite(trainer.loss_value) and math.isfinite(trainer.gradient_norm)):
                self._stop_at(find(trainer))
        else:
            self._update()

    def _leavable(self, phase: Callable[[], None]) -> None:
        self.is_leavable = True
        try:
            phase()
        finally:
            self.is_leavable = False

    def _begin_in_smaller_pieces(self) -> None:
        self._retries += 1
        release()
        now = self.settings
        self._log({"batches.micro": 2 * now.batches.micro})
        self.advance_phase()

    def _make_edits(self) -> None:
        """Take over what was edited at the newest step, and let go of what was taken back."""
        if not (self.timeline.current.edits or self._made or self._set):
            return
        self._make_edits_by_hand()
        changes = settings_in(self.timeline.current.changes_at(self.newest))
        wanted = tuple(changes.items())
        if wanted == self._made:
            return
        if self._made:
            self._bring_back()
        if changes:
            self.trainer.change(self.trainer.experiment.changed(changes))
        self._made = wanted

    def _make_edits_by_hand(self) -> None:
        """Set the weights that were set at the newest step, and put back those taken back."""
        changes = self.timeline.current.changes_at(self.newest)
        wanted = hand_edits.by_hand(changes)
        if self._set.keys() - wanted.keys():
            self._bring_back()
        elif wanted != self._set:
            self.trainer.set_weights(wanted)
            self._set = wanted

    def _make_first_edits(self) -> None:
        """Take over what is edited before the first step at once: its batch is on view."""
        if self.newest == 0:
            self._make_edits()

    def _bring_back(self) -> None:
        """Put the trainer where the newest step has left it."""
        bring(self.trainer, self.timeline.current, self.newest)
        self._led_here, self._made = self.trainer.experiment, ()
        self._set = hand_edits.by_hand(self.timeline.current.changes_at(self.newest))

    def _update(self) -> None:
        trainer = self.trainer
        numbers = trainer.loss_value, trainer.gradient_norm, trainer.learning_rate
        trainer.update()
        length = norm(trainer.state.values)
        if not (math.isfinite(length) and numbers[1] < LARGE):
            self._require_finite_state()
        self.timeline.current.steps.append((*numbers, length))
        self._retries, self._made, self._led_here = 0, (), trainer.experiment
        self._set = {}
        self.cursor = step = trainer.step_number
        if self.timeline.current.diverged_at is not None:
            self.timeline.current.diverged_at = None  # what stopped it has been got over
        self._keep_state(step)
        every = trainer.experiment.evaluate_every or trainer.batches.per_epoch
        if step % every == 0 or step == trainer.experiment.steps:
            self._evaluate(step)
        if self.timeline.current.edits:
            self._make_edits_by_hand()  # of a log: they are seen from this step on

    def _keep_state(self, step: int) -> None:
        """Keep a snapshot; without memory for it, or time, replay will have to do."""
        try:
            self.timeline.keep_state(step, self.trainer.state.vector, self.is_hurried)
            return
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        self.timeline.shrink()
        release()

    def _require_finite_state(self) -> None:
        """Go back behind an update that has broken weights or optimizer, and say which."""
        finding = find_after_update(self.trainer)
        if finding:
            self._bring_back()
            self._stop_at(finding)

    def _stop_at(self, finding: Finding) -> None:
        self.trainer.discard()
        self.timeline.current.diverged_at = finding.step
        raise Diverged(finding)

    def evaluate(self) -> None:
        """Measure loss and accuracy over both whole sets at the newest step, if nobody has."""
        found = self.timeline.current.evaluation_at(self.newest)
        if self.cursor == self.newest and (found is None or found["step"] < self.newest):
            self.timeline.keep_evaluation(self.newest, self.trainer.evaluate())

    def _evaluate(self, step: int) -> None:
        self.timeline.keep_evaluation(step, self.trainer.evaluate())
        patience = self.trainer.experiment.early_stopping.patience
        if patience and not self.early_stop:
            self._watch(patience)

    def _watch(self, patience: int) -> None:
        losses = self.timeline.current.evaluations.column("test_loss")
        if len(losses) <= patience:
            return
        best = losses[:-patience].min() - self.trainer.experiment.early_stopping.min_delta
        if losses[-patience:].min() >= best:
            self.early_stop = f"The test loss has not fallen for {patience} evaluations."

    # The time line.

    def seek(self, step: int) -> None:
        """Put the cursor on a step; what it shows is exact to the bit.

        Raises
        ------
        ExperimentError
            If the step has not been carried out.
        """
        self._require_done(step)
        self.trainer.discard()
        if step < self.newest:
            self._viewer = self._viewer or self._another_trainer()
            bring(self._viewer, self.timeline.current, step)
            if step == 0:  # the batch on view is that of the first step
                take_over_edits(self._viewer, self.timeline.current)
        elif self._made and step:
            self._bring_back()  # an iteration was left that had taken edits over
        self.cursor = step

    def _require_done(self, step: int) -> None:
        if not 0 <= step <= self.newest:
            raise ExperimentError(f"step: wanted 0 to {self.newest}, got {step}.")

    def _another_trainer(self) -> Trainer:
        return Trainer(self.experiment, self.trainer.device, self.trainer.data)

    def branch(self, step: int, changes: Mapping[str, Any] | None = None) -> Branch:
        """Begin a branch at a step, with other settings if asked; the cursor goes there.

        Settings not named are those in force for the step after it, as ``settings`` has them.

        Raises
        ------
        ExperimentError
            If the step has not been carried out, or a change needs the run to begin anew.
        """
        self._require_done(step)
        now = self._settings_at(step)
        self._check(changes or {}, now)
        self.trainer.discard()
        new = self.timeline.branch(step)
        self._bring_back()
        self.cursor, self.early_stop = step, ""
        self._log(changes or {})
        return new

    def load_weights(self, tensors: Mapping[str, Any], source: str) -> None:
        """Go on from other weights, on a branch that begins at the cursor.

        ``source`` names them in the log of edits. Optimizer state begins anew.

        Raises
        ------
        ExperimentError
            If names or shapes are not those of the network.
        """
        self.trainer.require_same_shapes(tensors)
        new = self.branch(self.cursor)
        self._bring_back()  # their snapshot is of before the edits made there
        self.trainer.load_weights(tensors)
        self.timeline.keep_state(self.cursor, self.trainer.state.vector)
        self.timeline.keep_evaluation(self.cursor, self.trainer.evaluate())
        new.edits[:] = [e for e in new.edits if not is_of_weights(e.what)]
        self._set = {}
        new.edits.append(Edit(self.cursor, WEIGHTS, None, source))
        self._make_first_edits()

    def set_weights(self, values: Mapping[hand_edits.Place, float]) -> dict[str, float]:
        """Set single weights from the cursor on, and return what they were, by name in the log.

        At the newest step they are set in place, before it on a branch that begins there. The
        log says so, and leads to the same bits again. What the optimizer remembers of these
        weights stays as it is.

        Raises
        ------
        ExperimentError
            If there is no such weight, or a value is not finite in the run's precision.
        """
        return self.set_named({hand_edits.what(p): value for p, value in values.items()})

    def set_named(self, values: Mapping[str, float]) -> dict[str, float]:
        """Do as `set_weights` does for weights by their name in the log."""
        wanted = {w: self._storable(w, value) for w, value in values.items()}
        if not wanted:
            return {}
        old = {w: self.bench.weight_at(hand_edits.number(w)).item() for w in wanted}
        if self.cursor < self.newest:
            self.branch(self.cursor)
        self.trainer.discard()
        made = [Edit(self.newest, w, old[w], new) for w, new in wanted.items()]
        hand_edits.write_down(self.timeline.current.edits, self.newest, made)
        self._make_edits_by_hand()
        self._make_first_edits()
        return old

    def _storable(self, what: str, value: Any) -> float:
        """Return a value as the network's type of numbers holds it."""
        wanted = hand_edits.checked(what, value)
        place = self.trainer.weight_at(hand_edits.number(what))
        return hand_edits.checked(what, place.new_tensor(wanted).item())

    def switch(self, number: int) -> None:
        """Make another branch the current one; the cursor goes to its newest step.

        Raises
        ------
        ExperimentError
            If there is no such branch.
        """
        last = len(self.timeline.branches) - 1
        if not 0 <= number <= last:
            raise ExperimentError(f"branch: wanted 0 to {last}, got {number}.")
        self.trainer.discard()
        self.timeline.current = self.timeline.branches[number]
        self._bring_back()
        self._make_first_edits()
        self.cursor, self.early_stop = self.newest, ""

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change settings from the cursor on: logged here, or on a branch if it is the past.

        Raises
        ------
        ExperimentError
            If a value is out of range, or the change needs the run to begin anew.
        """
        now = self.settings
        self._check(changes, now)
        if self.cursor < self.newest:
            self.branch(self.cursor, changes)
        else:
            self.trainer.discard()
            self._log(changes)
            if self._made:  # by an iteration that is left: what is on view is what comes next
                self._make_edits()

    @property
    def settings(self) -> Experiment:
        """The description in force for the step after the cursor."""
        return self._settings_at(self.cursor)

    @property
    def used(self) -> Experiment:
        """The description under which the cursor's step was carried out."""
        if self.cursor == self.newest:
            return self._led_here
        return self.timeline.current.experiment_at(self.cursor)

    def _settings_at(self, step: int) -> Experiment:
        owner = self.timeline.current.owner_of(step + 1)
        now = self._led_here if step == self.newest else owner.experiment_at(step)
        changes = settings_in(owner.changes_at(step))
        return now.changed(changes) if changes else now

    def _check(self, changes: Mapping[str, Any], now: Experiment) -> None:
        for path in changes:
            if needs_reset(path):
                raise ExperimentError(f"{path}: a change of this needs the run to begin anew.")
        data, after = self.trainer.data, now.changed(changes)
        check_batches(after, len(data.train))
        check_early_stopping(after, len(data.test))

    def _check_log(self) -> None:
        """Refuse a log of edits that cannot be carried out, before the first step."""
        require_replayable(self.timeline.current.edits)
        now = self.experiment
        for edit in self.timeline.current.edits:
            if is_of_weights(edit.what):
                self._storable(edit.what, edit.new)
                continue
            self._check({edit.what: edit.new}, now)
            now = now.changed({edit.what: edit.new})

    def _log(self, changes: Mapping[str, Any]) -> None:
        """Write down what changes from the newest step on."""
        if changes:
            after = self._settings_at(self.newest).changed(changes)
            write_down(self.timeline.current.edits, self.newest, self._led_here, after)
        self._make_first_edits()
