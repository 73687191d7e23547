"""Losses: values by hand, a closed form in numpy, autograd, and what each can judge."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.kinds import ExperimentError
from lab.engine.losses import LOSSES, build_loss
from lab.engine.preparation import encode


def value(name: str, output, target, **options: object) -> float:
    kind = LOSSES[name]
    given = dict(kind.complete(options, "loss"))
    output = torch.tensor(output, dtype=torch.float64)
    index = "index" in kind.encodings
    target = torch.tensor(target, dtype=torch.int64 if index else torch.float64)
    return build_loss(kind, given)(output, target).item()


LOGITS = [[2.0, 1.0, 0.1]]


@pytest.mark.parametrize(
    ("name", "output", "target", "options", "wanted"),
    [
        ("cross_entropy", LOGITS, [0], {}, 0.4170),
        ("cross_entropy", [[0.0, 0.0]], [1], {}, math.log(2)),
        ("cross_entropy", [[1000.0, -1000.0]], [1], {}, 2000.0),
        ("binary_cross_entropy_with_logits", [[0.0]], [[1.0]], {}, math.log(2)),
        ("binary_cross_entropy_with_logits", [[-1000.0]], [[1.0]], {}, 1000.0),
        ("mse_loss", [[1.0], [3.0]], [[0.0], [0.0]], {}, 5.0),
        ("l1_loss", [[1.0], [-3.0]], [[0.0], [0.0]], {}, 2.0),
        ("huber_loss", [[0.5], [3.0]], [[0.0], [0.0]], {}, (0.125 + 2.5) / 2),
        ("huber_loss", [[3.0]], [[0.0]], {"delta": 2.0}, 2 * (3 - 1)),
        ("hinge_loss", [[0.3], [2.0], [-1.0]], [[1.0], [1.0], [1.0]], {}, (0.7 + 0 + 2) / 3),
        ("multi_margin_loss", [[0.1, 0.2, 0.9]], [2], {}, (0.2 + 0.3) / 3),
        ("multi_margin_loss", [[0.1, 0.2, 0.9]], [2], {"margin": 0.5}, 0.0),
        ("kl_div", [[0.0, 0.0]], [[1.0, 0.0]], {"smoothing": 0.0}, math.log(2)),
        ("kl_div", [[0.0, 0.0]], [[1.0, 0.0]], {"smoothing": 0.9999999}, 0.0),
    ],
)
def test_values_worked_by_hand(name, output, target, options, wanted):
    assert value(name, output, target, **options) == pytest.approx(wanted, abs=5e-5)


def log_softmax(z: np.ndarray) -> np.ndarray:
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def in_numpy(name: str, z: np.ndarray, y: np.ndarray) -> float:
    """Return a loss with its default options for classes y, as its definition has it."""
    n, classes = z.shape
    one_hot, sign = np.eye(classes)[y], 2.0 * y - 1
    p = 1 / (1 + np.exp(-z[:, 0]))
    error = np.abs(z[:, 0] - sign)
    wrong = np.maximum(0, 1 - z[np.arange(n), y][:, None] + z) * (1 - one_hot)
    smoothed = 0.9 * one_hot + 0.1 / classes
    formulas = {
        "cross_entropy": lambda: -(one_hot * log_softmax(z)).sum(axis=1).mean(),
        "binary_cross_entropy_with_logits": lambda: (
            -np.where(y, np.log(p), np.log1p(-p)).mean()
        ),
        "mse_loss": lambda: (error**2).mean(),
        "l1_loss": lambda: error.mean(),
        "huber_loss": lambda: np.where(error < 1, error**2 / 2, error - 0.5).mean(),
        "hinge_loss": lambda: np.maximum(0, 1 - sign * z[:, 0]).mean(),
        "multi_margin_loss": lambda: (wrong.sum(axis=1) / classes).mean(),
        "kl_div": lambda: (smoothed * (np.log(smoothed) - log_softmax(z))).sum(axis=1).mean(),
    }
    return float(formulas[name]())


@pytest.mark.parametrize("name", sorted(LOSSES))
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_loss_is_its_definition(name, seed):
    rng = np.random.default_rng(seed)
    z, y = 3 * rng.normal(size=(7, 2)), rng.integers(0, 2, 7)
    encoding = LOSSES[name].encoding(2)
    target = encode(y, encoding.name, 2)
    found = value(name, z[:, : encoding.outputs].tolist(), target.tolist())
    assert found == pytest.approx(in_numpy(name, z, y), rel=1e-10)
    assert found >= 0


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_slope_autograd_finds_is_the_central_difference(name):
    kind, rng = LOSSES[name], np.random.default_rng(5)
    encoding = kind.encoding(2)
    y = encode(rng.integers(0, 2, 4), encoding.name, 2)
    z = rng.normal(size=(4, encoding.outputs))
    output = torch.tensor(z, requires_grad=True)
    loss = build_loss(kind, dict(kind.complete({}, "loss")))
    loss(output, torch.from_numpy(y)).backward()
    h = 1e-6
    for place in np.ndindex(z.shape):
        near = np.zeros_like(z)
        near[place] = h
        up, down = (value(name, (z + s * near).tolist(), y.tolist()) for s in (1, -1))
        assert output.grad[place].item() == pytest.approx((up - down) / (2 * h), abs=1e-8)


def test_with_cross_entropy_the_slope_is_probability_minus_target():
    z = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    LOSSES["cross_entropy"].formula(z, torch.tensor([0]), label_smoothing=0.0).backward()
    np.testing.assert_allclose(z.grad[0].numpy(), [-0.3410, 0.2424, 0.0986], atol=5e-5)


def test_with_binary_cross_entropy_the_slope_is_not_multiplied_by_that_of_sigma_again():
    z = torch.zeros(1, 1, requires_grad=True)
    LOSSES["binary_cross_entropy_with_logits"].formula(z, torch.ones(1, 1)).backward()
    assert z.grad.item() == -0.5


ENCODINGS = {  # name: what it is given for numbers, two, and three classes; None: refused
    "cross_entropy": (None, ("index", 2), ("index", 3)),
    "binary_cross_entropy_with_logits": (None, ("zero_one", 1), None),
    "mse_loss": (("value", 1), ("sign", 1), ("one_hot", 3)),
    "l1_loss": (("value", 1), ("sign", 1), ("one_hot", 3)),
    "huber_loss": (("value", 1), ("sign", 1), ("one_hot", 3)),
    "hinge_loss": (None, ("sign", 1), None),
    "multi_margin_loss": (None, ("index", 2), ("index", 3)),
    "kl_div": (None, ("one_hot", 2), ("one_hot", 3)),
}


def test_the_encodings_below_cover_the_table():
    assert set(ENCODINGS) == set(LOSSES)


@pytest.mark.parametrize("name", sorted(ENCODINGS))
@pytest.mark.parametrize(("classes", "place"), [(0, 0), (2, 1), (3, 2)])
def test_each_loss_takes_or_refuses_targets_by_name(name, classes, place):
    wanted = ENCODINGS[name][place]
    if wanted:
        encoding = LOSSES[name].encoding(classes)
        assert (encoding.name, encoding.outputs) == wanted
        return
    with pytest.raises(
        ExperimentError, match=rf"loss: {name} cannot judge .*choose from"
    ) as told:
        LOSSES[name].encoding(classes)
    fitting = str(told.value).rpartition("choose from ")[2].rstrip(".").split(", ")
    assert fitting
    assert all(ENCODINGS[other][place] for other in fitting)


def test_encodings_by_hand():
    y = np.array([0, 2, 1])
    np.testing.assert_array_equal(encode(y, "index", 3), y)
    np.testing.assert_array_equal(encode(y, "one_hot", 3), [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(encode(np.array([0, 1]), "zero_one", 2), [[0.0], [1.0]])
    np.testing.assert_array_equal(encode(np.array([0, 1]), "sign", 2), [[-1.0], [1.0]])
    np.testing.assert_array_equal(encode(np.array([0.5, 7]), "value", 0), [[0.5], [7.0]])
