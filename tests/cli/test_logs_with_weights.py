"""A log in experiment.toml with weights set by hand: trained again, to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from lab.engine.exports import snapshot
from lab.engine.records import record_of, record_text
from lab.engine.run import Run
from lab.files.weights import read_safetensors
from lab.presets import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_it_gives_the_same_weights(nabla: Callable[..., Any], tmp_path: Path) -> None:
    run = Run(load("xor"))
    run.advance(5)
    run.set_weights({("layers.0", "weight", 1): 0.1})
    run.advance(4)
    run.set_weights({("layers.2", "bias", 0): -0.3})
    (tmp_path / "log.toml").write_text(record_text(record_of(run)))
    result = nabla("train", "log.toml", "--out", "again")
    assert result.exit_code == 0, result.output
    mine = snapshot(run.trainer)
    theirs = read_safetensors(tmp_path / "again" / "weights.safetensors").tensors
    assert all(torch.equal(theirs[name], mine[name]) for name in mine)
    nabla("train", "again/experiment.toml", "--out", "third")
    assert (tmp_path / "third" / "weights.safetensors").read_bytes() == (
        tmp_path / "again" / "weights.safetensors"
    ).read_bytes()


def test_weights_that_were_loaded_are_refused_in_a_sentence(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    run = Run(load("xor"))
    run.load_weights(snapshot(run.trainer), "other.pt")
    (tmp_path / "log.toml").write_text(record_text(record_of(run)))
    told = refused("train", "log.toml", "--out", "again")
    assert "at step 0 weights were loaded from other.pt" in told
