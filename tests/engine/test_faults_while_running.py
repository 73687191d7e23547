"""Faults that meet a run under way: refused or told, and what stood before still stands."""

from __future__ import annotations

import queue
from dataclasses import FrozenInstanceError
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from lab.engine import device
from lab.engine.kinds import ExperimentError
from lab.engine.news import Event, RunLook, Status
from lab.engine.records import read_record
from lab.engine.run import Run
from lab.engine.trainer import Trainer
from lab.engine.worker import Worker
from lab.files.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lab.engine.experiment import Experiment

    Make = Callable[..., Experiment]

TIMEOUT = 30
GOOD = (Status.LOADED, Status.STARTED, Status.PAUSED, Status.FINISHED)


class Engine:
    """A worker, and what it tells."""

    def __init__(self) -> None:
        self.events: queue.Queue[Event] = queue.Queue()
        self.worker = Worker(self.events.put)

    def told(self, *wanted: Status) -> Event:
        """Return the next event of these kinds; any other must be a good one."""
        while (event := self.events.get(timeout=TIMEOUT)).status not in wanted:
            assert event.status in GOOD, event
        return event

    def settled(self) -> RunLook:
        """Return the look after every command so far has been carried out."""
        number = self.worker.submit("settled", lambda run: (k for k in range(1)))
        while (event := self.events.get(timeout=TIMEOUT)).number != number or not event.is_last:
            assert event.status in GOOD, event
        look = self.worker.take()["run"]
        assert isinstance(look, RunLook)
        return look


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.worker.close(10)


@pytest.fixture
def playing(engine: Engine, make: Make) -> Engine:
    """An engine that trains without end."""
    engine.worker.load(make(steps=10**9, layers=WIDE))
    engine.worker.play()
    engine.told(Status.STARTED)
    return engine


WIDE = [{"kind": "linear", "units": 8}, "tanh", {"kind": "dropout", "p": 0.25}, "linear"]
RING: dict[str, Any] = {"kind": "residual"}
RING["layers"] = [RING]
CANNOT_BE = {
    "4 != 5": [{"kind": "residual", "layers": [{"kind": "linear", "units": 5}]}, "linear"],
    "outputs": [{"kind": "linear", "units": 5}],
    "image": ["conv2d", "linear"],
    "empty": [],
    "no weights": ["relu"],
    "2,000 layers": ["relu"] * 2000,
}


@pytest.mark.fault("N1")
@pytest.mark.fault("N3")
@pytest.mark.parametrize("layers", CANNOT_BE.values(), ids=CANNOT_BE)
def test_a_network_that_cannot_be_is_refused_and_the_run_before_stands(engine, make, layers):
    engine.worker.load(make())
    before = engine.told(Status.LOADED).number
    engine.worker.load(make(layers=layers))
    event = engine.told(Status.REFUSED)
    assert "mat1" not in event.text
    assert event.text.count("\n") == 0
    engine.worker.step()
    look = engine.settled()
    assert (look.run, look.step, look.settings) == (before, 1, make())


@pytest.mark.fault("N3")
def test_a_network_that_contains_itself_is_refused(make):
    with pytest.raises(ExperimentError, match="layers") as told:
        make(layers=[RING, "linear"])
    assert len(str(told.value)) < 400


@pytest.mark.fault("N3")
def test_a_name_that_stands_twice_in_a_file_is_refused(tmp_path: Path):
    path = tmp_path / "twice.toml"
    path.write_text('seed = 1\nlayers = ["linear"]\nlayers = ["linear", "linear"]\n')
    with pytest.raises(LoadError, match=r"not valid TOML.*line 3"):
        read_record(path)


# Targets that do not fit.


@pytest.fixture
def arrays(tmp_path: Path, make: Make) -> Callable[..., Experiment]:
    def described(x: Any, y: Any, **given: Any) -> Experiment:
        np.savez(tmp_path / "own.npz", x=x, y=y)
        data = {"kind": "arrays", "path": str(tmp_path / "own.npz")}
        return make(**({"data": data, "layers": ["linear"], "batches": {"size": 5}} | given))

    return described


X = np.random.default_rng(0).normal(size=(30, 3))
THREE_OUTPUTS = {"layers": [{"kind": "linear", "units": 3}]}


@pytest.mark.fault("N5")
@pytest.mark.fault("F15")
def test_ten_labels_and_three_outputs_are_an_error_before_the_first_step(arrays):
    with pytest.raises(ExperimentError, match="wants 10 outputs, the network gives 3"):
        Trainer(arrays(X, np.arange(30) % 10, **THREE_OUTPUTS))


