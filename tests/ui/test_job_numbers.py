"""Of the jobs on one channel only the newest is drawn."""

from __future__ import annotations

import threading

import pytest

from lab.engine.experiment import experiment
from lab.engine.news import Status
from lab.ui.bridge import EngineBridge

TINY = {
    "data": {"kind": "circle", "samples": 60},
    "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
    "loss": "binary_cross_entropy_with_logits",
    "batches": {"size": 10},
}


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    made._frames.stop()  # what is taken when is up to the test
    with qtbot.waitSignal(made.happened, check_params_cb=lambda e: e.status is Status.LOADED):
        made.load(experiment(TINY))
    yield made
    made.close(10)


def _one(value, told):
    """A job that gives the same result again and again."""

    def job(run):
        while True:
            yield value
            told.set()

    return job


def test_what_an_older_job_has_left_behind_is_not_drawn(qtbot, bridge):
    drawn, told = [], threading.Event()
    bridge.partial.connect(lambda channel, value: drawn.append((channel, value)))
    old = bridge.submit("x", _one("old", told))
    assert told.wait(30)
    with qtbot.waitSignal(bridge.happened, check_params_cb=lambda e: e.number == old):
        new = bridge.submit("x", lambda run: (n for n in ()))  # gives nothing
    bridge._take()
    assert new > old
    assert drawn == []


def test_the_newest_job_is_drawn_until_it_is_cancelled(bridge):
    drawn, told = [], threading.Event()
    bridge.partial.connect(lambda channel, value: drawn.append((channel, value)))
    bridge.submit("x", _one("new", told))
    assert told.wait(30)
    bridge._take()
    assert drawn == [("x", "new")]
    told.clear()
    assert told.wait(30)  # there is another one to draw
    bridge.cancel("x")
    bridge._take()
    assert drawn == [("x", "new")]
