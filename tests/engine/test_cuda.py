"""The same runs on a CUDA device; compared with the CPU at stated tolerances."""

from __future__ import annotations

import math

import pytest
import torch

from lab.engine.device import available, granted, wanted
from lab.engine.experiment import Experiment, experiment
from lab.engine.run import Run

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]

MLP = [{"kind": "linear", "units": 64}, "relu", {"kind": "linear"}]
CNN = [
    {"kind": "conv2d", "channels": 8, "padding": 1},
    "batch_norm",
    "relu",
    "max_pool2d",
    {"kind": "residual", "layers": [{"kind": "conv2d", "channels": 8, "padding": 1}, "relu"]},
    "flatten",
    {"kind": "dropout", "p": 0.25},
    {"kind": "linear"},
]


def described(device: str, **changes: object) -> Experiment:
    start = {"layers": MLP, "device": device, "batches": {"size": 64}, "steps": 100}
    return experiment({**start, **changes})


def losses(run: Run, steps: int) -> list[float]:
    run.advance(steps)
    return run.timeline.current.steps.column("loss").tolist()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad"])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_an_mlp_learns_as_on_the_cpu(optimizer: str, precision: str) -> None:
    on = {
        d: Run(described(d, optimizer=optimizer, precision=precision)) for d in ("cpu", "cuda")
    }
    tolerance = 1e-3 if precision == "float32" else 1e-9
    assert losses(on["cuda"], 20) == pytest.approx(losses(on["cpu"], 20), rel=tolerance)


def test_a_cnn_without_noise_learns_as_on_the_cpu() -> None:
    layers = [part for part in CNN if not isinstance(part, dict) or part["kind"] != "dropout"]
    changes = {"data": "digit_images", "layers": layers, "precision": "float64"}
    on = {d: Run(described(d, **changes)) for d in ("cpu", "cuda")}
    assert losses(on["cuda"], 20) == pytest.approx(losses(on["cpu"], 20), rel=1e-8)


TOKENS = [
    {"kind": "embedding", "tokens": 2, "dim": 8},
    "positional_encoding",
    {"kind": "transformer_block", "heads": 2, "causal": True, "dropout": 0.2},
    {"kind": "gru", "units": 6, "returns": "all"},
    {"kind": "lstm", "units": 6},
    "linear",
]
BRACKETS = {"data": "brackets", "split": {"standardise": False}, "layers": TOKENS}


def test_sequences_without_noise_are_learned_as_on_the_cpu() -> None:
    plain = [*TOKENS[:2], TOKENS[2] | {"dropout": 0.0}, *TOKENS[3:]]  # type: ignore[operator]
    changes = BRACKETS | {"layers": plain, "precision": "float64"}
    on = {d: Run(described(d, **changes)) for d in ("cpu", "cuda")}
    assert losses(on["cuda"], 20) == pytest.approx(losses(on["cpu"], 20), rel=1e-8)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_going_back_through_sequences_is_exact(precision: str) -> None:
    run = Run(described("cuda", **BRACKETS, precision=precision), budget=2**18)
    run.advance(20)
    there = run.trainer.state.vector.clone()
    run.seek(7)
    run.seek(20)
    assert torch.equal(run.trainer.state.vector, there)


def test_everything_lies_on_the_device() -> None:
    trainer = Run(described("cuda", data="digit_images", layers=CNN)).trainer
    tensors = [trainer.train_x, trainer.test_y, trainer.state.vector, trainer.state.gradient]
    tensors += [*trainer.network.parameters(), *trainer.network.buffers()]
    assert {t.device.type for t in tensors} == {"cuda"}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_going_back_is_exact_and_so_is_a_second_run(precision: str) -> None:
    spec = described("cuda", data="digit_images", layers=CNN, precision=precision)
    first, second = Run(spec), Run(spec, budget=2**18)
    first.advance(40)
    second.advance(25)
    second.seek(7)
    second.seek(25)
    second.advance(15)
    assert torch.equal(first.trainer.state.vector, second.trainer.state.vector)
    first.seek(13)
    second.seek(13)
    assert torch.equal(first.bench.state.vector, second.bench.state.vector)


def test_mixed_precision_learns() -> None:
    run = Run(described("cuda", precision="bfloat16", optimizer="adam"))
    run.advance(200)
    found = run.trainer.evaluate()
    assert found.test_accuracy > 0.9
    assert run.trainer.state.vector.dtype == torch.float32


def test_a_device_by_name() -> None:
    assert wanted("cuda").name == "cuda:0"
    assert granted("cuda:99").name == "cpu"
    assert "cuda:0" in available()


def test_memory_running_out_on_the_device_is_met_with_smaller_pieces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = Run(described("cuda"))
    run.advance(3)
    forward, failures = run.trainer.forward, iter([True])

    def scarce() -> None:
        if next(failures, False):
            raise torch.OutOfMemoryError("CUDA out of memory")
        forward()

    monkeypatch.setattr(run.trainer, "forward", scarce)
    run.advance(3)
    assert run.trainer.experiment.batches.micro == 2
    assert math.isfinite(run.trainer.loss_value)
