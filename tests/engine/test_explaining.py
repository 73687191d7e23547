"""Any number of an iteration: explained, and proven in two independent ways."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from lab.engine.experiment import experiment
from lab.engine.explaining import explain
from lab.engine.kinds import ExperimentError
from lab.engine.microscope import beside, look_into, tensor
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.phases import Phase
from lab.engine.proofs import errors
from lab.engine.questioned import Number
from lab.engine.run import Run
from lab.engine.stages import consumers, stages
from lab.maths import layers as formulas
from lab.presets import PRESETS, load

LINEAR = {"kind": "linear", "units": 5}
EVERY = {
    "data": "iris",
    "layers": [
        LINEAR, "batch_norm", "tanh", {"kind": "dropout", "p": 0.4},
        {"kind": "residual", "layers": [LINEAR, "prelu"]},
        "layer_norm", {"kind": "linear", "units": 4}, "gelu", "linear",
    ],
    "batches": {"size": 12},
    "optimizer": {"kind": "adamw", "learning_rate": 0.01},
    "steps": 40,
}  # fmt: skip


def run_of(described, steps=3):
    run = Run(experiment(described))
    run.advance(steps)
    return run


def every_number(it):
    """One number of every tensor there is."""
    rng = np.random.default_rng(3)
    for layer in it.leaves:
        learned = it.passes[layer.name].gradients
        names = ["in", "out", "d_in", "d_out", *learned]
        names += [f"{sign}{n}" for n in learned for sign in "∂Δ"]
        for name in learned:
            found = it.update.parts(f"{layer.name}.{name}")
            names += [f"{symbol} {name}" for symbol in found if symbol != "Δ"]
        for name in names:
            number = Number(layer.name, name)
            whole = tensor(it, layer.name, name)
            one = whole if number.is_of_weight else whole[0]
            row = 0 if number.is_of_weight else int(rng.integers(len(whole)))
            yield Number(layer.name, name, int(rng.integers(one.size)), row)
    for name in ("o", "p", "y", "terms", "d_o"):
        yield Number("loss", name, 0, len(it.rows) - 1)


@pytest.mark.parametrize("sample", [4, None], ids=["sample", "batch"])
def test_every_tensor_of_every_layer_is_proven(sample):
    it = look_into(run_of(EVERY).trainer, sample, with_update=True)
    seen = 0
    for number in every_number(it):
        made = explain(it, number)
        assert made.is_proven, (number, made.checks, made.slope_checks)
        if made.terms:
            assert made.factor * made.total == pytest.approx(made.value, rel=1e-9, abs=1e-12)
        if number.tensor not in ("y", "in"):
            assert made.checks or made.slope_checks, number
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_first_and_the_last_layer_of_every_preset_are_proven(name):
    it = look_into(Run(load(name)).trainer, 2, with_update=True)
    for layer in (it.leaves[0], it.leaves[-1]):
        for role in ("out", "d_out"):
            assert explain(it, Number(layer.name, role)).is_proven


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_the_update_of_every_optimizer_is_the_trainers(kind):
    described = {**EVERY, "optimizer": kind, "precision": "float64",
                 "regularisation": {"l1": 1e-3, "l2": 1e-2}}  # fmt: skip
    run = run_of(described)
    it = look_into(run.trainer, None, with_update=True)
    before = run.trainer.state.values.clone()
    for number in every_number(it):
        if number.tensor.startswith("Δ") or " " in number.tensor:
            assert explain(it, number).is_proven, number
    run.step()
    names = [n for n, _ in run.trainer.network.named_parameters()]
    made = np.concatenate([it.update.deltas[n].ravel() for n in names])
    moved = (run.trainer.state.values - before).numpy()
    np.testing.assert_allclose(made, moved, rtol=0, atol=1e-12)
    own = np.concatenate([it.own_update.deltas[n].ravel() for n in names])
    np.testing.assert_allclose(own, moved, rtol=0, atol=1e-15)


def test_the_batch_has_the_masks_and_statistics_of_its_very_step():
    run = run_of(EVERY, 6)
    it = look_into(run.trainer, None)
    plan = run.trainer.batches.indices(7)
    np.testing.assert_array_equal(it.rows, run.trainer.data.train[plan])
    for _ in range(3):
        run.advance_phase()
    dropout = run.trainer._dropouts[0]
    mask = it.passes["3"].layer.weights["mask"]
    np.testing.assert_array_equal(mask, dropout.mask.double().numpy())
    assert it.found.loss == pytest.approx(run.trainer.loss_value, rel=1e-5)
    for name, parameter in run.trainer.network.named_parameters():
        wanted = parameter.grad.double().numpy()
        np.testing.assert_allclose(it.found.gradients()[name], wanted, rtol=1e-3, atol=1e-5)
    again = look_into(run.trainer, None)  # in the midst of it: the same iteration
    assert again.found.loss == it.found.loss


def test_a_look_changes_nothing():
    run, other = run_of(EVERY, 4), run_of(EVERY, 4)
    run.advance_phase()
    before = run.trainer.state.vector.clone()
    mask = run.trainer._dropouts[0].mask.clone()
    for sample in (1, None):
        look_into(run.trainer, sample, with_update=True)
    assert torch.equal(run.trainer.state.vector, before)
    assert torch.equal(run.trainer._dropouts[0].mask, mask)
    assert run.phase is Phase.FORWARD
    run.step()
    other.step()
    assert torch.equal(run.trainer.state.vector, other.trainer.state.vector)


def test_what_the_run_has_in_its_own_precision_stands_beside():
    described = {**EVERY, "precision": "float32"}
    it = look_into(run_of(described).trainer, 0)
    mine, own = tensor(it, "0", "out"), beside(it, "0", "out", own=True)
    assert 0 < np.abs(mine - own).max() < 1e-5
    names = [c.words for c in explain(it, Number("0", "out")).checks]
    assert names == ["Torch, float64", "The run, float32"]
    assert np.array_equal(own.astype(np.float32), own)


def corrupted(a, weights, options):
    z, back = formulas.linear(a, weights, options)

    def wrong(delta):
        d_a, found = back(delta)
        return 1.001 * d_a, {**found, "weight": 1.001 * found["weight"]}

    return z, wrong


def test_a_corrupted_formula_is_reported(monkeypatch):
    run = run_of({"data": "iris", "layers": [LINEAR, "tanh", "linear"]})
    right = explain(look_into(run.trainer, 3), Number("0", "∂weight", 2))
    assert right.is_proven
    monkeypatch.setitem(formulas.RULES, "linear", corrupted)
    made = explain(look_into(run.trainer, 3), Number("2", "∂weight", 2))
    assert not made.is_proven
    assert made.checks[0].error == pytest.approx(1e-3, rel=1e-6)
    assert made.sum_error == pytest.approx(1e-3, rel=1e-2)
    delta = explain(look_into(run.trainer, 3), Number("0", "d_out", 1))
    assert [c.is_good for c in delta.checks[:2]] == [False, False]


def test_the_neuron_of_the_catalogue_term_by_term(tmp_path):
    """NN1 and NN8: x = 2, w = 0.5, b = −0.25, σ, target 1, squared error."""
    table = tmp_path / "one.csv"
    table.write_text("x,y\n2,1\n" + "".join(f"{k / 7},{k / 9}\n" for k in range(20)))
    data = {"kind": "csv", "path": str(table), "target": "y", "task": "regression"}
    run = Run(
        experiment(
            {
                "data": data,
                "split": {"standardise": False},
                "layers": [{"kind": "linear", "units": 1}, "sigmoid"],
                "loss": "mse_loss",
                "batches": {"size": 4},
                "optimizer": {"kind": "sgd", "learning_rate": 0.1},
            }
        )
    )
    run.load_weights({"0.weight": torch.tensor([[0.5]]), "0.bias": torch.tensor([-0.25])}, "it")
    it = look_into(run.trainer, 0, with_update=True)

    def of(layer, name):
        made = explain(it, Number(layer, name))
        assert made.is_proven
        return made

    z = of("0", "out")
    assert [t.value for t in z.terms] == [1.0, -0.25]
    assert of("1", "out").value == pytest.approx(0.679179, abs=5e-7)
    assert of("loss", "terms").value == pytest.approx(0.102926, abs=5e-7)
    assert of("0", "∂weight").value == pytest.approx(-0.279621, abs=5e-7)
    assert of("0", "∂bias").value == pytest.approx(-0.139811, abs=5e-7)
    assert of("0", "d_out").value == pytest.approx(-0.139811, abs=5e-7)
    assert of("0", "Δweight").value == pytest.approx(0.0279621, abs=5e-8)
    assert z.slope == of("0", "d_out").value


def test_layers_without_activation_are_one_matrix():
    """NN2: the stack collapses into W₂W₁."""
    run = run_of({"data": "iris", "layers": [LINEAR, "identity", "linear"]})
    it = look_into(run.trainer, 7)
    w1, b1 = (tensor(it, "0", n) for n in ("weight", "bias"))
    w2, b2 = (tensor(it, "2", n) for n in ("weight", "bias"))
    collapsed = (w2 @ w1) @ it.x[0] + w2 @ b1 + b2
    np.testing.assert_allclose(it.found.output[0], collapsed, atol=1e-12)


def test_every_gradient_agrees_with_autograd_to_ten_digits():
    """NN8."""
    for sample in (0, None):
        it = look_into(run_of(EVERY).trainer, sample)
        assert max(errors(it.found, it.proof).values()) <= 1e-10


def test_past_a_block_delta_arrives_by_two_ways():
    """NN13: h + F(h) sends δ back through F, and past it as it is."""
    it = look_into(run_of(EVERY).trainer, 5)
    assert it.takers["3"] == ("4.inner.0", "5")
    made = explain(it, Number("3", "d_out", 2))
    through, past = (t.value for t in made.terms)
    assert past == pytest.approx(float(it.passes["5"].d_a[0, 2]), rel=1e-13)
    assert through == pytest.approx(float(it.passes["4.inner.0"].d_a[0, 2]), rel=1e-13)
    assert made.value == pytest.approx(through + past, rel=1e-12)


def test_stages_are_a_layer_with_its_activation():
    it = look_into(run_of(EVERY).trainer, 0)
    named = [tuple(layer.name for layer in s.layers) for s in stages(it.layers)]
    assert named == [
        ("0",), ("1", "2"), ("3",), ("4.inner.0", "4.inner.1"), ("5",), ("6", "7"), ("8",),
    ]  # fmt: skip
    assert consumers(it.layers)["8"] == ("loss",)
    assert consumers(it.layers)["4.inner.1"] == ("5",)


def test_numbers_are_named_as_formulas_name_them():
    it = look_into(run_of(EVERY).trainer, 0)
    made = explain(it, Number("8", "d_out", 1))
    assert made.title == "δ of layer 4, unit 2"
    assert made.symbol == r"\delta_{2}^{(4)}"
    weight = explain(it, Number("6", "∂weight", 6))
    assert weight.title == "∂L/∂W, layer 3, unit 2, input 2"
    assert r"W_{2,2}^{(3)}" in weight.latex
    with pytest.raises(LookupError):
        explain(it, Number("6", "∂weight", 10_000))


def test_a_very_sure_network_says_that_digits_are_lost():
    run = run_of({"data": "iris", "layers": ["linear"], "precision": "float64"})
    weights = run.trainer.network[0].weight.detach().clone()
    bias = torch.zeros(3, dtype=torch.float64)
    bias[int(run.trainer.data.target[0])] = 26.0
    run.load_weights({"0.weight": 0.01 * weights, "0.bias": bias}, "sure")
    it = look_into(run.trainer, 0)
    right = int(run.trainer.data.target[0])
    made = explain(it, Number("0", "d_out", right))
    error = made.checks[0].error
    assert error <= 1e-10 or "digits cancel" in " ".join(made.notes)


def test_the_notes_stand_at_their_places():
    """2 beside the δ of binary cross-entropy, 3 and 5 beside Adam, 1 at the chain."""
    it = look_into(Run(load("xor")).trainer, 0, with_update=True)

    def words(*number):
        return " ".join(explain(it, Number(*number)).notes)

    assert "p − y and nothing more" in words("2", "d_out")
    assert "p − y and nothing more" in words("loss", "d_o")
    assert "chain rule" in words("0", "d_out")
    assert "both moments" in words("0", "Δweight")
    assert "decoupled decay" in words("0", "Δweight")
    assert not words("0", "out")


def test_settings_of_the_next_step_are_those_of_the_update():
    run = run_of(EVERY)
    settings = experiment(EVERY).changed({"optimizer.learning_rate": 0.5})
    it = look_into(run.trainer, 0, settings)
    other = look_into(run.trainer, 0)
    decay = settings.weight_decay
    for name, delta in it.update.deltas.items():
        np.testing.assert_allclose(delta, 50 * other.update.deltas[name], rtol=1e-12)
    assert decay == other.update.settings.weight_decay


@pytest.mark.parametrize("kind", ["adam", "adamw", "nadam", "radam"])
def test_the_count_of_updates_is_torchs_own(kind):
    """After a change of the optimizer; a count of the run's steps fails every check."""
    run = run_of({**EVERY, "optimizer": "sgd", "precision": "float64"}, 5)
    run.edit({"optimizer.kind": kind})
    run.step()
    it = look_into(run.trainer, None, run.settings, with_update=True)
    assert it.update.t == it.proof_update.count == 2
    wrong = replace(it, update=replace(it.update, t=7, _parts={}))
    corrected = {"m̂", "v̂"} & it.update.parts("0.weight").keys()
    assert corrected
    for symbol in corrected:
        number = Number("0", f"{symbol} weight", 3)
        made, other = explain(it, number), explain(wrong, number)
        assert made.is_proven
        assert {c.words for c in made.checks} >= {"torch.optim, float64", "Finite difference"}
        assert "^{2}" in made.numbers
        assert not any(c.is_good for c in other.checks)


