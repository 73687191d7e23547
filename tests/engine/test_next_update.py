"""The update by formulas against the one that the trainer makes."""

from __future__ import annotations

import numpy as np
import pytest

from lab.engine import next_update as next_updates
from lab.engine.experiment import experiment
from lab.engine.next_update import next_update
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.run import Run

CASES = [
    *(({"kind": name}, {}) for name in OPTIMIZERS),
    ({"kind": "sgd", "momentum": 0.9, "nesterov": True}, {"schedule": "cosine"}),
    ({"kind": "rmsprop", "momentum": 0.5, "centered": True}, {}),
    ({"kind": "adam"}, {"clip": {"kind": "norm", "max_norm": 0.1}}),
    ({"kind": "adam"}, {"clip": {"kind": "value", "limit": 0.01}}),
    ({"kind": "sgd"}, {"regularisation": {"l1": 0.01, "l2": 0.1, "weight_decay": 0.2}}),
]


@pytest.mark.parametrize(("optimizer", "changes"), CASES, ids=str)
@pytest.mark.parametrize("steps", [0, 7])
def test_it_is_the_update_that_the_trainer_makes(optimizer, changes, steps):
    layers = [{"kind": "linear", "units": 5}, "tanh", "batch_norm", "linear"]
    described = {"data": "iris", "layers": layers, "precision": "float64", "steps": 30}
    run = Run(experiment({**described, "optimizer": optimizer, **changes}))
    run.advance(steps)
    for _ in range(3):
        run.advance_phase()
    trainer = run.trainer
    named = dict(trainer.network.named_parameters())
    before = {n: p.detach().numpy().copy() for n, p in named.items()}
    penalties = trainer.experiment.regularisation
    gradients = {  # the trainer's hold the penalties already
        n: p.grad.numpy() - penalties.l1 * np.sign(before[n]) - penalties.l2 * before[n]
        for n, p in named.items()
    }
    found = next_update(trainer, gradients)
    run.advance_phase()
    for name, parameter in named.items():
        made = parameter.detach().numpy() - before[name]
        np.testing.assert_allclose(found.deltas[name], made, rtol=0, atol=1e-12)
    for slot in trainer.state.slots:
        joined = np.concatenate([found.state[slot][n].ravel() for n in named])
        np.testing.assert_allclose(joined, trainer.state.slots[slot].numpy(), atol=1e-12)


def test_what_an_update_is_made_of_is_worked_out_once(monkeypatch):
    run = Run(experiment({"data": "iris", "layers": ["linear"], "optimizer": "adam"}))
    trainer = run.trainer
    slopes = {n: np.ones(p.shape) for n, p in trainer.network.named_parameters()}
    found = next_update(trainer, slopes)
    counted = []
    rule = next_updates.parts
    monkeypatch.setattr(
        next_updates, "parts", lambda *given: counted.append(given) or rule(*given)
    )
    assert [set(found.parts(name)) >= {"g", "m", "v", "Δ"} for name in slopes for _ in "ab"]
    assert len(counted) == len(slopes)


def begun_anew(kind, how):
    """A run whose optimizer counts from another step on than the run does."""
    layers = [{"kind": "linear", "units": 5}, "tanh", "linear"]
    described = {"data": "iris", "layers": layers, "precision": "float64", "steps": 30}
    if how == "changed":
        run = Run(experiment({**described, "optimizer": "sgd"}))
        run.advance(5)
        run.edit({"optimizer.kind": kind})
        run.step()
        return run
    run = Run(experiment({**described, "optimizer": kind}))
    run.advance(5)
    run.load_weights({n: t.clone() for n, t in run.trainer.network.state_dict().items()}, "own")
    return run


@pytest.mark.parametrize("how", ["changed", "loaded"])
@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_updates_are_counted_as_the_optimizer_counts_them(kind, how):
    run = begun_anew(kind, how)
    for _ in range(3):
        run.advance_phase()
    trainer = run.trainer
    gradients = {n: p.grad.numpy().copy() for n, p in trainer.network.named_parameters()}
    found = next_update(trainer, gradients)
    before = trainer.state.values.clone()
    run.advance_phase()
    moved = (trainer.state.values - before).numpy()
    made = np.concatenate([found.deltas[n].ravel() for n in gradients])
    np.testing.assert_allclose(made, moved, rtol=0, atol=1e-12)
    if "step" in trainer.state.counters:
        assert found.t == trainer.state.counters["step"] < trainer.step_number
