"""Formulas as they are written, evaluated: letters with their values, and numbers put in."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lab.engine.experiment import experiment
from lab.engine.explaining import explain, found
from lab.engine.microscope import look_into, tensor
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.questioned import Number
from lab.engine.run import Run
from lab.maths import explanations
from lab.maths.worked_updates import SYMBOLS
from tests.latex_values import evaluated


@pytest.fixture(autouse=True)
def all_digits(monkeypatch):
    """Put numbers in with so many digits that nothing is hidden by rounding."""
    for writes in (explanations.put, explanations.bracketed):
        monkeypatch.setattr(writes, "__defaults__", (15,))


def linear(units=None):
    return {"kind": "linear", **({"units": units} if units else {})}


def looked(described, sample=5, steps=3):
    run = Run(
        experiment(
            {
                "data": "moons", "layers": [linear(2), "tanh", linear()],
                "batches": {"size": 8}, "steps": 300, "precision": "float64", **described,
            }
        )
    )  # fmt: skip
    run.advance(steps)
    return look_into(run.trainer, sample, with_update=True)


def as_written(made, symbols):
    """The value of the right side of a formula with letters."""
    return evaluated(made.latex.partition(" = ")[2], symbols)


def with_numbers(made):
    """The value of the formula with numbers put in, or None of one that is cut short."""
    told = made.numbers.removeprefix("= ").rpartition(" = ")[0]
    return None if not told or r"\cdots" in told else evaluated(told, {})


# The rules of optimizers.


NAMES = {
    "v": "v", "m": "m", "m̂": r"\hat m", "v̂": r"\hat v", "g": "g", "E[g²]": "E[g^2]",
    "E[g]": "E[g]", "Σg²": r"\sum g^2", "E[Δ²]": r"E[\Delta^2]", "Δ": r"\Delta\theta",
}  # fmt: skip
RULES = [
    {"kind": "sgd", "learning_rate": 0.3},
    {"kind": "sgd", "learning_rate": 0.3, "momentum": 0.8},
    {"kind": "sgd", "learning_rate": 0.3, "momentum": 0.8, "nesterov": True},
    {"kind": "rmsprop", "learning_rate": 0.03, "eps": 0.01},
    {"kind": "rmsprop", "learning_rate": 0.03, "momentum": 0.5, "centered": True, "eps": 0.01},
    {"kind": "adagrad", "learning_rate": 0.03, "eps": 0.01},
    {"kind": "adadelta", "learning_rate": 0.4},
    *({"kind": kind, "learning_rate": 0.03, "eps": 0.01}
      for kind in ("adam", "adamw", "nadam", "radam")),
]  # fmt: skip


def test_every_optimizer_is_among_them():
    assert {rule["kind"] for rule in RULES} == set(OPTIMIZERS)


def letters_of(it, weight, place):
    """The value of every letter in the rules, for one number of a weight of the first layer."""
    name, update, o = f"0.{weight}", it.update, it.update.options
    t = update.t
    w = float(it.passes["0"].layer.weights[weight].flat[place])
    known = {
        r"\eta": o["learning_rate"], r"\varepsilon": o.get("eps", 0), "t": t,
        r"\lambda": update.settings.weight_decay, "W": w, "b": w, "w": w,
        r"\beta_1": o.get("beta1", 0), r"\beta_2": o.get("beta2", 0),
        r"\alpha": o.get("alpha", 0), r"\rho": o.get("rho", 0), r"\mu": o.get("momentum", 0),
        r"\frac{\partial L}{\partial w}": it.passes["0"].gradients[weight].flat[place],
        r"\lambda_1": update.settings.regularisation.l1,
        r"\lambda_2": update.settings.regularisation.l2, r"\|g\|": update.length,
        "c": update.settings.clip.as_dict().get("limit", 0.3),
    }  # fmt: skip
    for symbol, values in update.parts(name).items():
        if symbol in NAMES:
            known[NAMES[symbol]] = values.flat[place]
    for slot, symbol in SYMBOLS[update.kind].items():
        if slot in update.kept[name]:
            past = update.kept[name][slot].flat[place]
            known[rf"{NAMES[symbol]}_{{t-1}}"] = past
            if symbol == "Σg²":
                known[r"\sum_{<t} g^2"] = past
    if update.kind == "nadam":
        mu = [o["beta1"] * (1 - 0.5 * 0.96 ** (k * o["momentum_decay"])) for k in range(t + 2)]
        known |= {r"\prod_{s \leq t} \mu_s": math.prod(mu[1 : t + 1])}
        known |= {r"\mu_{t+1}": mu[t + 1], r"\mu_t": mu[t]}
    if update.kind == "radam":
        most = 2 / (1 - o["beta2"]) - 1
        rho = most - 2 * t * o["beta2"] ** t / (1 - o["beta2"] ** t)
        ratio = (rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)
        known["r_t"] = math.sqrt(ratio) if rho > 5 else math.nan
    return known


@pytest.mark.parametrize("steps", [1, 3, 12])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "-".join(map(str, rule.values())))
def test_every_part_of_an_update_is_what_is_written(rule, steps):
    it = looked({"optimizer": rule, "regularisation": {"weight_decay": 0.2}}, 5, steps)
    assert_parts_are_as_written(it)


@pytest.mark.parametrize(
    "bounds",
    [
        {"clip": {"kind": "value", "limit": 0.01}},
        {"regularisation": {"l1": 0.05, "l2": 0.3}},
        {"clip": {"kind": "value", "limit": 0.1}, "regularisation": {"l1": 0.05, "l2": 0.3}},
        {"clip": {"kind": "norm", "max_norm": 0.3}, "regularisation": {"l2": 0.3}},
    ],
)
def test_a_bounded_gradient_is_what_is_written(bounds):
    assert_parts_are_as_written(looked(bounds), within=1e-5)


def assert_parts_are_as_written(it, within=1e-9):
    seen = 0
    for weight, place in (("weight", 1), ("weight", 2), ("bias", 0)):
        letters = letters_of(it, weight, place)
        for symbol in it.update.parts(f"0.{weight}"):
            name = f"Δ{weight}" if symbol == "Δ" else f"{symbol} {weight}"
            made = explain(it, Number("0", name, place))
            if " = " not in made.latex:
                assert symbol == "step", (it.update.kind, symbol)
                continue
            assert as_written(made, letters) == pytest.approx(made.value, rel=within), (
                made.latex
            )
            near = pytest.approx(made.value, rel=1e-6)
            assert with_numbers(made) == near, (made.latex, made.numbers)
            seen += 1
    assert seen >= 6


# Layers and losses.


ACTIVATIONS = [
    "identity", "step", "sigmoid", "hardsigmoid", "tanh", "relu", "prelu",
    {"kind": "leaky_relu", "negative_slope": 0.2},
    {"kind": "leaky_relu", "negative_slope": 2.0},
    "gelu", {"kind": "gelu", "approximate": "tanh"}, "silu", "hardswish", "mish",
    {"kind": "softplus", "beta": 3.0}, "softsign", "relu6", "softmax",
]  # fmt: skip


def assert_numbers_give_the_value(it, names=("in", "out", "d_in", "d_out", "∂")):
    seen = 0
    for layer in it.leaves:
        learned = [f"∂{n}" for n in it.passes[layer.name].gradients] if "∂" in names else []
        for name in (*(n for n in names if n != "∂"), *learned):
            whole = tensor(it, layer.name, name)
            one = whole if name[0] == "∂" else whole[0]
            for place in range(min(one.size, 6)):
                seen += _has_its_numbers(it, Number(layer.name, name, place))
    for name in ("o", "p", "terms", "d_o"):
        try:
            size = tensor(it, "loss", name)[0].size
        except KeyError:
            continue
        for row in range(len(it.rows)):
            seen += sum(_has_its_numbers(it, Number("loss", name, n, row)) for n in range(size))
    assert seen > 10


def _has_its_numbers(it, number):
    made = explain(it, number)
    told = with_numbers(made)
    whole = tensor(it, number.layer, number.tensor)
    reach = float(np.abs(whole).max())
    near = pytest.approx(made.value, rel=1e-4, abs=1e-6 * reach + 1e-15)
    assert told is None or told == near, (number, made.latex, made.numbers)
    return told is not None


@pytest.mark.parametrize("kind", ACTIVATIONS, ids=str)
def test_an_activation_is_what_is_written(kind):
    it = looked({"layers": [linear(2), kind, linear(2), "tanh", linear()]})
    assert_numbers_give_the_value(it)
    for place in range(2):
        made = explain(it, Number("1", "out", place))
        z = it.passes["1"].a[0]
        letters = {f"z_{{{n + 1}}}^{{(1)}}": value for n, value in enumerate(z)}
        letters |= {r"\sum_j e^{z_{j}^{(1)}}": np.exp(z).sum()}
        if kind == "prelu":
            letters["s"] = it.passes["1"].layer.weights["weight"][0]
        assert as_written(made, letters) == pytest.approx(made.value, rel=1e-4), made.latex


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        ("iris", "cross_entropy"), ("iris", "kl_div"), ("iris", "multi_margin_loss"),
        ("moons", "binary_cross_entropy_with_logits"), ("moons", "hinge_loss"),
        ("iris", "mse_loss"), ("iris", "l1_loss"),
        ("iris", {"kind": "huber_loss", "delta": 0.4}),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("sample", [5, None], ids=["sample", "batch"])
def test_a_loss_is_what_is_written(data, loss, sample):
    described = {"data": data, "loss": loss, "optimizer": {"kind": "sgd", "learning_rate": 1.0}}
    it = looked(described, sample, 40)
    assert_numbers_give_the_value(it)
    of_loss = it.of_loss()
    for row in range(len(it.rows)):
        for place in range(of_loss.output.shape[1]):
            letters = _letters_of_loss(it, row)
            for name in ("terms", "d_o"):
                made = explain(it, Number("loss", name, place, row))
                if r"\sum_j" in made.latex:
                    continue  # of the right class: all margins
                value = as_written(made, letters)
                near = pytest.approx(made.value, rel=1e-9, abs=1e-15)
                assert value == near, (made.latex, letters)


def _letters_of_loss(it, row):
    letters = {"m": 1.0, "d": 0.4}
    for name in ("o", "p", "y"):
        try:
            whole = tensor(it, "loss", name)
        except KeyError:
            continue
        letters |= {f"{name}_{{{n + 1}}}": float(v) for n, v in enumerate(whole[row].flat)}
    return letters


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
@pytest.mark.parametrize("sample", [5, None], ids=["sample", "batch"])
def test_a_normalisation_is_what_is_written(kind, sample):
    """With an ε that is not small: it stands under the root."""
    layers = [linear(3), {"kind": kind, "eps": 0.5}, "tanh", linear()]
    it = looked({"layers": layers}, sample)
    assert_numbers_give_the_value(it, ("in", "out"))
    p = it.passes["1"]
    for place in range(3):
        made = explain(it, Number("1", "out", place))
        a = p.a[0] if kind == "layer_norm" else p.a[:, place]
        weights, mu, sigma = p.layer.weights, r"\mu", r"\sigma"
        mean, variance = a.mean(), a.var()
        if "running_mean" in weights:
            mean, variance = weights["running_mean"][place], weights["running_var"][place]
            mu, sigma = r"\bar{\mu}", r"\bar{\sigma}"
        letters = {
            mu: mean, f"{sigma}^2": variance, r"\varepsilon": 0.5,
            rf"\gamma_{{{place + 1}}}": weights["weight"][place],
            rf"\beta_{{{place + 1}}}": weights["bias"][place],
            f"a_{{{place + 1}}}^{{(1)}}": p.a[0, place],
        }  # fmt: skip
        assert as_written(made, letters) == pytest.approx(made.value, rel=1e-9), made.latex


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
@pytest.mark.parametrize("sample", [5, None], ids=["sample", "batch"])
def test_the_derivative_of_a_gamma_that_is_nothing_has_its_terms(kind, sample):
    run = Run(
        experiment({"data": "iris", "layers": [linear(3), kind, "tanh", linear()],
                    "batches": {"size": 8}, "precision": "float64"})
    )  # fmt: skip
    run.set_weights({("layers.1", "weight", 0): 0.0})
    it = look_into(run.trainer, sample)
    made = explain(it, Number("1", "∂weight", 0))
    assert made.terms
    assert made.total == pytest.approx(found(it, Number("1", "∂weight", 0)), rel=1e-9)
    assert "undefined" not in made.numbers


def test_a_dropout_is_what_is_written():
    it = looked({"layers": [linear(2), {"kind": "dropout", "p": 0.4}, linear()]}, None)
    assert_numbers_give_the_value(it)


# The indices of a convolution, read as they are written, counted from 1.


@pytest.mark.parametrize(("stride", "padding"), [(1, 1), (2, 1), (3, 2), (2, 0)])
def test_the_indices_of_a_convolution_are_those_it_computes_with(stride, padding):
    conv = {"kind": "conv2d", "channels": 2, "kernel": 3, "padding": 1}
    layers = [conv, "relu", {**conv, "stride": stride, "padding": padding}, "flatten", linear()]
    it = looked({"data": "digit_images", "layers": layers})
    p = it.passes["2"]
    a, delta, weight = p.a[0], p.d_z[0], p.layer.weights["weight"]

    def at(array, *index):
        inside = all(float(i).is_integer() and 1 <= i <= n
                     for i, n in zip(index, array.shape, strict=True))  # fmt: skip
        return array[tuple(int(i) - 1 for i in index)] if inside else 0.0

    for where in ((1, 5, 6), (2, 4, 3), (1, 1, 1), (2, 8, 8)):
        place = int(np.ravel_multi_index([n - 1 for n in where], a.shape))
        made = explain(it, Number("2", "d_in", place))
        index = made.latex.rpartition(r"\delta_{o,")[2].partition("}^")[0].split(",")
        total = 0.0
        for o, u, v in np.ndindex(2, 3, 3):
            i, j = (evaluated(text, {"u": u + 1, "v": v + 1}) for text in index)
            total += weight[o, where[0] - 1, u, v] * at(delta, o + 1, i, j)
        assert total == pytest.approx(made.value, rel=1e-9, abs=1e-15), made.latex
    for where in ((1, 1, 1, 3), (2, 1, 2, 2), (2, 2, 3, 1)):
        place = int(np.ravel_multi_index([n - 1 for n in where], weight.shape))
        made = explain(it, Number("2", "∂weight", place))
        index = made.latex.rpartition("a_{n,")[2].partition("}^")[0].split(",")[1:]
        total = 0.0
        for i, j in np.ndindex(delta.shape[1:]):
            y, x = (evaluated(text, {"i": i + 1, "j": j + 1}) for text in index)
            total += delta[where[0] - 1, i, j] * at(a, where[1], y, x)
        assert total == pytest.approx(made.value, rel=1e-9, abs=1e-15), made.latex
