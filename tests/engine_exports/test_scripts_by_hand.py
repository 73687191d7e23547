"""A script of a run whose weights were set by hand repeats it to the last digit."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.engine.experiment import experiment
from lab.engine.exports import export
from lab.engine.records import record_of
from lab.engine.run import Run

LAYERS = [
    {"kind": "linear", "units": 6},
    {"kind": "residual", "layers": [{"kind": "linear", "units": 6}, "tanh"]},
    "linear",
]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_losses_are_those_of_the_run(tmp_path, precision):
    asked = experiment(
        {
            "data": {"kind": "moons", "samples": 60},
            "layers": LAYERS,
            "batches": {"size": 10},
            "precision": precision,
        }
    )
    run = Run(asked)
    run.set_weights({("layers.0", "weight", 3): 0.1})
    run.advance(4)
    run.set_weights({("layers.1.layers.0", "bias", 2): -3.3, ("layers.2", "weight", 0): 1 / 3})
    run.edit({"optimizer.learning_rate": 0.05})
    run.advance(5)
    path = export(record_of(run), {}, "python", tmp_path / "run.py")
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True
    )
    losses = [float(line.split()[1]) for line in done.stdout.splitlines()]
    branch = run.timeline.current
    assert losses == [branch.row(step)["loss"] for step in range(1, 10)]
    text = path.read_text()
    assert '("1.inner.0.bias", 2, ' in text
