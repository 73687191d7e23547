"""The log of edits: what it comes to at a step."""

from __future__ import annotations

import pytest

from lab.engine.edits import Edit
from lab.engine.experiment import Experiment
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
