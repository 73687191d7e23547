"""What a job has done in a thread of its own holds nothing up."""

from __future__ import annotations

import queue
import threading
from functools import partial
from itertools import count

import numpy as np
import pytest
import torch

from lab.engine.export_job import exporting
from lab.engine.exports import FORMATS
from lab.engine.jobs import aside
from lab.engine.networks import blank_network
from lab.engine.news import Status
from lab.engine.run import Run
from lab.engine.worker import Worker

TIMEOUT = 60
ENDS = (Status.FINISHED, Status.FAILED, Status.CANCELLED, Status.REFUSED)


class Desk:
    """A worker on a run, and the events of one channel."""

    def __init__(self, wanted):
        self.jobs, loaded = queue.Queue(), threading.Event()
        self.worker = Worker(lambda e: loaded.set() if e.channel == "run" else self.jobs.put(e))
        self.worker.load(wanted)
        assert loaded.wait(TIMEOUT)

    @property
    def newest(self):
        return self.worker._run.newest

    def next_event(self, *wanted):
        while True:
            event = self.jobs.get(timeout=TIMEOUT)
            if event.status in wanted:
                return event

    def step_on(self, steps):
        """Wait until so many more steps are done, whatever else is under way."""
        until, tick = self.newest + steps, threading.Event()
        for _ in range(200 * TIMEOUT):
            if self.newest >= until:
                return
            tick.wait(0.005)
        raise AssertionError("training stands still")


@pytest.fixture
def desk(noisy):
    made = Desk(noisy(steps=10**6))
    yield made
    made.worker.close(10)


def test_training_goes_on_while_a_job_waits(desk):
    go = threading.Event()

    def job(run):
        found = aside(lambda: go.wait(TIMEOUT))
        yield found
        yield found.result()

    desk.worker.submit("slow", job)
    desk.worker.play()
    desk.next_event(Status.STARTED)
    desk.step_on(50)
    assert desk.jobs.empty()
    go.set()
    assert desk.next_event(*ENDS).status is Status.FINISHED


def test_a_worker_that_waits_for_a_job_does_not_turn_round(desk, monkeypatch):
    go, asked = threading.Event(), threading.Event()
    turns, take_turns = count(), desk.worker._jobs.take_turns

    def counted():
        next(turns)
        take_turns()

    def job(run):
        found = aside(lambda: (asked.set(), go.wait(TIMEOUT)))
        yield found

    monkeypatch.setattr(desk.worker._jobs, "take_turns", counted)
    desk.worker.submit("slow", job)
    assert asked.wait(TIMEOUT)
    threading.Event().wait(0.2)
    go.set()
    desk.next_event(Status.FINISHED)
    assert next(turns) < 10


def test_what_fails_aside_is_the_failure_of_the_job(desk):
    def job(run):
        found = aside(lambda: 1 / 0)
        yield found
        found.result()

    number = desk.worker.submit("bad", job)
    event = desk.next_event(*ENDS)
    assert (event.status, event.number) == (Status.FAILED, number)
    assert "ZeroDivisionError" in event.text


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_leaves_training_going_and_its_bits_alone(desk, tmp_path, name):
    path = tmp_path / f"out{FORMATS[name].suffix}"
    desk.worker.play()
    desk.worker.submit("export", partial(exporting, name, path, False))
    desk.next_event(Status.STARTED)
    began = desk.newest
    event = desk.next_event(*ENDS)
    assert (event.status, event.text) == (Status.FINISHED, "")
    assert path.stat().st_size > 0
    if name == "onnx":
        assert desk.newest > began + 100  # it takes seconds
    desk.worker.close(10)
    run = desk.worker._run
    alone = Run(run.experiment)
    alone.advance(run.newest)
    np.testing.assert_array_equal(run.trainer.state.vector, alone.trainer.state.vector)


def test_a_model_is_of_the_step_at_which_it_was_asked_for(desk, tmp_path):
    import onnxruntime

    path, run = tmp_path / "net.onnx", desk.worker._run
    desk.worker.step()
    desk.worker.submit("export", partial(exporting, "onnx", path, False))
    desk.worker.play()
    assert desk.next_event(*ENDS).status is Status.FINISHED
    alone = Run(run.experiment)
    alone.advance(1)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = alone.trainer.test_x
    found = session.run(["output"], {"input": x.numpy()})[0]
    np.testing.assert_allclose(found, alone.trainer.answers(x).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["onnx", "python"])
def test_a_cancelled_export_leaves_no_file(desk, tmp_path, monkeypatch, name):
    from lab.engine import onnx_process, script

    path = tmp_path / f"out{FORMATS[name].suffix}"
    inside, go = threading.Event(), threading.Event()
    threads = []

    def stand_still(real):
        def still(*arguments):
            threads.append(threading.current_thread())
            inside.set()
            assert go.wait(TIMEOUT)
            return real(*arguments)

        return still

    monkeypatch.setattr(onnx_process, "_request", stand_still(onnx_process._request))
    monkeypatch.setattr(script, "script", stand_still(script.script))
    desk.worker.submit("export", partial(exporting, name, path, False))
    assert inside.wait(TIMEOUT)
    desk.worker.cancel("export")
    assert desk.next_event(*ENDS).status is Status.CANCELLED
    go.set()
    threads[0].join(TIMEOUT)
    assert not list(tmp_path.iterdir())


def test_an_export_that_cannot_be_is_told_in_its_own_words(desk, tmp_path):
    path = tmp_path / "there.onnx"
    path.write_text("mine")
    desk.worker.submit("export", partial(exporting, "onnx", path, False))
    event = desk.next_event(*ENDS)
    assert event.status is Status.FAILED
    assert "exists already" in event.text
    assert path.read_text() == "mine"


def test_a_network_without_weights_draws_no_random_numbers(noisy):
    before = torch.get_rng_state()
    layers = noisy().layers
    built = blank_network(layers, (2,), 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(p.is_meta for p in built.parameters())
