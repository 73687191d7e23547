"""Formulas written out against torch's own forward pass and autograd, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.clips import CLIPS as ENGINE_CLIPS
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES as ENGINE_LOSSES
from lab.engine.losses import build_loss
from lab.engine.optimizers import OPTIMIZERS, build_optimizer
from lab.maths import layers, losses, updates
from lab.maths.layers import RULES

SHAPES = {
    "conv2d": (3, 8, 8),
    "max_pool2d": (3, 8, 8),
    "avg_pool2d": (3, 8, 8),
    "global_avg_pool2d": (3, 8, 8),
    "flatten": (2, 4, 3),
    "embedding": (5,),
    "sequence": (3, 5, 4),
    "positional_encoding": (5, 6),
    "attention": (5, 6),
    "gru": (5, 6),
    "lstm": (5, 6),
    "mean_over_tokens": (5, 6),
}
KEPT = ("prelu", "attention", "gru", "lstm")
"""Weights of these begin as they do in a run: large ones lead nowhere but into saturation."""
CASES = [
    *((name, {}) for name in RULES),
    ("linear", {"bias": False}),
    ("conv2d", {"bias": False, "stride": 2, "padding": 1}),
    ("conv2d", {"kernel": 2, "stride": 3, "padding": 2}),
    ("max_pool2d", {"kernel": 3, "stride": 2}),
    ("avg_pool2d", {"kernel": 3, "stride": 1}),
    ("batch_norm", {"shape": (3, 5, 4)}),
    ("batch_norm", {"mode": "eval"}),
    ("batch_norm", {"shape": (3, 5, 4), "mode": "eval"}),
    ("layer_norm", {"shape": (3, 5, 4)}),
    ("dropout", {"mode": "eval"}),
    ("gelu", {"approximate": "tanh"}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("elu", {"alpha": 1.7}),
    ("celu", {"alpha": 0.4}),
    ("softplus", {"beta": 3.0}),
    ("prelu", {"init": -0.2}),
    ("linear", {"shape": (5, 6)}),
    ("linear", {"shape": (5, 6), "bias": False}),
    ("layer_norm", {"shape": (5, 6)}),
    ("softmax", {"shape": (5, 6)}),
    ("softmax", {"shape": (3, 5, 4)}),
    ("flatten", {"shape": (5, 6)}),
    ("sequence", {"shape": (5,)}),
    ("positional_encoding", {"shape": (5, 7)}),
    ("positional_encoding", {"learned": True}),
    ("attention", {"heads": 3}),
    ("attention", {"heads": 6, "causal": True}),
    ("attention", {"heads": 2, "bias": False}),
    ("attention", {"heads": 2, "shape": (1, 6)}),
    *(
        ("gru", o)
        for o in ({"returns": "all"}, {"bias": False}, {"shape": (1, 6)}, {"units": 1})
    ),
    *(("lstm", o) for o in ({"returns": "all"}, {"shape": (1, 6)}, {"units": 1})),
]


def built(name, given):
    """The module in float64, one sample's shape, and the options of the rule."""
    kind, given = LAYERS[name], dict(given)
    shape = given.pop("shape", SHAPES.get(name, (7,)))
    mode = given.pop("mode", "train")
    options = dict(kind.complete(given, name))
    if kind.closing:
        options[kind.closing] = 5
    module = kind.build(options, shape).double()
    module.train(mode == "train")
    return module, shape, options


def weights_of(module, name):
    """What the rule needs: parameters, and the buffers of a layer in evaluation."""
    found = {n: p.detach().numpy().copy() for n, p in module.named_parameters()}
    if name == "batch_norm" and not module.training:
        found |= {n: b.numpy().copy() for n, b in module.named_buffers() if "running" in n}
    if name == "dropout" and module.training:
        found["mask"] = module.mask.numpy().copy()
    return found


def difference(mine, theirs):
    """Relative error max│a−b│ / max│b│."""
    theirs = np.asarray(theirs)
    assert mine.shape == theirs.shape
    return float(np.abs(mine - theirs).max()) / max(float(np.abs(theirs).max()), 1e-300)


