"""Single weights set by hand, and runs begun from the weights of another network."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.engine.carrying import Kept
from lab.engine.edit_words import in_words
from lab.engine.edits import Edit
from lab.engine.exports import snapshot
from lab.engine.kinds import ExperimentError
from lab.engine.records import record_from, record_of, record_text
from lab.engine.run import Run

PLACE = ("layers.0", "weight", 5)
WHAT = "weights.0.weight[5]"


def begun(make, steps=0, **given):
    run = Run(make(optimizer={"kind": "adam", "learning_rate": 0.01}, **given))
    run.advance(steps)
    return run


def vector(run, step=None):
    if step is not None:
        run.seek(step)
    return run.bench.state.vector.clone()


def weight(run):
    return run.bench.network[0].weight.detach().view(-1)[5].item()


def log(run):
    return [(e.step, e.what, e.new) for e in run.timeline.current.all_edits()]


@pytest.mark.parametrize("steps", [0, 7])
def test_a_weight_is_set_in_place_at_the_newest_step(make, steps):
    run = begun(make, steps)
    before, was = vector(run), weight(run)
    run.set_weights({PLACE: 0.25})
    assert weight(run) == 0.25
    (changed,) = (vector(run) != before).nonzero()
    assert changed.item() == 5, "the optimizer's memory stays as it is"
    assert run.timeline.current.edits == [Edit(steps, WHAT, was, 0.25)]
    assert len(run.timeline.branches) == 1
    run.advance(3)
    assert run.newest == steps + 3


def test_before_the_newest_step_it_begins_a_branch(make):
    run = begun(make, 9)
    run.seek(4)
    run.set_weights({PLACE: 0.25})
    assert (run.cursor, run.newest, run.timeline.current.number) == (4, 4, 1)
    assert weight(run) == 0.25
    run.advance(2)
    run.switch(0)
    assert log(run) == []
    run.seek(4)
    assert weight(run) != 0.25


def test_going_back_shows_the_weight_from_its_step_on(make):
    run = begun(make, 3)
    run.set_weights({PLACE: 0.25})
    after = vector(run)
    run.advance(5)
    at = {step: vector(run, step) for step in (2, 3, 4, 8)}
    assert torch.equal(at[3], after)
    again = Run(run.experiment, edits=run.timeline.current.all_edits())
    again.advance(8)
    for step, state in at.items():
        assert torch.equal(vector(again, step), state), step


@pytest.mark.parametrize("last", [3, 8])
@pytest.mark.parametrize("data", ["moons", "digits"])
def test_a_record_of_it_leads_to_the_same_bits(make, last, data):
    import tomllib

    run = begun(make, 3, data=data)
    run.set_weights({PLACE: 0.1, ("layers.2", "bias", 0): -1.7e-5})
    run.edit({"optimizer.learning_rate": 0.02})
    run.advance(last - 3)
    record = record_from(tomllib.loads(record_text(record_of(run, last))))
    again = Run(record.experiment, edits=record.edits)
    again.advance(record.steps)
    theirs, mine = snapshot(again.trainer), snapshot(run.trainer)
    assert all(torch.equal(theirs[n], mine[n]) for n in mine)


def test_of_one_gesture_the_last_value_counts_and_the_first_is_the_old_one(make):
    run = begun(make, 2)
    was = weight(run)
    for value in (0.1, 0.2, 0.3):
        run.set_weights({PLACE: value})
    (edit,) = run.timeline.current.edits
    assert (edit.old, edit.new) == (was, pytest.approx(0.3))
    before = run.set_weights({PLACE: 0.5})
    assert before == {WHAT: pytest.approx(0.3)}
    run.set_named({WHAT: was})
    assert run.timeline.current.edits == []
    assert torch.equal(vector(run), vector(begun(make, 2)))


def test_what_was_set_stays_when_settings_are_edited_and_taken_back(make):
    run = begun(make, 2)
    run.set_weights({PLACE: 0.25})
    run.edit({"optimizer.learning_rate": 0.5})
    run.edit({"optimizer.learning_rate": 0.01})
    assert weight(run) == 0.25
    run.advance(1)
    other = begun(make, 2)
    other.set_weights({PLACE: 0.25})
    other.advance(1)
    assert torch.equal(vector(run), vector(other))


def test_a_phase_in_progress_is_begun_anew(make):
    run, other = begun(make, 2), begun(make, 2)
    run.advance_phase()
    run.set_weights({PLACE: 0.25})
    run.step()
    other.set_weights({PLACE: 0.25})
    other.step()
    assert torch.equal(vector(run), vector(other))


def test_loading_weights_takes_the_place_of_those_set_by_hand(make):
    run = begun(make, 2)
    run.set_weights({PLACE: 0.25})
    run.load_weights({n: t + 1 for n, t in snapshot(run.trainer).items()}, "w.pt")
    assert weight(run) == 1.25
    run.set_weights({PLACE: 2.0})
    run.advance(3)
    assert [what for _, what, _ in log(run)] == ["weights", WHAT]
    run.seek(2)
    assert weight(run) == 2.0
    run.branch(2)
    assert weight(run) == 2.0


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (PLACE, math.nan, r"weights\.0\.weight\[5\]: wanted a finite number, got nan"),
        (PLACE, math.inf, "wanted a finite number"),
        (PLACE, 1e300, "wanted a finite number, got inf"),
        (PLACE, True, "wanted a number, got True"),
        (("layers.0", "weight", 16), 0.0, "wanted an index below 16, got 16"),
        (("layers.1", "weight", 0), 0.0, "no such parameter; there is 0.weight"),
    ],
)
def test_what_no_weight_can_be_is_refused_and_nothing_changes(make, place, value, told):
    run = begun(make, 4)
    run.seek(2)
    before = vector(run)
    with pytest.raises(ExperimentError, match=told):
        run.set_weights({PLACE: 0.5, place: value})
    assert torch.equal(vector(run), before)
    assert len(run.timeline.branches) == 1


@pytest.mark.parametrize("what", [WHAT.replace("5", "99"), "weights.9.weight[0]"])
def test_a_log_that_names_no_weight_is_refused_before_the_first_step(make, what):
    with pytest.raises(ExperimentError, match=r"weights\."):
        Run(make(), edits=[Edit(1, what, 0.0, 1.0)])


@pytest.mark.parametrize("new", [math.inf, "a", None])
def test_a_record_with_no_finite_value_is_refused(make, new):
    edit = {"step": 1, "what": WHAT, "old": 0.0, "new": new}
    with pytest.raises(ExperimentError, match=r"edits\.0: weights\.0\.weight"):
        record_from({**make().model_dump(), "edits": [edit]})


def test_the_log_says_it_in_words(make):
    run = begun(make, 1)
    run.set_weights({PLACE: 0.25})
    (line,) = in_words(run.timeline.current.edits)
    assert line.startswith("weight[5] of layer 1 ")
    assert line.endswith("→ 0.25")
    (inner,) = in_words([Edit(0, "weights.1.inner.0.bias[2]", 0.0, 1.0)])
    assert inner.startswith("bias[2] of layer 2.1 ")


# Runs that begin from the weights of another network.


def kept(run, **more):
    tensors = snapshot(run.bench)
    return Kept(run.experiment.layers, tensors, f"run 1, step {run.cursor}", **more)


def test_a_run_may_begin_from_what_another_network_has_learned(make):
    old = begun(make, 20)
    layers = [{"kind": "linear", "units": 8}, "tanh", "layer_norm", "linear"]
    run = Run(make(layers=layers), keep=kept(old))
    assert run.notice == "Kept 2 of 3 layers; layer 1 (Layer normalisation) is new."
    assert torch.equal(run.trainer.network[0].weight, old.trainer.network[0].weight)
    assert torch.equal(run.trainer.network[3].weight, old.trainer.network[2].weight)
    (edit,) = run.timeline.current.edits
    assert (edit.step, edit.what) == (0, "weights")
    assert edit.new == "run 1, step 20 (2 of 3 layers kept)"
    first = vector(run)
    run.advance(5)
    assert torch.equal(vector(run, 0), first)
    run.branch(0)
    assert torch.equal(vector(run), first)


def test_it_says_that_its_log_cannot_be_carried_out_from_a_description(make):
    run = Run(make(), keep=kept(begun(make, 5)))
    with pytest.raises(ExperimentError, match="weights were loaded from run 1, step 5"):
        Run(run.experiment, edits=run.timeline.current.all_edits())
    from lab.engine.script import script

    with pytest.raises(ExperimentError, match="weights were loaded from run 1, step 5"):
        script(record_of(run), "a.py")


def test_where_nothing_is_left_it_begins_as_if_alone(make):
    run = Run(make(layers=["linear"]), keep=kept(begun(make, 5)))
    assert run.timeline.current.edits == []
    assert torch.equal(vector(run), vector(Run(make(layers=["linear"]))))


def test_a_wider_layer_may_grow(make):
    old = begun(make, 5)
    layers = [{"kind": "linear", "units": 9}, "tanh", "linear"]
    run = Run(make(layers=layers), keep=kept(old, grow=True))
    assert torch.equal(run.trainer.network[0].weight[:8], old.trainer.network[0].weight)


# Whatever is done in whatever order, the log leads to the same bits.

ACTIONS = st.one_of(
    st.tuples(st.just("advance"), st.integers(1, 4)),
    st.tuples(st.just("seek"), st.floats(0, 1)),
    st.tuples(st.just("set"), st.tuples(st.integers(0, 15), st.sampled_from([0.0, 0.5, -2.0]))),
    st.tuples(st.just("back"), st.none()),
    st.tuples(st.just("rate"), st.sampled_from([0.01, 0.05, 0.1])),
    st.tuples(st.just("rule"), st.sampled_from(["sgd", "adam"])),
    st.tuples(st.just("switch"), st.integers(0, 9)),
    st.tuples(st.just("phase"), st.none()),
)


def act(run, action, value, last):
    """Do something to a run; ``last`` keeps what the last weight set was before."""
    if action == "advance":
        run.advance(value)
    elif action == "seek":
        run.seek(round(value * run.newest))
    elif action == "set":
        last[:] = [run.set_weights({("layers.0", "weight", value[0]): value[1]})]
    elif action == "back" and last:
        run.set_named(last.pop())
    elif action == "rate":
        run.edit({"optimizer.learning_rate": value})
    elif action == "rule":
        run.edit({"optimizer.kind": value})
    elif action == "switch":
        run.switch(value % len(run.timeline.branches))
    elif action == "phase":
        run.advance_phase()


def test_an_iteration_that_is_left_leaves_no_edit_taken_over(make):
    """It was begun under another rule, whose memory is not that of the step on view."""
    run = Run(make())
    run.advance(1)
    before = vector(run)
    run.edit({"optimizer.kind": "adam"})
    run.advance_phase()
    assert torch.equal(vector(run, 1), before)
    again = Run(run.experiment, edits=run.timeline.current.all_edits())
    for each in (run, again):
        each.advance(4 - each.newest)
    assert torch.equal(vector(run), vector(again))


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(st.tuples(ACTIONS), max_size=12))
def test_any_history_is_repeated_from_its_log(make, actions):
    run, last = Run(make()), []
    for ((action, value),) in actions:
        act(run, action, value, last)
    run.seek(run.newest)
    at = {step: vector(run, step) for step in range(run.newest + 1)}
    again = Run(run.experiment, edits=run.timeline.current.all_edits())
    for step, state in at.items():
        again.advance(step - again.newest)
        assert torch.equal(vector(again), state), (step, log(run))
    assert again.settings == run.settings
