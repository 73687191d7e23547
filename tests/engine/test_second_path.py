"""The pass by formulas: against autograd and differences, for random networks of the table."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lab.engine import proofs
from lab.engine.experiment import experiment
from lab.engine.layers import LAYERS
from lab.engine.networks import built, leaf_parts
from lab.engine.run import Run
from lab.engine.second_path import carry_out, read
from lab.engine.trainer import Trainer
from lab.maths import layers as formulas
from lab.presets import PRESETS, load

IMAGES = "digit_images"
PLAIN = [n for n, k in LAYERS.items() if k.is_activation and n != "step"]
SIX = {"kind": "linear", "units": 6}
STARTS = {
    "brackets": [{"kind": "embedding", "tokens": 2, "dim": 6}],
    "digit_images": ["sequence", SIX],
    "iris": ["sequence", SIX],
}
FLAT = [*PLAIN, "layer_norm", "batch_norm", {"kind": "dropout", "p": 0.3}]


@st.composite
def flat_stack(draw, deepest=4):
    """Layers of features: linear ones with anything between, and blocks of the same."""
    found = []
    for _ in range(draw(st.integers(1, deepest))):
        found.append({"kind": "linear", "units": draw(st.integers(1, 6))})
        found += draw(st.lists(st.sampled_from(FLAT), max_size=2))
        if draw(st.booleans()):
            width = found[
                -1
                - next(
                    i
                    for i, p in enumerate(reversed(found))
                    if isinstance(p, dict) and "units" in p
                )
            ]["units"]
            inner = [{"kind": "linear", "units": width}, draw(st.sampled_from(PLAIN))]
            found.append({"kind": "residual", "layers": inner})
    return [*found, "linear"]  # fmt: skip


@st.composite
def image_stack(draw):
    """Layers of 8×8 images, made flat at the end."""
    window = {"kernel": draw(st.integers(1, 3)), "stride": draw(st.integers(1, 2))}
    conv = {"kind": "conv2d", "channels": draw(st.integers(1, 4)), "padding": 1, **window}
    pool = draw(st.sampled_from(["max_pool2d", "avg_pool2d", "global_avg_pool2d", "identity"]))
    kinds = [*PLAIN, "batch_norm", "layer_norm"]
    if pool == "max_pool2d":  # of two values that are equal but for rounding either may win
        kinds = ["relu", "leaky_relu", "identity"]
    between = draw(st.lists(st.sampled_from(kinds), max_size=2))
    return [conv, *between, pool, "flatten", *draw(flat_stack(2))]


@st.composite
def sequence_stack(draw):
    """Layers of tokens, of pixels' rows or of single numbers, made flat at the end."""
    data = draw(st.sampled_from(list(STARTS)))
    heads, width = draw(st.sampled_from([1, 2, 3])), 6
    returns = {"units": width, "returns": "all"}
    block = {"kind": "transformer_block", "heads": heads, "hidden": 5, "dropout": 0.2}
    norm, causal = draw(st.sampled_from(["first", "last"])), {"causal": draw(st.booleans())}
    kinds = [
        "positional_encoding",
        {"kind": "positional_encoding", "learned": True},
        {"kind": "attention", "heads": heads, **causal},
        {"kind": "residual", "layers": ["layer_norm", {"kind": "attention", **causal}]},
        {**block, **causal, "norm": norm},
        {"kind": "gru", **returns},
        {"kind": "lstm", **returns},
        {"kind": "linear", "units": width},
        {"kind": "dropout", "p": 0.3},
        "layer_norm",
        *PLAIN,
    ]
    ends = ["flatten", "mean_over_tokens", {"kind": "gru", "units": 3}, {"kind": "lstm"}]
    middle = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=3))
    return data, [*STARTS[data], *middle, draw(st.sampled_from(ends)), "linear"]


def trainer_of(layers, data="iris", **changes):
    return Trainer(
        experiment({"data": data, "layers": layers, "batches": {"size": 6}, **changes})
    )


def begun(trainer):
    """What a pass over the next batch needs, with the masks that the run has drawn."""
    x, y = trainer.batches.at(1)
    trainer.forward()
    found = built(trainer.experiment.layers, trainer.network)
    target = y.double() if y.is_floating_point() else y
    return found, x.double().numpy().copy(), target.numpy().copy(), trainer.experiment.loss


