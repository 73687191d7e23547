"""The worker thread: commands, looks, events, jobs; queues instead of sleeps."""

from __future__ import annotations

import gc
import queue
import threading
import weakref
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from lab.engine import interrupts
from lab.engine.edits import Edit
from lab.engine.experiment import Experiment, experiment
from lab.engine.interrupts import Interrupted, install
from lab.engine.news import Event, Partial, RunLook, Status
from lab.engine.run import Run
from lab.engine.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TIMEOUT = 30
WILD = {
    "loss": "mse_loss",
    "layers": [{"kind": "linear"}],
    "optimizer": {"kind": "sgd", "learning_rate": 1e6},
}
"""A line that diverges within a few steps."""


class Desk:
    """What a window would do: take looks, collect events."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.worker = Worker(self.events.put)

    def next_event(self, *wanted: Status) -> Event:
        while True:
            event = self.events.get(timeout=TIMEOUT)
            if not wanted or event.status in wanted:
                return event

    def look(self, until: Callable[[RunLook], bool]) -> RunLook:
        """Take looks until one satisfies; each take lets the next be made."""
        deadline = threading.Event()
        for _ in range(TIMEOUT * 200):
            found = self.worker.take().get("run")
            if found is not None and until(found):
                return found
            deadline.wait(0.005)
        raise AssertionError("no such look arrived")


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.worker.close(10)


def playground(**changes: Any) -> Experiment:
    layers = [{"kind": "linear", "units": 4}, "tanh", {"kind": "linear"}]
    described = {
        "data": {"kind": "circle", "samples": 60},
        "layers": layers,
        "loss": "binary_cross_entropy_with_logits",
        "batches": {"size": 10},
        "steps": 100_000,
    }
    return experiment({**described, **changes})


def test_a_command_before_any_run_is_refused_in_words(desk: Desk) -> None:
    desk.worker.step()
    event = desk.next_event()
    assert event.status is Status.REFUSED
    assert "open a preset" in event.text


def test_step_is_exactly_one_iteration_and_equals_the_run_without_a_thread(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.watch("weights", lambda bench: bench.state.vector.numpy().copy())
    desk.worker.step()
    look = desk.look(lambda seen: seen.step == 1 and "weights" in seen.answers)
    alone = Run(playground())
    alone.step()
    np.testing.assert_array_equal(look.answers["weights"], alone.trainer.state.vector.numpy())
    assert look.newest == 1


def test_phases_stop_within_the_iteration_and_tell_its_numbers(desk: Desk) -> None:
    desk.worker.load(playground())
    seen = []
    for phase in (1, 2, 3, 0):
        desk.worker.phase()
        seen.append(desk.look(lambda look, p=phase: look.phase == p))
    assert [s.step for s in seen] == [0, 0, 0, 1]
    assert "loss" not in (seen[0].numbers or {})
    assert seen[1].numbers is not None
    assert seen[3].numbers is not None
    assert seen[1].numbers["loss"] == seen[3].numbers["loss"]


def test_play_until_the_horizon_and_the_last_look_precedes_the_word(desk: Desk) -> None:
    desk.worker.load(playground(steps=50))
    desk.worker.play()
    desk.next_event(Status.FINISHED)
    look = desk.worker.take()["run"]
    assert look.step == look.newest == 50
    assert not look.playing


@pytest.mark.fault("T5")
def test_start_and_stop_two_hundred_times_is_a_state_machine(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.next_event(Status.LOADED)
    for _ in range(200):
        desk.worker.play()
        desk.worker.play()
        desk.worker.pause()
        desk.worker.pause()
    states = [desk.next_event().status for _ in range(400)]
    assert states == [Status.STARTED, Status.PAUSED] * 200
    assert desk.events.empty()


def test_the_past_is_walked_through_and_playing_on_from_it_branches(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.run_to(20)
    desk.next_event(Status.FINISHED)
    desk.worker.seek(5)
    desk.worker.step()
    assert desk.look(lambda look: look.step == 6).newest == 20
    desk.worker.run_to(25)
    desk.next_event(Status.FINISHED)
    assert desk.look(lambda look: look.step == 25).branch == 0
    desk.worker.seek(10)
    desk.worker.play(12)
    desk.next_event(Status.FINISHED)
    look = desk.look(lambda seen: seen.step == 12)
    assert [(b.parent, b.fork, b.newest) for b in look.branches] == [(None, 0, 25), (0, 10, 12)]


def test_an_edit_is_logged_where_it_took_effect(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.run_to(3)
    desk.next_event(Status.FINISHED)
    desk.worker.edit({"optimizer.learning_rate": 0.5})
    look = desk.look(lambda seen: bool(seen.edits))
    edit = look.edits[0]
    assert (edit.step, edit.what, edit.old, edit.new) == (
        3,
        "optimizer.learning_rate",
        0.001,
        0.5,
    )
    assert look.settings.optimizer["learning_rate"] == 0.5


@pytest.mark.fault("N6")
@pytest.mark.parametrize("rate", [-1, float("nan"), float("inf"), "", 1e30])
def test_an_impossible_learning_rate_is_refused_and_changes_nothing(
    desk: Desk, rate: object
) -> None:
    desk.worker.load(playground())
    desk.worker.edit({"optimizer.learning_rate": rate})
    assert "optimizer.learning_rate" in desk.next_event(Status.REFUSED).text
    desk.worker.step()
    assert desk.look(lambda look: look.step == 1).edits == ()


def test_answers_are_of_the_step_under_the_cursor(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.watch("step", lambda bench: bench.step_number)
    desk.worker.run_to(30)
    desk.next_event(Status.FINISHED)
    for step in (7, 0, 30, 12):
        desk.worker.seek(step)
        assert desk.look(lambda look, k=step: look.step == k).answers["step"] == step


@pytest.mark.fault("T8")
def test_looks_keep_their_answers_though_the_run_goes_on(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.watch("w", lambda bench: bench.state.vector.numpy().copy())
    desk.worker.play()
    first = desk.look(lambda look: "w" in look.answers)
    kept = first.answers["w"].copy()
    desk.look(lambda look: look.step > first.step + 100)
    np.testing.assert_array_equal(first.answers["w"], kept)
    alone = Run(playground())
    alone.advance(first.step)
    np.testing.assert_array_equal(kept, alone.trainer.state.vector.numpy())


@pytest.mark.fault("T1")
def test_a_failing_question_is_told_once_and_asked_no_more(desk: Desk) -> None:
    asked = count()

    def wrong(bench: object) -> object:
        raise ZeroDivisionError(f"question {next(asked)}")

    desk.worker.load(playground())
    desk.worker.watch("wrong", wrong)
    desk.worker.step()
    desk.look(lambda look: look.step == 1)
    event = desk.next_event(Status.FAILED)
    assert event.channel == "wrong"
    assert "ZeroDivisionError" in event.text
    assert "Traceback" in event.detail
    desk.worker.run_to(10)
    desk.next_event(Status.FINISHED)
    assert next(asked) == 1


def test_a_job_yields_partial_results_beside_training(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.play()
    number = desk.worker.submit("squares", lambda run: (n * n for n in range(5)))
    event = desk.next_event(Status.FINISHED)
    assert (event.channel, event.number) == ("squares", number)
    assert desk.worker.take()["squares"] == Partial(number, 16)


def test_a_job_before_any_run_is_refused_on_its_own_channel(desk: Desk) -> None:
    number = desk.worker.submit("early", lambda run: (n for n in range(5)))
    event = desk.next_event()
    assert (event.channel, event.number, event.status) == ("early", number, Status.REFUSED)
    assert "open a preset" in event.text
    assert event.is_last


def test_a_job_that_cannot_begin_fails_on_its_own_channel(desk: Desk) -> None:
    desk.worker.load(playground())
    number = desk.worker.submit("bad", lambda run: 1 / 0)  # type: ignore[arg-type,return-value]
    event = desk.next_event(Status.FAILED)
    assert (event.channel, event.number, event.is_last) == ("bad", number, True)


@pytest.mark.fault("T1")
@pytest.mark.fault("T2")
def test_a_failing_job_spares_training_and_the_other_jobs(desk: Desk) -> None:
    def bad(run: Run) -> Iterator[int]:
        yield 1
        raise ValueError("no such thing")

    desk.worker.load(playground())
    desk.worker.play()
    desk.worker.submit("good", lambda run: iter(count()))  # type: ignore[arg-type,return-value]
    desk.worker.submit("bad", bad)  # type: ignore[arg-type]
    event = desk.next_event(Status.FAILED)
    assert event.channel == "bad"
    assert "no such thing" in event.text
    step = desk.look(lambda look: True).step
    assert desk.look(lambda look: look.step > step).playing


def test_cancelling_runs_the_finally_block(desk: Desk) -> None:
    begun, closed = threading.Event(), threading.Event()

    def endless(run: Run) -> Iterator[int]:
        begun.set()
        try:
            yield from count()
        finally:
            closed.set()

    desk.worker.load(playground())
    desk.worker.submit("endless", endless)  # type: ignore[arg-type]
    assert begun.wait(TIMEOUT)
    desk.worker.cancel("endless")
    assert desk.next_event(Status.CANCELLED).channel == "endless"
    assert closed.is_set()


@pytest.mark.fault("M1")
def test_divergence_pauses_at_its_step_and_keeps_the_state_before(desk: Desk) -> None:
    desk.worker.load(playground(**WILD))
    desk.worker.play()
    event = desk.next_event(Status.DIVERGED)
    look = desk.worker.take()["run"]
    diverged = look.branches[0].diverged_at
    assert event.text.startswith(f"Step {diverged}:")
    assert look.step == look.newest == diverged - 1
    assert not look.playing
    desk.worker.watch("w", lambda bench: bench.state.vector.numpy().copy())
    weights = desk.look(lambda seen: "w" in seen.answers).answers["w"]
    assert np.isfinite(weights).all()


def test_a_reset_can_be_undone_with_its_history(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.run_to(15)
    desk.next_event(Status.FINISHED)
    first = desk.look(lambda look: look.step == 15)
    desk.worker.reset()
    fresh = desk.look(lambda look: look.run != first.run)
    assert fresh.newest == 0
    assert fresh.settings.seed == first.settings.seed
    desk.worker.recall(first.run, first.settings)
    back = desk.look(lambda look: look.run == first.run)
    assert back.newest == 15
    assert back.history.row(15) == first.history.row(15)


def test_a_new_seed_begins_from_other_weights(desk: Desk) -> None:
    desk.worker.load(playground())
    first = desk.look(lambda look: True)
    desk.worker.reset(new_seed=True)
    assert desk.look(lambda look: look.run != first.run).settings.seed != first.settings.seed


def test_speed_is_kept_to(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.worker.set_speed(50)
    desk.worker.play()
    look = desk.look(lambda seen: seen.steps_per_second > 0)
    assert 25 <= look.steps_per_second <= 55


@pytest.mark.fault("T5")
def test_a_pause_leaves_a_long_iteration_midway_and_it_is_repeated_to_the_bit(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause is asked for while the forward pass stands still within the network."""
    layers = [{"kind": "linear", "units": 1500}, "tanh"] * 3
    wide = playground(layers=[*layers, {"kind": "linear"}], batches={"size": 48})
    inside, asked = threading.Event(), threading.Event()

    def stand_still(module: object, inputs: object) -> None:
        if not asked.is_set():
            inside.set()
            assert asked.wait(TIMEOUT)

    desk.worker.load(wide)
    desk.next_event(Status.LOADED)
    run = desk.worker._run
    assert run is not None
    run.trainer.network[0].register_forward_pre_hook(stand_still)
    desk.worker.play()
    assert inside.wait(TIMEOUT)
    desk.worker.pause()
    asked.set()
    desk.next_event(Status.PAUSED)
    assert run.newest == 0  # the iteration was left, not finished
    desk.worker.step()
    desk.worker.watch("w", lambda bench: bench.state.vector.numpy().copy())
    seen = desk.look(lambda look: look.step == 1 and "w" in look.answers)
    alone = Run(wide)
    alone.step()
    np.testing.assert_array_equal(seen.answers["w"], alone.trainer.state.vector.numpy())


