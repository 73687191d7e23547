"""What is told of a step is what it was carried out under, not what comes next."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.engine.batches import order_of_epoch
from lab.engine.exports import snapshot
from lab.engine.looks import look_at
from lab.engine.pace import Pace
from lab.engine.run import Run
from lab.engine.timeline import Edit

N = 80  # training samples of the conftest's moons


def look(run):
    return look_at(run, 1, Pace(), False, {})


def batch(run, step, size, seed=3):
    """The rows of a step of the first epoch, found without the engine's plan."""
    order = order_of_epoch(N, 0, seed, True)
    return run.trainer.data.train[order[(step - 1) * size : step * size]]


def test_the_batch_of_a_step_stays_its_own_when_the_size_is_edited_behind_it(make):
    run = Run(make())
    run.advance(3)
    run.edit({"batches.size": 10})
    np.testing.assert_array_equal(look(run).batch, batch(run, 3, 16))
    run.advance_phase()
    np.testing.assert_array_equal(look(run).batch, batch(run, 4, 10))
    run.seek(3)
    np.testing.assert_array_equal(look(run).batch, batch(run, 3, 16))
    run.step()
    np.testing.assert_array_equal(look(run).batch, batch(run, 4, 10))
    run.seek(3)  # from here on as seen by the second trainer
    np.testing.assert_array_equal(look(run).batch, batch(run, 3, 16))


def test_an_edit_taken_back_midway_leaves_the_batch_of_the_last_step(make):
    run = Run(make())
    run.advance(3)
    run.edit({"batches.size": 10})
    run.advance_phase()
    run.edit({"batches.size": 16})
    np.testing.assert_array_equal(look(run).batch, batch(run, 3, 16))
    run.advance_phase()
    np.testing.assert_array_equal(look(run).batch, batch(run, 4, 16))


@pytest.mark.parametrize("way", ["edit", "log", "branch"])
def test_before_any_step_the_batch_is_that_which_the_first_step_takes(make, way):
    log = (Edit(0, "batches.size", 16, 10),) if way == "log" else ()
    run = Run(make(), edits=log)
    if way == "edit":
        run.edit({"batches.size": 10})
    elif way == "branch":
        run.advance(2)
        run.branch(0, {"batches.size": 10})
    np.testing.assert_array_equal(look(run).batch, batch(run, 1, 10))
    run.advance(2)
    run.seek(0)
    np.testing.assert_array_equal(look(run).batch, batch(run, 1, 10))
    run.seek(1)
    np.testing.assert_array_equal(look(run).batch, batch(run, 1, 10))


def test_weights_may_be_loaded_where_another_optimizer_was_chosen_before_any_step(make):
    run = Run(make())
    run.edit({"optimizer.kind": "adam", "batches.size": 10})
    run.load_weights({n: t + 1 for n, t in snapshot(run.trainer).items()}, "w.pt")
    np.testing.assert_array_equal(look(run).batch, batch(run, 1, 10))
    run.advance(3)
    after = run.trainer.state.vector.clone()
    run.seek(0)
    run.seek(2)
    run.switch(0)
    np.testing.assert_array_equal(look(run).batch, batch(run, 1, 10))
    run.switch(1)
    assert torch.equal(run.trainer.state.vector, after)


def test_the_learning_rate_of_a_step_is_the_one_it_was_made_with(make):
    run = Run(make(schedule={"kind": "step", "every": 2}))
    used = []
    for step in range(1, 9):
        if step == 5:
            run.edit({"optimizer.learning_rate": 1.0, "schedule.kind": "exponential"})
        run.step()
        used.append(run.trainer.optimizer.param_groups[0]["lr"])
        assert look(run).numbers["learning_rate"] == used[-1]
    assert [run.timeline.current.row(k)["learning_rate"] for k in range(1, 9)] == used
    for step in range(1, 8):
        run.seek(step)
        assert look(run).numbers["learning_rate"] == used[step - 1]


def test_a_look_tells_what_its_step_was_made_under_and_what_comes_next(make):
    run = Run(make())
    run.advance(2)
    run.edit({"schedule.kind": "cosine"})
    now = look(run)
    assert (now.used.schedule.kind, now.settings.schedule.kind) == ("constant", "cosine")
    run.advance_phase()
    assert look(run).used.schedule.kind == "constant"
    run.step()
    assert look(run).used.schedule.kind == "cosine"
    run.seek(2)
    now = look(run)
    assert (now.used.schedule.kind, now.settings.schedule.kind) == ("constant", "cosine")