def check(trainer, training, *, is_drawn=False):
    layers, x, y, loss = begun(trainer)
    found, errors = proofs.proven(layers, trainer.network, x, y, loss, training=training)
    if is_drawn:  # by chance, all may cancel: what is left is rounding, passed on and on
        tensors = ((p.z, p.d_z, p.d_a, *p.gradients.values()) for p in found.layers)
        largest = (float(np.abs(t).max()) for several in tensors for t in several)
        assume(min((size for size in largest if size), default=1.0) > 1e-4)
    leaves = leaf_parts(trainer.experiment.layers)
    assert [p.layer.kind for p in found.layers] == [part.kind for part in leaves]
    assert len(errors) == len(leaves)
    # a network drawn at random may cost digits: a normalisation of all but equal values does
    assert max(errors.values()) <= (1e-8 if is_drawn else 1e-10), errors
    return found


GIVEN = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@GIVEN
@given(layers=flat_stack(), seed=st.integers(0, 99), training=st.booleans())
def test_random_networks_agree_with_autograd(layers, seed, training):
    check(trainer_of(layers, seed=seed), training, is_drawn=True)


@GIVEN
@given(layers=image_stack(), seed=st.integers(0, 99), training=st.booleans())
def test_random_networks_of_images_agree_with_autograd(layers, seed, training):
    check(trainer_of(layers, IMAGES, seed=seed), training, is_drawn=True)


@GIVEN
@given(drawn=sequence_stack(), seed=st.integers(0, 99), training=st.booleans())
def test_random_networks_of_sequences_agree_with_autograd(drawn, seed, training):
    data, layers = drawn
    split = {"standardise": data != "brackets"}
    check(trainer_of(layers, data, seed=seed, split=split), training, is_drawn=True)


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_proven_after_some_steps(name):
    run = Run(load(name))
    run.advance(5)
    check(run.trainer, training=True)


def test_the_loss_of_the_pass_is_that_of_the_run():
    run = Run(load("spiral").changed({"precision": "float64"}))
    run.advance(3)
    layers, x, y, loss = begun(run.trainer)
    x, y = (t.numpy() for t in run.trainer.batches.at(4))
    found = carry_out(read(layers, training=True), x, y, loss)
    run.trainer.discard()
    run.step()
    assert found.loss == pytest.approx(run.timeline.current.row(4)["loss"], rel=1e-12)


@pytest.mark.parametrize("precision", ["float32", "float64", "bfloat16"])
def test_the_proof_is_in_double_precision_whatever_the_run_is(precision):
    layers = [{"kind": "linear", "units": 5}, "gelu", {"kind": "dropout", "p": 0.4}, "linear"]
    found = check(trainer_of(layers, precision=precision), training=True)
    assert found.output.dtype == np.float64


def test_the_pass_leaves_the_network_as_it_is():
    trainer = trainer_of([{"kind": "linear", "units": 5}, "batch_norm", "tanh", "linear"])
    layers, x, y, loss = begun(trainer)
    before = {n: t.clone() for n, t in trainer.network.state_dict().items()}
    proofs.proven(layers, trainer.network, x, y, loss, training=True)
    assert all(torch.equal(t, before[n]) for n, t in trainer.network.state_dict().items())
    assert trainer.network.training


def test_differences_agree_as_far_as_they_reach():
    layers = [{"kind": "linear", "units": 6}, "tanh", "layer_norm",
              {"kind": "residual", "layers": [{"kind": "linear", "units": 6}, "silu"]},
              "linear"]  # fmt: skip
    trainer = trainer_of(layers)
    parts, x, y, loss = begun(trainer)
    made = read(parts, training=False)
    found = carry_out(made, x, y, loss)
    for one in found.layers:
        error = proofs.difference_error(made, x, y, loss, found, one.layer.name)
        assert np.isnan(error) if not one.gradients else error <= 1e-7


