"""History is read from another thread while the run goes on: what is read fits together."""

from __future__ import annotations

import numpy as np
import pytest

from lab.engine.bench import Evaluation
from lab.engine.news import History
from lab.engine.run import Run
from lab.engine.timeline import EVALUATION_COLUMNS


def found_at(step):
    return Evaluation(step + 0.1, step + 0.2, step + 0.3, step + 0.4)


@pytest.fixture
def growing(make, monkeypatch):
    """A branch with evaluations at steps 0 to 99; many more come between any two reads."""
    run = Run(make(), budget=1)
    branch = run.timeline.current
    branch.steps.extend(np.zeros((100, 4)))
    for step in range(1, 100):
        run.timeline.keep_evaluation(step, found_at(step))
    rows, read, is_inside = branch.evaluations._rows, branch.evaluations._rows.between, []

    def between(start, stop):
        found = read(start, stop)
        if not is_inside:
            is_inside.append(True)
            for _ in range(5000):
                step = len(branch.evaluations)
                branch.evaluations.append((step, *vars_of(found_at(step))))
            is_inside.clear()
        return found

    monkeypatch.setattr(rows, "between", between)
    return branch


def vars_of(found):
    return found.train_loss, found.accuracy, found.test_loss, found.test_accuracy


def test_an_evaluation_is_that_of_its_step_whatever_comes_meanwhile(growing):
    row = growing.evaluation_at(42)
    assert row == dict(zip(EVALUATION_COLUMNS, (42, *vars_of(found_at(42))), strict=True))


def test_all_columns_of_the_evaluations_are_of_the_same_steps(growing):
    history = History(growing)
    found = history.evaluations()
    assert found["step"].tolist() == list(range(100))
    np.testing.assert_array_equal(found["test_accuracy"][1:], found["step"][1:] + 0.4)


def test_a_look_knows_no_evaluation_after_its_newest_step(make):
    run = Run(make(evaluate_every=5))
    run.advance(10)
    history = History(run.timeline.current)
    run.advance(10)
    assert history.evaluation_at(20)["step"] == 10
