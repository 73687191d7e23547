"""Numbers that are not finite stop a run at their very step; the state before it stands."""

from __future__ import annotations

import math

import pytest
import torch

from lab.engine.autopsy import Diverged
from lab.engine.phases import Phase
from lab.engine.run import Run
from lab.engine.trainer import norm


def state(run: Run) -> torch.Tensor:
    return run.trainer.state.vector.clone()


def until_divergence(run: Run, steps: int = 200) -> Diverged:
    with pytest.raises(Diverged) as told:
        run.advance(steps)
    return told.value


def exploding(make, **given: object):
    """A regression that explodes, with running statistics to lose."""
    layers = [{"kind": "linear", "units": 8}, "batch_norm", {"kind": "linear"}]
    plain = {"data": "curve", "loss": "mse_loss", "layers": layers}
    return make(**(plain | {"optimizer": {"kind": "sgd", "learning_rate": 1e6}} | given))


RUNAWAY = {
    "sgd": {"optimizer": {"kind": "sgd", "learning_rate": 1e6, "momentum": 0.9}},
    "adam": {"optimizer": {"kind": "adam", "learning_rate": 1e6}, "layers.1": "identity"},
    "rmsprop": {"optimizer": {"kind": "rmsprop", "learning_rate": 1e6}, "layers.1": "identity"},
}


@pytest.mark.fault("M1")
@pytest.mark.parametrize("kind", sorted(RUNAWAY))
def test_too_large_a_rate_is_found_at_its_very_step(make, kind):
    asked = exploding(make).changed(RUNAWAY[kind])
    if kind != "sgd":  # which bound their steps: the decay runs away in their place
        asked = asked.changed({"regularisation.weight_decay": 0.5})
    run = Run(asked)
    found = until_divergence(run).finding
    last = run.newest
    assert found.step == last + 1
    assert run.timeline.current.diverged_at == found.step
    assert run.phase is Phase.READY
    assert all(math.isfinite(v) for v in run.timeline.current.row(last).values())
    assert torch.isfinite(state(run)).all()
    stopped = Run(asked)
    stopped.advance(last)
    assert torch.equal(state(run), state(stopped))


@pytest.mark.fault("M1")
def test_what_diverged_once_does_so_again_and_heals_on_a_lower_rate(make):
    run = Run(exploding(make))
    found = until_divergence(run).finding
    before = state(run)
    assert until_divergence(run, 1).finding == found
    assert torch.equal(state(run), before)
    run.seek(0)
    run.branch(0, {"optimizer.learning_rate": 0.01})
    run.advance(20)
    assert run.newest == 20
    run.switch(0)
    assert torch.equal(state(run), before)


def test_an_edit_of_the_step_that_diverged_is_carried_out_and_logged(make):
    run = Run(make())
    run.advance(3)
    before = state(run)
    run.edit({"optimizer.learning_rate": 1e6})
    while run.newest < 100:
        try:
            run.step()
        except Diverged:
            break
    run.seek(3)
    run.edit({"optimizer.learning_rate": 0.1})
    assert run.settings == make()
    assert torch.equal(state(run), before)
    run.advance(5)
    plain = Run(make())
    plain.advance(8)
    assert torch.equal(state(run), state(plain))


@pytest.mark.fault("M2")
def test_a_broken_weight_is_named(make):
    run = Run(make())
    run.advance(2)
    with torch.no_grad():
        run.trainer.network[2].weight[1, 3] = math.nan
    found = until_divergence(run, 1).finding
    assert (found.step, found.tensor) == (3, "the weight 2.weight")
    assert (found.bad, found.size) == (1, 16)


@pytest.mark.fault("M2")
@pytest.mark.parametrize("micro", [1, 3])
def test_a_broken_sample_is_named_with_its_row(make, micro):
    run = Run(make(batches={"size": 16, "micro": micro}))
    row = int(run.trainer.data.train[run.trainer.batches.indices(3)[11]])
    run.trainer.batches.at(3)[0][11, 0] = math.inf
    found = until_divergence(run).finding
    assert found.step == 3
    assert found.tensor == "the input"
    assert found.sample == row
    assert f"first in sample {row} of the data" in str(found)