@pytest.mark.parametrize("name", ["linear", "tanh"])
def test_a_formula_that_is_wrong_is_reported(name, monkeypatch):
    right = formulas.RULES[name]

    def wrong(a, weights, options):
        z, back = right(a, weights, options)

        def off(delta):
            d_a, gradients = back(delta)
            return 1.01 * d_a, {n: 1.01 * g for n, g in gradients.items()}

        return z, off

    monkeypatch.setitem(formulas.RULES, name, wrong)
    trainer = trainer_of([{"kind": "linear", "units": 5}, "tanh", "linear"])
    layers, x, y, loss = begun(trainer)
    _, errors = proofs.proven(layers, trainer.network, x, y, loss, training=True)
    assert max(errors.values()) == pytest.approx(0.01, rel=0.2) or max(errors.values()) > 0.005
    kinds = {"0": "linear", "1": "tanh", "2": "linear"}
    assert errors[next(n for n, k in kinds.items() if k == name)] > 0.005


TOKENS = [
    {"kind": "embedding", "tokens": 2, "dim": 4},
    {"kind": "positional_encoding", "learned": True},
    {"kind": "attention", "heads": 2},
    {"kind": "gru", "units": 4, "returns": "all"},
    {"kind": "lstm", "units": 4, "returns": "all"},
    "mean_over_tokens",
    "linear",
]


@pytest.mark.parametrize("name", [one["kind"] for one in TOKENS if isinstance(one, dict)])
def test_one_wrong_gradient_of_a_sequence_is_reported(name, monkeypatch):
    right = formulas.RULES[name]

    def wrong(a, weights, options):
        z, back = right(a, weights, options)

        def off(delta):
            d_a, gradients = back(delta)
            last = list(gradients)[-1]
            return d_a, gradients | {last: 1.01 * gradients[last]}

        return z, off

    asked = {"data": {"kind": "brackets", "samples": 40}, "split": {"standardise": False}}
    trainer = trainer_of(TOKENS, **asked)
    layers, x, y, loss = begun(trainer)
    sound = proofs.proven(layers, trainer.network, x, y, loss, training=True)[1]
    monkeypatch.setitem(formulas.RULES, name, wrong)
    found = proofs.proven(layers, trainer.network, x, y, loss, training=True)[1]
    place = next(one.name for one in layers if one.part.kind == name)
    assert max(sound.values()) <= 1e-10
    assert found.pop(place) > 0.005
    assert max(found.values()) <= 1e-10


@pytest.mark.parametrize("norm", ["first", "last"])
def test_differences_agree_within_blocks_and_through_time(norm):
    block = {"kind": "transformer_block", "heads": 2, "hidden": 5, "norm": norm, "causal": True}
    parts = [*TOKENS[:2], block, *TOKENS[2:]]
    asked = {"data": {"kind": "brackets", "samples": 40}, "split": {"standardise": False}}
    layers, x, y, loss = begun(trainer_of(parts, **asked))
    made = read(layers, training=False)
    found = carry_out(made, x, y, loss)
    for one in found.layers:
        error = proofs.difference_error(made, x, y, loss, found, one.layer.name)
        assert np.isnan(error) if not one.gradients else error <= 1e-6


def test_a_neuron_of_the_catalogue():
    """x = 2, w = 0.5, b = −0.25, σ, target 1, squared error without its mean's half."""
    z, back = formulas.RULES["linear"](
        np.array([[2.0]]), {"weight": np.array([[0.5]]), "bias": np.array([-0.25])}, {}
    )
    a, up = formulas.RULES["sigmoid"](z, {}, {})
    assert a[0, 0] == pytest.approx(0.679179, abs=5e-7)
    assert (a[0, 0] - 1) ** 2 == pytest.approx(0.102926, abs=5e-7)
    _, gradients = back(up(2 * (a - 1))[0])
    assert gradients["weight"][0, 0] == pytest.approx(-0.279621, abs=5e-7)
    assert gradients["bias"][0] == pytest.approx(-0.139811, abs=5e-7)


def test_layer_normalisation_of_the_catalogue():
    ones = {"weight": np.ones(4), "bias": np.zeros(4)}
    found, _ = formulas.RULES["layer_norm"](np.array([[1.0, 2, 3, 4]]), ones, {"eps": 1e-12})
    np.testing.assert_allclose(found[0], [-1.3416, -0.4472, 0.4472, 1.3416], atol=5e-5)
