"""``nabla inspect``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.engine.run import Run
from lab.files.weights import read_safetensors
from lab.panels.inspector.model import described, inspect
from lab.presets import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIELDS = {
    "name", "kind", "weight", "bias", "z", "a", "delta", "grad_weight", "grad_bias", "update",
    "autograd_relative_error", "finite_difference_relative_error",
}  # fmt: skip


def test_a_preset_after_some_steps(nabla: Callable[..., Any]) -> None:
    result = nabla("inspect", "spiral", "--step", "4", "--sample", "9", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    run = Run(load("spiral"))
    run.advance(4)
    assert found == json.loads(json.dumps(described(inspect(run.trainer, 9))))
    assert (found["step"], found["sample"]) == (4, 9)
    assert all(set(layer) == FIELDS for layer in found["layers"])


@pytest.mark.parametrize(
    ("preset", "layer"), [("brackets-gru", "1"), ("brackets-transformer", "2.inner.0.inner.1")]
)
def test_a_sequence_is_proven_layer_by_layer(
    preset: str, layer: str, nabla: Callable[..., Any]
) -> None:
    found = json.loads(nabla("inspect", preset, "--step", "2", "--json").stdout)
    assert set(found["input"]) == {0.0, 1.0}
    for one in found["layers"]:
        assert one["autograd_relative_error"] <= 1e-10
        assert (one["finite_difference_relative_error"] or 0.0) <= 1e-6
    (one,) = json.loads(nabla("inspect", preset, "--layer", layer, "--json").stdout)["layers"]
    run = Run(load(preset))
    names = [n.removeprefix(f"{layer}.") for n, _ in run.trainer.network.named_parameters()
             if n.startswith(f"{layer}.")]  # fmt: skip
    assert set(one["update"]) == set(names)


def test_a_trained_folder_is_inspected_where_it_stopped(
    nabla: Callable[..., Any], tmp_path: Path
) -> None:
    nabla("train", "xor", "--steps", "6", "--out", "run")
    found = json.loads(nabla("inspect", "run", "--layer", "0", "--json").stdout)
    kept = read_safetensors(tmp_path / "run" / "weights.safetensors").tensors["0.weight"]
    (layer,) = found["layers"]
    assert found["step"] == 6
    assert layer["weight"] == kept.double().tolist()
    table = nabla("inspect", "run").stdout
    assert "Step 6, sample 0: loss " in table
    assert "0 Linear" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing"], "neither a preset nor a folder"),
        (["xor", "--sample", "100000"], "sample: wanted 0 to "),
        (["xor", "--sample", "-1"], "'--sample': wanted at least 0."),
        (["xor", "--layer", "zz"], "layer: 'zz' is not in this network; choose from 0, 1"),
        (["xor", "--step", "x"], "'--step': wanted a whole number."),
    ],
)
def test_what_there_is_not_is_refused(
    arguments: list[str], words: str, refused: Callable[..., str]
) -> None:
    assert words in refused("inspect", *arguments)


def test_a_single_number_is_explained(nabla: Callable[..., Any]) -> None:
    asked = ("inspect", "xor", "--step", "5", "--layer", "0", "--explain", "delta[1]")
    told = nabla(*asked)
    assert told.exit_code == 0, told.output
    assert "δ of layer 1, unit 2" in told.stdout
    assert "Finite difference" in told.stdout
    plain = json.loads(nabla(*asked, "--json").stdout)
    whole = json.loads(nabla("inspect", "xor", "--step", "5", "--json").stdout)
    assert plain["value"] == whole["layers"][0]["delta"][1]
    assert all(check["agrees"] is not False for check in plain["checks"])
    update = nabla("inspect", "xor", "--layer", "2", "--explain", "update_weight[0,1]")
    assert "torch.optim, float64" in update.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--layer", "0", "--explain", "delta"], "wanted a number such as delta[1]"),
        (["--layer", "0", "--explain", "delta[99]"], "layer 0 has no number delta[99]"),
        (["--explain", "delta[0]"], "choose from 0, 1, 2, loss"),
    ],
)
def test_a_number_there_is_not_is_refused(
    arguments: list[str], words: str, refused: Callable[..., str]
) -> None:
    assert words in refused("inspect", "xor", *arguments)