PENDING = {
    "learning rate": {"optimizer.learning_rate": 0.5},
    "dropout": {"layers.3.p": 0.8},
    "batch size": {"batches.size": 20},
    "penalties": {"regularisation.l2": 0.3, "clip": {"kind": "norm", "max_norm": 0.1}},
    "optimizer": {"optimizer.kind": "nadam"},
    "momentum": {"optimizer": {"kind": "sgd", "momentum": 0.9}, "batches.shuffle": False},
}


@pytest.mark.parametrize("changes", PENDING.values(), ids=list(PENDING))
def test_edits_that_wait_are_in_what_comes_next(changes):
    run = run_of({**EVERY, "precision": "float64"}, 4)
    run.edit(changes)
    before = run.trainer.state.vector.clone()
    held, state = run.trainer.experiment, run.trainer.state
    it = look_into(run.bench, None, run.settings, with_update=True)
    assert run.trainer.experiment is held
    assert run.trainer.state is state
    assert torch.equal(run.trainer.state.vector, before)
    weights = run.trainer.state.values.clone()
    run.step()
    moved = (run.trainer.state.values - weights).numpy()
    names = [n for n, _ in run.trainer.network.named_parameters()]
    for update, limit in ((it.update, 1e-8), (it.own_update, 1e-15)):
        made = np.concatenate([update.deltas[n].ravel() for n in names])
        np.testing.assert_allclose(made, moved, rtol=0, atol=limit)
    assert it.found.loss == pytest.approx(run.trainer.loss_value, rel=1e-12)
    np.testing.assert_array_equal(it.rows, run.trainer.batch_indices())
    other = run_of({**EVERY, "precision": "float64"}, 4)
    other.edit(changes)
    other.step()
    assert torch.equal(run.trainer.state.vector, other.trainer.state.vector)