def test_a_question_is_not_interrupted_and_steps_asked_for_are_all_taken(desk: Desk) -> None:
    layers = [{"kind": "linear", "units": 1500}, "tanh"] * 3
    wide = playground(layers=[*layers, {"kind": "linear"}], batches={"size": 48})
    desk.worker.load(wide)
    desk.worker.watch("answers", lambda bench: bench.answers(bench.train_x).sum().item())
    for _ in range(5):
        desk.worker.step()
    look = desk.look(lambda seen: seen.step == 5)
    assert np.isfinite(look.answers["answers"])


def test_what_stopped_a_run_is_forgotten_once_it_is_got_over(desk: Desk) -> None:
    desk.worker.load(playground(**WILD))
    desk.worker.play()
    desk.next_event(Status.DIVERGED)
    stopped = desk.look(lambda look: look.branches[0].diverged_at is not None)
    desk.worker.seek(0)
    desk.worker.branch(0, {"optimizer.learning_rate": 1e-3})
    desk.worker.run_to(stopped.newest + 2)
    desk.next_event(Status.FINISHED)
    assert desk.look(lambda look: look.branch == 1).branches[1].diverged_at is None


@pytest.mark.fault("T5")
def test_an_interrupt_leaves_the_run_as_before_the_iteration() -> None:
    layers = [{"kind": "linear", "units": 1500}, "batch_norm", "tanh"] * 2
    run = Run(playground(layers=[*layers, {"kind": "linear"}], batches={"size": 24}))
    stop = threading.Event()
    assert install(run, stop.is_set) is False  # small batches: no hooks, no cost
    run = Run(playground(layers=[*layers * 2, {"kind": "linear"}], batches={"size": 48}))
    assert install(run, stop.is_set) is True
    before = run.trainer.state.vector.clone()
    stop.set()
    with pytest.raises(Interrupted):
        run.step()
    run.trainer.abandon()
    assert torch.equal(run.trainer.state.vector, before)
    stop.clear()
    run.step()
    assert run.newest == 1