@pytest.mark.fault("N5")
@pytest.mark.fault("F15")
@pytest.mark.parametrize("labels", [(0, 1, 9), (-1, 0, 1), (2**53, 2**53 + 1, 5)])
def test_labels_beyond_the_outputs_are_named_classes_and_never_places(arrays, labels):
    run = Run(arrays(X, np.array(labels * 10), **THREE_OUTPUTS))
    assert run.trainer.data.class_names == tuple(str(n) for n in sorted(labels))
    assert set(run.trainer.train_y.tolist()) == {0, 1, 2}
    run.step()


@pytest.mark.fault("N5")
def test_targets_in_a_column_and_in_a_row_are_the_same(arrays):
    regression = {"loss": "mse_loss"}
    y = X.sum(axis=1)
    losses = []
    for shape in ((30,), (30, 1)):
        run = Run(arrays(X, y.reshape(shape), **regression))
        run.advance(3)
        assert run.trainer.train_y.shape == (24, 1)
        losses.append(run.timeline.current.row(3)["loss"])
    assert losses[0] == losses[1]


@pytest.mark.fault("N5")
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("kind", [np.int64, np.uint8, bool, np.float16, np.float32, np.float64])
def test_inputs_of_any_kind_get_the_precision_of_the_run(arrays, kind, precision):
    x = (np.arange(90) * 7 % 5).reshape(30, 3).astype(kind)
    run = Run(arrays(x, np.arange(30) % 3, precision=precision))
    run.step()
    assert run.trainer.train_x.dtype == run.trainer.state.vector.dtype
    assert str(run.trainer.train_x.dtype) == f"torch.{precision}"


# Edits without end.

BAD_EDITS = {
    "optimizer.momentum": 1.5,
    "optimizer.learning_rate": float("nan"),
    "regularisation.weight_decay": -1,
    "batches.size": 10**9,
    "steps": 10**12,
    "layers.2.p": 1.5,
}


@pytest.mark.fault("N6")
@pytest.mark.fault("N7")
@pytest.mark.parametrize("path", BAD_EDITS)
def test_an_impossible_edit_while_training_is_refused_and_training_goes_on(playing, path):
    playing.worker.edit({path: BAD_EDITS[path]})
    assert path.partition(".")[0] in playing.told(Status.REFUSED).text
    first = playing.settled()
    assert first.playing
    assert first.edits == ()
    while playing.settled().step == first.step:
        pass


@pytest.mark.fault("N8")
def test_a_thousand_edits_of_the_network_while_training_end_as_the_last_one_says(playing, make):
    """Every second one is the undoing of the one before; the engine meets none half done."""
    changes = [
        ({"layers.0.units": 3 + k % 7}, {"layers.2.p": 0.5}, {"layers.2.p": 0.25})
        for k in range(40)
    ]
    asked = make(steps=10**9, layers=WIDE)
    for rebuilt, edited, undone in changes:
        playing.worker.load(asked.changed(rebuilt))
        playing.worker.play()
        for _ in range(12):
            playing.worker.edit(edited)
            playing.worker.edit(undone)
    playing.worker.edit({"layers.2.p": 0.125})
    look = playing.settled()
    last = asked.changed(changes[-1][0])
    assert look.experiment == last
    assert look.settings == last.changed({"layers.2.p": 0.125})
    assert look.playing
    assert {e.what for e in look.edits} == {"layers.2.p"}


@pytest.mark.fault("N8")
def test_a_layer_whose_weights_are_shown_can_go(playing, make):
    """The question finds nothing to answer with; it is told, and the run goes on."""
    playing.worker.watch("shown", lambda bench: bench.network[3].weight.detach().numpy().copy())
    assert "shown" in playing.settled().answers
    playing.worker.load(make(layers=["linear"]))
    playing.worker.play()
    event = playing.told(Status.FAILED)
    assert (event.channel, event.step) == ("shown", None)
    look = playing.settled()
    assert look.settings.layers == make(layers=["linear"]).layers
    assert "shown" not in look.answers


@pytest.mark.fault("N8")
def test_nobody_can_change_the_description_that_a_run_began_from(make):
    run = Run(make())
    for spoil in (
        lambda: setattr(run.experiment, "seed", 4),
        lambda: setattr(run.experiment.layers[0], "kind", "relu"),
        lambda: run.experiment.layers[0].__setitem__("units", 9),  # type: ignore[attr-defined]
    ):
        with pytest.raises((ValidationError, FrozenInstanceError, AttributeError, TypeError)):
            spoil()
    described = make().model_dump()
    kept = make(**described)
    described["layers"][0]["units"] = 1000
    assert kept == make()