def test_an_edit_that_was_begun_and_taken_back_is_in_nothing_that_is_seen():
    """What the optimizer before it had kept is there again."""
    sgd = {"kind": "sgd", "momentum": 0.9, "learning_rate": 0.1}
    described = {**EVERY, "optimizer": sgd, "precision": "float64"}
    run, plain = run_of(described, 4), run_of(described, 5)
    run.edit({"optimizer.kind": "adam"})
    run.advance_phase()
    run.edit({"optimizer": sgd})
    it = look_into(run.bench, None, run.settings, with_update=True)
    before = run.trainer.state.values.clone()
    run.step()
    names = [n for n, _ in run.trainer.network.named_parameters()]
    own = np.concatenate([it.own_update.deltas[n].ravel() for n in names])
    np.testing.assert_array_equal(own, (run.trainer.state.values - before).numpy())
    assert torch.equal(run.trainer.state.vector, plain.trainer.state.vector)


def test_in_the_past_it_is_the_iteration_that_came_next_there():
    run = run_of({**EVERY, "precision": "float64"}, 4)
    run.edit({"layers.3.p": 0.8, "optimizer.kind": "nadam"})
    run.advance(3)
    run.seek(4)
    vector = run.bench.state.vector.clone()
    it = look_into(run.bench, None, run.settings, with_update=True)
    assert torch.equal(run.bench.state.vector, vector)
    assert it.found.loss == pytest.approx(run.timeline.current.row(5)["loss"], rel=1e-12)
    before = run.bench.state.values.clone()
    run.seek(5)
    moved = (run.bench.state.values - before).numpy()
    names = [n for n, _ in run.trainer.network.named_parameters()]
    own = np.concatenate([it.own_update.deltas[n].ravel() for n in names])
    np.testing.assert_array_equal(own, moved)


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("phases", [0, 2])
def test_a_batch_in_pieces_is_the_runs_to_the_bit(precision, phases):
    """Its masks are those of the whole batch, and gradients add up as the trainer's do."""
    layers = [one for one in EVERY["layers"] if one != "batch_norm"]
    described = {**EVERY, "layers": layers, "precision": precision,
                 "batches": {"size": 13, "micro": 3},
                 "regularisation": {"l1": 1e-3, "l2": 1e-2, "weight_decay": 0.1}}  # fmt: skip
    run = run_of(described)
    for _ in range(phases):
        run.advance_phase()
    it = look_into(run.bench, None, with_update=True)
    assert max(errors(it.found, it.proof).values()) <= 1e-10
    for number in (
        Number("0", "out", 2, 11),
        Number("2", "out", 1, 5),
        Number("0", "∂bias", 1),
    ):
        assert explain(it, number).is_proven
    before = run.trainer.state.values.clone()
    run.step()
    assert it.found.loss == pytest.approx(run.trainer.loss_value, rel=1e-6)
    np.testing.assert_array_equal(it.own_output, run.trainer.output.double().numpy())
    names = [n for n, _ in run.trainer.network.named_parameters()]
    own = np.concatenate([it.own_update.deltas[n].ravel() for n in names])
    moved = run.trainer.state.values.double() - before.double()
    np.testing.assert_array_equal(own, moved.numpy())