@pytest.mark.fault("T5")
def test_nothing_of_a_backward_pass_that_was_left_stays_in_its_thread() -> None:
    """What stays is destroyed as the thread ends, which aborted the process now and then."""

    class Saved:
        def __init__(self, tensor: torch.Tensor) -> None:
            self.tensor = tensor.detach()

    saved: list[weakref.ref[Saved]] = []

    def pack(tensor: torch.Tensor) -> Saved:
        made = Saved(tensor)
        saved.append(weakref.ref(made))
        return made

    layers = [{"kind": "linear", "units": 1500}, "tanh"] * 4
    run = Run(playground(layers=[*layers, "linear"], batches={"size": 48}))
    stop = threading.Event()
    assert install(run, stop.is_set)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept.tensor):
        run.advance_phase()
        run.advance_phase()
    stop.set()  # the backward pass is left at its first gradient
    with pytest.raises(Interrupted) as left:
        run.advance_phase()
    del left  # its traceback holds the graph
    run.trainer.abandon()
    gc.collect()
    assert len(saved) > 4
    assert not any(ref() for ref in saved)


@pytest.mark.fault("T3")
def test_closing_in_the_midst_of_training_ends_the_thread() -> None:
    desk = Desk()
    desk.worker.load(playground())
    desk.worker.play()
    desk.look(lambda look: look.step > 10)
    desk.worker.close(10)
    assert not any(t.name == "lab-engine" for t in threading.enumerate())


