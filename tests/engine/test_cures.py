"""Cures: the same measurement is better afterwards, on the presets that need them."""

from __future__ import annotations

import numpy as np
import pytest

from lab.engine import cures
from lab.engine.experiment import experiment
from lab.engine.flow import measure
from lab.engine.networks import sizes
from lab.engine.trainer import Trainer
from lab.presets import load


def gradients(settings):
    found = measure(Trainer(settings))
    return np.array(
        [v for v, b in zip(found.values["gradient"], found.layers, strict=True) if b.is_drawn]
    )


def changed(name, cure):
    before = load(name)
    shape = Trainer(before).data.shape
    if cure is cures.bridged:
        layers = cure(before.layers, sizes(before.layers, shape, 10))
    else:
        layers = cure(before.layers)
    assert layers
    return before.changed({"layers": layers})


@pytest.mark.parametrize(
    ("cure", "times"),
    [
        (cures.rectified, 1e5),
        (cures.bridged, 1e3),
        (cures.initialised, 1e3),
        (cures.normalised, 300),
    ],
)
def test_what_vanished_comes_back(cure, times):
    before, after = gradients(load("vanishing")), gradients(changed("vanishing", cure))
    assert before[-1] / before[0] > 1e6
    assert (after[0] / after[-1]) / (before[0] / before[-1]) > times


@pytest.mark.parametrize(
    ("cure", "times"),
    [(cures.initialised, 1e4), (cures.normalised, 1e3), (cures.rectified, 1e4)],
)
def test_what_exploded_is_tamed(cure, times):
    before, after = gradients(load("exploding")), gradients(changed("exploding", cure))
    assert before[0] / before[-1] > 1e4
    assert (before[0] / before[-1]) / (after[0] / after[-1]) > times


def kinds(layers):
    return [p if isinstance(p, str) else p["kind"] for p in layers]


def test_initialisation_suits_the_activation_behind():
    layers = experiment({"layers": [
        {"kind": "conv2d", "gain": 7.0}, "batch_norm", "relu", "flatten",
        {"kind": "residual", "layers": [{"kind": "linear", "units": 3}]}, "sigmoid",
        {"kind": "linear", "units": 4}, "selu", {"kind": "linear", "units": 4}, "tanh",
        "linear",
    ]}).layers  # fmt: skip
    made = cures.initialised(layers)
    inside = made[4]["layers"][0]
    found = [(p["init"], p["gain"]) for p in (made[0], inside, made[6], made[8], made[10])]
    assert found == [
        ("kaiming_normal", 1.0), ("xavier_normal", 4.0), ("lecun_normal", 1.0),
        ("xavier_normal", 1.0), ("xavier_normal", 1.0),
    ]  # fmt: skip
    assert cures.initialised(experiment({"layers": made}).layers) == []


def test_blocks_hold_what_is_as_wide_and_norms_stand_before_activations():
    layers = experiment({"layers": [
        {"kind": "linear", "units": 8}, "tanh", {"kind": "linear", "units": 8}, "layer_norm",
        "tanh", {"kind": "linear", "units": 5}, "tanh", "linear",
    ]}).layers  # fmt: skip
    made = cures.bridged(layers, sizes(layers, (2,), 3))
    assert kinds(made) == ["linear", "tanh", "residual", "linear", "tanh", "linear"]
    assert kinds(made[2]["layers"]) == ["linear", "layer_norm", "tanh"]
    normed = kinds(cures.normalised(layers))
    assert normed[:3] == ["linear", "layer_norm", "tanh"]
    assert normed.count("layer_norm") == 3
    wide = cures.normalised(experiment({"layers": ["conv2d", "relu"]}).layers)
    assert kinds(wide) == ["conv2d", "batch_norm", "relu"]


def test_nothing_is_offered_where_nothing_would_change():
    layers = experiment({"layers": [{"kind": "linear", "units": 4}, "gelu", "linear"]}).layers
    assert cures.rectified(layers) == cures.leaking(layers) == []
    assert cures.bridged(layers, sizes(layers, (2,), 3)) == []
    leaking = cures.leaking(experiment({"layers": ["linear", "relu", "linear"]}).layers)
    assert kinds(leaking) == ["linear", "leaky_relu", "linear"]
