"""Layers are counted the same everywhere, and as the formulas count them."""

from __future__ import annotations

import pytest

from lab.engine.experiment import experiment
from lab.engine.networks import build_network, built
from lab.engine.numbering import number_of, numbers, spoken
from lab.engine.second_path import read
from lab.engine.stages import stages
from lab.panels.network.blocks import blocks, leaves
from lab.panels.network.formulas import lines

NET = experiment(
    {
        "layers": [
            "relu",
            {"kind": "linear", "units": 4},
            "batch_norm",
            "tanh",
            {"kind": "residual", "layers": [{"kind": "linear", "units": 4}, "tanh"]},
            "tanh",
            "linear",
        ]
    }
).layers


def test_what_serves_a_layer_shares_its_number():
    assert numbers(NET) == {
        "layers.0": "1",
        "layers.1": "2",
        "layers.2": "2",
        "layers.3": "2",
        "layers.4": "3",
        "layers.4.layers.0": "3.1",
        "layers.4.layers.1": "3.1",
        "layers.5": "3",
        "layers.6": "4",
    }
    assert number_of(NET, "layers.9") == "10"


def test_formulas_blocks_and_stages_count_alike():
    known = numbers(NET)
    for line in lines(NET):
        number = line.latex.partition("^{(")[2].partition(")")[0]
        assert {known[path] for path in line.paths} == {number}
    for block in leaves(blocks(NET)):
        assert block.number == known[block.path]
    found = stages(read(built(NET, build_network(NET, (3,), 2, 0)), training=False))
    labels = [stage.label for stage in found]
    assert labels == ["1", "2", "2′", "3.1", "3", "4"]
    assert [known[s.main.path] for s in found] == [label.rstrip("′") for label in labels]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("layers.4.layers.0 (Linear): no.", "Layer 3.1 (Linear): no."),
        ("layers.6: no. layers.1: no.", "Layer 4: no. Layer 2: no."),
        ("layers: no.", "layers: no."),
        ("layers.77: no.", "layers.77: no."),
    ],
)
def test_sentences_name_layers_by_their_numbers(text, wanted):
    assert spoken(text, NET) == wanted