@pytest.mark.fault("T5")
def test_every_step_asked_for_is_made_whatever_waits_behind_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interrupts, "LONG", 1)  # every iteration may be left
    desk.worker.load(playground())
    desk.worker.play()
    desk.look(lambda look: look.playing and look.newest > 5)
    desk.worker.pause()
    desk.next_event(Status.PAUSED)
    before = desk.look(lambda look: not look.playing).newest
    behind = [
        lambda: desk.worker.set_speed(None),
        lambda: desk.worker.watch("w", lambda bench: 1),
        desk.worker.step,
        desk.worker.pause,
    ]
    for nth, command in enumerate(behind):
        desk.worker.step()
        command()
        wanted = before + nth + 1 + (nth >= 2)
        desk.look(lambda look, wanted=wanted: look.newest == wanted)  # type: ignore[misc]
    desk.worker.phase()
    desk.worker.phase()
    desk.look(lambda look: look.phase == 2)


def test_a_device_that_fails_even_in_leaving_does_not_end_the_engine(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    desk.worker.load(playground())
    desk.next_event(Status.LOADED)
    assert desk.worker._run is not None
    for name in ("forward", "discard"):
        monkeypatch.setattr(desk.worker._run.trainer, name, broken)
    desk.worker.step()
    assert "unspecified launch failure" in desk.next_event(Status.FAILED).text
    desk.worker.load(playground(seed=2))
    desk.next_event(Status.LOADED)


def test_a_refused_load_leaves_the_threads_of_the_run_alone(desk: Desk) -> None:
    desk.worker.load(playground())
    desk.next_event(Status.LOADED)
    edit = Edit(3, "optimizer.learning_rate", 0.1, -1.0)
    desk.worker.load(playground(threads=2), [edit])
    desk.next_event(Status.REFUSED)
    desk.worker.watch("threads", lambda bench: torch.get_num_threads())
    look = desk.look(lambda found: "threads" in found.answers)
    assert look.answers["threads"] == look.experiment.threads == 1


def test_play_goes_on_to_a_horizon_set_while_it_runs(desk: Desk) -> None:
    desk.worker.load(playground(steps=300, schedule="cosine"))
    desk.worker.set_speed(400)
    desk.worker.play()
    desk.look(lambda look: look.newest > 20)
    desk.worker.edit({"steps": 350})
    desk.look(lambda look: look.horizon == 350)
    desk.worker.set_speed(None)
    assert desk.next_event(Status.FINISHED).text == "Step 350 is reached."
