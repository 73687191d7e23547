"""Random networks of the table survive saving and loading: description, weights, answers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.exports import export, snapshot
from lab.engine.imports import opened
from lab.engine.networks import build_network
from lab.engine.records import Record
from tests.engine.test_second_path import (
    GIVEN,
    IMAGES,
    flat_stack,
    image_stack,
    sequence_stack,
    trainer_of,
)

STACKS = st.one_of(
    flat_stack().map(lambda layers: ("iris", layers)),
    image_stack().map(lambda layers: (IMAGES, layers)),
    sequence_stack(),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("saved") / "network.safetensors"


@GIVEN
@given(drawn=STACKS, seed=st.integers(0, 99))
def test_random_networks_survive_saving_and_loading(file, drawn, seed):
    data, layers = drawn
    trainer = trainer_of(layers, data, seed=seed, split={"standardise": data != "brackets"})
    trainer.step()
    export(Record(trainer.experiment), snapshot(trainer), "safetensors", file, overwrite=True)
    found = opened(file)
    assert found.layers == trainer.experiment.layers
    outputs = trainer.data.encoding.outputs
    other = build_network(found.layers, trainer.data.shape, outputs, seed + 1).eval()
    other.load_state_dict(found.tensors)
    x = trainer.train_x[:5]
    with torch.no_grad():
        assert torch.equal(other(x), trainer.answers(x))
