"""Activations, normalisation and dropout, through the modules that the engine trains."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from lab.engine.layers import LAYERS
from lab.engine.modules import Dropout

ACTIVATIONS = sorted(n for n, k in LAYERS.items() if k.is_activation)


def module(name: str, shape: tuple[int, ...] = (1,), **options: object) -> nn.Module:
    kind = LAYERS[name]
    return kind.build(dict(kind.complete(options, "layer")), shape).to(torch.float64)


def value_and_slope(name: str, places: list[float], **options: object):
    z = torch.tensor(places, dtype=torch.float64).reshape(-1, 1).requires_grad_()
    answer = module(name, **options)(z)
    answer.sum().backward()
    return answer.detach().flatten().tolist(), z.grad.flatten().tolist()


@pytest.mark.parametrize(
    ("name", "values", "slopes"),
    [
        ("gelu", (-0.158655, 0, 0.841345), (-0.083315, 0.5, 1.083315)),
        ("elu", (-0.632121, 0, 1), (0.367879, 1, 1)),
        ("silu", (-0.268941, 0, 0.731059), None),
        ("mish", (-0.303401, 0, 0.865098), None),
    ],
)
def test_the_check_numbers_of_the_catalogue(name, values, slopes):
    found, slope = value_and_slope(name, [-1.0, 0.0, 1.0])
    assert found == pytest.approx(values, abs=5e-7)
    if slopes:
        assert slope == pytest.approx(slopes, abs=5e-7)


def test_the_steepest_slope_of_a_sigmoid_is_a_quarter():
    assert value_and_slope("sigmoid", [0.0]) == ([0.5], [0.25])
    assert max(value_and_slope("sigmoid", np.linspace(-9, 9, 999).tolist())[1]) <= 0.25


def _logistic(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _cdf(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
DEFINITIONS = {
    "identity": lambda z: z,
    "step": lambda z: float(z > 0),
    "sigmoid": _logistic,
    "hardsigmoid": lambda z: min(1, max(0, z / 6 + 0.5)),
    "tanh": math.tanh,
    "relu": lambda z: max(0, z),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "prelu": lambda z: z if z > 0 else 0.25 * z,
    "elu": lambda z: z if z > 0 else math.expm1(z),
    "selu": lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * math.expm1(z)),
    "celu": lambda z: max(0, z) + min(0, math.expm1(z)),
    "gelu": lambda z: z * _cdf(z),
    "silu": lambda z: z * _logistic(z),
    "hardswish": lambda z: z * min(1, max(0, z / 6 + 0.5)),
    "mish": lambda z: z * math.tanh(math.log1p(math.exp(z))),
    "softplus": lambda z: math.log1p(math.exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
    "relu6": lambda z: min(6, max(0, z)),
    "softmax": lambda z: 1.0,
}


def test_every_activation_has_a_definition_here():
    assert set(DEFINITIONS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_is_its_definition_and_slopes_as_it_does(name):
    places = np.linspace(-7.03, 7.03, 58).tolist()  # clear of every kink
    found, slopes = value_and_slope(name, places)
    assert found == pytest.approx([DEFINITIONS[name](z) for z in places], abs=1e-7)
    h = 1e-6
    rise = [(DEFINITIONS[name](z + h) - DEFINITIONS[name](z - h)) / (2 * h) for z in places]
    assert slopes == pytest.approx(rise, abs=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_large_arguments_stay_finite(name):
    values, slopes = value_and_slope(name, [-1000.0, 1000.0])
    assert np.isfinite(values).all()
    assert np.isfinite(slopes).all()


@pytest.mark.parametrize(
    ("name", "options", "place", "wanted"),
    [
        ("leaky_relu", {"negative_slope": 0.2}, -2.0, -0.4),
        ("prelu", {"init": 0.5}, -2.0, -1.0),
        ("elu", {"alpha": 2.0}, -1.0, 2 * math.expm1(-1)),
        ("celu", {"alpha": 2.0}, -1.0, 2 * math.expm1(-0.5)),
        ("gelu", {"approximate": "tanh"}, 1.0, 0.841192),
        ("softplus", {"beta": 2.0}, 1.0, math.log1p(math.exp(2)) / 2),
    ],
)
def test_options_reach_the_formula(name, options, place, wanted):
    assert value_and_slope(name, [place], **options)[0][0] == pytest.approx(wanted, abs=1e-6)


def softmax(logits: list[float]) -> np.ndarray:
    return module("softmax")(torch.tensor([logits], dtype=torch.float64))[0].numpy()


def test_softmax_by_the_catalogue_and_its_properties():
    found = softmax([2, 1, 0.1])
    np.testing.assert_allclose(found, [0.6590, 0.2424, 0.0986], atol=5e-5)
    np.testing.assert_allclose(softmax([102, 101, 100.1]), found, atol=1e-12)
    np.testing.assert_allclose(softmax([1.3, 0])[0], _logistic(1.3), atol=1e-12)
    np.testing.assert_array_equal(softmax([1000, -1000]), [1, 0])


def test_the_jacobian_of_softmax():
    z = torch.tensor([[2, 1, 0.1]], dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(module("softmax"), z)[0, :, 0]
    p = softmax([2, 1, 0.1])
    np.testing.assert_allclose(jacobian, np.diag(p) - np.outer(p, p), atol=1e-12)
    np.testing.assert_allclose(np.diag(jacobian), [0.2247, 0.1837, 0.0889], atol=5e-5)


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm"])
def test_normalisation_by_the_catalogue(name):
    x = torch.tensor([[1.0, 2.0, 3.0, 4.0]], dtype=torch.float64)
    x = x.T if name == "batch_norm" else x
    found = module(name, x.shape[1:], eps=1e-12)(x)
    wanted = [-1.3416, -0.4472, 0.4472, 1.3416]
    np.testing.assert_allclose(found.detach().flatten(), wanted, atol=5e-5)


def test_layer_norm_of_images_normalises_each_whole_sample():
    x = torch.randn(5, 2, 3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = module("layer_norm", (2, 3, 3), eps=1e-12)(x).detach().reshape(5, -1)
    np.testing.assert_allclose(found.mean(1), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(1, correction=0), 1, atol=1e-9)


def seeded(p: float, seed: int) -> Dropout:
    dropout = Dropout(p)
    dropout.seed = seed
    return dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_leaves_the_expectation_as_it_is(p):
    n = 200_000
    found = seeded(p, 0)(torch.ones(n, 1))
    deviation = math.sqrt(p / (1 - p) / n)  # of the mean
    assert abs(found.mean().item() - 1) < 5 * deviation
    kept = np.unique(found.numpy())
    np.testing.assert_allclose(kept, [0, 1 / (1 - p)], rtol=1e-6)


def test_the_mask_is_a_function_of_the_seed_alone():
    x = torch.ones(20, 30)
    first = seeded(0.5, 7)(x)
    torch.rand(100)
    assert torch.equal(seeded(0.5, 7)(x), first)
    assert not torch.equal(seeded(0.5, 8)(x), first)
    again = seeded(0.5, 7)
    assert torch.equal(again(x), again(x))
    assert torch.equal(again.mask, first > 0)


def test_a_piece_of_a_batch_gets_its_rows_of_the_whole_mask():
    x = torch.arange(60.0).reshape(20, 3)
    whole, pieces = seeded(0.5, 7)(x), seeded(0.5, 7)
    for begin, end in ((0, 7), (7, 14), (14, 20)):
        pieces.place = (begin, 20)
        assert torch.equal(pieces(x[begin:end]), whole[begin:end])


def test_dropout_does_nothing_in_evaluation_or_at_0():
    x = torch.ones(4, 4)
    assert seeded(0.5, 1).eval()(x) is x
    assert seeded(0.0, 1)(x) is x
