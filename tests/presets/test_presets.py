"""Every preset shows its point within its horizon."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from lab.engine.kinds import ExperimentError
from lab.engine.run import Run
from lab.engine.trainer import Evaluation, Trainer
from lab.presets import DEFAULT, PRESETS, load

NAMES = (
    "digits-mlp digits-cnn spiral xor xor-single-layer curve-fit iris vanishing exploding "
    "brackets-gru brackets-transformer playground"
)


def carried_out(name: str, steps: int | None = None, **changes: Any) -> tuple[Run, Evaluation]:
    run = Run(load(name).changed(changes))
    run.advance(steps or run.experiment.steps)
    return run, run.trainer.evaluate()


def gradients_of_layers(name: str) -> tuple[float, float, float]:
    """Return the norms of the first and the last layer's gradient, and that of all."""
    trainer = Trainer(load(name))
    trainer.forward()
    trainer.loss()
    trainer.backward()
    norms = [
        float(p.grad.norm())
        for n, p in trainer.network.named_parameters()
        if n.endswith("weight") and p.grad is not None
    ]
    return norms[0], norms[-1], trainer.gradient_norm


def test_the_table_has_them_all_and_the_default_among_them() -> None:
    assert list(PRESETS) == NAMES.split()
    assert DEFAULT == "digits-mlp"


@pytest.mark.parametrize("name", NAMES.split())
def test_every_preset_builds_says_what_it_shows_and_carries_its_title(name: str) -> None:
    preset = PRESETS[name]
    trainer = Trainer(load(name))
    assert trainer.experiment.title == preset.title
    assert preset.summary.endswith(".")
    assert len(preset.summary) <= 75


def test_the_table_is_read_without_torch_or_pydantic() -> None:
    code = "import sys, lab.presets; print({'torch', 'pydantic', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_an_unknown_preset_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ExperimentError, match=r"preset: 'digit' is not known; .*digits-mlp"):
        load("digit")


def test_digits_mlp_is_the_network_of_the_issue_and_reads_unseen_digits() -> None:
    run, found = carried_out("digits-mlp", 400)
    shapes = [tuple(p.shape) for p in run.trainer.network.parameters() if p.ndim == 2]
    assert shapes == [(128, 64), (128, 128), (10, 128)]
    assert (run.experiment.optimizer.kind, run.experiment.batches.size) == ("adam", 64)
    assert found.test_accuracy >= 0.95


def test_digits_cnn_reads_unseen_digits() -> None:
    assert carried_out("digits-cnn", 300)[1].test_accuracy >= 0.95


def test_the_spiral_is_solved() -> None:
    assert carried_out("spiral")[1].accuracy >= 0.97


def test_xor_ends_without_an_error() -> None:
    found = carried_out("xor")[1]
    assert (found.accuracy, found.test_accuracy) == (1.0, 1.0)


def test_xor_without_a_hidden_layer_stays_at_a_coin_toss() -> None:
    found = carried_out("xor-single-layer")[1]
    assert found.accuracy <= 0.75
    assert found.train_loss == pytest.approx(math.log(2), abs=0.02)


def test_iris_is_told_apart() -> None:
    assert carried_out("iris")[1].test_accuracy >= 0.93


def test_the_curve_is_fitted_down_to_its_noise() -> None:
    run, found = carried_out("curve-fit")
    variance = float(np.var(run.trainer.data.labels))
    assert found.test_loss < 0.03 * variance


def test_the_playground_is_solved_with_its_own_settings() -> None:
    run, found = carried_out("playground", 2500)
    shapes = [tuple(p.shape) for p in run.trainer.network.parameters() if p.ndim == 2]
    assert shapes == [(4, 2), (2, 4), (1, 2)]
    assert set(np.unique(run.trainer.data.target)) == {-1.0, 1.0}
    assert len(run.trainer.test_x) == len(run.trainer.train_x) == 250
    assert found.test_accuracy >= 0.95


@pytest.mark.parametrize("name", ["brackets-gru", "brackets-transformer"])
def test_brackets_are_told_apart_that_counting_does_not(name: str) -> None:
    run, found = carried_out(name)
    x = run.trainer.data.x
    assert (x.sum(axis=1) == x.shape[1] / 2).all()
    assert found.test_accuracy >= 0.97


def test_gradients_vanish_and_the_loss_hardly_falls() -> None:
    first, last, _ = gradients_of_layers("vanishing")
    assert first < 1e-3 * last
    _, found = carried_out("vanishing")
    assert found.train_loss > 0.98 * math.log(10)


def test_the_vanishing_network_learns_once_it_has_relu() -> None:
    layers = [
        *[{"kind": "linear", "units": 32, "init": "kaiming_normal"}, "relu"] * 8,
        "linear",
    ]
    assert carried_out("vanishing", layers=layers)[1].test_accuracy > 0.9


def test_gradients_explode_on_their_way_back_and_nothing_is_learned() -> None:
    first, last, total = gradients_of_layers("exploding")
    assert first > 1e3 * last
    assert total > 1e4
    run, found = carried_out("exploding")
    losses = run.timeline.current.steps.column("loss")
    assert losses.max() > 3 * math.log(10)
    assert found.accuracy < 0.5


def test_the_exploding_network_learns_once_its_gain_is_one() -> None:
    gains = {f"layers.{i}.gain": 1.0 for i in range(0, 41, 2)}
    assert carried_out("exploding", **gains)[1].accuracy > 0.75
