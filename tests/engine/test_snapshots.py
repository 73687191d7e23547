"""Snapshots and time line: within the budget, first never lost, gaps that can be replayed."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine import snapshots
from lab.engine.run import Run
from lab.engine.snapshots import BLOCK_BYTES, Snapshots
from lab.engine.timeline import Timeline

SIZE = 10
BYTES = 4 * SIZE


def vector(step: int) -> torch.Tensor:
    return torch.full((SIZE,), float(step))


def filled(budget: int, steps: int, spacing: int = 1) -> Snapshots:
    kept = Snapshots(vector(0), budget)
    for step in range(steps):
        kept.add(step, vector(step), spacing)
    return kept


@settings(max_examples=50, deadline=None)
@given(
    budget=st.integers(0, 200 * BYTES),
    steps=st.integers(1, 700),
    spacing=st.integers(1, 60),
)
def test_what_is_found_is_the_newest_kept_at_or_before_and_untouched(budget, steps, spacing):
    kept = filled(budget, steps, spacing)
    assert kept.steps == sorted(set(kept.steps))
    assert kept.steps[0] == 0
    assert kept.steps[-1] == steps - 1
    for step in {0, 1, steps // 2, steps - 1, steps + 5}:
        at, found = kept.at_or_before(step)
        assert at == max(s for s in kept.steps if s <= step)
        assert torch.equal(found, vector(at))
    assert kept.at_or_before(-1) is None


@settings(max_examples=50, deadline=None)
@given(
    budget=st.integers(0, 300 * BYTES), steps=st.integers(1, 700), spacing=st.integers(1, 60)
)
def test_memory_stays_within_the_budget(budget, steps, spacing):
    assert filled(budget, steps, spacing).nbytes <= max(budget, 3 * BYTES)


@pytest.mark.parametrize("spacing", [1, 7, 50])
def test_key_frames_are_no_further_apart_than_can_be_replayed(spacing):
    kept = filled(400 * BYTES, 3000, spacing)
    gaps = [b - a for a, b in pairwise(kept.steps)]
    if 3000 // spacing < 400 // 3:  # as far as memory allows
        assert max(gaps) <= spacing
    recent = 400 * 2 // 3 - 2 * kept._rows
    assert kept.steps[-recent:] == list(range(3000 - recent, 3000))


def test_gaps_grow_evenly_when_memory_is_short():
    kept = filled(90 * BYTES, 5000)
    gaps = [b - a for a, b in pairwise(kept.steps)]
    assert max(gaps) <= 2 * 5000 // 15


def test_less_memory_is_given_up_at_once():
    kept = filled(600 * BYTES, 500)
    assert kept.nbytes > 300 * BYTES
    kept.set_budget(60 * BYTES, 1)
    assert kept.nbytes <= 60 * BYTES
    assert (kept.steps[0], kept.steps[-1]) == (0, 499)
    kept.add(500, vector(500), 1)
    assert torch.equal(kept.at_or_before(500)[1], vector(500))


def test_a_state_larger_than_the_budget_is_kept_first_and_last():
    kept = Snapshots(torch.zeros(BLOCK_BYTES), 10)
    for step in range(4):
        kept.add(step, torch.full((BLOCK_BYTES,), float(step)), 1)
    assert (kept.steps[0], kept.steps[-1]) == (0, 3)
    assert kept.nbytes <= 3 * 4 * BLOCK_BYTES


def test_all_branches_together_stay_within_the_budget(noisy):
    budget = 400_000
    run = Run(noisy(), budget=budget)
    state = run.trainer.state.vector
    run.advance(100)
    for turn in range(12):
        run.branch(20 + 5 * turn, {"optimizer.learning_rate": 0.001 * (turn + 1)})
        run.advance(30)
        series = sum(b.steps.nbytes + b.evaluations.nbytes for b in run.timeline.branches)
        snapshots = run.timeline.nbytes - series
        least = 3 * len(run.timeline.branches) * state.numel() * state.element_size()
        assert snapshots <= max(0.75 * budget, least)


def test_large_states_are_kept_as_far_apart_as_can_be_replayed(make):
    timeline = Timeline(make(), budget=2**30)
    timeline.step_s = 0.01
    large = torch.zeros(2**18 + 1)
    for step in range(23):
        timeline.keep_state(step, large)
    assert timeline.spacing == 5
    assert timeline.current.snapshots[0].steps == [0, 5, 10, 15, 20]
    small = Timeline(make())
    small.step_s = 0.01
    for step in range(23):
        small.keep_state(step, torch.zeros(3))
    assert small.current.snapshots[0].steps == list(range(23))


@pytest.mark.fault("T5")
def test_a_step_that_is_waited_for_is_not_kept_and_found_again_by_replay(make):
    run, plain = Run(make(steps=40)), Run(make(steps=40))
    for step in range(1, 9):
        run.is_hurried = lambda step=step: step in (4, 8)
        run.step()
        plain.step()
    assert not {4, 8} & set(run.timeline.current.snapshots[-1].steps)
    for step in (4, 7, 8):
        run.seek(step)
        plain.seek(step)
        found, wanted = (r.bench.state.vector for r in (run, plain))
        assert torch.equal(found, wanted)


@pytest.mark.fault("T5")
def test_a_copy_under_way_can_be_given_up(monkeypatch):
    monkeypatch.setattr(snapshots, "PIECE", 10)
    kept, asked = Snapshots(torch.zeros(35), 10**6), []

    def is_hurried():
        asked.append(1)
        return len(asked) == 3

    kept.add(0, torch.full((35,), 0.0), 1)
    kept.add(1, torch.full((35,), 1.0), 1, is_hurried)
    assert (kept.steps, len(asked)) == ([0], 3)
    kept.add(2, torch.full((35,), 2.0), 1, lambda: False)
    assert kept.steps == [0, 2]
    for step, value in ((0, 0.0), (1, 0.0), (2, 2.0)):
        assert torch.equal(kept.at_or_before(step)[1], torch.full((35,), value))


@pytest.mark.parametrize("gives_up", [(), (3,), (2, 3, 4), (6,), (9,)])
def test_large_snapshots_are_handed_on_and_not_copied(gives_up):
    length = snapshots.BLOCK_BYTES // 4 + 1  # a block holds one of them
    kept = Snapshots(torch.zeros(length), 6 * 4 * length)
    for step in range(10):
        kept.add(step, torch.full((length,), float(step)), 1, lambda s=step: s in gives_up)
        budget = 7 * 4 * length  # one row more while a key frame is handed on
        assert kept.nbytes <= budget
    steps = kept.steps
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 8 if gives_up == (9,) else 9)
    assert not set(steps) & set(gives_up)
    for step in steps:
        found, vector = kept.at_or_before(step)
        assert (found, float(vector[0]), float(vector[-1])) == (step, step, step)


def test_no_memory_for_a_copy_loses_no_key_frame(monkeypatch):
    kept = Snapshots(vector(0), 12 * BYTES)
    rows = kept._rows
    assert rows > 1

    def full(self):
        raise torch.OutOfMemoryError("out of memory")

    for step in range(4 * rows):
        if step == rows + 1:
            monkeypatch.setattr(torch.Tensor, "clone", full)
        kept.add(step, vector(step), 1)
    assert kept.steps[0] == 0
    for step in kept.steps:
        at, found = kept.at_or_before(step)
        assert at == step
        assert torch.equal(found, vector(step))


def test_rows_evaluations_and_curves_follow_the_lineage(make):
    run = Run(make(evaluate_every=5))
    run.advance(20)
    root = {k: run.timeline.current.row(k) for k in range(1, 21)}
    run.branch(12, {"optimizer.learning_rate": 0.5})
    run.advance(8)
    branch = run.timeline.current
    assert branch.row(12) == root[12]
    assert branch.row(13)["learning_rate"] == 0.5
    assert branch.row(13)["loss"] == root[13]["loss"]  # the loss before that update
    assert branch.row(21) is None
    assert branch.row(0) is None
    assert branch.evaluation_at(14)["step"] == 10
    assert branch.evaluation_at(16)["step"] == 15
    assert (
        branch.evaluation_at(16)["test_loss"]
        != run.timeline.branches[0].evaluation_at(16)["test_loss"]
    )
    parts = branch.envelope("loss", 3, 18, 1000)
    rows = [int(r) for part in parts for r in part.rows]
    assert rows == list(range(3, 19))
    drawn = [v for part in parts for v in part.mean]
    assert drawn == [branch.row(k)["loss"] for k in range(3, 19)]


def test_recorded_numbers_are_those_of_the_iteration(make):
    run = Run(make(precision="float64", regularisation={"l2": 0.1}))
    run.advance(3)
    before = run.trainer.state.weights.data.clone()
    run.step()
    row = run.timeline.current.row(4)
    x, y = run.trainer.batches.at(4)
    weights = run.trainer.state.weights.data
    after = weights.clone()
    weights.copy_(before)
    loss = torch.nn.functional.cross_entropy(run.trainer.network(x), y)
    assert row["loss"] == pytest.approx(loss.item(), abs=1e-15)
    assert row["weight_norm"] == pytest.approx(after.norm().item(), abs=1e-14)
    assert row["gradient_norm"] == pytest.approx(
        ((before - after) / 0.1).norm().item(), rel=1e-9
    )
    assert row["learning_rate"] == 0.1
