"""The thread that owns the run: commands between iterations, jobs and training in turns.

Commands return at once and are carried out here; what comes of them are events, which are
never lost, and looks, of which the newest always arrives. A look is made only when the window
has taken the last one, so what no one can see is not computed.
"""

from __future__ import annotations

import logging
from functools import partial
from threading import Event as Flag
from threading import Thread
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.engine.commands import Commands
from lab.engine.jobs import Jobs, described
from lab.engine.kinds import ExperimentError
from lab.engine.looks import look_at
from lab.engine.mailbox import Mailbox
from lab.engine.news import Event, Status
from lab.engine.pace import Pace
from lab.engine.seeds import next_seed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lab.engine.carrying import Keep, Kept
    from lab.engine.experiment import Experiment
    from lab.engine.hand_edits import Before, Place
    from lab.engine.jobs import Job
    from lab.engine.looks import Question
    from lab.engine.run import Run
    from lab.engine.timeline import Edit

log = logging.getLogger(__name__)

BURST_S = 0.008
HOLD_S = 0.05
"""The longest that a frame of the window may hold training up, whatever becomes of it."""
KEPT_RUNS = 2
"""The run under way and the one before it, so that a reset can be undone."""


class Worker:
    """One thread, one run, its jobs and its watched questions.

    ``on_event`` is called in the worker's thread, after the look the event speaks of has been
    put into ``mailbox`` under ``run``.
    """

    def __init__(self, on_event: Callable[[Event], None]) -> None:
        self.mailbox = Mailbox()
        self._on_event = on_event
        self._commands = Commands()
        self._wake, self._go = Flag(), Flag()
        self._go.set()
        self._jobs = Jobs(self.mailbox, self._tell, self._wake.set)
        self._questions: dict[str, Question] = {}
        self._runs: dict[int, Run] = {}
        self._origins: dict[int, int] = {}  # which run's weights a run has begun from
        self._run: Run | None = None
        self._number = 0
        self._playing, self._played_from = False, 0
        self._until: int | None = None  # the step to stop at; None: the horizon
        self._pace = Pace()
        self._dirty = self._closing = self._is_training = False
        self._thread = Thread(target=self._loop, name="lab-engine")
        self._thread.start()

    # Called from any thread: each only leaves a command behind.

    def post(self, command: Callable[[], None], *, at_once: bool = False) -> None:
        """Have something carried out between two iterations.

        ``at_once`` leaves a long iteration of training midway; a step asked for is finished.
        """
        self._commands.add(command, at_once=at_once)
        self._wake.set()

    def load(
        self,
        experiment: Experiment,
        edits: Iterable[Edit] = (),
        *,
        adapt: bool = False,
        keep: Keep | None = None,
    ) -> None:
        """Begin a run; the one before it is kept with its history.

        ``adapt`` lets loss and network follow data that they do not fit; ``keep`` has it begin
        from the weights of layers that were there before.
        """
        begin = self._load_adapted if adapt else self._load
        self.post(partial(begin, experiment, tuple(edits), keep=keep), at_once=True)

    def recall(self, number: int, otherwise: Experiment) -> None:
        """Go back to an earlier run, or begin it anew where it is kept no more."""
        self.post(partial(self._recall, number, otherwise), at_once=True)

    def play(self, until: int | None = None) -> None:
        """Train until told otherwise, or until a step."""
        self.post(partial(self._play, until))

    def pause(self) -> None:
        """Stop training after the iteration in progress, or amid a long one."""
        self.post(self._pause, at_once=True)

    def step(self) -> None:
        """Carry out one iteration; in the past, go on by one step."""
        self.post(self._step, at_once=True)

    def phase(self) -> None:
        """Carry out one phase of an iteration."""
        self.post(self._phase, at_once=True)

    def seek(self, step: int, relative: bool = False) -> None:
        """Put the cursor on a step, or move it by so many."""
        self.post(partial(self._seek, step, relative), at_once=True)

    def run_to(self, step: int) -> None:
        """Go to a step, training if it lies ahead."""
        self.post(partial(self._run_to, step))

    def branch(self, step: int, changes: Mapping[str, Any]) -> None:
        """Begin a branch at a step with other settings."""
        self.post(partial(self._with_run, "branch", step, dict(changes)), at_once=True)

    def switch(self, number: int) -> None:
        """Go to another branch."""
        self.post(partial(self._with_run, "switch", number), at_once=True)

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change settings that may change while the run goes on."""
        self.post(partial(self._with_run, "edit", dict(changes)))

    def load_weights(self, tensors: Mapping[str, Any], source: str) -> None:
        """Take over weights, on a branch of their own."""
        self.post(partial(self._with_run, "load_weights", dict(tensors), source), at_once=True)

    def set_weights(self, values: Mapping[Place, float], before: Before | None = None) -> None:
        """Set single weights from the cursor on; ``before`` is told what they were."""
        self.post(partial(self._set_weights, dict(values), before))

    def take_back(self, before: Before) -> None:
        """Give weights that were set the values they had."""
        self.post(partial(self._take_back, before))

    def reset(self, new_seed: bool = False) -> None:
        """Begin the run anew, from the same initial weights or from others."""
        self.post(partial(self._reset, new_seed), at_once=True)

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most so fast; None: as fast as possible."""
        self.post(partial(self._set_speed, steps_per_second))

    def watch(self, name: str, question: Question) -> None:
        """Have a question answered in every look."""
        self.post(partial(self._watch, name, question))

    def unwatch(self, name: str) -> None:
        """Have a question answered no more."""
        self.post(partial(self._unwatch, name))

    def submit(self, channel: str, job: Job) -> int:
        """Begin a job in place of whatever runs on its channel, and return its number."""
        number = next(Jobs.numbers)
        self.post(partial(self._submit, channel, number, job))
        return number

    def cancel(self, channel: str) -> None:
        """End a job at its next place to stop."""
        self.post(partial(self._jobs.cancel, channel))

    def take(self) -> dict[str, Any]:
        """Take what is new; the next look is made only after this."""
        taken = self.mailbox.take()
        if self._dirty:
            self._wake.set()
        return taken

    def hold(self) -> None:
        """Have training wait between two iterations, for the length of a frame.

        Why: two threads that both want the interpreter's lock at every call hand it to and
        fro, and a frame takes three times as long; in turns each goes at its full speed.
        """
        self._go.clear()

    def go_on(self) -> None:
        """Let training go on after ``hold``."""
        self._go.set()

    def close(self, timeout: float = 2.0) -> None:
        """End everything and wait for the thread.

        Raises
        ------
        TimeoutError
            If an iteration takes longer than ``timeout`` seconds.
        """
        self._closing = True
        self._wake.set()
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError(f"the engine is still busy after {timeout} s")

    # From here on: the worker's thread.

    def _loop(self) -> None:
        while not self._closing:
            self._wake.clear()
            self._carry_out_commands()
            self._train()
            self._guarded(self._jobs.take_turns)
            self._guarded(self._look)
            if not (self._commands or self._jobs or self._closing):
                self._wake.wait(self._pace.rest if self._playing else None)
        self._jobs.cancel_all()

    def _carry_out_commands(self) -> None:
        while self._commands and not self._closing:
            self._dirty = True
            self._guarded(self._commands.take())

    def _is_hurried(self) -> bool:
        """Whether training is to be left; a step that was asked for only when all ends."""
        return self._closing or (self._is_training and self._commands.is_urgent)

    def _guarded(self, command: Callable[[], None]) -> None:
        """Carry something out; what goes wrong becomes an event, and the thread goes on."""
        from lab.engine.interrupts import Interrupted

        failure: tuple[Status, str, str] | None = None
        try:
            command()
        except Interrupted:
            self._abandon()
        except ExperimentError as error:
            failure = (Status.REFUSED, *described(error))
        except ArithmeticError as error:
            failure = self._divergence(error)
        except Exception as error:
            log.exception("a command of the run failed")
            failure = (Status.FAILED, *described(error))
        if failure:  # outside the handlers, whose frames would keep tensors alive
            self._fail(*failure)

    def _divergence(self, error: ArithmeticError) -> tuple[Status, str, str]:
        from lab.engine.autopsy import Diverged

        text, detail = described(error)
        if not isinstance(error, Diverged):
            return Status.FAILED, text, detail
        cure = (
            f"Step {error.finding.step - 1} stands: lower the learning rate or clip, and go on."
        )
        return Status.DIVERGED, f"{error} {cure}", ""

    def _fail(self, status: Status, text: str, detail: str) -> None:
        if status is not Status.REFUSED:
            self._playing = False
        if status is Status.FAILED:
            self._abandon()
        self._tell(Event("run", self._number, status, text, detail, self._cursor()))

    def _abandon(self) -> None:
        """Leave the iteration in progress; a device that has failed may fail here as well."""
        try:
            if self._run:
                self._run.trainer.abandon()
        except Exception:
            log.exception("the iteration could not be left")

    def _cursor(self) -> int | None:
        return self._run.cursor if self._run else None

    def _tell(self, event: Event) -> None:
        self._dirty = True
        try:
            self._look(forced=True)
        except Exception:  # the word itself must not be lost
            log.exception("no look could be made")
        self._on_event(event)

    def _tell_run(self, status: Status, text: str = "") -> None:
        self._tell(Event("run", self._number, status, text, step=self._cursor()))

    def _look(self, *, forced: bool = False) -> None:
        if self._run is None or not self._dirty:
            return
        if self.mailbox.holds("run") and not forced:
            return
        self._dirty = False
        look = look_at(self._run, self._number, self._pace, self._playing, self._answers())
        self.mailbox.put("run", look)

    def _answers(self) -> dict[str, object]:
        assert self._run is not None
        answers: dict[str, object] = {}
        for name, question in list(self._questions.items()):
            try:
                answers[name] = question(self._run.bench)
            except Exception as error:
                log.exception("the question %r failed", name)
                del self._questions[name]
                self._on_event(Event(name, 0, Status.FAILED, *described(error)))
        return answers

    # Training.

    def _train(self) -> None:
        if self._playing and self._pace.is_due:
            self._is_training = True
            self._guarded(self._burst)
            self._is_training = False

    def _burst(self) -> None:
        """Carry out iterations for some milliseconds, or the one that is due."""
        run = self._live()
        until = self._end_of(run)
        began, before = perf_counter(), run.newest
        self._dirty = True
        deadline = began + BURST_S
        try:
            while True:
                run.step()
                if not self._go.is_set():
                    self._go.wait(HOLD_S)
                if run.cursor >= until or run.early_stop:
                    break
                if self._pace.is_limited or self._commands or perf_counter() > deadline:
                    return
        finally:
            self._pace.note(max(run.newest - before, 0), perf_counter() - began)
            run.note_pace(self._pace.step_s)
        self._playing = False
        self._tell_run(Status.FINISHED, run.early_stop or f"Step {run.cursor:,} is reached.")
        run.early_stop = ""

    def _end_of(self, run: Run) -> int:
        """The step to stop at: the one asked for, or the horizon as it is set by now.

        Who plays on from behind the horizon goes on without an end.
        """
        if self._until is not None:
            return self._until
        horizon = run.settings.steps
        return horizon if self._played_from < horizon else 2**62

    def _live(self) -> Run:
        if self._run is None:
            raise ExperimentError("There is no run yet: open a preset or a file.")
        return self._run

    def _load_adapted(
        self, experiment: Experiment, edits: tuple[Edit, ...], keep: Keep | None = None
    ) -> None:
        from lab.engine.adapting import adapted

        fitting, said = adapted(experiment)
        self._load(fitting, edits, said, keep)

    def _load(
        self,
        experiment: Experiment,
        edits: tuple[Edit, ...],
        notice: str = "",
        keep: Keep | None = None,
    ) -> None:
        from lab.engine.interrupts import install
        from lab.engine.run import Run
        from lab.engine.timeline import BUDGET

        begin_from = self._origin(keep) if keep else None
        try:
            budget = BUDGET // KEPT_RUNS
            made = Run(experiment, edits=edits, budget=budget, keep=begin_from)
        except Exception:
            self._keep_threads()
            raise
        install(made, self._is_hurried)
        self._adopt(made, max(self._runs, default=0) + 1)
        self._runs[self._number] = made
        if begin_from and begin_from.run:
            self._origins[self._number] = begin_from.run
        self._let_go()
        said = (notice or made.trainer.device.notice, made.notice)
        self._tell_run(Status.LOADED, " ".join(filter(None, said)))

    def _origin(self, keep: Keep) -> Kept | None:
        """Return the network to begin from: of a run that no one has trained, its own origin.

        Why: a layer that is made wider and narrower again in one gesture has lost nothing.
        """
        from lab.engine.carrying import Kept
        from lab.engine.edits import WEIGHTS, is_of_weights
        from lab.engine.exports import snapshot

        if keep.network is not None:
            return keep.network
        number = self._number if keep.run is None else keep.run
        while number in self._origins and self._origins[number] in self._runs:
            run = self._runs.get(number)
            made = run.timeline.current.all_edits() if run else ()
            by_hand = any(is_of_weights(e.what) and e.what != WEIGHTS for e in made)
            if run and (run.newest > 0 or len(run.timeline.branches) > 1 or by_hand):
                break
            number = self._origins[number]
        run = self._runs.get(number)
        if run is None:
            return None
        source = f"run {number}, step {run.cursor}"
        tensors = snapshot(run.bench)
        known = keep.origins
        return Kept(run.experiment.layers, tensors, source, number, keep.grow, known)

    def _let_go(self) -> None:
        """Keep few runs: one that has not been trained goes before one that has."""
        while len(self._runs) > KEPT_RUNS:
            earlier = [n for n in self._runs if n != self._number]
            gone = min(earlier, key=lambda n: (self._runs[n].newest > 0, n))
            del self._runs[gone]

    def _recall(self, number: int, otherwise: Experiment) -> None:
        if number not in self._runs:
            self._load(otherwise, ())
            return
        self._adopt(self._runs[number], number)
        self._tell_run(Status.LOADED)

    def _adopt(self, run: Run, number: int) -> None:
        self._jobs.cancel_all()
        self._run, self._number, self._playing = run, number, False
        self._pace.forget()
        self._keep_threads()

    def _keep_threads(self) -> None:
        """Compute with as many threads as the run's description says: they decide its bits."""
        from lab.engine.device import use_threads

        if self._run:
            use_threads(self._run.experiment.threads)

    def _reset(self, new_seed: bool) -> None:
        now = self._live().settings
        seed = next_seed(now.seed) if new_seed else now.seed
        self._load(now.changed({"seed": seed}), ())

    def _play(self, until: int | None) -> None:
        run = self._live()
        self._until, self._played_from = until, run.cursor
        if not self._playing:
            self._playing = True
            self._pace.forget()
            self._tell_run(Status.STARTED)

    def _pause(self) -> None:
        if self._playing:
            self._playing = False
            self._tell_run(Status.PAUSED)

    def _step(self) -> None:
        self._pause()
        run = self._live()
        if run.cursor < run.newest:
            run.seek(run.cursor + 1)
        else:
            run.step()

    def _phase(self) -> None:
        self._pause()
        self._live().advance_phase()

    def _seek(self, step: int, relative: bool) -> None:
        self._pause()
        run = self._live()
        run.seek(max(run.cursor + step, 0) if relative else step)

    def _run_to(self, step: int) -> None:
        run = self._live()
        if step <= run.newest:
            self._seek(step, relative=False)
        else:
            run.seek(run.newest)
            self._play(step)

    def _set_weights(self, values: dict[Place, float], before: Before | None) -> None:
        old = self._live().set_weights(values)
        if before is not None:
            before.note(old)

    def _take_back(self, before: Before) -> None:
        self._live().set_named(before.values)

    def _with_run(self, action: str, *arguments: Any) -> None:
        getattr(self._live(), action)(*arguments)

    def _watch(self, name: str, question: Question) -> None:
        self._questions[name] = question

    def _unwatch(self, name: str) -> None:
        self._questions.pop(name, None)

    def _set_speed(self, steps_per_second: float | None) -> None:
        self._pace.limit = steps_per_second

    def _submit(self, channel: str, number: int, job: Job) -> None:
        try:
            run = self._live()
        except ExperimentError as error:
            self._tell(Event(channel, number, Status.REFUSED, str(error)))
        else:
            self._jobs.start(channel, number, job, run)
