"""What cannot be done is refused in one sentence, before anything is asked of torch."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from lab.engine import device
from lab.engine.experiment import TABLES, experiment, needs_reset
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.run import Run
from lab.engine.trainer import Trainer

HUGE = 10**400


def refused(match: str, **described: object) -> str:
    with pytest.raises(ExperimentError, match=match) as told:
        experiment(described)
    said = str(told.value)
    assert len(said) < 500
    assert "\n" not in said
    assert "torch" not in said
    return said


def short(value: object) -> str:
    return str(value)[:8]


BAD_RATES = [math.nan, math.inf, -math.inf, -1, 0, 1e30, "", "1e-400", 1e-400, None, True, HUGE]


@pytest.mark.fault("N6")
@pytest.mark.parametrize("value", BAD_RATES, ids=short)
def test_learning_rates(value):
    refused(
        r"optimizer\.learning_rate: wanted", optimizer={"kind": "sgd", "learning_rate": value}
    )


@pytest.mark.fault("N6")
@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        ("sgd", "momentum", 1.5),
        ("sgd", "momentum", 1),
        ("sgd", "momentum", -0.1),
        ("sgd", "momentum", math.nan),
        ("sgd", "nesterov", 1),
        ("adam", "beta1", 1),
        ("adam", "beta2", 1),
        ("adam", "beta1", -0.1),
        ("adam", "eps", 0),
        ("rmsprop", "alpha", 2),
    ],
)
def test_momenta_and_their_like(kind, option, value):
    refused(rf"optimizer\.{option}: wanted", optimizer={"kind": kind, option: value})


@pytest.mark.fault("N6")
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, "x", HUGE], ids=short)
@pytest.mark.parametrize("name", ["l1", "l2", "weight_decay"])
def test_penalties(name, value):
    refused(rf"regularisation\.{name}: wanted", regularisation={name: value})


@pytest.mark.fault("N2")
@pytest.mark.parametrize(
    "value", [0, -3, 2.5, 2**40, HUGE, "8", math.nan, True, [3]], ids=short
)
def test_widths(value):
    refused(r"layers\.1\.units: wanted", layers=["relu", {"kind": "linear", "units": value}])


@pytest.mark.fault("N4")
@pytest.mark.parametrize("value", [1.5, 1, -0.1, math.nan])
def test_shares_of_dropout(value):
    refused(r"layers\.0\.p: wanted", layers=[{"kind": "dropout", "p": value}])


@pytest.mark.fault("N7")
@pytest.mark.parametrize(
    ("described", "told"),
    [
        (
            {"batches": {"size": -1}},
            r"batches\.size: wanted .*greater than or equal to 0, got -1",
        ),
        ({"batches": {"size": 2.5}}, r"batches\.size: wanted"),
        ({"batches": {"micro": 0}}, r"batches\.micro: wanted"),
        ({"seed": -1}, r"seed: wanted .* 0, got -1"),
        ({"seed": 2**70}, "seed: wanted"),
        ({"steps": 10**12}, "steps: wanted"),
        ({"steps": 0}, "steps: wanted"),
        ({"precision": "float8"}, "precision: 'float8' is not known; choose from float32"),
        ({"split": {"test_share": 1.0}}, r"split\.test_share: wanted"),
        ({"split": {"test_share": math.nan}}, r"split\.test_share: wanted"),
        ({"title": "x" * 1000}, "title: wanted"),
        ({"colour": "red"}, "colour: there is no such setting"),
        ({"batches": {"colour": 1}}, r"batches\.colour: there is no such setting"),
        ({"optimizer": {"kind": "sgd", "beta1": 0.9}}, "optimizer: sgd has no option 'beta1'"),
        ({"optimizer": "newton"}, "optimizer: 'newton' is not known; choose from sgd, rmsprop"),
        ({"layers": ["os.system"]}, r"layers\.0: 'os\.system' is not known"),
        ({"layers": [{"kind": "__class__"}]}, r"layers\.0: '__class__' is not known"),
        (
            {"layers": [{"kind": "relu", "layers": ["relu"]}]},
            r"layers\.0: relu holds no layers",
        ),
        ({"layers": 5}, "layers: wanted"),
        ({"layers": [5]}, r"layers\.0: wanted"),
        ({"optimizer": 5}, "optimizer: wanted"),
        ({"optimizer": {}}, "optimizer"),
    ],
)
def test_other_settings(described, told):
    refused(told, **described)


@pytest.mark.fault("N3")
def test_blocks_within_blocks_beyond_measure():
    inner: object = "relu"
    for _ in range(3000):
        inner = {"kind": "residual", "layers": [inner]}
    refused("layers", layers=[inner])


@pytest.mark.fault("N7")
def test_a_batch_of_0_is_the_whole_set(make):
    trainer = Trainer(make(batches={"size": 0}))
    assert len(trainer.batches.at(1)[0]) == len(trainer.train_x) == 80
    assert trainer.batches.per_epoch == 1


@pytest.mark.fault("N7")
def test_a_batch_larger_than_the_data_is_refused_at_once_and_while_running(make):
    with pytest.raises(ExperimentError, match="at most the 80 training samples, got 81"):
        Trainer(make(batches={"size": 81}))
    run = Run(make())
    with pytest.raises(ExperimentError, match="at most the 80 training samples, got 81"):
        run.edit({"batches.size": 81})
    assert run.settings == make()


@pytest.mark.fault("N4")
def test_an_edit_that_would_leave_a_last_batch_of_1_to_normalise_is_refused(noisy):
    run = Run(noisy())
    with pytest.raises(ExperimentError, match="last batch of 1"):
        run.edit({"batches.size": 79})
    run.edit({"batches.size": 79, "batches.drop_last": True})
    run.step()


@pytest.mark.fault("N1")
@pytest.mark.fault("N5")
def test_outputs_that_do_not_fit_the_loss_are_an_error_before_the_first_step(make):
    three = [{"kind": "linear", "units": 3}]
    with pytest.raises(ExperimentError, match="the loss wants 10 outputs, the network gives 3"):
        Trainer(make(data="digits", layers=three))
    with pytest.raises(ExperimentError, match="the loss wants 1 outputs, the network gives 3"):
        Trainer(make(data="diabetes", loss="mse_loss", layers=three))
    with pytest.raises(ExperimentError, match="put a flatten before it"):
        Trainer(make(data="digit_images", layers=three))


@pytest.mark.fault("N5")
@pytest.mark.parametrize("loss", sorted(LOSSES))
@pytest.mark.parametrize("data", ["moons", "iris", "diabetes"])
def test_output_and_target_never_broadcast(make, loss, data):
    try:
        trainer = Trainer(make(data=data, loss=loss))
    except ExperimentError:
        return  # a loss that cannot judge these targets: tested where losses are
    trainer.forward()
    indices = trainer.data.encoding.name == "index"
    assert trainer.target.shape == (
        trainer.output.shape[:1] if indices else trainer.output.shape
    )


def test_early_stopping_without_a_test_set_is_refused(make):
    no_test = {"split": {"test_share": 0.0}, "early_stopping": {"patience": 3}}
    with pytest.raises(ExperimentError, match="no test set to watch"):
        Trainer(make(**no_test))
    run = Run(make(split={"test_share": 0.0}))
    with pytest.raises(ExperimentError, match="no test set to watch"):
        run.edit({"early_stopping.patience": 3})
    assert math.isnan(run.trainer.evaluate().test_loss)


# Changing a description.


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "seed.x",
        "layers.7.p",
        "layers.x.p",
        "layers.0.p.q",
        "optimizer.kind.x",
        "",
        ".",
    ],
)
def test_a_path_there_is_not_is_refused(make, path):
    with pytest.raises(ExperimentError):
        make().changed({path: 1})


def test_layers_are_changed_by_their_place(make):
    asked = make()
    assert asked.changed({"layers.1": "relu"}).layers[1].kind == "relu"
    assert asked.changed({"layers.0.units": 5}).layers[0]["units"] == 5
    assert asked.changed({"layers.1.kind": "elu"}).layers[1]["alpha"] == 1.0
    assert asked.layers[1].kind == "tanh"


def test_what_was_described_survives_being_written_down(noisy):
    asked = noisy(clip={"kind": "norm"}, schedule="one_cycle", early_stopping={"patience": 4})
    assert experiment(asked.model_dump()) == asked
    assert type(asked).model_validate_json(asked.model_dump_json()) == asked
    assert hash(experiment(asked.model_dump())) == hash(asked)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("seed", True),
        ("data.noise", True),
        ("layers", True),
        ("layers.0.units", True),
        ("layers.3.p", False),
        ("loss.kind", True),
        ("steps", False),
        ("evaluate_every", False),
        ("optimizer.kind", False),
        ("optimizer.learning_rate", False),
        ("regularisation.l2", False),
        ("batches.size", False),
        ("early_stopping.patience", False),
    ],
)
def test_what_needs_the_run_to_begin_anew(make, path, wanted):
    assert needs_reset(path) is wanted
    if wanted:
        run = Run(make())
        with pytest.raises(ExperimentError, match="needs the run to begin anew"):
            run.edit({path: 1})


def test_what_a_table_calls_live_is_taken_over_while_the_run_goes_on(make, monkeypatch):
    """An entry is all it takes: momentum of batch normalisation, which is not live."""
    norm = LAYERS["batch_norm"]
    layers = ({"kind": "linear", "units": 4}, {"kind": "batch_norm", "momentum": 0.5}, "linear")
    assert needs_reset("layers.1.momentum")
    live = tuple(replace(p, live=p.name == "momentum") for p in norm.parameters)
    monkeypatch.setitem(LAYERS, "batch_norm", replace(norm, parameters=live))
    assert not needs_reset("layers.1.momentum")
    run = Run(make(layers=layers))
    run.edit({"layers.1.momentum": 0.0})
    before = run.trainer.network[1].running_mean.clone()
    run.advance(3)
    assert torch.equal(run.trainer.network[1].running_mean, before)


# Devices.


@pytest.mark.fault("D1")
@pytest.mark.parametrize("name", ["cuda:7", "mps", "banana", ""])
def test_a_file_that_wishes_for_an_absent_device_opens_on_the_cpu_and_keeps_its_wish(
    make, name
):
    run = Run(make(device=name))
    assert run.trainer.device.name == "cpu"
    assert repr(name) in run.trainer.device.notice
    assert run.settings.device == run.trainer.device.wish == name
    run.step()


@pytest.mark.fault("D1")
@pytest.mark.parametrize("name", ["cuda:7", "mps", "banana"])
def test_a_device_asked_for_by_name_is_refused_and_not_replaced(name):
    with pytest.raises(ExperimentError, match=rf"device: '{name}' is not on this machine.*cpu"):
        device.wanted(name)


def test_the_cpu_is_always_there_and_needs_no_notice():
    assert device.wanted("cpu") == device.Device("cpu", "CPU", "cpu")
    assert device.granted("cpu").notice == ""


# Tables.

ENTRIES = [(n, k) for n, table in (TABLES | {"layers": LAYERS}).items() for k in table.values()]


@pytest.mark.parametrize(("table", "kind"), ENTRIES, ids=[f"{t}-{k.name}" for t, k in ENTRIES])
def test_every_entry_says_what_it_is_and_what_it_takes(table, kind):
    assert (TABLES | {"layers": LAYERS})[table][kind.name] is kind
    assert kind.title.strip()
    assert kind.summary.strip()
    assert kind.summary.rstrip(".").lower() != kind.title.lower()
    path = "layers.0" if table == "layers" else table
    assert [needs_reset(f"{path}.{p.name}") for p in kind.parameters] == [
        not p.live for p in kind.parameters
    ]
    names = [p.name for p in kind.parameters]
    assert len(set(names)) == len(names)
    for parameter in kind.parameters:
        assert parameter.meaning.strip()
        assert parameter.checked(parameter.default, kind.name) == parameter.default
        assert parameter.range_in_words


def test_long_values_are_cut_in_messages():
    said = refused("title", title="x" * 100_000)
    assert len(said) < 300
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    refused(r"data\.points: lists within lists", data={"kind": "points", "points": deep})
    refused(r"layers\.0\.units", layers=[{"kind": "linear", "units": 10**5000}])