@pytest.mark.parametrize("micro", [1, 3])
def test_a_layer_that_gives_no_number_is_named_with_the_sample(make, micro):
    run = Run(make(batches={"size": 16, "micro": micro}))
    run.advance(1)
    rows = run.trainer.data.train[run.trainer.batches.indices(2)]
    with torch.no_grad():
        bad = run.trainer.network[0](run.trainer.batches.at(2)[0][9])

    def break_one(module, inputs, output):
        where = (inputs[0] - bad).abs().sum(dim=1) < 1e-5
        return torch.where(where[:, None], math.nan, output)

    hook = run.trainer.network[1].register_forward_hook(break_one)
    found = until_divergence(run, 1).finding
    hook.remove()
    assert found.tensor == "the output of layer 1 (Tanh)"
    assert found.sample == int(rows[9])
    assert (found.step, found.bad) == (2, 8)


@pytest.mark.fault("M2")
def test_a_gradient_that_is_infinite_in_one_layer_only_is_named(make):
    run = Run(make(layers=["linear", "tanh", "linear", "tanh", "linear", "tanh", "linear"]))
    run.advance(4)
    weight = run.trainer.network[4].bias
    hook = weight.register_hook(lambda gradient: gradient * math.inf)
    found = until_divergence(run, 1).finding
    hook.remove()
    assert found.step == 5
    assert found.tensor == "the gradient of 4.bias"
    before = state(run)
    run.step()  # without the fault it goes on from the last good state
    plain = Run(run.experiment)
    plain.advance(4)
    assert torch.equal(before, state(plain))


def test_an_update_that_breaks_the_weights_is_undone_and_named(make, monkeypatch):
    run = Run(make())
    run.advance(4)
    before, update = state(run), run.trainer.apply_rule

    def broken() -> None:
        update()
        run.trainer.network[2].bias.data[0] = math.inf

    monkeypatch.setattr(run.trainer, "apply_rule", broken)
    found = until_divergence(run, 1).finding
    assert (found.step, found.tensor) == (5, "the weight 2.bias, after its update,")
    assert torch.equal(state(run), before)
    assert run.newest == run.cursor == run.trainer.step_number == 4


def test_an_optimizer_that_overflows_would_stand_still_for_ever_and_is_named(make):
    run = Run(make(optimizer={"kind": "adam", "learning_rate": 0.01}))
    run.advance(3)
    before = state(run)
    hook = run.trainer.network[0].weight.register_hook(lambda gradient: gradient * 1e30)
    found = until_divergence(run, 1).finding
    hook.remove()
    assert found.tensor == "what the optimizer keeps as exp_avg_sq, after its update,"
    assert torch.equal(state(run), before)


def test_running_statistics_are_put_back(make):
    run = Run(exploding(make))
    until_divergence(run)
    stopped = Run(exploding(make))
    stopped.advance(run.newest)
    for name, tensor in run.trainer.network.state_dict().items():
        assert torch.equal(tensor, stopped.trainer.network.state_dict()[name]), name


def test_a_norm_too_long_for_single_precision_is_no_divergence(make):
    large = torch.full((4,), 1e30)
    assert math.isinf(torch.linalg.vector_norm(large).item())
    assert norm(large) == pytest.approx(2e30)
    assert math.isnan(norm(torch.tensor([math.nan])))
    run = Run(make())
    run.trainer.network[2].weight.data.fill_(1e25)
    run.trainer.apply_rule = lambda: None
    run.step()
    assert run.timeline.current.row(1)["weight_norm"] == pytest.approx(4e25)


def test_early_stopping_ends_a_run_when_the_test_loss_falls_no_more(make):
    asked = make(
        early_stopping={"patience": 3},
        evaluate_every=2,
        optimizer={"kind": "sgd", "learning_rate": 20.0},
    )
    run = Run(asked)
    run.advance(100)
    assert run.newest < 100
    assert "has not fallen for 3 evaluations" in run.early_stop
    losses = run.timeline.current.evaluations.column("test_loss")
    assert losses[-3:].min() >= losses[:-3].min()
    assert all(losses[k - 3 : k].min() < losses[: k - 3].min() for k in range(4, len(losses)))


def test_early_stopping_and_evaluation_can_be_edited_while_running(make):
    run = Run(make(optimizer={"kind": "sgd", "learning_rate": 20.0}))
    run.edit({"evaluate_every": 1, "early_stopping.patience": 2})
    run.advance(100)
    assert run.early_stop
    assert run.newest < 100
    assert len(run.timeline.current.evaluations) == run.newest + 1


def test_a_run_that_improves_is_not_stopped(make):
    run = Run(make(early_stopping={"patience": 5}, evaluate_every=1, batches={"size": 0}))
    run.advance(30)
    assert (run.newest, run.early_stop) == (30, "")