@pytest.mark.parametrize(("name", "given"), CASES, ids=lambda v: str(v))
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31), spread=st.sampled_from([0.1, 1.0, 6.0]))
def test_every_layer_agrees_with_autograd(name, given, seed, spread):
    torch.manual_seed(seed)
    module, shape, options = built(name, given)
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point() and name not in KEPT:
            tensor.data = torch.rand_like(tensor) + 0.5
    a = (torch.randn(6, *shape, dtype=torch.float64) * spread).requires_grad_()
    if LAYERS[name].vocabulary:
        a = torch.randint(16, (6, *shape)).double().requires_grad_()
    z = module(a)
    delta = torch.randn_like(z)
    z.backward(delta)
    mine, back = RULES[name](a.detach().numpy(), weights_of(module, name), options)
    assert difference(mine, z.detach()) <= 1e-13
    d_a, d_weights = back(delta.numpy())
    slope = torch.zeros_like(a) if a.grad is None else a.grad  # numbers of tokens have none
    assert difference(d_a, slope) <= 1e-10
    assert set(d_weights) == {n for n, _ in module.named_parameters()}
    for n, p in module.named_parameters():
        assert difference(d_weights[n], p.grad) <= 1e-10


# Losses.

LOSS_OPTIONS = {
    "cross_entropy": ({}, {"label_smoothing": 0.2}),
    "huber_loss": ({}, {"delta": 0.3}),
    "multi_margin_loss": ({}, {"margin": 0.4}),
    "kl_div": ({}, {"smoothing": 0.0}),
}


def targets(name, output, seed):
    rng, kind = np.random.default_rng(seed), ENGINE_LOSSES[name]
    n, classes = output.shape
    encoding = kind.encodings[0]
    if encoding in ("index", "one_hot"):
        index = rng.integers(classes, size=n)
        return index if encoding == "index" else np.eye(classes)[index]
    if encoding == "value":
        return rng.normal(size=tuple(output.shape))
    zero_one = rng.integers(2, size=tuple(output.shape)).astype(float)
    return zero_one if encoding == "zero_one" else 2 * zero_one - 1


@pytest.mark.parametrize("name", list(losses.LOSSES))
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), spread=st.sampled_from([0.1, 1.0, 1000.0]))
def test_every_loss_agrees_with_autograd(name, seed, spread):
    rng, kind = np.random.default_rng(seed), ENGINE_LOSSES[name]
    classes = 1 if kind.encodings[0] in ("zero_one", "sign") else 4
    output = torch.tensor(rng.normal(size=(7, classes)) * spread, requires_grad=True)
    target = targets(name, output, seed)
    for given_options in LOSS_OPTIONS.get(name, ({},)):
        options = dict(kind.complete(given_options, name))
        output.grad = None
        value = build_loss(kind, options)(output, torch.from_numpy(np.asarray(target)))
        value.backward()
        mine, rows = losses.LOSSES[name], output.detach().numpy()
        assert mine.value(rows, target, **options) == pytest.approx(value.item(), rel=1e-12)
        assert difference(mine.slope(rows, target, **options), output.grad) <= 1e-10


def test_softmax_with_cross_entropy_as_the_catalogue_has_it():
    z, y = np.array([[2.0, 1.0, 0.1]]), np.array([0])
    found = losses.LOSSES["cross_entropy"]
    assert found.value(z, y, label_smoothing=0.0) == pytest.approx(0.4170, abs=5e-5)
    slope = found.slope(z, y, label_smoothing=0.0)[0]
    np.testing.assert_allclose(slope, [-0.3410, 0.2424, 0.0986], atol=5e-5)
    p = layers.softmax_of(z[0])
    jacobian = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(np.diag(jacobian), [0.2247, 0.1837, 0.0889], atol=5e-5)
    _, back = layers.RULES["softmax"](np.repeat(z, 3, axis=0), {}, {})
    np.testing.assert_allclose(back(np.eye(3))[0], jacobian, atol=1e-15)
    np.testing.assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)


def test_a_sigmoid_with_binary_cross_entropy_is_not_the_squared_error():
    z, y = np.array([[0.0]]), np.array([[1.0]])
    found = losses.LOSSES["binary_cross_entropy_with_logits"].slope(z, y)
    assert found[0, 0] == -0.5
    squared = (layers.ACTIVATIONS["sigmoid"].value(z) - y) * layers.ACTIVATIONS[
        "sigmoid"
    ].slope(z)
    assert squared[0, 0] == -0.125


# Optimizers.

