"""Every optimizer against a plain loop of torch.optim over ordinary parameters."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import torch
from torch import nn

from lab.engine.flat import FlatState
from lab.engine.optimizers import OPTIMIZERS, build_optimizer, torch_options
from lab.engine.trainer import Trainer

STEPS = 25
TOLERANCE = {"float64": 1e-12, "float32": 1e-6}

OPTIONS = {
    "sgd": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "rmsprop": [{}, {"momentum": 0.5}, {"centered": True}],
    "adagrad": [{}],
    "adadelta": [{}],
    "adam": [{}, {"beta1": 0.5, "beta2": 0.9}],
    "adamw": [{}],
    "nadam": [{}, {"momentum_decay": 0.1}],
    "radam": [{"learning_rate": 0.02}],
}
CASES = [(kind, options) for kind, some in OPTIONS.items() for options in some]


def test_the_cases_cover_the_table():
    assert set(OPTIONS) == set(OPTIMIZERS)


class Plain:
    """The loop a student would write, from the same weights, over the same batches."""

    def __init__(self, trainer: Trainer, **options: object) -> None:
        self.trainer = trainer
        layers = [nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)]
        self.network = nn.Sequential(*layers).to(trainer.dtype)
        self.network.load_state_dict(trainer.network.state_dict())
        kind = OPTIMIZERS[trainer.experiment.optimizer.kind]
        given = torch_options(trainer.experiment.optimizer.as_dict()) | options
        given.setdefault("weight_decay", 0.0)
        make = getattr(torch.optim, kind.torch_name)
        self.optimizer = make(self.network.parameters(), foreach=False, **given)

    def gradient(self, step: int) -> torch.Tensor:
        """Leave the gradient of a step's batch in the parameters, and return the loss."""
        x, y = self.trainer.batches.at(step)
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.network(x), y)
        loss.backward()
        return loss

    @property
    def weights(self) -> torch.Tensor:
        return nn.utils.parameters_to_vector(self.network.parameters()).detach()


@contextmanager
def double_scalars(dtype: torch.dtype):
    """Let torch keep an optimizer's single numbers in the precision of the run.

    Else NAdam's product of momenta stays in float32, and its float64 is right to 1e-10 only.
    """
    torch.set_default_dtype(dtype)
    yield
    torch.set_default_dtype(torch.float32)


def run_beside(trainer: Trainer, plain: Plain, before_update=lambda plain: None) -> None:
    """Take both through the same steps and compare weights, loss and norm at each."""
    tolerance = TOLERANCE[trainer.experiment.precision]
    for step in range(1, STEPS + 1):
        loss = plain.gradient(step)
        before_update(plain)
        with double_scalars(trainer.dtype):
            plain.optimizer.step()
        trainer.step()
        assert trainer.loss_value == pytest.approx(loss.item(), abs=tolerance)
        error = (trainer.state.weights.data - plain.weights).abs().max()
        assert error <= tolerance, f"step {step}: {error:.2e}"


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(("kind", "options"), CASES)
def test_every_rule_is_torchs(make, kind, options, precision):
    asked = make(optimizer={"kind": kind} | options, precision=precision)
    asked = asked.changed({"regularisation.weight_decay": 0.0})
    trainer = Trainer(asked)
    run_beside(trainer, Plain(trainer))


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
def test_l2_is_torchs_weight_decay(make, kind):
    decay = {"l2": 0.1, "weight_decay": 0.0}
    trainer = Trainer(make(optimizer=kind, precision="float64", regularisation=decay))
    if kind == "adamw":  # its weight_decay is the decoupled one; Adam is the rule beside it
        plain = Plain(trainer)
        plain.optimizer = torch.optim.Adam(plain.network.parameters(), weight_decay=0.1)
    else:
        plain = Plain(trainer, weight_decay=0.1)
    run_beside(trainer, plain)


@pytest.mark.parametrize(("asked", "used"), [(0.1, 0.1), (None, 0.01)])
def test_decoupled_decay_is_that_of_adamw(make, asked, used):
    regularisation = {"weight_decay": asked}
    trainer = Trainer(
        make(optimizer="adamw", precision="float64", regularisation=regularisation)
    )
    run_beside(trainer, Plain(trainer, weight_decay=used))


@pytest.mark.parametrize(("kind", "torch_name"), [("nadam", "NAdam"), ("radam", "RAdam")])
def test_decoupled_decay_is_torchs_for_the_rules_that_offer_it(make, kind, torch_name):
    trainer = Trainer(
        make(optimizer=kind, precision="float64", regularisation={"weight_decay": 0.1})
    )
    run_beside(trainer, Plain(trainer, weight_decay=0.1, decoupled_weight_decay=True))


def weights_after(asked, steps=STEPS) -> torch.Tensor:
    trainer = Trainer(asked)
    for _ in range(steps):
        trainer.step()
    return trainer.state.weights.data.clone()


@pytest.mark.parametrize(("kind", "are_the_same"), [("sgd", True), ("adam", False)])
def test_penalty_and_decoupled_decay_are_the_same_for_plain_sgd_only(make, kind, are_the_same):
    optimizer = {"kind": kind, "learning_rate": 0.05}
    plain = {"optimizer": optimizer, "precision": "float64"}
    penalty = weights_after(make(**plain, regularisation={"l2": 0.1}))
    decoupled = weights_after(make(**plain, regularisation={"weight_decay": 0.1}))
    apart = (penalty - decoupled).abs().max()
    assert apart < 1e-12 if are_the_same else apart > 1e-3


