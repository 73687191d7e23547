"""Sizes in every layer: against the trainer's own iteration, by hand, and against theory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lab.engine.experiment import experiment
from lab.engine.flow import QUANTITIES, measure
from lab.engine.run import Run
from lab.engine.trainer import Trainer

NOISY = [
    {"kind": "linear", "units": 12},
    "batch_norm",
    "relu",
    {"kind": "dropout", "p": 0.3},
    {"kind": "residual", "layers": [{"kind": "linear", "units": 12}, "tanh"]},
    "linear",
]
PENALTIES = {"l1": 0.01, "l2": 0.1, "weight_decay": 0.2}


def described(**given):
    base = {
        "data": "iris",
        "steps": 40,
        "batches": {"size": 16},
        "precision": "float64",
        "layers": NOISY,
        "optimizer": {"kind": "adam", "learning_rate": 0.01},
    }
    return experiment(base | given)


def rms(*tensors):
    joined = torch.cat([t.detach().reshape(-1).double() for t in tensors])
    return float((joined**2).mean().sqrt())


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"batches": {"size": 16, "micro": 3}, "layers": [{"kind": "linear", "units": 5},
         {"kind": "dropout", "p": 0.4}, "tanh", "linear"]},
        {"regularisation": PENALTIES, "clip": {"kind": "norm", "max_norm": 0.1}},
        {"optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9}},
    ],
    ids=["noisy", "micro", "penalties", "momentum"],
)  # fmt: skip
def test_gradients_and_updates_are_those_that_the_trainer_goes_on_to_make(given):
    run = Run(described(**given))
    run.advance(7)
    found = measure(run.trainer)
    trainer = run.trainer
    before = {n: p.detach().clone() for n, p in trainer.network.named_parameters()}
    for _ in range(3):
        run.advance_phase()
    assert found.loss == pytest.approx(trainer.loss_value, rel=1e-12)
    assert found.gradient_norm() == pytest.approx(trainer.gradient_norm, rel=1e-10)
    gradients = {n: p.grad.clone() for n, p in trainer.network.named_parameters()}
    run.advance_phase()
    deltas = {n: p.detach() - before[n] for n, p in trainer.network.named_parameters()}
    for i, layer in enumerate(found.layers):
        own = [n for n in before if n.rpartition(".")[0] == layer.name]
        if not own:
            assert np.isnan(found.values["gradient"][i])
            continue
        sizes = {
            "gradient": rms(*(gradients[n] for n in own)),
            "weight": rms(*(before[n] for n in own)),
            "update": rms(*(deltas[n] for n in own)),
        }
        for name, wanted in sizes.items():
            assert found.values[name][i] == pytest.approx(wanted, rel=1e-8), (name, layer)
        ratio = sizes["update"] / sizes["weight"]
        assert found.values["ratio"][i] == pytest.approx(ratio, rel=1e-8)
    assert any(len(layer.name.split(".")) > 1 for layer in found.layers) or given


def test_what_is_handed_on_and_carried_back_by_hand():
    """One linear unit, z = 2x + 1, squared error: all sizes can be written down."""
    layers = [{"kind": "linear", "units": 1}, "tanh", {"kind": "linear", "units": 1}]
    run = Run(described(data={"kind": "curve"}, layers=layers, loss="mse_loss",
                        batches={"size": 0}, optimizer="sgd"))  # fmt: skip
    first, _, last = run.trainer.network
    with torch.no_grad():
        for layer, w, b in ((first, 2.0, 1.0), (last, 3.0, 0.5)):
            layer.weight.fill_(w)
            layer.bias.fill_(b)
    x, y = (t.numpy()[:, 0] for t in (run.trainer.train_x, run.trainer.train_y))
    z = 2 * x + 1
    a = np.tanh(z)
    out = 3 * a + 0.5
    d_out = 2 * (out - y) / len(x)
    d_a = 3 * d_out
    d_z = d_a * (1 - a**2)
    found = measure(run.trainer)

    def size(v):
        return np.sqrt(np.mean(np.square(v)))

    values = found.values
    np.testing.assert_allclose(values["activation"], [size(z), size(a), size(out)], rtol=1e-12)
    np.testing.assert_allclose(values["variance"], [z.var(), a.var(), out.var()], rtol=1e-9)
    np.testing.assert_allclose(values["delta"], [size(d_z), size(d_a), size(d_out)], rtol=1e-12)
    by_hand = size([(d_z * x).sum(), d_z.sum()]), size([(d_out * a).sum(), d_out.sum()])
    np.testing.assert_allclose(values["gradient"][[0, 2]], by_hand, rtol=1e-12)
    assert values["weight"][0] == pytest.approx(np.sqrt((4 + 1) / 2))
    assert values["weight"][2] == pytest.approx(np.sqrt((9 + 0.25) / 2))
    rate = run.trainer.learning_rate
    np.testing.assert_allclose(values["update"][[0, 2]], rate * np.array(by_hand), rtol=1e-12)
    saturated = np.mean(1 - a**2 < 0.05)
    assert 0 < saturated < 1
    assert values["saturated"][1] == pytest.approx(saturated, abs=1e-12)


def test_measuring_leaves_no_trace_in_any_phase():
    plain, watched = Run(described()), Run(described())
    for _ in range(9):
        for _ in range(4):
            plain.advance_phase()
            measure(watched.bench)
            watched.advance_phase()
            measure(watched.bench)
    assert torch.equal(plain.trainer.state.vector, watched.trainer.state.vector)
    assert plain.trainer.loss_value == watched.trainer.loss_value
    plain.seek(4)
    watched.seek(4)
    before, after = measure(plain.bench), measure(watched.bench)
    for name in QUANTITIES:
        np.testing.assert_array_equal(before.values[name], after.values[name])


def test_midway_through_an_iteration_it_is_that_iteration():
    run = Run(described())
    run.advance(3)
    at_rest = measure(run.trainer)
    run.advance_phase()
    run.advance_phase()
    midway = measure(run.bench)
    for name in QUANTITIES:
        np.testing.assert_array_equal(at_rest.values[name], midway.values[name])


@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer.kind": "sgd", "optimizer.learning_rate": 3.0},
        {"batches.size": 10, "regularisation.l2": 1.0},
        {"layers.3.p": 0.8},
        {"optimizer.kind": "nadam"},
        {"batches.micro": 3},
    ],
    ids=str,
)
def test_edits_that_wait_are_in_what_is_measured(changes):
    plain, run = Run(described()), Run(described())
    for one in (plain, run):
        one.advance(5)
        one.edit(changes)
    before = run.trainer.state.vector.clone()
    held = run.trainer.experiment
    found = measure(run.bench, run.settings)
    assert run.trainer.experiment is held
    assert torch.equal(run.trainer.state.vector, before)
    parameters = {n: p.detach().clone() for n, p in run.trainer.network.named_parameters()}
    run.step()
    plain.step()
    assert torch.equal(run.trainer.state.vector, plain.trainer.state.vector)
    assert found.rows == len(run.trainer.batch_indices())
    assert found.loss == pytest.approx(run.trainer.loss_value, rel=1e-12)
    assert found.gradient_norm() == pytest.approx(run.trainer.gradient_norm, rel=1e-10)
    moved = {n: p - parameters[n] for n, p in run.trainer.network.named_parameters()}
    wanted = rms(moved["0.weight"], moved["0.bias"])
    assert found.values["update"][0] == pytest.approx(wanted, rel=1e-8)
    later = measure(run.bench, run.settings)  # the optimizer counts from the change on
    run.step()
    now = dict(run.trainer.network.named_parameters())
    wanted = rms(*(now[n] - parameters[n] - moved[n] for n in ("0.weight", "0.bias")))
    assert later.values["update"][0] == pytest.approx(wanted, rel=1e-8)


def test_a_unit_that_never_answers_is_dead_and_others_are_not():
    layers = [{"kind": "linear", "units": 4}, "relu", "linear"]
    run = Run(described(layers=layers))
    with torch.no_grad():
        run.trainer.network[0].bias[:] = torch.tensor([-1e3, 0.0, 1e3, -1e3])
    assert measure(run.trainer).values["dead"][1] == 0.5


@pytest.mark.parametrize(
    ("kind", "dies", "saturates"),
    [
        ("relu", True, False), ("relu6", True, False), ("hardswish", True, False),
        ("hardsigmoid", True, True), ("sigmoid", False, True), ("tanh", False, True),
        ("softsign", False, True), ("gelu", False, False), ("leaky_relu", False, False),
        ("softplus", False, False), ("identity", False, False), ("step", False, False),
        ("softmax", False, False), ("prelu", False, False), ("selu", False, False),
    ],
)  # fmt: skip
def test_which_activations_die_and_saturate_is_read_from_the_table(kind, dies, saturates):
    from lab.engine.firing import can_die, can_saturate

    (part,) = experiment({"layers": [kind]}).layers
    assert (can_die(part), can_saturate(part)) == (dies, saturates)


def deep(activation, init, layers=20, width=256, **options):
    one = {"kind": "linear", "units": width, "init": init, **options}
    between = [one] if activation is None else [one, activation]
    head = {"kind": "linear", "units": width, "init": "orthogonal"}
    trainer = Trainer(
        experiment({"data": "digits", "batches": {"size": 256},
                    "layers": [head, *between * layers, "linear"]})
    )  # fmt: skip
    found = measure(trainer)
    own = [i for i, v in enumerate(found.layers) if v.kind == "linear"][1:-1]
    return found.values["variance"][own], found.values["gradient"][own]


def test_hes_initialisation_keeps_the_variance_of_relu_and_others_do_not():
    """Var(z) is kept by 2/fan-in, halved by 1/fan-in (He et al., arXiv:1502.01852)."""
    he, _ = deep("relu", "kaiming_normal")
    assert 1 / 4 < he[-1] / he[0] < 4
    lecun, _ = deep("relu", "lecun_normal")
    halved = (lecun[-1] / lecun[0]) ** (1 / 19)
    assert 0.4 < halved < 0.6
    small, _ = deep("relu", "normal", std=0.01)
    assert small[-1] / small[0] < 1e-20


def test_linear_networks_keep_variance_exactly_if_orthogonal_and_about_if_lecun():
    orthogonal, gradient = deep(None, "orthogonal")
    np.testing.assert_allclose(orthogonal, orthogonal[0], rtol=1e-4)
    np.testing.assert_allclose(gradient, gradient[0], rtol=1e-2)
    lecun, _ = deep(None, "lecun_normal")
    assert 1 / 4 < lecun[-1] / lecun[0] < 4
    doubled, _ = deep(None, "lecun_normal", gain=2.0)
    assert (doubled[-1] / doubled[0]) ** (1 / 19) == pytest.approx(4, rel=0.1)


def test_tanh_under_xavier_shrinks_slowly_and_saturates_under_a_steep_one():
    kept, _ = deep("tanh", "xavier_normal")
    assert 0.01 < kept[-1] / kept[0] < 1
    _, steep = deep("tanh", "xavier_normal", gain=5.0)
    assert steep[0] / steep[-1] > 1e3
