from __future__ import annotations

from lab.engine.experiment import experiment
from lab.panels.network.blocks import blocks, leaves, owner


def parts(*layers):
    return experiment({"layers": list(layers)}).layers


def paths(*layers):
    return [block.paths for block in leaves(blocks(parts(*layers)))]


def test_a_layer_takes_normalisation_activation_and_dropout_with_it():
    found = paths("linear", "batch_norm", "relu", "dropout", "linear")
    assert found == [("layers.0", "layers.1", "layers.2", "layers.3"), ("layers.4",)]


def test_all_that_serves_a_layer_belongs_to_it_and_what_begins_stands_alone():
    assert paths("linear", "relu", "batch_norm") == [("layers.0", "layers.1", "layers.2")]
    assert paths("relu", "linear") == [("layers.0",), ("layers.1",)]


def test_a_block_holds_blocks_and_takes_nothing_after_it():
    inner = {"kind": "residual", "layers": ["linear", "relu"]}
    found = blocks(parts("flatten", inner, "relu"))
    assert [b.path for b in found] == ["layers.0", "layers.1", "layers.2"]
    assert [b.paths for b in found[1].inner] == [("layers.1.layers.0", "layers.1.layers.1")]
    assert owner(found, "layers.1.layers.1").path == "layers.1.layers.0"
    assert owner(found, "layers.1").path == "layers.1"
    assert owner(found, "layers.9") is None


def test_words_are_those_of_the_layers():
    (block,) = blocks(parts("linear", "relu", {"kind": "dropout", "p": 0.25}))
    assert block.title == "1 Linear"
    assert block.words == "ReLU, Dropout 0.25"
    assert block.role("activation") == "layers.1"
    assert block.role("normalisation") is None
    assert block.number == "1"
