"""The bits of a run depend on no onlooker, no job beside it, and no way of stepping."""

from __future__ import annotations

import random
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lab import app as nabla
from lab.engine.experiment import experiment
from lab.engine.run import Run
from lab.shell import registry

if TYPE_CHECKING:
    from lab.engine.trainer import Trainer

STEPS = 60
NOISY = {
    "data": "digits",
    "layers": [
        {"kind": "linear", "units": 32},
        "batch_norm",
        "relu",
        {"kind": "dropout", "p": 0.3},
        {"kind": "linear"},
    ],
    "batches": {"size": 64},
    "steps": 1000,
    "seed": 5,
}


def vector(bench: Trainer) -> np.ndarray:
    return bench.state.vector.numpy().copy()


@pytest.fixture
def window(qtbot):
    with nabla.staged("xor", "Build", "light", (1280, 800), 1.0, 1) as made:
        yield made


def wander(qtbot, window, rng):
    """Play, pause, step, go by phases, scrub and come back, until the run has 60 steps."""
    bridge = window.bridge

    def newest_reached(step):
        qtbot.waitUntil(lambda: bridge.look.newest >= step, timeout=20_000)

    while bridge.look.newest < STEPS:
        newest = bridge.look.newest
        way = rng.choice(["phase", "phases", "step", "scrub", "play"])
        if way == "phase":
            phase = bridge.look.phase
            bridge.phase()
            qtbot.waitUntil(lambda p=phase: bridge.look.phase != p, timeout=20_000)
        elif way == "phases":
            bridge.phase()
            bridge.phase()
            bridge.step()
            newest_reached(newest + 1)
        elif way == "step":
            bridge.step()
            newest_reached(newest + 1)
        elif way == "scrub" and newest:
            wanted = rng.randrange(newest)
            bridge.seek(wanted)
            qtbot.waitUntil(lambda k=wanted: bridge.look.step == k, timeout=20_000)
            bridge.seek(newest)
            qtbot.waitUntil(lambda k=newest: bridge.look.step == k, timeout=20_000)
        elif way == "play":
            until = min(newest + rng.randrange(1, 6), STEPS)
            bridge.run_to(until)
            newest_reached(until)
            qtbot.waitUntil(lambda: not bridge.look.playing, timeout=20_000)


def test_sixty_steps_are_equal_to_the_bit_headless_and_in_a_busy_window(qtbot, window):
    alone = Run(experiment(NOISY))
    alone.advance(STEPS)
    bridge = window.bridge
    earlier = bridge.look.run
    bridge.load(experiment(NOISY))
    qtbot.waitUntil(lambda: bridge.look.run != earlier, timeout=20_000)
    bridge.submit("beside", lambda run: (vector(run.bench).sum() for _ in count()))
    for name in registry.names():
        window.desk.host.set_shown(name, True)
    assert all(dock.isVisible() for dock in window.desk.host.docks.values())
    wander(qtbot, window, random.Random(3))
    bridge.watch("vector", vector)
    qtbot.waitUntil(lambda: "vector" in bridge.look.answers, timeout=20_000)
    assert bridge.look.step == bridge.look.newest == STEPS
    assert len(bridge.look.branches) == 1
    np.testing.assert_array_equal(bridge.look.answers["vector"], vector(alone.trainer))
