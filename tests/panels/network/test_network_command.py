"""``nabla network``: the table, the formula, the code, and all of it as JSON."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from lab.engine.data import prepare
from lab.engine.drafts import draft_of
from lab.engine.kinds import ExperimentError
from lab.engine.networks import sizes
from lab.panels.network.commands import described, register, words
from lab.presets import PRESETS, load


@pytest.fixture
def call():
    app = typer.Typer()
    register(app)

    def called(*arguments):
        found = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert found.exit_code == 0, found.output
        return found.stdout

    return called


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_shown(call, name):
    found = json.loads(call(name, "--json"))
    asked = load(name)
    data = prepare(asked)
    mine = sizes(asked.layers, data.shape, data.encoding.outputs)
    top = [one for one in found["layers"] if one["path"].count(".") == 1]
    assert [one["parameters"] for one in top] == [s.parameters for s in mine]
    assert [one["shape_out"] for one in top] == [list(s.shape_out) for s in mine]
    assert found["parameters"] == sum(s.parameters for s in mine)
    assert found["memory"]["total"] == sum(
        v for k, v in found["memory"].items() if k != "total"
    )
    assert found["problems"] == []
    assert compile(found["code"], "code", "exec")
    assert len(found["formula"]) <= len(found["layers"]) + 30


def test_the_table_in_words(call):
    lines = call("xor").splitlines()
    assert lines[0] == "XOR: 2 features → 1"
    assert lines[2].split() == ["layer", "gives", "parameters", "memory", "multiply-adds"]
    assert lines[3].split()[:5] == ["1", "Linear", "4", "features", "12"]
    assert lines[-2] == "17 parameters, 12 multiply-adds a sample."
    assert lines[-1].startswith("Memory ")


def test_formula_and_code_alone(call):
    assert call("xor", "--latex").startswith("\\begin{aligned}\na^{(1)} &= \\tanh")
    assert call("xor", "--code").startswith("import torch\n")
    both = call("xor", "--latex", "--code")
    assert "\\end{aligned}" in both
    assert "nn.Sequential" in both


def test_what_is_wrong_is_said_with_what_is_known():
    asked = load("xor").changed({"layers": [{"kind": "linear", "units": 3}, "conv2d"]})
    data = prepare(asked)
    found = draft_of(asked, data)
    assert "layers.1 (Convolution): wanted an image" in words(asked, data, found)
    plain = described(asked, data, found)
    assert plain["code"] is None
    assert plain["problems"][0]["path"] == "layers.1"
    assert plain["layers"][1]["shape_out"] is None
    json.dumps(plain, allow_nan=False)


def test_another_name_is_refused():
    app = typer.Typer()
    register(app)
    with pytest.raises(ExperimentError, match="neither a preset nor a folder"):
        CliRunner().invoke(app, ["nothing"], catch_exceptions=False)