RULE_OPTIONS = [
    *((name, {}) for name in updates.RULES),
    ("sgd", {"momentum": 0.9}),
    ("sgd", {"momentum": 0.8, "nesterov": True}),
    ("rmsprop", {"momentum": 0.7}),
    ("rmsprop", {"centered": True}),
    ("rmsprop", {"momentum": 0.7, "centered": True}),
    ("nadam", {"momentum_decay": 0.1}),
    ("radam", {"beta2": 0.9}),
    ("adam", {"beta1": 0.5, "beta2": 0.7, "eps": 1e-3}),
]


@pytest.mark.parametrize(("name", "given"), RULE_OPTIONS, ids=lambda v: str(v))
def test_every_update_agrees_with_torch_optim(name, given):
    torch.manual_seed(3)
    kind = OPTIMIZERS[name]
    options = dict(kind.complete(given, name))
    weights = torch.nn.Parameter(torch.randn(40, dtype=torch.float64))
    optimizer = build_optimizer(kind, options, weights)
    slots = kind.slots_for(options)
    optimizer.state[weights].update(  # as the engine has them: all in double precision
        {slot: torch.zeros(40, dtype=torch.float64) for slot in slots}
        | {n: torch.tensor(v, dtype=torch.float64) for n, v in kind.counters}
    )
    state = {slot: np.zeros(40) for slot in slots} | {n: np.array(v) for n, v in kind.counters}
    for t in range(1, 21):
        weights.grad = torch.randn(40, dtype=torch.float64) * 10 ** (t % 3 - 1)
        before = weights.detach().numpy().copy()
        update, found = updates.RULES[name](weights.grad.numpy(), state, t, options)
        state |= found
        optimizer.step()
        np.testing.assert_allclose(before + update, weights.detach(), rtol=0, atol=1e-12)
        for slot in slots:
            theirs = optimizer.state[weights][slot].numpy()
            assert difference(state[slot], theirs) <= 1e-12


def test_adam_takes_the_steps_of_the_catalogue():
    options = dict(OPTIMIZERS["adam"].complete({"learning_rate": 0.1}, "adam"))
    x, state, path = np.array([1.0]), {"exp_avg": np.zeros(1), "exp_avg_sq": np.zeros(1)}, []
    for t in (1, 2):
        update, state = updates.adam(2 * x, state, t, options)
        x = x + update
        path.append(float(x[0]))
    np.testing.assert_allclose(path, [0.9000000005, 0.8004122287], atol=5e-11)


def test_adam_with_one_moment_corrected_takes_the_wrong_first_step():
    options = dict(OPTIMIZERS["adam"].complete({"learning_rate": 0.1}, "adam"))
    zero = {"exp_avg": np.zeros(1), "exp_avg_sq": np.zeros(1)}
    m, v = updates.moments(np.array([2.0]), zero, options)
    m_hat, _ = updates.corrected(m, v, 1, options)
    wrong = 1.0 - 0.1 * m_hat / np.sqrt(v + options["eps"])
    assert wrong[0] == pytest.approx(-2.1623, abs=5e-5)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), bound=st.floats(0.01, 10))
def test_penalties_and_bounds_are_those_of_the_trainer(seed, bound):
    rng = np.random.default_rng(seed)
    g, w = rng.normal(size=(2, 30))
    length = float(np.linalg.norm(g))
    for name, options in (
        ("none", {}),
        ("norm", {"max_norm": bound}),
        ("value", {"limit": bound}),
    ):
        theirs = torch.from_numpy(g.copy())
        if ENGINE_CLIPS[name].bound:
            ENGINE_CLIPS[name].bound(theirs, length, options)
        np.testing.assert_allclose(
            updates.CLIPS[name](g, length, **options), theirs, rtol=1e-14
        )
    theirs = torch.tensor(w, requires_grad=True)
    (0.3 * theirs.abs().sum() + 0.2 / 2 * (theirs**2).sum()).backward()
    mine = updates.penalised(np.zeros(30), w, 0.3, 0.2)
    np.testing.assert_allclose(mine, theirs.grad, rtol=1e-14)


def test_there_is_a_formula_for_every_entry_of_the_tables():
    assert set(layers.RULES) == {
        n for n, k in LAYERS.items() if k.wrap is None and not k.is_foreign
    }
    assert set(layers.BLOCKS) == {n for n, k in LAYERS.items() if k.wrap}
    assert set(losses.LOSSES) == set(ENGINE_LOSSES)
    assert set(updates.RULES) == set(OPTIMIZERS)
    assert set(updates.CLIPS) == set(ENGINE_CLIPS)
