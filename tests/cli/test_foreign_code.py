"""Code of a person's file on the command line: refused in a sentence, run with --run-code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.engine import foreign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FILE = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, units=3):
        super().__init__(nn.Linear(2, units), nn.Tanh(), nn.Linear(units, 1))

print("IT RAN")
"""
TOML = """
title = "Mine"
steps = 3
data = {kind = "moons", samples = 50}
loss = "binary_cross_entropy_with_logits"
[[layers]]
kind = "module"
path = "net.py"
name = "Net"
arguments = "units=4"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "net.py").write_text(FILE)
    (tmp_path / "mine.toml").write_text(TOML)
    yield tmp_path
    foreign.forbid(tmp_path / "net.py")


@pytest.mark.parametrize("command", ["train", "inspect", "network"])
def test_it_is_refused_and_nothing_runs(
    command: str, refused: Callable[..., str], folder: Path
) -> None:
    if command == "train":
        told = refused("train", "mine.toml", "--out", "run")
    else:
        (folder / "run").mkdir()
        (folder / "run" / "experiment.toml").write_text(TOML)
        told = refused(command, "run")
    assert "net.py; look at that file, and allow it with --run-code" in told
    assert "IT RAN" not in told


def test_it_trains_where_it_is_allowed(nabla: Callable[..., Any], folder: Path) -> None:
    result = nabla("train", "mine.toml", "--out", "run", "--run-code", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout.splitlines()[-1])["parameters"] == 17
    result = nabla("network", "run", "--run-code", "--json")
    assert result.exit_code == 0, result.output
    (layer,) = json.loads(result.stdout.splitlines()[-1])["layers"]
    assert (layer["kind"], layer["parameters"], layer["shape_out"]) == ("module", 17, [1])
    result = nabla("inspect", "run", "--run-code")
    assert result.exit_code == 2
    assert "no formula of its own is known for this layer" in result.stderr
