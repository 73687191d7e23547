"""Memory that runs out: the iteration begins anew in smaller pieces; nothing else changes."""

from __future__ import annotations

import pytest
import torch

from lab.engine.memory import is_out_of_memory
from lab.engine.run import MOST_RETRIES, Run

STEPS, FAILING = 12, 7


class Shortage:
    """Raises in place of a call of the seventh step, so many times, or midway in it."""

    def __init__(self, run: Run, act, times: int, *, midway: bool = False) -> None:
        self.run, self.act, self.left, self.midway = run, act, times, midway

    def __call__(self, *given: object, **named: object):
        if self.run.trainer.step_number != FAILING - 1 or not self.left:
            return self.act(*given, **named)
        self.left -= 1
        if self.midway:
            self.act(*given, **named)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def short_in_forward(run: Run, times: int) -> None:
    run.trainer._answer = Shortage(run, run.trainer._answer, times)


def short_amid_forward(run: Run, times: int) -> None:
    run.trainer._answer = Shortage(run, run.trainer._answer, times, midway=True)


def short_in_loss(run: Run, times: int) -> None:
    run.trainer._loss = Shortage(run, run.trainer._loss, times)


def short_in_backward(run: Run, times: int) -> None:
    parameter = run.trainer.network[0].weight
    parameter.register_hook(Shortage(run, lambda gradient: gradient, times))


def short_in_update(run: Run, times: int) -> None:
    run.trainer.apply_rule = Shortage(run, run.trainer.apply_rule, times)


def short_amid_update(run: Run, times: int) -> None:
    run.trainer.apply_rule = Shortage(run, run.trainer.apply_rule, times, midway=True)


PLACES = [
    short_in_forward,
    short_amid_forward,
    short_in_loss,
    short_in_backward,
    short_in_update,
    short_amid_update,
]
BATCHES = {"size": 16}


@pytest.fixture
def asked(make):
    layers = [
        {"kind": "linear", "units": 12},
        {"kind": "relu"},
        {"kind": "dropout", "p": 0.3},
        {"kind": "linear"},
    ]
    return make(
        layers=layers,
        batches=BATCHES,
        optimizer={"kind": "adam", "learning_rate": 0.01},
        regularisation={"weight_decay": 0.1},
    )


def losses(run: Run) -> list[float]:
    return run.timeline.current.steps.column("loss").tolist()


@pytest.mark.fault("D2")
@pytest.mark.parametrize("times", [1, MOST_RETRIES])
@pytest.mark.parametrize("shorten", PLACES)
def test_the_loss_curve_is_that_of_a_run_with_enough_memory(asked, shorten, times):
    reference, run = Run(asked), Run(asked)
    reference.advance(STEPS)
    shorten(run, times)
    run.advance(STEPS)
    assert losses(run) == pytest.approx(losses(reference), abs=1e-6)
    [edit] = run.timeline.current.all_edits()
    assert (edit.step, edit.what, edit.old, edit.new) == (
        FAILING - 1,
        "batches.micro",
        1,
        2**times,
    )
    assert run.settings.batches.micro == 2**times
    replayed = Run(asked, edits=run.timeline.current.all_edits())
    replayed.advance(STEPS)
    assert torch.equal(replayed.trainer.state.vector, run.trainer.state.vector)


@pytest.mark.fault("D2")
@pytest.mark.parametrize("shorten", PLACES)
def test_after_three_retries_it_gives_up_and_the_step_before_stands(asked, shorten):
    reference, run = Run(asked), Run(asked)
    reference.advance(FAILING - 1)
    shorten(run, 10**9)
    with pytest.raises(torch.OutOfMemoryError):
        run.advance(STEPS)
    assert run.newest == run.cursor == run.trainer.step_number == FAILING - 1
    assert not run.phase
    assert torch.equal(run.trainer.state.vector, reference.trainer.state.vector)
    assert run.settings.batches.micro == 2**MOST_RETRIES
    with pytest.raises(torch.OutOfMemoryError):  # it tries as often the next time
        run.step()
    assert run.settings.batches.micro == 4**MOST_RETRIES


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_the_ways_in_which_memory_runs_out_on_a_cpu(asked, error, monkeypatch):
    assert is_out_of_memory(error)
    run = Run(asked)
    answer, raised = run.trainer._answer, []

    def fail_once(x):
        if not raised:
            raised.append(1)
            raise error
        return answer(x)

    monkeypatch.setattr(run.trainer, "_answer", fail_once)
    run.step()
    assert run.settings.batches.micro == 2


def test_any_other_error_comes_through_and_leaves_the_step_before(asked):
    run, reference = Run(asked), Run(asked)
    run.advance(3)
    reference.advance(3)

    def fail(x):
        raise RuntimeError("something else")

    run.trainer._answer = fail
    with pytest.raises(RuntimeError, match="something else"):
        run.step()
    assert not run.phase
    assert torch.equal(run.trainer.state.vector, reference.trainer.state.vector)
    assert run.timeline.current.all_edits() == ()


@pytest.mark.fault("D2")
def test_evaluation_asks_for_smaller_pieces_when_memory_is_short(asked):
    run = Run(asked)
    wanted, answer = run.trainer.evaluate(), run.trainer._answer

    def at_most_ten(x):
        if len(x) > 10:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return answer(x)

    run.trainer._answer = at_most_ten
    found = run.trainer.evaluate()
    assert found.train_loss == pytest.approx(wanted.train_loss, abs=1e-6)
    assert found.test_accuracy == wanted.test_accuracy
    assert run.trainer.network.training


@pytest.mark.fault("D2")
def test_a_snapshot_there_is_no_memory_for_is_replayed(asked, monkeypatch):
    run, reference = Run(asked), Run(asked)
    reference.advance(STEPS)
    keep = run.timeline.keep_state

    def short(step, *given):
        if step == FAILING:
            raise torch.OutOfMemoryError("CUDA out of memory")
        keep(step, *given)

    monkeypatch.setattr(run.timeline, "keep_state", short)
    before = run.timeline.budget
    run.advance(STEPS)
    assert run.timeline.budget == before // 2
    assert losses(run) == losses(reference)
    for step in (FAILING, FAILING + 1):
        run.seek(step)
        reference.seek(step)
        assert torch.equal(run.bench.state.vector, reference.bench.state.vector)
