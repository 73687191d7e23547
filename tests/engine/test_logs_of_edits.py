"""The log of edits: what it comes to at a step."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.engine.edits import Edit, changes
from lab.engine.experiment import Experiment
from lab.engine.run import Run
from lab.engine.timeline import Branch

LOG = (
    Edit(3, "optimizer.learning_rate", 0.1, 0.2),
    Edit(5, "optimizer.kind", "sgd", "adam"),
    Edit(5, "optimizer.beta1", 0.9, 0.8),
    Edit(6, "weights", None, "w.pt"),
    Edit(7, "optimizer.kind", "adam", "sgd"),
    Edit(8, "optimizer.momentum", 0.0, 0.5),
    Edit(9, "optimizer.kind", "sgd", "adam"),
    Edit(9, "batches.size", 16, 8),
)


@pytest.mark.parametrize("step", range(12))
def test_a_log_comes_to_what_its_edits_make_one_after_another(make, step):
    now = make()
    for edit in LOG:
        if edit.step < step and edit.what != "weights":
            now = now.changed({edit.what: edit.new})
    assert Branch(0, make(), edits=list(LOG)).experiment_at(step) == now


def test_a_long_log_is_checked_once_and_not_once_an_edit(make, monkeypatch):
    log = [Edit(k, "optimizer.learning_rate", 0.1, 0.1 / (k + 1)) for k in range(300)]
    calls, changed = [], Experiment.changed

    def counted(self, changes):
        calls.append(changes)
        return changed(self, changes)

    monkeypatch.setattr(Experiment, "changed", counted)
    branch = Branch(0, make(), edits=log)
    assert branch.experiment_at(300).optimizer["learning_rate"] == 0.1 / 300
    assert branch.experiment_at(0) is branch.base
    assert len(calls) == 1


def test_the_order_of_steps_counts_and_not_that_of_the_list(make):
    rates = {5: 0.5, 2: 0.2}
    log = [Edit(s, "optimizer.learning_rate", None, rate) for s, rate in rates.items()]
    assert Branch(0, make(), edits=log).experiment_at(9).optimizer["learning_rate"] == 0.5


CHANGES = [
    {"optimizer.learning_rate": 0.05},
    {"optimizer.learning_rate": 0.03},
    {"optimizer.kind": "sgd"},
    {"optimizer.kind": "adam"},
    {"optimizer.kind": "adam", "optimizer.learning_rate": 0.05, "optimizer.beta1": 0.8},
    {"batches.size": 5, "regularisation.l2": 0.1},
    {"batches.size": 8, "regularisation.l2": 0.0},
    {"clip.kind": "norm"},
    {"clip.kind": "none"},
]


def start(make):
    adam = {"kind": "adam", "learning_rate": 0.01}
    return make(optimizer=adam, batches={"size": 8}, steps=50)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=st.lists(st.sampled_from(CHANGES), max_size=8), steps=st.sampled_from([0, 3]))
def test_however_settings_were_arrived_at_the_log_is_the_same(make, path, steps):
    run = Run(start(make))
    run.advance(steps)
    for change in path:
        run.edit(change)
    after, log = run.settings, run.timeline.current.edits
    fresh = Run(start(make))
    fresh.advance(steps)
    straight = {what: new for what, _, new in changes(fresh.settings, after)}
    if straight:
        fresh.edit(straight)
    assert fresh.settings == after
    assert log == fresh.timeline.current.edits
    assert (log == []) == (after == start(make))
    run.advance(4)
    again = Run(start(make), edits=log)
    again.advance(steps + 4)
    assert torch.equal(run.trainer.state.vector, again.trainer.state.vector)


def test_undoing_in_pieces_tells_only_what_was(make):
    run = Run(start(make))
    run.advance(2)
    run.edit({"optimizer.learning_rate": 0.05})
    run.edit({"optimizer.kind": "sgd"})
    told = [(e.what, e.old, e.new) for e in run.timeline.current.edits]
    assert told == [
        ("optimizer.kind", "adam", "sgd"),
        ("optimizer.learning_rate", 0.01, 0.03),
    ]
    run.edit({"optimizer.kind": "adam", "optimizer.learning_rate": 0.05})
    told = [(e.what, e.old, e.new) for e in run.timeline.current.edits]
    assert told == [("optimizer.learning_rate", 0.01, 0.05)]
    run.edit({"optimizer.learning_rate": 0.01})
    assert run.timeline.current.edits == []