def test_the_gradient_of_the_penalties_is_autograds(make):
    asked = make(precision="float64", regularisation={"l1": 0.03, "l2": 0.2})
    trainer = Trainer(asked)
    trainer.forward()
    trainer.loss()
    trainer.backward()
    plain = Plain(trainer)
    plain.gradient(1)
    w = nn.utils.parameters_to_vector(plain.network.parameters())
    (0.03 * w.abs().sum() + 0.2 / 2 * (w**2).sum()).backward()
    wanted = torch.cat([p.grad.flatten() for p in plain.network.parameters()])
    torch.testing.assert_close(trainer.state.gradient, wanted, rtol=0, atol=1e-14)
    assert trainer.gradient_norm == pytest.approx(wanted.norm().item(), abs=1e-14)
    assert trainer.loss_value == pytest.approx(plain.gradient(1).item())  # without penalties


@pytest.mark.parametrize("largest", [0.01, 0.3, 100.0])
def test_clipping_by_norm_is_torchs(make, largest):
    asked = make(precision="float64", clip={"kind": "norm", "max_norm": largest})
    trainer = Trainer(asked)

    def clip(plain: Plain) -> None:
        nn.utils.clip_grad_norm_(plain.network.parameters(), largest)

    run_beside(trainer, Plain(trainer), clip)


@pytest.mark.parametrize("limit", [0.001, 0.1])
def test_clipping_by_value_is_torchs(make, limit):
    asked = make(precision="float64", clip={"kind": "value", "limit": limit})
    trainer = Trainer(asked)

    def clip(plain: Plain) -> None:
        nn.utils.clip_grad_value_(plain.network.parameters(), limit)

    run_beside(trainer, Plain(trainer), clip)


def test_a_schedule_reaches_the_optimizer(make):
    asked = make(precision="float64", schedule={"kind": "exponential", "gamma": 0.8})
    trainer = Trainer(asked)
    plain = Plain(trainer)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(plain.optimizer, 0.8)
    for step in range(1, STEPS + 1):
        assert trainer.learning_rate == pytest.approx(scheduler.get_last_lr()[0])
        plain.gradient(step)
        plain.optimizer.step()
        scheduler.step()
        trainer.step()
    torch.testing.assert_close(trainer.state.weights.data, plain.weights, rtol=0, atol=1e-12)


def descended(kind: str, start: float, slope, steps: int, **options: object) -> list[float]:
    """Return the places a rule goes through on a function of one number."""
    chosen = OPTIMIZERS[kind]
    layer = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    given = chosen.complete(options, "optimizer")
    state = FlatState(layer, chosen.slots_for(dict(given)), chosen.counters)
    optimizer = build_optimizer(chosen, dict(given), state.weights)
    optimizer.state[state.weights].update(state.optimizer_state)
    state.weights.data.fill_(start)
    places = []
    for _ in range(steps):
        state.gradient.fill_(slope(state.weights.item()))
        optimizer.step()
        places.append(layer.weight.item())  # a view of the flat vector
    return places


def test_gradient_descent_on_a_parabola_goes_where_it_does_by_hand():
    found = descended("sgd", 0.0, lambda x: 2 * (x - 3), 4, learning_rate=0.1)
    assert found == pytest.approx([0.6, 1.08, 1.464, 1.7712], abs=1e-12)


def test_adam_on_a_parabola_goes_where_it_does_by_hand():
    found = descended("adam", 1.0, lambda x: 2 * x, 2, learning_rate=0.1)
    assert found == pytest.approx([0.9000000005, 0.8004122287], abs=5e-11)


def test_momentum_by_hand():
    found = descended("sgd", 1.0, lambda x: 2 * x, 2, learning_rate=0.1, momentum=0.9)
    assert found == pytest.approx([0.8, 0.8 - 0.1 * (0.9 * 2 + 1.6)])


def test_nesterov_by_hand():
    options = {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
    found = descended("sgd", 1.0, lambda x: 2 * x, 1, **options)
    assert found == pytest.approx([1 - 0.1 * (2 + 0.9 * 2)])


def test_an_edit_that_needs_more_state_keeps_what_there_is(noisy):
    trainer = Trainer(noisy(optimizer={"kind": "rmsprop"}))
    for _ in range(5):
        trainer.step()
    before = {n: t.clone() for n, t in trainer.network.state_dict().items()}
    kept = {n: t.clone() for n, t in trainer.state.optimizer_state.items()}
    assert set(kept) == {"square_avg", "step"}
    trainer.change(trainer.experiment.changed({"optimizer.momentum": 0.5}))
    state = trainer.state.optimizer_state
    assert set(state) == {"square_avg", "momentum_buffer", "step"}
    assert all(torch.equal(state[n], kept[n]) for n in kept)
    assert (state["momentum_buffer"] == 0).all()
    for name, tensor in trainer.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name  # running statistics among them
    trainer.step()
    assert state["step"] == 6


def test_another_rule_begins_with_a_state_of_its_own_and_the_same_network(noisy):
    trainer = Trainer(noisy(optimizer={"kind": "nadam"}))
    for _ in range(5):
        trainer.step()
    before = {n: t.clone() for n, t in trainer.network.state_dict().items()}
    trainer.change(trainer.experiment.changed({"optimizer.kind": "adam"}))
    state = trainer.state.optimizer_state
    assert set(state) == {"exp_avg", "exp_avg_sq", "step"}
    assert all((t == 0).all() for t in state.values())
    for name, tensor in trainer.network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
