"""``nabla flow``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lab.engine.flow import measure
from lab.engine.run import Run
from lab.panels.flow.model import described
from lab.presets import load

if TYPE_CHECKING:
    from collections.abc import Callable


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


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nothing"], "neither a preset nor a folder"), (["xor", "--step", "x"], "whole number")],
)
def test_what_there_is_not_is_refused(
    arguments: list[str], words: str, refused: Callable[..., str]
) -> None:
    assert words in refused("flow", *arguments)
