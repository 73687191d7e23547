"""Formulas written out against torch's own forward pass and autograd, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.layers import LAYERS
from lab.maths.layers import RULES

SHAPES = {
    "conv2d": (3, 8, 8),
    "max_pool2d": (3, 8, 8),
    "avg_pool2d": (3, 8, 8),
    "global_avg_pool2d": (3, 8, 8),
    "flatten": (2, 4, 3),
}
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
        if tensor.is_floating_point() and name != "prelu":
            tensor.data = torch.rand_like(tensor) + 0.5
    a = (torch.randn(6, *shape, dtype=torch.float64) * spread).requires_grad_()
    z = module(a)
    delta = torch.randn_like(z)
    z.backward(delta)
    mine, back = RULES[name](a.detach().numpy(), weights_of(module, name), options)
    assert difference(mine, z.detach()) <= 1e-13
    d_a, d_weights = back(delta.numpy())
    assert difference(d_a, a.grad) <= 1e-10
    assert set(d_weights) == {n for n, _ in module.named_parameters()}
    for n, p in module.named_parameters():
        assert difference(d_weights[n], p.grad) <= 1e-10
