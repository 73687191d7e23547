"""One sample's pass: the numbers of the catalogue, and the network left as it was."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lab.engine import next_update
from lab.engine.experiment import experiment
from lab.engine.kinds import ExperimentError
from lab.engine.microscope import look_into
from lab.engine.phases import Phase
from lab.engine.run import Run
from lab.maths import worked_losses
from lab.panels.inspector.asking import Ask
from lab.panels.inspector.choices import InspectorState
from lab.panels.inspector.model import described, in_words, inspect
from lab.panels.inspector.rows import carried, rows
from lab.panels.inspector.words import reading
from lab.presets import PRESETS, load


@pytest.fixture
def neuron(tmp_path):
    """x = 2, w = 0.5, b = −0.25, σ, target 1, squared error, SGD with η = 0.1."""
    table = tmp_path / "one.csv"
    table.write_text("x,y\n2,1\n" + "".join(f"{k / 7},{k / 9}\n" for k in range(20)))
    run = Run(
        experiment(
            {
                "data": {
                    "kind": "csv",
                    "path": str(table),
                    "target": "y",
                    "task": "regression",
                },
                "split": {"standardise": False},
                "layers": [{"kind": "linear", "units": 1}, "sigmoid"],
                "loss": "mse_loss",
                "optimizer": {"kind": "sgd", "learning_rate": 0.1},
                "batches": {"size": 4},
                "precision": "float64",
            }
        )
    )
    weights = {"0.weight": torch.tensor([[0.5]]), "0.bias": torch.tensor([-0.25])}
    run.load_weights(weights, "the catalogue")
    return run


def test_the_neuron_of_the_catalogue(neuron):
    found = inspect(neuron.trainer, 0)
    linear, sigmoid = found.layers
    assert found.input == pytest.approx([2.0])
    assert linear.z[0] == pytest.approx(0.75)
    assert sigmoid.z[0] == pytest.approx(0.75)
    assert sigmoid.a[0] == pytest.approx(0.679179, abs=5e-7)
    assert found.loss == pytest.approx(0.102926, abs=5e-7)
    assert linear.gradients["weight"][0, 0] == pytest.approx(-0.279621, abs=5e-7)
    assert linear.gradients["bias"][0] == pytest.approx(-0.139811, abs=5e-7)
    assert linear.delta[0] == sigmoid.delta[0] == linear.gradients["bias"][0]
    assert linear.updates["weight"][0, 0] == -0.1 * linear.gradients["weight"][0, 0]
    assert linear.autograd_error <= 1e-14
    assert linear.difference_error <= 1e-8


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_proven(name):
    run = Run(load(name))
    run.advance(3)
    before = run.trainer.state.vector.clone()
    found = inspect(run.trainer, 5)
    assert max(r.autograd_error for r in found.layers) <= 1e-10
    errors = [r.difference_error for r in found.layers if r.gradients]
    assert max(errors[-2:]) <= 1e-6  # where the derivative is not lost in rounding
    assert torch.equal(run.trainer.state.vector, before)
    assert run.trainer.phase is Phase.READY
    x = torch.tensor(run.trainer.data.x[5:6], dtype=run.trainer.dtype)
    answer = run.trainer.answers(x)[0].double().numpy()
    np.testing.assert_allclose(found.output, answer, rtol=1e-3, atol=1e-3)


def test_in_the_midst_of_an_iteration_the_network_before_it_is_inspected():
    layers = [{"kind": "linear", "units": 4}, "batch_norm", "tanh", "linear"]
    run = Run(experiment({"data": "iris", "layers": layers, "batches": {"size": 8}}))
    run.advance(4)
    before = json.dumps(described(inspect(run.trainer, 7)))
    run.advance_phase()
    assert json.dumps(described(inspect(run.trainer, 7))) == before
    assert run.phase is Phase.FORWARD
    run.step()
    assert run.newest == 5


def test_what_there_is_not_is_refused(neuron):
    with pytest.raises(ExperimentError, match="sample: wanted 0 to 20, got 21"):
        inspect(neuron.trainer, 21)
    with pytest.raises(ExperimentError, match="layer: '9' is not in this network"):
        inspect(neuron.trainer, 0).layer("9")


def test_plain_values_are_the_tensors(neuron):
    found = inspect(neuron.trainer, 3)
    plain = json.loads(json.dumps(described(found), allow_nan=False))
    assert [p["name"] for p in plain["layers"]] == ["0", "1"]
    first = plain["layers"][0]
    assert first["weight"] == found.layers[0].weights["weight"].tolist()
    assert first["grad_weight"] == found.layers[0].gradients["weight"].tolist()
    assert plain["layers"][1]["weight"] is None
    assert plain["layers"][1]["finite_difference_relative_error"] is None
    assert described(found, "1")["layers"] == plain["layers"][1:]
    assert "1 Sigmoid" in in_words(found)
    assert np.asarray(first["a"]).dtype == np.float64


def forbidden(*_given):
    raise AssertionError("this is the worker's to do")


def test_the_window_works_out_no_part_of_an_update(neuron, monkeypatch):
    seen = Ask(0, with_update=True)(neuron.trainer)
    wanted = len(neuron.trainer.network.state_dict())
    monkeypatch.setattr(next_update, "parts", forbidden)
    made = rows(seen.iteration, "Update")
    assert len(made) == wanted


def test_the_window_looks_for_no_lost_digits(monkeypatch):
    run = Run(load("iris"))
    run.advance(2)
    linear = run.trainer.network.state_dict()
    sure = {name: 1e3 * value for name, value in linear.items()}
    run.load_weights(sure, "very sure")
    seen = Ask(None)(run.trainer)
    assert seen.has_lost_digits
    monkeypatch.setattr(worked_losses, "lost_digits", forbidden)
    words = reading(replace(seen, error=1.0), InspectorState(), run.trainer.data)
    assert "the network is so sure" in words
    assert "so sure" not in reading(
        replace(seen, error=1.0, has_lost_digits=False), InspectorState(), run.trainer.data
    )


@pytest.mark.parametrize(
    ("layers", "number", "wanted"),
    [
        ([4, "tanh", None], 1, "δ(4) = Wᵀ(4×3) δ(3) ⊙ φ′(4)"),
        ([4, "softmax", None], 1, "δ(4) = Jᵀ(4×4) Wᵀ(4×3) δ(3)"),
        ([4, "tanh", None, "softmax"], 2, "δ(3) = Jᵀ(3×3) ∂L/∂o"),
        (["sequence", 5, "softmax", 6, "mean_over_tokens", None], 2,
         "δ(4×5) = Jᵀ(5×5) Wᵀ(5×6) δ(4×6) at each place"),
        ([4, {"kind": "residual", "layers": [4]}, "relu", None], 3,
         "δ(4) = Wᵀ(4×3) δ(3) ⊙ φ′(4)"),
        ([4, "tanh", {"kind": "residual", "layers": [4, "tanh"]}, None], 1,
         "δ(4) = (Wᵀ(4×4) δ(4) + Wᵀ(4×3) δ(3)) ⊙ φ′(4)"),
    ],
)  # fmt: skip
def test_a_softmax_carries_delta_back_by_its_whole_jacobian(layers, number, wanted):
    def told(layer):
        if isinstance(layer, dict):
            return {**layer, "layers": [told(one) for one in layer["layers"]]}
        if isinstance(layer, str):
            return layer
        return {"kind": "linear", **({"units": layer} if layer else {})}

    run = Run(experiment({"data": "iris", "layers": [told(layer) for layer in layers]}))
    it = look_into(run.trainer, 3)
    assert carried(it, it.stages[number - 1]) == wanted
