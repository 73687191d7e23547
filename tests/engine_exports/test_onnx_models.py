"""ONNX models answer in onnxruntime as the network does in torch."""

from __future__ import annotations

import importlib.util

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from lab.engine import onnx_export
from lab.engine.experiment import experiment
from lab.engine.exports import export, snapshot
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.records import record_of
from lab.engine.run import Run

MLP = [
    {"kind": "linear", "units": 16},
    "batch_norm",
    "relu",
    {"kind": "dropout", "p": 0.4},
    "linear",
]
CNN = [
    {"kind": "conv2d", "channels": 4, "kernel": 3, "padding": 1},
    {
        "kind": "residual",
        "layers": [{"kind": "conv2d", "channels": 4, "padding": 1}, "batch_norm", "relu"],
    },
    {"kind": "max_pool2d", "kernel": 2},
    "flatten",
    "linear",
]
BLOCK = {"kind": "transformer_block", "heads": 2, "hidden": 12, "dropout": 0.2}
SEQUENCE = [
    {"kind": "embedding", "tokens": 2, "dim": 8},
    "positional_encoding",
    {"kind": "positional_encoding", "learned": True},
    {"kind": "attention", "heads": 2, "causal": True},
    BLOCK | {"causal": True},
    BLOCK | {"norm": "last"},
    {"kind": "gru", "units": 6, "returns": "all"},
    "layer_norm",
    "softmax",
    {"kind": "lstm", "units": 5, "returns": "all"},
    {"kind": "residual", "layers": [{"kind": "linear", "units": 5}, "prelu"]},
    "mean_over_tokens",
    "linear",
]
BRACKETS = {"kind": "brackets", "samples": 60, "pairs": 3}
AS_THEY_ARE = {"split": {"standardise": False}}
PICTURES = ("max_pool2d", "avg_pool2d", "global_avg_pool2d")


def exported(tmp_path, description, steps=3):
    run = Run(experiment(description))
    run.advance(steps)
    path = tmp_path / "net.onnx"
    export(record_of(run), snapshot(run.trainer), "onnx", path, data=run.trainer.data)
    return run.trainer, path


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def compare(trainer, path):
    model = session(path)
    for n in (1, 7):
        x = trainer.test_x[:n]
        found = model.run(["output"], {"input": x.float().numpy()})[0]
        wanted = trainer.answers(x).float().numpy()
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_a_network_with_dropout_and_batch_norm(tmp_path, capfd):
    trainer, path = exported(tmp_path, {"data": "wine", "layers": MLP})
    compare(trainer, path)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_a_convolutional_network_with_a_residual_block(tmp_path):
    trainer, path = exported(tmp_path, {"data": "digit_images", "layers": CNN, "seed": 4})
    compare(trainer, path)
    (only,) = session(path).get_inputs()
    assert only.shape == ["batch", 1, 8, 8]


def test_a_network_in_double_precision_becomes_one_in_single(tmp_path):
    layers = [{"kind": "linear", "units": 3}, "tanh", "linear"]
    described = {"data": "iris", "precision": "float64", "layers": layers}
    trainer, path = exported(tmp_path, described)
    assert session(path).get_inputs()[0].type == "tensor(float)"
    compare(trainer, path)


def test_the_model_tells_of_the_run_and_not_of_this_machine(tmp_path):
    _, path = exported(tmp_path, {"data": "iris", "layers": ["linear"], "title": "Petals"})
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    told = {p.key: p.value for p in model.metadata_props}
    assert told["step"] == "3"
    assert 'title = "Petals"' in told["experiment"]
    assert b".py" not in path.read_bytes()


KINDS = {n: k for n, k in LAYERS.items() if not k.is_foreign}
FLAT = [n for n, k in KINDS.items() if k.is_activation or n.endswith("norm") or k.has_modes]


@pytest.mark.parametrize("kinds", [FLAT[i::4] for i in range(4)], ids=" ".join)
def test_every_kind_of_layer(kinds, tmp_path):
    before = {"kind": "linear", "units": 6}
    layers = [*(part for kind in kinds for part in (before, kind)), "linear"]
    trainer, path = exported(tmp_path, {"data": "iris", "layers": layers}, steps=1)
    compare(trainer, path)


def test_every_kind_of_layer_for_pictures(tmp_path):
    layers = [{"kind": "conv2d", "channels": 4}, *PICTURES, "layer_norm", "flatten", "linear"]
    trainer, path = exported(tmp_path, {"data": "digit_images", "layers": layers}, steps=1)
    compare(trainer, path)


def test_every_kind_of_layer_for_sequences(tmp_path):
    trainer, path = exported(tmp_path, {"data": BRACKETS, "layers": SEQUENCE, **AS_THEY_ARE})
    compare(trainer, path)


def test_rows_of_pictures_as_sequences(tmp_path):
    images = ["sequence", {"kind": "attention", "heads": 4}, {"kind": "lstm"}, "linear"]
    trainer, path = exported(tmp_path, {"data": "digit_images", "layers": images}, steps=1)
    compare(trainer, path)


def test_missing_packages_are_named_with_the_line_to_type(monkeypatch, tmp_path):
    there = importlib.util.find_spec
    monkeypatch.setattr(onnx_export, "find_spec", lambda n: None if "script" in n else there(n))
    wanted = r'ONNX needs onnxscript, not installed.*pip install "nabla-lab\[onnx\]"'
    with pytest.raises(ExperimentError, match=wanted):
        exported(tmp_path, {"data": "iris", "layers": ["linear"]})
    assert list(tmp_path.iterdir()) == []


def test_what_onnx_has_no_words_for_is_refused_in_one_sentence():
    class Fickle(torch.nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    with pytest.raises(ExperimentError, match="cannot be written as ONNX") as caught:
        onnx_export._exported(Fickle(), (3,))
    assert "\n" not in str(caught.value)
