"""The formula that is told computes the number that it is told of, for all there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lab.engine import explaining
from lab.engine.experiment import experiment
from lab.engine.explaining import explain, found
from lab.engine.microscope import look_into, tensor
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.questioned import Number
from lab.engine.run import Run
from lab.panels.inspector import asking

MOST = 6


def linear(units=None, **options):
    return {"kind": "linear", **({"units": units} if units else {}), **options}


def residual(*layers):
    return {"kind": "residual", "layers": list(layers)}


def conv(stride, padding, kernel=3):
    return {
        "kind": "conv2d", "channels": 2, "kernel": kernel, "stride": stride, "padding": padding,
    }  # fmt: skip


IMAGES = {"data": "digit_images"}
TOKENS = {"data": "brackets", "split": {"standardise": False}}
NETS = {
    "softmax": {"layers": [linear(4), "softmax", linear()]},
    "softmax at the end": {"layers": [linear(4), "tanh", linear(), "softmax"]},
    "softmax behind a block": {"layers": [linear(4), residual(linear(4)), "softmax", linear()]},
    "softmax in a block": {"layers": [linear(4), residual(linear(4), "softmax"), linear()]},
    "softmax of tokens": {
        "layers": ["sequence", linear(3), "softmax", linear(3), "mean_over_tokens", linear()],
    },
    "softmax of images": {
        **IMAGES,
        "layers": [conv(2, 1), "softmax", "batch_norm", "global_avg_pool2d", "flatten",
                   linear()],
    },
    "block first": {"layers": [residual(linear(4), "tanh"), linear()]},
    "block last": {"layers": [linear(3), residual(linear(3), "tanh", linear(3))]},
    "block between": {"layers": [linear(4), "tanh", residual(linear(4), "tanh"), linear()]},
    "activation behind a block": {"layers": [linear(4), residual(linear(4)), "relu", linear()]},
    "blocks in blocks": {
        "layers": [linear(4), residual(residual(linear(4), "tanh"), linear(4)),
                   residual("tanh", linear(4)), residual(linear(4), residual(linear(4))),
                   "batch_norm", linear()],
    },
    "blocks alone": {"layers": [residual(linear(4)), residual(linear(4)), linear(), "softmax"]},
    "images": {
        **IMAGES,
        "layers": [conv(2, 1), "relu", {"kind": "max_pool2d"},
                   residual(conv(1, 1), "batch_norm"), "relu",
                   {"kind": "dropout", "p": 0.4}, "flatten", linear()],
    },
    "images, pooled": {
        **IMAGES,
        "layers": [conv(3, 2), "layer_norm", "gelu", {"kind": "avg_pool2d"},
                   "global_avg_pool2d", "flatten", linear()],
    },
    "sequences": {
        "layers": ["sequence", linear(4), {"kind": "positional_encoding", "learned": True},
                   {"kind": "attention", "heads": 2},
                   {"kind": "gru", "units": 3, "returns": "all"}, {"kind": "lstm", "units": 3},
                   linear()],
    },
    "transformer": {
        "layers": ["sequence", linear(4), "positional_encoding",
                   {"kind": "transformer_block", "heads": 2, "hidden": 5, "dropout": 0.2},
                   {"kind": "transformer_block", "heads": 2, "hidden": 5, "norm": "last"},
                   "layer_norm", "mean_over_tokens", linear()],
    },
    "words": {
        **TOKENS,
        "layers": [{"kind": "embedding", "tokens": 2, "dim": 3},
                   {"kind": "attention", "causal": True}, "mean_over_tokens", linear()],
    },
    "norms": {
        "layers": [linear(4), "batch_norm", "tanh", {"kind": "dropout", "p": 0.4},
                   linear(4, bias=False), "prelu", "layer_norm", linear()],
    },
    "activations": {
        "layers": [linear(3), "identity", linear(3), "step", linear(3), "sigmoid", linear(3),
                   "hardsigmoid", linear(3), {"kind": "leaky_relu", "negative_slope": 2.0},
                   linear(3), {"kind": "elu", "alpha": 2.0}, linear(3), "selu", linear(3),
                   {"kind": "celu", "alpha": 0.5}, linear(3), "gelu", linear(3),
                   {"kind": "gelu", "approximate": "tanh"}, linear(3), "silu", "hardswish",
                   linear(3), "mish", {"kind": "softplus", "beta": 3.0}, "softsign", "relu6",
                   linear()],
    },
}  # fmt: skip
LOSSES = {
    "cross_entropy": ("iris", {"kind": "cross_entropy", "label_smoothing": 0.1}),
    "kl_div": ("iris", "kl_div"),
    "multi_margin_loss": ("iris", "multi_margin_loss"),
    "binary_cross_entropy_with_logits": ("moons", "binary_cross_entropy_with_logits"),
    "hinge_loss": ("moons", "hinge_loss"),
    "mse_loss": ("iris", "mse_loss"),
    "l1_loss": ("iris", "l1_loss"),
    "huber_loss": ("iris", {"kind": "huber_loss", "delta": 0.4}),
}
OPTIONS = {
    "sgd": ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}),
    "rmsprop": ({}, {"momentum": 0.5, "centered": True}),
}


def looked(described, sample, steps=3):
    run = Run(
        experiment(
            {
                "data": "iris", "batches": {"size": 8}, "steps": 30, "precision": "float64",
                "optimizer": {"kind": "adam", "learning_rate": 0.01}, **described,
            }
        )
    )  # fmt: skip
    run.advance(steps)
    return look_into(run.trainer, sample, with_update=True)


def numbers_of(it):
    """Some numbers of every tensor there is."""
    rng = np.random.default_rng(0)
    for layer in it.leaves:
        learned = it.passes[layer.name].gradients
        names = ["in", "out", "d_in", "d_out", *learned]
        names += [sign + name for name in learned for sign in "∂Δ"]
        for name in learned:
            names += [
                f"{s} {name}" for s in it.update.parts(f"{layer.name}.{name}") if s != "Δ"
            ]
        for name in names:
            yield from _some(it, layer.name, name, rng)
    for name in ("o", "p", "y", "terms", "d_o"):
        try:
            yield from _some(it, "loss", name, rng)
        except KeyError:
            assert name == "p", "only probabilities may be missing"


def _some(it, layer, name, rng):
    whole = tensor(it, layer, name)
    is_of_weight = Number(layer, name).is_of_weight
    size = whole.size if is_of_weight else whole[0].size
    for place in rng.choice(size, min(size, MOST), replace=False):
        yield Number(layer, name, int(place), 0 if is_of_weight else len(whole) - 1)


def assert_all_work(it):
    seen, reaches = 0, {}
    for number in numbers_of(it):
        at = (number.layer, number.tensor)
        if at not in reaches:
            whole = tensor(it, *at)
            reaches[at] = float(np.abs(whole[np.isfinite(whole)]).max(initial=0.0))
        value = found(it, number)
        near = pytest.approx(value, rel=1e-9, abs=1e-12 * reaches[at] + 1e-15, nan_ok=True)
        work = explaining._worked(it, number)
        assert work.value == near, number
        if work.terms:
            assert work.factor * work.total == near, number
        made = explain(it, number)
        assert made.is_proven, (number, made.checks, made.slope_checks)
        seen += 1
    assert seen > 20


@pytest.mark.parametrize("sample", [5, None], ids=["sample", "batch"])
@pytest.mark.parametrize("name", list(NETS))
def test_what_is_told_of_a_network_is_what_it_computes(name, sample):
    assert_all_work(looked(NETS[name], sample))


@pytest.mark.parametrize("sample", [5, None], ids=["sample", "batch"])
@pytest.mark.parametrize("kind", list(LOSSES))
def test_what_is_told_of_a_loss_is_what_it_computes(kind, sample):
    data, loss = LOSSES[kind]
    layers = [linear(4), residual(linear(4), "tanh"), linear()]
    assert_all_work(looked({"data": data, "loss": loss, "layers": layers}, sample))


@pytest.mark.parametrize(
    "described",
    [{"kind": k, **o} for k in OPTIMIZERS for o in OPTIONS.get(k, ({},))],
    ids=lambda o: "-".join(map(str, o.values())),
)
@pytest.mark.parametrize(
    "bounds",
    [
        {"regularisation": {"weight_decay": 0.1}},
        {"clip": {"kind": "value", "limit": 0.05}},
        {"clip": {"kind": "norm", "max_norm": 0.1}, "regularisation": {"l1": 0.01, "l2": 0.1}},
    ],
    ids=["decayed", "clipped", "penalised"],
)
def test_what_is_told_of_an_update_is_what_it_computes(described, bounds):
    layers = [linear(4), "tanh", linear()]
    it = looked({"optimizer": described, "layers": layers, **bounds}, 5)
    assert_all_work(it)


@pytest.mark.parametrize(
    "number", [Number("0", "out", 1), Number("0", "∂weight", 1), Number("0", "Δweight", 1)]
)
def test_an_explanation_that_does_not_give_its_number_is_not_proven(number, monkeypatch):
    it = looked({"layers": [linear(4), "tanh", linear()]}, None)
    assert explain(it, number).is_proven
    worked = explaining._worked

    def off(it, number):
        made = worked(it, number)
        return replace(made, value=made.value * 1.01)

    monkeypatch.setattr(explaining, "_worked", off)
    assert not explain(it, number).is_proven


def test_terms_that_do_not_add_up_to_the_number_are_not_proven(monkeypatch):
    it = looked({"layers": [linear(4), "tanh", linear()]}, None)
    worked = explaining._worked
    monkeypatch.setattr(
        explaining, "_worked", lambda *a: replace(worked(*a), terms=worked(*a).terms[1:])
    )
    made = explain(it, Number("0", "out", 1))
    assert not made.is_proven
    assert any(c.is_good is False and c.words == "The formula, worked" for c in made.checks)


def test_a_number_that_is_not_there_has_no_explanation_but_a_fault_is_none(monkeypatch):
    it = looked({"layers": [linear(4), "tanh", linear()]}, 5)
    assert asking._explained(it, Number("7", "out", 0)) is None
    assert asking._explained(it, Number("0", "out", 400)) is None

    def fails(it, number):
        raise KeyError("softmax")

    monkeypatch.setattr(explaining, "_worked", fails)
    with pytest.raises(KeyError):
        asking._explained(it, Number("0", "out", 0))
