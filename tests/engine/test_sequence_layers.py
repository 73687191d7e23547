"""Sequences in the engine: tokens that are none, blocks made of parts, pieces, precisions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.engine.adapting import adapted
from lab.engine.experiment import experiment, needs_reset
from lab.engine.exports import export, snapshot
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.load_weights import plan
from lab.engine.networks import (
    build_network,
    built,
    inner_parts,
    leaf_modules,
    leaf_parts,
    parameter_shapes,
    sizes,
)
from lab.engine.records import record_of
from lab.engine.run import Run
from lab.engine.sequence_modules import Attention
from lab.engine.trainer import Trainer

BLOCK = {"kind": "transformer_block", "heads": 2, "hidden": 12, "dropout": 0.25}
EMBEDDING = {"kind": "embedding", "tokens": 2, "dim": 8}
LAYERS_OF_TOKENS = [
    EMBEDDING,
    "positional_encoding",
    BLOCK,
    {"kind": "gru", "units": 5},
    "linear",
]
PLAIN = {
    "data": {"kind": "brackets", "samples": 60, "pairs": 3},
    "split": {"standardise": False},
    "batches": {"size": 16},
    "layers": LAYERS_OF_TOKENS,
}


def asked(**given):
    return experiment(PLAIN | given)


# Tokens.


def points(*rows):
    return {"kind": "points", "points": [[*row, i % 2] for i, row in enumerate(rows)]}


TOKENS = [[0, 1], [1, 0], [2, 2], [0, 2], [1, 1]]


@pytest.mark.parametrize(
    ("last", "told"),
    [
        ([0.5, 1], r"layers\.0 \(Embedding\): .* from 0 to 2, but sample 5 holds 0\.5;"),
        ([1, 3], r"sample 5 holds 3; set .* layers\.0\.tokens to as many as there are"),
        ([1, -1], r"sample 5 holds -1;"),
        ([2, 1], None),
    ],
)
def test_what_is_no_token_is_refused_before_the_first_step(last, told):
    layers = [{"kind": "embedding", "tokens": 3, "dim": 4}, "flatten", "linear"]
    wish = asked(data=points(*TOKENS, last), layers=layers, batches={"size": 2})
    if told is None:
        Trainer(wish).step()
        return
    with pytest.raises(ExperimentError, match=told):
        Trainer(wish)


def test_standardised_tokens_are_refused_with_the_cure():
    with pytest.raises(ExperimentError, match=r"set split\.standardise to false") as told:
        Trainer(asked(split={"standardise": True}))
    assert "\n" not in str(told.value)


def test_other_data_than_tokens_get_another_network():
    fitted, said = adapted(asked().changed({"data": {"kind": "iris"}}))
    assert "plain one of 32 units" in said
    Trainer(fitted).step()
    same, said = adapted(asked())
    assert (same, said) == (asked(), "")


# A block, and what it is made of.


@pytest.mark.parametrize("norm", ["first", "last"])
def test_a_block_is_the_layers_that_it_is_made_of(norm):
    (part,) = asked(layers=[BLOCK | {"norm": norm}]).layers
    network = build_network([part], (6, 8), 1, 0)
    written = experiment({"layers": [p.model_dump() for p in inner_parts(part)]}).layers
    closed = [p.model_dump() for p in written]
    for held in closed:
        for layer in held.get("layers", []):
            if layer["kind"] == "linear":
                layer.setdefault("units", 8)
    plain = build_network(experiment({"layers": closed}).layers, (6, 8), 1, 0)
    x = torch.randn(3, 6, 8)
    assert torch.equal(network.eval()(x), plain.eval()(x))
    assert [p.kind for p in leaf_parts([part])] == [
        p.kind for p in leaf_parts(experiment({"layers": closed}).layers)
    ]
    (size,) = sizes([part], (6, 8), 1)
    parts = sizes(experiment({"layers": closed}).layers, (6, 8), 1)
    assert size.multiply_adds == sum(s.multiply_adds for s in parts)
    assert size.parameters == sum(s.parameters for s in parts)


def test_layers_modules_and_names_of_a_block_belong_together():
    layers = asked().layers
    network = build_network(layers, (6,), 1, 0)
    names = [name for name, _ in leaf_modules(network)]
    assert len(names) == len(leaf_parts(layers))
    assert names[2:5] == [f"2.inner.0.inner.{i}" for i in range(3)]
    block = built(layers, network)[2]
    look = block.inner[0].inner[1]
    assert (look.path, look.name) == ("layers.2.layers.0.layers.1", "2.inner.0.inner.1")
    assert isinstance(look.module, Attention)
    shapes = parameter_shapes(network)
    assert shapes["2.inner.0.inner.1.query.weight"] == (8, 8)
    assert "2.inner.0.inner.1.key.bias" not in shapes
    assert shapes["3.weight_hh"] == (15, 5)


def test_a_block_is_no_place_for_layers_of_ones_own():
    assert not LAYERS["transformer_block"].holds_layers
    with pytest.raises(ExperimentError, match="transformer_block holds no layers"):
        asked(layers=[BLOCK | {"layers": ["tanh"]}])


def test_the_dropout_of_a_block_may_change_while_it_trains():
    assert not needs_reset("layers.2.dropout")
    assert needs_reset("layers.2.heads")
    run = Run(asked())
    run.advance(2)
    run.edit({"layers.2.dropout": 0.5})
    dropouts = [m for _, m in leaf_modules(run.trainer.network) if hasattr(m, "p")]
    assert [m.p for m in dropouts] == [0.25, 0.25]
    run.advance(2)
    assert [m.p for m in dropouts] == [0.5, 0.5]
    kept = dropouts[0].mask.float()
    assert kept.shape[1:] == (6, 8)
    assert 0 < kept.mean() < 1


# Training.


def test_a_run_with_masks_goes_back_to_the_very_bits():
    run = Run(asked(optimizer={"kind": "adam"}))
    run.advance(12)
    there = run.trainer.state.vector.clone()
    run.seek(5)
    run.seek(12)
    assert torch.equal(run.trainer.state.vector, there)


def test_pieces_of_a_batch_give_the_gradient_of_the_whole():
    whole, pieces = (
        Trainer(asked(precision="float64", batches={"size": 16, "micro": micro}))
        for micro in (1, 3)
    )
    for trainer in (whole, pieces):
        trainer.forward()
        trainer.loss()
        trainer.backward()
    torch.testing.assert_close(
        whole.state.gradient, pieces.state.gradient, rtol=1e-11, atol=1e-13
    )
    assert whole.loss_value == pytest.approx(pieces.loss_value, rel=1e-12)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("pairs", [1, 4])
def test_every_precision_trains(precision, pairs):
    data = {"kind": "brackets", "samples": 40, "pairs": pairs}
    layers = [*LAYERS_OF_TOKENS[:3], {"kind": "lstm", "units": 5, "returns": "all"},
              BLOCK | {"heads": 5, "norm": "last"}, "mean_over_tokens", "linear"]  # fmt: skip
    trainer = Trainer(asked(precision=precision, data=data, layers=layers))
    for _ in range(3):
        trainer.step()
    assert np.isfinite(trainer.loss_value)
    assert trainer.evaluate().train_loss == pytest.approx(0.69, abs=0.35)


def test_weights_are_saved_and_come_back_by_their_names(tmp_path):
    run = Run(asked())
    run.advance(3)
    path = tmp_path / "weights.safetensors"
    export(record_of(run), snapshot(run.trainer), "safetensors", path, data=run.trainer.data)
    other = Run(asked(seed=9)).trainer
    found = plan(parameter_shapes(other.network), path)
    assert found.fits
    other.load_weights(found.tensors)
    for name, tensor in run.trainer.network.state_dict().items():
        assert torch.equal(other.network.state_dict()[name], tensor)


@pytest.mark.parametrize("data", ["digits", "digit_images"])
@pytest.mark.parametrize("kind", ["gru", "attention"])
def test_digits_are_read_as_sequences(data, kind):
    layers = ["sequence", kind, "flatten", "linear"]
    trainer = Trainer(experiment({"data": data, "layers": layers}))
    before = trainer.evaluate().train_loss
    for _ in range(10):
        trainer.step()
    assert trainer.evaluate().train_loss < before


def test_the_weights_of_attention_are_there_for_who_looks():
    trainer = Trainer(
        asked(layers=[EMBEDDING, {"kind": "attention", "causal": True}, "flatten", "linear"])
    )
    attention, seen = trainer.network[1], []
    hook = attention.register_forward_pre_hook(
        lambda module, inputs: seen.append(module.weights(inputs[0]))
    )
    trainer.answers(trainer.test_x)
    hook.remove()
    assert seen[0].shape == (len(trainer.test_x), 1, 6, 6)
    torch.testing.assert_close(seen[0].sum(dim=3), torch.ones(len(trainer.test_x), 1, 6))
    assert (seen[0].triu(1) == 0).all()


# Data.


@pytest.mark.parametrize("pairs", [1, 2, 9])
def test_brackets_are_labelled_by_the_rule(pairs):
    from lab.engine.samples import brackets

    x, y = brackets(301, pairs, np.random.default_rng(0))
    heights = np.cumsum(1 - 2 * x, axis=1)
    assert x.shape == (301, 2 * pairs)
    assert (heights[:, -1] == 0).all()
    np.testing.assert_array_equal(heights.min(axis=1) >= 0, y == 1)
    assert heights.min() == -1
    assert abs(y.mean() - 0.5) < 0.01


def test_all_balanced_sequences_are_equally_likely():
    from lab.engine.samples import balanced

    walks = balanced(5000, 3, np.random.default_rng(1))
    _, counts = np.unique(walks, axis=0, return_counts=True)
    assert len(counts) == 5  # the third Catalan number
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(800)
    assert balanced(3, 0, np.random.default_rng(1)).shape == (3, 0)
