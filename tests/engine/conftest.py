"""Small experiments that tests of the engine begin from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment

PLAIN = {
    "seed": 3,
    "steps": 100,
    "data": {"kind": "moons", "samples": 100},
    "layers": [{"kind": "linear", "units": 8}, {"kind": "tanh"}, {"kind": "linear"}],
    "batches": {"size": 16},
    "optimizer": {"kind": "sgd", "learning_rate": 0.1},
}

NOISY_LAYERS = [
    {"kind": "linear", "units": 12},
    {"kind": "batch_norm"},
    {"kind": "relu"},
    {"kind": "dropout", "p": 0.3},
    {"kind": "linear", "units": 12},
    {"kind": "relu"},
    {"kind": "dropout", "p": 0.2},
    {"kind": "linear"},
]


@pytest.fixture
def make():
    """Return a maker of small experiments: fields given replace those of ``PLAIN``."""
    from lab.engine.experiment import experiment

    def made(**given: object) -> Experiment:
        return experiment(PLAIN | given)

    return made


@pytest.fixture
def noisy(make):
    """Return a maker of experiments with dropout, batch normalisation and Adam."""

    def made(**given: object) -> Experiment:
        own = {"layers": NOISY_LAYERS, "optimizer": {"kind": "adam", "learning_rate": 0.01}}
        return make(**(own | given))

    return made
