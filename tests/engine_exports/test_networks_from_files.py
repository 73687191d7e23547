"""A network comes back from its own file; of a foreign one what can be told is proposed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from lab.engine.carrying import Kept
from lab.engine.experiment import experiment
from lab.engine.exports import export, snapshot
from lab.engine.imports import opened
from lab.engine.networks import build_network
from lab.engine.records import record_of
from lab.engine.run import Run
from lab.files.errors import LoadError
from lab.files.weights import write_safetensors
from lab.presets import PRESETS, load


def written(run, path):
    return export(record_of(run), snapshot(run.trainer), "safetensors", path)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_comes_back_with_its_weights(tmp_path, name):
    run = Run(load(name))
    run.advance(2)
    found = opened(written(run, tmp_path / "a.safetensors"))
    assert found.layers == run.experiment.layers
    mine = snapshot(run.trainer)
    assert all(torch.equal(found.tensors[n], mine[n]) for n in mine)
    assert found.words == f"Network of {run.experiment.title} at step 2, with its weights."


def test_a_run_with_edits_is_opened_as_it_is_not_as_it_came_to_be(tmp_path):
    run = Run(load("xor"))
    run.advance(2)
    run.load_weights({n: t + 1 for n, t in snapshot(run.trainer).items()}, "w.pt")
    run.set_weights({("layers.0", "bias", 0): 0.5})
    found = opened(written(run, tmp_path / "a.safetensors"))
    assert found.tensors["0.bias"][0] == 0.5
    begun = Run(run.experiment, keep=Kept(found.layers, found.tensors, "a.safetensors"))
    assert begun.trainer.network[0].bias[0] == 0.5
    assert begun.timeline.current.edits[0].new == "a.safetensors (2 of 2 layers kept)"


@pytest.mark.parametrize(
    ("metadata", "told"),
    [
        ({"experiment": "a = ["}, "its description cannot be read"),
        ({"experiment": "seed = -1"}, "its description cannot be read: seed"),
        ({"experiment": 'layers = ["tanh"]'}, "its description is not that of its weights"),
    ],
)
def test_a_description_that_is_none_is_told(tmp_path, metadata, told):
    path = write_safetensors(
        tmp_path / "a.safetensors", {"5.weight": torch.ones(2, 2)}, metadata
    )
    with pytest.raises(LoadError, match=told):
        opened(path)


# Foreign files.


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 3)
        )
        self.head = nn.Linear(5 * 4 * 4, 10)


def saved(tmp_path, module):
    return write_safetensors(tmp_path / "b.safetensors", module.state_dict())


def kinds(found):
    return [part.kind for part in found.layers]


def fits(found, shape):
    made = build_network(found.layers, shape, 10, 0)
    made.load_state_dict(found.tensors)
    return made


def test_a_chain_of_linear_layers_is_proposed(tmp_path):
    theirs = nn.Sequential(
        nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6, bias=False), nn.ReLU(), nn.Linear(6, 10)
    )
    found = opened(saved(tmp_path, theirs))
    assert kinds(found) == ["linear", "relu", "linear", "relu", "linear"]
    x = torch.randn(3, 4)
    assert torch.equal(fits(found, (4,))(x), theirs(x))
    assert "layers were guessed from the shapes" in found.words


def test_more_than_ten_layers_stay_in_order(tmp_path):
    theirs = nn.Sequential(*[nn.Linear(k + 1, k + 2) for k in range(12)])
    found = opened(saved(tmp_path, theirs))
    assert [p["units"] for p in found.layers if p.kind == "linear"] == list(range(2, 14))


def test_convolutions_normalisation_and_a_head_are_proposed(tmp_path):
    found = opened(saved(tmp_path, Net()))
    assert kinds(found) == ["conv2d", "batch_norm", "relu", "conv2d", "relu", "flatten",
                            "linear"]  # fmt: skip
    fits(found, (1, 8, 8))


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        ({}, "it holds no weights"),
        (
            {"a.weight": (3, 2), "b.weight": (3, 2)},
            "b takes 2 values, the layer before it gives 3",
        ),
        (
            {"a.weight": (2, 2, 2)},
            "no plain chain of layers: .*a.weight of shape 2×2×2|plain chain",
        ),
        ({"a.weight_ih": (4, 2), "a.weight_hh": (4, 2)}, "describes no network"),
        ({"scale": ()}, "describes no network"),
        ({"a.bias": (2,)}, "describes no network"),
    ],
)
def test_what_is_no_plain_chain_is_refused_in_a_sentence(tmp_path, tensors, told):
    made = {name: torch.ones(shape) for name, shape in tensors.items()}
    path = write_safetensors(tmp_path / "c.safetensors", made)
    with pytest.raises(LoadError, match=told) as error:
        opened(path)
    assert "\n" not in str(error.value)


def test_a_proposal_is_a_description_like_any_other(tmp_path):
    found = opened(saved(tmp_path, nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3))))
    layers = [p.model_dump() for p in found.layers]
    run = Run(experiment({"data": "iris", "layers": layers}))
    run.trainer.load_weights(found.tensors)
