"""The model against the engine's own record: every number is computed a second time."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from lab.engine.autopsy import Diverged
from lab.engine.experiment import experiment
from lab.engine.looks import look_at
from lab.engine.news import History
from lab.engine.pace import Pace
from lab.engine.run import Run
from lab.panels.loss import running
from lab.panels.loss.model import TABS, LossModel, LossState, axis_words
from lab.panels.loss.running import RunningMean


def small(**changes):
    return experiment(
        {
            "steps": 100,
            "seed": 3,
            "evaluate_every": 7,
            "data": {"kind": "gaussians", "samples": 60},
            "batches": {"size": 8},
            "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
            **changes,
        }
    )


def look(run, number=1, playing=False):
    return look_at(run, number, Pace(), playing, {})


def losses(run):
    """The loss of every step of the current lineage, read row by row."""
    branch = run.timeline.current
    return np.array([branch.row(s)["loss"] for s in range(1, branch.newest + 1)])


@pytest.fixture
def run():
    made = Run(small())
    made.advance(60)
    return made


def test_each_step_is_drawn_as_it_was_recorded(run):
    made = LossModel().picture(look(run), LossState(), None, 400)
    assert made.steps.x.tolist() == list(range(1, 61))
    np.testing.assert_array_equal(made.steps.y, losses(run))


def test_the_smoothed_curve_is_the_mean_of_the_last_steps(run):
    made = LossModel().picture(look(run), LossState(window=10), None, 400)
    wanted = np.convolve(losses(run), np.ones(10) / 10, mode="valid")
    np.testing.assert_allclose(made.train.y[9:], wanted, rtol=1e-12)
    assert made.train.at(25) == pytest.approx(losses(run)[15:25].mean(), rel=1e-12)


def test_following_in_pieces_gives_what_following_at_once_gives():
    run, model = Run(small()), LossModel()
    for steps in (1, 3, 17, 39):
        run.advance(steps)
        piecewise = model.picture(look(run), LossState(window=9), None, 400)
    whole = LossModel().picture(look(run), LossState(window=9), None, 400)
    np.testing.assert_allclose(piecewise.train.y, whole.train.y, rtol=1e-12)


def test_the_test_curve_holds_the_evaluations(run):
    made = LossModel().picture(look(run), LossState(), None, 400)
    assert made.test.x.tolist() == [0, 7, 14, 21, 28, 35, 42, 49, 56]
    run.seek(56)
    assert made.test.y[-1] == pytest.approx(run.bench.evaluate().test_loss, rel=1e-12)
    assert made.test.at(60) == made.test.y[-1]
    assert made.test.at(61) is None


def test_only_the_visible_steps_are_asked_for(run):
    made = LossModel().picture(look(run), LossState(), (20.4, 30.2), 400)
    assert (made.steps.x[0], made.steps.x[-1]) == (20, 31)


def test_the_curve_goes_through_the_value_at_the_cursor_however_few_the_pixels():
    run, model = Run(small(steps=3000)), LossModel()
    run.advance(2600)
    recorded = losses(run)
    for step in (1, 777, 1234, 1500, 2599):
        run.seek(step)
        made = model.picture(look(run), LossState(), None, 1)
        assert recorded[step - 1] in made.steps.y[made.steps.x == step]
        assert made.train.at(step) in made.train.y[made.train.x == step]
        assert (np.diff(made.steps.x) >= 0).all()
        assert (np.diff(made.train.x) >= 0).all()


def test_no_spike_is_lost_in_few_pixels():
    run = Run(small(steps=3000))
    run.advance(2600)
    made = LossModel().picture(look(run), LossState(window=1), None, 20)
    assert len(made.steps.x) < 700
    assert made.steps.y.max() == losses(run).max()
    assert made.steps.y.min() == losses(run).min()
    assert made.train.y.max() == losses(run).max()


def test_a_branch_shows_its_own_lineage_and_nothing_of_the_others(run):
    model = LossModel()
    model.picture(look(run), LossState(window=5), None, 400)
    run.branch(30, {"optimizer.learning_rate": 0.5})
    run.advance(10)
    made = model.picture(look(run), LossState(window=5), None, 400)
    assert made.steps.x.tolist() == list(range(1, 41))
    wanted = losses(run)
    np.testing.assert_array_equal(made.steps.y, wanted)
    np.testing.assert_allclose(
        made.train.y[4:], np.convolve(wanted, np.ones(5) / 5, mode="valid"), rtol=1e-12
    )
    assert [m.step for m in made.edits] == [30]
    assert "learning rate 0.1 → 0.5" in made.edits[0].words


def test_another_run_is_read_anew(run):
    model = LossModel()
    model.picture(look(run), LossState(), None, 400)
    other = Run(small(seed=4))
    other.advance(20)
    made = model.picture(look(other, number=2), LossState(window=1), None, 400)
    np.testing.assert_array_equal(made.train.y, losses(other))


def test_everything_behind_a_curve_can_be_had(run):
    made = LossModel().picture(look(run), LossState(window=4), (10, 12), 5)
    steps, values = made.steps.full()
    assert steps.tolist() == list(range(1, 61))
    np.testing.assert_array_equal(values, losses(run))
    assert len(made.train.full()[0]) == 60


def test_the_reading_says_the_numbers_of_the_cursors_step(run):
    run.seek(45)
    said = LossModel().picture(look(run), LossState(window=15), None, 400).reading()
    mean = losses(run)[30:45].mean()
    tested = run.timeline.current.evaluation_at(45)["test_loss"]
    assert said.startswith(f"Step 45: mean loss {mean:.3g}, ")
    assert said.endswith(f"; test {tested:.3g} at 42.")


def test_the_reading_of_an_iteration_in_progress(run):
    for _ in range(3):
        run.advance_phase()
    said = LossModel().picture(look(run), LossState(), None, 400).reading()
    trainer = run.trainer
    assert said == (
        f"Step 61, gradients found: loss {trainer.loss_value:.3g}, "
        f"‖∇‖ {trainer.gradient_norm:.3g}."
    )


def test_accuracy_is_in_percent_of_the_evaluations(run):
    made = LossModel().picture(look(run), LossState(tab="accuracy"), None, 400)
    row = run.timeline.current.evaluation_at(60)
    assert made.train.y[-1] == pytest.approx(100 * row["accuracy"])
    assert made.reading() == (
        f"Step 60: {100 * row['accuracy']:.1f} % right in training, "
        f"{100 * row['test_accuracy']:.1f} % in test, evaluated at step 56."
    )


def test_gradient_and_learning_rate_come_from_the_record(run):
    row = run.timeline.current.row(60)
    gradient = LossModel().picture(look(run), LossState(tab="gradient"), None, 400)
    assert gradient.steps.y[-1] == row["gradient_norm"]
    assert f"gradient norm {row['gradient_norm']:.3g}" in gradient.reading()
    rate = LossModel().picture(look(run), LossState(tab="rate"), None, 400)
    assert set(rate.train.y) == {0.1}
    assert "learning rate 0.1 in the last update (constant schedule)" in rate.reading()


def test_the_reading_names_the_schedule_of_the_last_update_and_not_of_the_next():
    run = Run(small())
    run.advance(3)
    run.edit({"schedule.kind": "cosine"})
    rate = LossModel().picture(look(run), LossState(tab="rate"), None, 400)
    assert "in the last update (constant schedule)" in rate.reading()


@pytest.mark.fault("M1")
def test_a_diverged_step_is_marked():
    run = Run(small(optimizer={"kind": "sgd", "learning_rate": 1e6}, loss="mse_loss"))
    with pytest.raises(Diverged):
        run.advance(50)
    made = LossModel().picture(look(run), LossState(), None, 400)
    assert made.diverged_at == run.timeline.current.diverged_at == run.newest + 1
    assert made.reading().endswith(f"Step {made.diverged_at} was not finite.")


def test_before_the_first_step_nothing_is_claimed():
    made = LossModel().picture(look(Run(small())), LossState(), None, 400)
    assert made.reading().startswith("Step 0: not trained yet; test loss ")
    assert not len(made.train.x)


def test_axes_have_names_and_units(run):
    seen = look(run)
    assert axis_words(seen, TABS["loss"]) == "Loss (cross-entropy, nats)"
    assert axis_words(seen, TABS["accuracy"]) == "Accuracy (%)"


def test_long_runs_are_read_anew_only_once_they_have_grown():
    calls = []

    def evaluations():
        calls.append(1)
        return {"step": np.arange(6000.0)}

    newest = {"step": 6001.0}
    history = SimpleNamespace(evaluations=evaluations, evaluation_at=lambda _s: newest)
    seen = SimpleNamespace(
        run=1, branch=0, branches=(1,), newest=6001, history=history, playing=True
    )
    model = LossModel()
    model.evaluations(seen)
    model.evaluations(seen)
    assert len(calls) == 1
    newest["step"] = 6100.0
    model.evaluations(seen)
    seen.playing = False
    model.evaluations(seen)
    assert len(calls) == 3


class Record:
    """A history of made-up losses, kept in blocks before a step."""

    def __init__(self, values, whole_from=1):
        self.values, self.whole_from, self.newest = values, whole_from, len(values)

    def envelope(self, _column, first, last, _pixels):
        rows = [s for s in range(1, self.whole_from, 16) if s >= first - 15]
        rows += list(range(max(first, self.whole_from), last + 1))
        means = [
            self.values[s - 1 : s + 15].mean() if s < self.whole_from else self.values[s - 1]
            for s in rows
        ]
        return [SimpleNamespace(rows=np.array(rows, float), mean=np.array(means))]


def test_what_is_left_in_blocks_is_smoothed_by_blocks_and_said():
    values = np.random.default_rng(0).normal(size=100)
    mean = RunningMean("loss", 1)
    mean.follow(Record(values, whole_from=65))
    assert mean.exact_from > 1
    assert mean.at(3) == pytest.approx(values[:16].mean())
    assert mean.at(80) == values[79]


def test_old_means_are_let_go_but_their_extremes_stay(monkeypatch):
    monkeypatch.setattr(running, "MOST_VALUES", 256)
    values = np.random.default_rng(0).normal(size=1000)
    values[10] = 50.0
    mean = RunningMean("loss", 1)
    for end in range(50, 1001, 50):
        mean.follow(Record(values[:end]))
    assert mean.at(11) is None
    assert mean.at(1000) == values[-1]
    rows, low, high = mean.between(1, 1000, 3)
    assert high.max() == 50.0
    assert low.min() == values.min()
    assert rows[0] == 1
    assert math.isclose(rows[-1], 1000)


def test_blocks_and_single_values_agree_in_their_extremes():
    values = np.random.default_rng(1).normal(size=700)
    mean = RunningMean("loss", 3)
    mean.follow(Record(values))
    _, low, high = mean.between(1, 700, 2)
    steps, fine, _ = mean.between(1, 700, 400)
    assert len(low) < 100 < len(fine)
    assert (low.min(), high.max()) == (fine.min(), fine.max())
    assert steps[0] == 1


def test_a_range_that_lies_ahead_draws_nothing_and_still_knows_the_values(run):
    made = LossModel().picture(look(run), LossState(window=4), (100, 120), 5)
    assert len(made.train.x) == len(made.steps.x) == 0
    assert made.steps.at(45) == losses(run)[44]
    assert made.train.at(45) == pytest.approx(losses(run)[41:45].mean())
    assert "not trained" not in made.reading()
    assert len(made.steps.full()[0]) == 60


def test_the_past_of_a_long_run_is_drawn_where_it_was(monkeypatch):
    monkeypatch.setattr(running, "MOST_VALUES", 1024)
    mean = RunningMean("loss", 1)
    steps = SimpleNamespace(newest=5000, envelope=lambda *_: [])
    values = np.arange(1.0, 5001.0)
    mean._single = lambda *_: values
    mean.follow(steps)
    assert mean.at(100) is None
    for first, last in ((100, 100), (1, 700), (65, 128), (3000, 5000), (4990, 5000)):
        x, low, high = mean.between(first, last, 800)
        assert len(x) >= 1
        assert (np.diff(x) > 0).all()
        assert first <= x[0] <= x[-1] <= last
        assert (low <= high).all()
        assert low[0] <= x[0] <= high[0]  # the value of a step is its number here
        assert low[-1] <= last


def test_numbers_of_steps_that_are_let_go_are_not_called_missing(run):
    at_40 = look(run)
    gone = replace(at_40, step=40, history=Forgetful(run.timeline.current))
    for tab in ("loss", "gradient", "rate"):
        said = LossModel().picture(gone, LossState(tab=tab), None, 400).reading()
        assert "yet" not in said
    assert "kept no more" in said


class Forgetful(History):
    """A history whose single steps are gone."""

    def row(self, step):
        return None


def test_a_fresh_run_has_no_numbers_and_says_so():
    fresh = Run(small())
    fresh.advance_phase()
    made = LossModel().picture(look(fresh), LossState(), None, 400)
    assert [len(a) for a in made.steps.full()] == [0, 0]
