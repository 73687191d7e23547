"""What backpropagation saves: real passes, counted; no assertion on how long they take."""

from __future__ import annotations

import pytest
import torch

from lab.engine import backprop_cost
from lab.engine.backprop_cost import Cost, timing, widened, widest
from lab.engine.experiment import experiment
from lab.engine.networks import sizes
from lab.engine.run import Run
from lab.presets import load


def test_every_width_is_timed_and_the_run_is_left_alone():
    run = Run(load("spiral"))
    run.advance(3)
    before = run.trainer.state.vector.clone()
    *parts, last = timing(run)
    assert last.done == 1.0
    assert not last.left_out
    assert [p.done for p in parts] == sorted(p.done for p in parts)
    assert [c.factor for c in last.costs] == list(backprop_cost.WIDTHS)
    shape, outputs = run.trainer.data.shape, run.trainer.data.encoding.outputs
    for cost in last.costs:
        made = widened(run.settings, cost.factor, outputs)
        assert cost.parameters == sum(s.parameters for s in sizes(made.layers, shape, outputs))
        assert cost.forward_s > 0
        assert cost.gradient_s > 0
        assert cost.moved == cost.rounds >= 3
    assert torch.equal(before, run.trainer.state.vector)
    run.advance(2)
    other = Run(load("spiral"))
    other.advance(5)
    assert torch.equal(run.trainer.state.vector, other.trainer.state.vector)


def test_the_extrapolation_is_p_plus_one_losses():
    cost = Cost(1.0, 8, 99, 5, 5, forward_s=0.002, gradient_s=0.004)
    assert cost.differences_s == pytest.approx(0.2)
    assert cost.saving == pytest.approx(50)


def test_moved_parameters_are_put_back_and_the_last_layer_keeps_its_width():
    run = Run(load("xor"))
    made = backprop_cost._copy(widened(run.settings, 1.0, 1), 10, run.bench.data,
                               run.bench.device)  # fmt: skip
    before = made.state.vector.clone()
    for turn in range(12):
        backprop_cost._moved_loss(made, turn)
    assert torch.equal(before, made.state.vector)
    layers = [{"kind": "linear", "units": 6}, "tanh", {"kind": "residual", "layers": [
        {"kind": "linear", "units": 6}, "tanh"]}, {"kind": "linear", "units": 1}]  # fmt: skip
    doubled = widened(experiment({"layers": layers}), 2.0, 1).layers
    assert [doubled[0]["units"], doubled[2].layers[0]["units"], doubled[3]["units"]] == [
        12,
        12,
        1,
    ]
    assert widest(doubled) == 12


def test_a_network_without_hidden_layers_is_timed_once_and_too_large_ones_are_left_out(
    monkeypatch,
):
    *_, last = timing(Run(load("xor-single-layer")))
    assert [(c.factor, c.width) for c in last.costs] == [(1.0, 0)]
    monkeypatch.setattr(backprop_cost, "MOST_PARAMETERS", 30)
    *_, last = timing(Run(load("playground")))
    assert [c.factor for c in last.costs] == [1.0, 0.25, 0.5]
    assert last.left_out == ("2 × the width: 65 parameters, more than 30.",)
