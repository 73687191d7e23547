"""What the flow panel says and keeps: against the engine, for the run it was measured of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.engine.experiment import experiment
from lab.engine.flow import QUANTITIES, measure
from lab.engine.looks import look_at
from lab.engine.pace import Pace
from lab.engine.run import Run
from lab.numerals import shown
from lab.panels.flow import samples
from lab.panels.flow.findings import find
from lab.panels.flow.model import (
    PAGES,
    SHOWN,
    Ask,
    FlowState,
    by_depth,
    cost_reading,
    described,
    in_units,
    in_words,
    lines_over_time,
    reading,
    subtitle,
)
from lab.panels.flow.samples import Samples
from lab.presets import load


def look(run, number=1):
    return look_at(run, number, Pace(), False, {})


def found_of(run, settings=None):
    data = run.trainer.data
    return find(measure(run.bench), settings or run.settings, data.shape, data.encoding.outputs)


def small(**given):
    base = {
        "data": "iris",
        "steps": 60,
        "layers": [{"kind": "linear", "units": 6}, "relu", "linear"],
        "optimizer": {"kind": "sgd", "learning_rate": 0.01},
    }
    return experiment(base | given)


@pytest.fixture(scope="module")
def vanishing():
    run = Run(load("vanishing"))
    run.advance(2)
    return run, measure(run.trainer)


def test_the_words_hold_the_numbers_that_were_measured(vanishing):
    run, flow = vanishing
    gradient = flow.values["gradient"]
    factor = gradient[16] / gradient[0]
    first, *_ = found_of(run)
    assert first.name == "vanishing"
    assert f"falls by a factor of {factor:.1e}".replace("e+0", "e") in first.words
    assert "from layer 9 back to layer 1:" in first.words
    assert [c.title for c in first.cures] == [
        "ReLU", "Residual", "Initialisation", "Normalisation",
    ]  # fmt: skip
    said = reading(flow, FlowState())
    low, high = shown(gradient[0], 2), shown(gradient[16], 2)
    assert said.startswith(f"Step 2: gradient {low} in layer 1 Linear to {high} in layer 9 L")
    chosen = reading(flow, FlowState(layer="layers.16", quantity="weight"))
    assert chosen == f"Step 2: weight of layer 9 Linear {shown(flow.values['weight'][16], 2)}."
    assert subtitle(flow, FlowState(quantity="activation")).startswith("circles: layers")
    assert "None" not in subtitle(flow, FlowState(page=PAGES[1]))


@pytest.mark.parametrize("cure", ["activation", "residual", "init", "norm"])
def test_after_each_cure_what_vanished_is_better_by_orders_of_magnitude(vanishing, cure):
    run, flow = vanishing
    first, *_ = found_of(run)
    changes = next(c.changes for c in first.cures if c.name == cure)
    cured = measure(Run(run.settings.changed(changes)).trainer)
    places = [i for i, layer in enumerate(cured.layers) if layer.is_drawn]
    before = flow.values["gradient"][0] / flow.values["gradient"][16]
    after = cured.values["gradient"][places[0]] / cured.values["gradient"][places[-1]]
    assert after / before > 100


def test_what_explodes_is_said_and_clipped_on_a_branch():
    run = Run(load("exploding"))
    found = {f.name: f for f in found_of(run)}
    flow = measure(run.trainer)
    gradient = flow.values["gradient"]
    factor = np.nanmax(gradient) / gradient[-1]
    assert f"{factor:.1e}".replace("e+0", "e") in found["exploding"].words
    clip = next(c for c in found["exploding"].cures if c.name == "clip")
    assert clip.is_live
    assert "branch" in clip.tooltip
    run.branch(0, clip.changes)
    clipped = measure(run.bench)
    sizes = np.array([layer.parameters for layer in clipped.layers])
    length = np.sqrt(np.nansum(sizes * clipped.values["update"] ** 2))
    assert length == pytest.approx(0.01, rel=1e-3)  # η times a norm of 1
    for name in ("init", "norm"):
        cure = next(c for c in found["exploding"].cures if c.name == name)
        assert "anew" in cure.tooltip
        cured = {f.name for f in found_of(Run(load("exploding").changed(cure.changes)))}
        assert "exploding" not in cured


def test_each_finding_has_its_limit_and_a_sound_network_has_none():
    run = Run(small())
    run.advance(3)
    assert found_of(run) == ()
    flow = measure(run.trainer)

    def judged(**values):
        changed = {k: flow.values[k].copy() for k in QUANTITIES}
        for name, (place, value) in values.items():
            changed[name][place] = value
        made = replace(flow, values=changed)
        return {f.name: f for f in find(made, run.settings, (4,), 3)}

    last = flow.values["gradient"][2]
    assert set(judged(gradient=(0, last / 1.1e3))) == {"vanishing"}
    assert not judged(gradient=(0, last / 0.9e3))
    assert set(judged(gradient=(0, last * 1.1e2))) == {"exploding"}
    assert not judged(gradient=(0, last * 0.9e2))
    assert "No gradient at all" in judged(gradient=(0, 0.0))["vanishing"].words
    dead = judged(dead=(1, 0.62))["dead"]
    assert dead.words.startswith("62% of the units of layer 1 ReLU are dead")
    assert dead.path == "layers.1"
    assert [c.name for c in dead.cures] == ["leaking", "init", "norm", "slower"]
    assert set(judged(saturated=(1, 0.7))) == {"saturated"}
    assert set(judged(ratio=(0, 0.06))) == {"fast"}
    slow = judged(ratio=(0, 1e-6))["slow"]
    assert dict(slow.cures[-1].changes) == {"optimizer.learning_rate": 0.1}
    assert set(judged(gradient=(0, np.nan))) == {"broken"}


def test_samples_are_those_of_the_lineage_and_of_nothing_else():
    run, kept = Run(small()), Samples()
    truth = {}

    def to(step):
        run.advance(step - run.cursor)
        kept.keep(look(run), measure(run.bench))
        truth[run.timeline.current.number, run.cursor] = measure(run.bench).values["weight"]

    for step in (0, 5, 10, 15, 20):
        to(step)
    run.branch(10, {"optimizer.learning_rate": 1.0})
    assert [s.step for s in kept.along(look(run))] == [0, 5]
    for step in (12, 18):
        to(step)
    found = kept.along(look(run))
    assert [(s.branch, s.step) for s in found] == [(0, 0), (0, 5), (1, 12), (1, 18)]
    steps, values = kept.curves(look(run), "weight")
    for s, row in zip(found, values, strict=True):
        np.testing.assert_array_equal(row, truth[s.branch, s.step])
    assert steps.tolist() == [0, 5, 12, 18]
    run.switch(0)
    assert [s.step for s in kept.along(look(run))] == [0, 5, 10, 15, 20]
    assert kept.along(look(run, number=2)) == ()


def test_a_sample_under_settings_taken_back_is_not_shown():
    run, kept = Run(small()), Samples()
    run.advance(5)
    kept.keep(look(run), measure(run.bench))
    run.edit({"optimizer.learning_rate": 0.5})
    assert kept.along(look(run)) == ()
    kept.keep(look(run), measure(run.bench))
    (sample,) = kept.along(look(run))
    assert sample.log.edit.new == 0.5


def test_edits_are_looked_through_once_however_many_samples_there_are():
    class Counted(tuple):
        def __iter__(self):
            walks.append(1)
            return super().__iter__()

    run, kept, walks = Run(small()), Samples(), []
    for step in range(30):
        run.advance(1)
        if step in (4, 8, 20):
            run.edit({"optimizer.learning_rate": 0.01 * (step + 1)})
        kept.keep(look(run), measure(run.bench))
    seen = replace(look(run), edits=Counted(look(run).edits), run=1)
    assert len(seen.edits) == 3
    assert len(kept.along(seen)) == 30
    assert len(walks) <= 1
    run.seek(20)
    run.edit({"optimizer.learning_rate": 0.5})
    assert [s.step for s in kept.along(look(run))] == list(range(1, 20))


def test_what_was_not_in_sight_is_a_gap():
    run, kept = Run(small()), Samples()
    for step in (2, 4):
        run.advance(step - run.cursor)
        kept.keep(look(run), measure(run.bench))
    kept.sight += 1
    run.advance(10)
    kept.keep(look(run), measure(run.bench))
    steps, values = kept.curves(look(run), "gradient")
    assert steps.tolist() == [2, 4, 9, 14]
    assert np.isnan(values[2]).all()
    assert np.isfinite(values[[0, 1, 3]][:, 0]).all()


def test_many_samples_are_thinned_out_evenly(monkeypatch):
    monkeypatch.setattr(samples, "LEAST_SAMPLES", 16)
    monkeypatch.setattr(samples, "MOST_NUMBERS", 16 * 9 * 3)
    run, kept = Run(small(steps=400)), Samples()
    for _ in range(200):
        run.step()
        kept.keep(look(run), measure(run.bench))
    steps = [s.step for s in kept.along(look(run))]
    assert 8 <= len(steps) <= 16
    assert steps[-1] == 200
    assert max(np.diff(steps)) <= 200 / 4
    for number in range(2, 9):
        kept.keep(look(run, number), measure(run.bench))
    assert len(kept._runs) == samples.MOST_RUNS


def test_sorts_of_layers_are_drawn_apart_and_long_networks_by_some_layers(vanishing):
    _, flow = vanishing
    mixing, activations, others = by_depth(flow, "activation")
    assert mixing.places.tolist() == list(range(1, 18, 2))
    assert activations.places.tolist() == list(range(2, 17, 2))
    assert not len(others.places)
    np.testing.assert_array_equal(activations.values, flow.values["activation"][1::2])
    assert lines_over_time(flow, "gradient", "layers.3") == sorted([*range(0, 17, 2), 3])
    shares = by_depth(flow, "saturated")[1].values
    np.testing.assert_array_equal(shares, 100 * flow.values["saturated"][1::2])


def test_the_question_rests_ten_times_as_long_as_it_took(monkeypatch, vanishing):
    run, _ = vanishing
    clock = iter([0.0, 0.02, 0.15, 0.25, 0.26])
    monkeypatch.setattr("lab.panels.flow.model.perf_counter", lambda: next(clock))
    ask = Ask(0.05)
    assert ask(run.trainer) is not None  # took 20 ms: nothing before 0.22
    assert ask(run.trainer) is None
    assert ask(run.trainer) is not None


def test_plain_values_and_the_table(vanishing):
    run, flow = vanishing
    plain = described(flow, run.settings, (64,), 10)
    assert plain["step"] == 2
    assert set(SHOWN) < set(plain["layers"][0])
    assert plain["layers"][1]["gradient"] is None
    assert plain["layers"][0]["gradient"] == flow.values["gradient"][0]
    assert plain["warnings"][0]["name"] == "vanishing"
    assert "ReLU" in plain["warnings"][0]["cures"]
    table = in_words(flow, run.settings, (64,), 10)
    assert len(table.splitlines()) == 2 + 17 + len(plain["warnings"])
    assert "9 Linear" in table


def test_the_cost_in_words():
    from lab.engine.backprop_cost import Cost, Costs

    cost = Cost(1.0, 8, 99, 5, 5, forward_s=0.002, gradient_s=0.004)
    assert cost_reading(Costs((cost,))) == (
        "99 parameters: one gradient by backpropagation 4 ms, by 100 forward passes 200 ms "
        "(extrapolated from 5 measured): 50 times as long."
    )
    said = [in_units(s) for s in (4e-4, 0.5, 30.0, 600.0, 7300.0, 9e5)]
    assert said == ["400 µs", "500 ms", "30 s", "10 min", "2 h", "10 days"]


def test_a_branch_without_edits_does_not_show_what_its_parent_became():
    run, kept = Run(small()), Samples()
    for step in (5, 20):
        run.advance(step - run.cursor)
        kept.keep(look(run), measure(run.bench))
    run.branch(10, {})
    assert [s.step for s in kept.along(look(run))] == [5]
