"""``nabla flow``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.engine.flow import measure
from lab.engine.records import record_of, record_text
from lab.engine.run import Run
from lab.panels.flow.model import described
from lab.presets import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_preset_after_some_steps(nabla: Callable[..., Any]) -> None:
    result = nabla("flow", "vanishing", "--step", "4", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    run = Run(load("vanishing"))
    run.advance(4)
    assert found == json.loads(
        json.dumps(described(measure(run.trainer), run.settings, (64,), 10))
    )
    assert found["warnings"][0]["name"] == "vanishing"


def test_a_trained_folder_is_measured_where_it_stopped(nabla: Callable[..., Any]) -> None:
    nabla("train", "xor", "--steps", "6", "--out", "run")
    assert json.loads(nabla("flow", "run", "--json").stdout)["step"] == 6
    table = nabla("flow", "run").stdout
    assert table.startswith("Step 6, batch of ")
    assert "1 Linear" in table


def test_an_edit_of_the_log_is_in_force_for_the_step_after_it(
    nabla: Callable[..., Any], tmp_path: Path
) -> None:
    run = Run(load("xor"))
    run.advance(5)
    run.edit({"optimizer.learning_rate": 2.0, "batches.size": 3})
    run.advance(2)
    (tmp_path / "experiment.toml").write_text(record_text(record_of(run)), encoding="utf-8")
    run.seek(5)
    before = run.bench.state.values.clone()
    run.seek(6)
    moved = (run.bench.state.values - before).double()
    flow = json.loads(nabla("flow", str(tmp_path), "--step", "5", "--json").stdout)
    assert flow["batch"] == 3
    squares = sum(x["update"] ** 2 * x["parameters"] for x in flow["layers"] if x["update"])
    assert squares**0.5 == pytest.approx(float(moved.norm()), rel=1e-4)
    asked = "inspect", str(tmp_path), "--sample", "1", "--json", "--step", "5"
    one = json.loads(nabla(*asked).stdout)["layers"][0]["update"]["weight"][0][0]
    assert abs(one) > 0.2, "a step of Adam is about as long as its rate, which was 0.05"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nothing"], "neither a preset nor a folder"), (["xor", "--step", "x"], "whole number")],
)
def test_what_there_is_not_is_refused(
    arguments: list[str], words: str, refused: Callable[..., str]
) -> None:
    assert words in refused("flow", *arguments)
