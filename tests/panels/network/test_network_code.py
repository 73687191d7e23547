"""The code of a network, run as a stranger would: the same shapes, the same answers."""

from __future__ import annotations

import pytest
import torch

from lab.engine.data import prepare
from lab.engine.experiment import experiment
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.networks import build_network
from lab.panels.network.code import code
from lab.presets import PRESETS, load


def run(text):
    space: dict[str, object] = {"__name__": "snippet"}
    exec(compile(text, "snippet", "exec"), space)
    return space["net"]


def compare(layers, shape, outputs, x):
    mine = build_network(layers, shape, outputs, 1)
    text = code(layers, shape, outputs)
    assert "lab." not in text
    torch.manual_seed(0)
    theirs = run(text)
    theirs.load_state_dict(mine.state_dict())
    assert torch.equal(theirs.eval()(x), mine.eval()(x))
    return text


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_rebuilt_by_its_code(name):
    asked = load(name)
    data = prepare(asked)
    x = torch.tensor(data.x[:5]).float()
    compare(asked.layers, data.shape, data.encoding.outputs, x)


TOKENS = {"embedding", "sequence"}


@pytest.mark.parametrize("kind", sorted(set(LAYERS) - {"module"}))
def test_every_kind_is_rebuilt(kind):
    layer = {"kind": kind} | ({"layers": ["tanh"]} if kind == "residual" else {})
    shape = (2, 6, 6) if "2d" in kind or kind in {"sequence", "flatten"} else (6,)
    shape = (4, 6) if kind in SEQUENCES else shape
    layers = experiment({"layers": [layer]}).layers
    compare(layers, shape, 3, torch.ones(2, *shape))


SEQUENCES = {"positional_encoding", "attention", "transformer_block", "gru", "lstm",
             "mean_over_tokens"}  # fmt: skip


def test_first_weights_of_another_kind_are_drawn():
    layers = experiment({"layers": [{"kind": "linear", "init": "zeros"}]}).layers
    text = compare(layers, (3,), 2, torch.ones(1, 3))
    assert text.endswith('initialise(net[0], "zeros", std=0.01, gain=1.0)\n')
    assert (run(text)[0].weight == 0).all()


def test_plain_networks_are_plain_code():
    layers = experiment({"layers": [{"kind": "linear", "units": 8}, "tanh", "linear"]}).layers
    assert code(layers, (2,), 1) == (
        "from torch import nn\n\n\n"
        "net = nn.Sequential(\n"
        "    nn.Linear(in_features=2, out_features=8),\n"
        "    nn.Tanh(),\n"
        "    nn.Linear(in_features=8, out_features=1),\n"
        ")\n"
    )


def test_what_cannot_be_built_has_no_code():
    with pytest.raises(ExperimentError, match="wanted an image"):
        code(experiment({"layers": ["conv2d"]}).layers, (2,), 1)
