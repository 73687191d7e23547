"""What is shown of a network is what the network computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.engine.drafts import check
from lab.engine.run import Run
from lab.panels.network.blocks import blocks
from lab.panels.network.layout import INPUT, laid_out
from lab.panels.network.model import GRID, Ask, domain, places, scale_of, seen
from lab.panels.network.pictures import _shape_before, shown_in
from lab.presets import load


@pytest.fixture
def run():
    made = Run(load("spiral"))
    made.advance(30)
    return made


def look(run, show="Response", sample=3):
    layers = run.experiment.layers
    return seen(run.bench, blocks(layers), sample, show)


def test_values_of_a_unit_are_those_of_a_pass_by_hand(run):
    found = look(run)
    x = run.trainer.data.x[3]
    for path, after in (("layers.0", "layers.1"), ("layers.2", "layers.3")):
        w, b = found.weights[path, "weight"], found.weights[path, "bias"]
        np.testing.assert_allclose(found.sums[path], w @ x + b, rtol=1e-5)
        assert run.experiment.layers[int(after[-1])].kind == "tanh"
        x = np.tanh(found.sums[path])
        np.testing.assert_allclose(found.values[path], x, rtol=1e-5)
    assert found.step == 30


def test_a_map_holds_what_its_unit_answers_at_each_place(run):
    found = look(run)
    x0, x1, y0, y1 = found.box
    row, column = 4, 20
    place = np.array(
        [x0 + (column + 0.5) / GRID * (x1 - x0), y1 - (row + 0.5) / GRID * (y1 - y0)]
    )
    w, b = found.weights["layers.0", "weight"], found.weights["layers.0", "bias"]
    wanted = np.tanh(w @ place + b)
    np.testing.assert_allclose(
        found.maps["layers.0"][:, row, column], wanted, rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(found.maps[INPUT][:, row, column], place)
    assert found.maps["layers.0"].shape == (32, GRID, GRID)


def test_the_map_covers_the_data_and_has_its_top_at_the_highest_place(run):
    box = domain(run.trainer.data)
    plane = places(box)
    x = run.trainer.data.x
    assert (plane.min(axis=0) < x.min(axis=0)).all()
    assert (plane.max(axis=0) > x.max(axis=0)).all()
    assert plane[0, 1] == plane[:, 1].max()
    assert domain(Run(load("iris")).trainer.data) is None


@pytest.mark.parametrize("micro", [1, 2])
@pytest.mark.parametrize("phases", [0, 1, 3])
def test_gradients_are_those_of_the_iteration_at_hand(micro, phases):
    """With the dropout of this very step, and the statistics of its batch."""
    layers = [{"kind": "linear", "units": 5}, "batch_norm", "tanh", "dropout", "linear"]
    run = Run(load("spiral").changed({"layers": layers, "batches.micro": micro}))
    run.advance(4)
    for _ in range(phases):
        run.advance_phase()
    found = look(run, "Gradient")
    assert look(run, "Weights").gradients == {}
    for _ in range(3 - phases):
        run.advance_phase()
    for path, name, index in (
        ("layers.0", "weight", 0), ("layers.0", "bias", 0), ("layers.4", "weight", 4),
    ):  # fmt: skip
        wanted = getattr(run.trainer.network[index], name).grad
        np.testing.assert_array_equal(found.gradients[path, name], wanted.numpy())


def test_looking_changes_nothing(run):
    before = run.trainer.state.vector.clone(), run.trainer.state.gradient.clone()
    for show in ("Response", "Weights", "Gradient"):
        look(run, show)
    assert torch.equal(before[0], run.trainer.state.vector)
    assert torch.equal(before[1], run.trainer.state.gradient)
    assert not any(m._forward_hooks for m in run.trainer.network.modules())


def test_an_image_network_shows_maps_and_weights_of_its_convolutions():
    run = Run(load("digits-cnn"))
    found = look(run)
    assert found.box is None
    assert found.maps == {}
    first = found.values["layers.0"]
    assert first.ndim == 3
    module = run.trainer.network[0]
    np.testing.assert_allclose(found.weights["layers.0", "weight"], module.weight.detach())


def test_another_network_is_not_answered_for(run):
    layers = load("xor").layers
    ask = Ask(blocks(layers), layers, 0, "Response")
    assert ask(run.bench) is None
    own = run.experiment.layers
    assert Ask(blocks(own), own, 0, "Response")(run.bench).step == 30


def test_while_training_a_tenth_of_the_time_goes_to_answers(run):
    own = run.experiment.layers
    ask = Ask(blocks(own), own, 0, "Response", pause_s=10.0)
    assert ask(run.bench) is not None
    assert ask(run.bench) is None


def test_the_scale_is_the_largest_size():
    assert scale_of([np.array([0.5, -3.0]), np.array([2.0])]) == 3.0
    assert scale_of([]) == 1.0
    assert scale_of([np.zeros(3)]) == 1.0


def test_weights_are_laid_out_as_what_they_come_from_and_only_so():
    run = Run(
        load("digits-mlp").changed({"layers": [{"kind": "linear", "units": 64}, "linear"]})
    )
    layers = run.experiment.layers
    draft = check(layers, run.trainer.data.shape, 10)
    shapes = {d.path: d.shape_out for d in draft.layers}
    columns = laid_out(blocks(layers), run.trainer.data.shape, shapes).columns
    found = look(run, "Weights", 0)
    cells = shown_in(columns[:3], found, run.trainer.data.x[0], "Weights")
    assert cells.shape == (10, 8, 8)  # 64 hidden units in a square, not pixels of a picture
    image = Run(
        load("digits-cnn").changed(
            {"layers": ["flatten", {"kind": "linear", "units": 64}, "linear"]}
        )
    )
    layers = image.experiment.layers
    draft = check(layers, (1, 8, 8), 10)
    shapes = {d.path: d.shape_out for d in draft.layers}
    columns = laid_out(blocks(layers), (1, 8, 8), shapes).columns
    assert _shape_before(columns[:2], 64) == (1, 8, 8)
    assert _shape_before(columns[:3], 64) == (64,)