def test_pieces_that_are_normalised_by_themselves_are_refused_in_a_sentence():
    run = run_of({**EVERY, "batches": {"size": 12, "micro": 3}})
    with pytest.raises(ExperimentError, match=r"passes in 3 pieces.*look at one sample"):
        look_into(run.trainer, None)
    it = look_into(run.trainer, 4, with_update=True)
    assert explain(it, Number("0", "Δweight", 2)).is_proven
    run.edit({"batches.micro": 1})
    assert look_into(run.trainer, None, run.settings).is_batch  # what waits is in force


def test_what_there_is_not_is_refused(monkeypatch):
    from lab.engine import microscope

    run = run_of(EVERY)
    with pytest.raises(ExperimentError, match="sample: wanted 0 to 149, got 150"):
        look_into(run.trainer, 150)
    monkeypatch.setattr(microscope, "MOST_WORK", 10)
    with pytest.raises(ExperimentError, match="too many to look into it while it trains"):
        look_into(run.trainer, None)


def test_an_explanation_is_plain_data():
    from lab.panels.inspector.words import as_plain, explained

    it = look_into(Run(load("spiral")).trainer, 1)
    made = explain(it, Number("0", "out", 2))
    plain = json.loads(json.dumps(as_plain(made), allow_nan=False))
    assert sum(t["value"] for t in plain["terms"]) == pytest.approx(plain["value"])
    assert [c["by"] for c in plain["slope_checks"]][:2] == ["Autograd", "Finite difference"]
    assert made.title in explained(made)