# Looks are not written to any more.


@pytest.mark.fault("T8")
def test_no_array_of_a_look_is_written_to_later(playing):
    """Looks are kept while training goes on, and compared with what they were on arrival."""
    kept = []
    for _ in range(8):
        look = playing.settled()
        columns = look.history.evaluations()
        rows = {k: look.history.row(k) for k in range(1, look.newest + 1, 7)}
        arrays = [look.data.x, look.data.target, look.batch, *columns.values()]
        kept.append((look, arrays, [a.copy() for a in arrays], look.batch.tolist(), rows))
    assert len({look.step for look, *_ in kept}) > 1
    for look, arrays, copies, batch, rows in kept:
        for now, then in zip(arrays, copies, strict=True):
            np.testing.assert_array_equal(now, then)
        assert look.batch.tolist() == batch
        assert {k: look.history.row(k) for k in rows} == rows
        for shared in (look.data.x, look.data.target, look.data.labels):
            with pytest.raises(ValueError, match="read-only"):
                shared[0] = 0


# Devices.


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose torch knows of CUDA and finds no driver."""
    device.available.cache_clear()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    yield
    device.available.cache_clear()


@pytest.mark.fault("D1")
@pytest.mark.usefixtures("no_driver")
@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:7", "mps", "banana"])
def test_each_word_for_an_absent_device_opens_on_the_cpu_with_a_notice(engine, make, name):
    engine.worker.load(make(device=name))
    loaded = engine.told(Status.LOADED)
    assert repr(name) in loaded.text
    assert "driver" not in loaded.text
    engine.worker.step()
    look = engine.settled()
    assert (look.step, look.device, look.settings.device) == (1, "CPU", name)
    assert repr(name) in look.notice
    with pytest.raises(ExperimentError, match=rf"device: '{name}' is not on this machine"):
        device.wanted(name)


# Memory.


def short(times: float, act: Callable[..., Any]) -> Callable[..., Any]:
    """Return an act that finds no memory so many times."""
    left = [times]

    def attempt(*given: Any, **named: Any) -> Any:
        if left[0] > 0:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return act(*given, **named)

    return attempt


def of(engine: Engine) -> Run:
    run = engine.worker._run
    assert run is not None
    return run


@pytest.mark.fault("D2")
@pytest.mark.parametrize("place", ["_answer", "apply_rule"])
def test_memory_that_never_suffices_pauses_the_run_where_it_was(engine, make, place):
    engine.worker.load(make(steps=10**9, evaluate_every=10**9))
    engine.worker.run_to(5)
    engine.told(Status.FINISHED)
    trainer = of(engine).trainer
    spared = getattr(trainer, place)
    setattr(trainer, place, short(float("inf"), spared))
    engine.worker.play()
    event = engine.told(Status.FAILED)
    assert "OutOfMemoryError" in event.text
    look = engine.settled()
    assert (look.step, look.newest, look.playing) == (5, 5, False)
    setattr(trainer, place, spared)
    engine.worker.step()
    assert engine.settled().step == 6


@pytest.mark.fault("D2")
def test_a_look_that_finds_no_memory_asks_in_smaller_pieces(engine, make):
    engine.worker.load(make())
    engine.told(Status.LOADED)
    trainer = of(engine).trainer
    wanted = trainer.answers(trainer.train_x).clone()
    trainer._answer = short(3, trainer._answer)  # type: ignore[method-assign]
    engine.worker.watch("map", lambda bench: bench.answers(bench.train_x).clone())
    answer = engine.settled().answers["map"]
    assert torch.allclose(answer, wanted, atol=1e-6)


@pytest.mark.fault("D2")
def test_a_look_that_never_finds_memory_is_told_once_and_training_goes_on(playing):
    asked = count()

    def hungry(bench: Trainer) -> object:
        next(asked)
        raise torch.OutOfMemoryError("CUDA out of memory")

    playing.worker.watch("map", hungry)
    playing.worker.submit("beside", lambda run: (k for k in range(1)))  # word of it is a look
    event = playing.told(Status.FAILED)
    assert event.channel == "map"
    first = playing.settled()
    while playing.settled().step == first.step:
        pass
    assert next(asked) == 1
