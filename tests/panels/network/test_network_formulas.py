"""The network's formula in LaTeX: every kind, line by line, in one line, with its numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lab.engine.experiment import Part, experiment
from lab.engine.layers import LAYERS
from lab.engine.networks import build_network
from lab.maths import layers as rules
from lab.panels.network.formula_table import FORMULAS, factor
from lab.panels.network.formulas import (
    copyable,
    definitions,
    is_small,
    lines,
    matrix,
    whole,
)
from lab.presets import PRESETS, load
from lab.ui.formulas import svg
from tests.latex_values import evaluated


def parts(*layers):
    return experiment({"layers": list(layers)}).layers


def drawn(latex):
    """Draw a formula, or fail; brackets have to be in pairs."""
    sides = (len(re.findall(rf"\\{side}(?![a-z])", latex)) for side in ("left", "right"))
    assert len(set(sides)) == 1
    return svg(latex, 16.0, "#000000")


def latex_of(*layers):
    return [line.latex for line in lines(parts(*layers))]


LINEAR = {"kind": "linear", "units": 3}


def test_every_kind_of_the_table_has_a_formula():
    assert set(LAYERS) <= set(FORMULAS)


@pytest.mark.parametrize("kind", sorted(FORMULAS))
def test_every_formula_can_be_drawn(kind):
    inner = {"layers": [LINEAR]} if kind == "residual" else {}
    made = lines((Part.model_validate({"kind": kind, **inner}),))
    for line in made:
        drawn(line.latex)
    if FORMULAS[kind].definition:
        drawn(FORMULAS[kind].definition)


@pytest.mark.parametrize("kind", sorted(n for n, k in LAYERS.items() if k.parameters))
def test_every_parameter_that_is_learned_is_in_the_formula(kind):
    learned = {n for n, _ in FORMULAS[kind].symbols}
    if kind in {"transformer_block", "gru", "lstm", "attention", "residual"}:
        return  # their definitions say where the weights stand
    options = {"learned": True} if kind == "positional_encoding" else {}
    asked = []
    FORMULAS[kind].writing("a", lambda name: asked.append(name) or name, options)
    assert set(asked) == learned


def test_a_deep_network_is_written_line_by_line():
    assert latex_of({"kind": "linear", "units": 8}, "tanh", "linear") == [
        r"a^{(1)} = \tanh\left(W^{(1)} x + b^{(1)}\right)",
        r"a^{(2)} = W^{(2)} a^{(1)} + b^{(2)}",
    ]
    (first, second) = lines(parts({"kind": "linear", "units": 8}, "tanh", "linear"))
    assert first.paths == ("layers.0", "layers.1")
    assert second.paths == ("layers.2",)


def test_what_belongs_to_a_layer_stands_in_its_line():
    (line,) = latex_of(LINEAR, "batch_norm", "relu", {"kind": "dropout", "p": 0.2})
    assert line == (
        r"a^{(1)} = \mathrm{dropout}_{0.2}\left(\mathrm{ReLU}\left(\gamma^{(1)} \odot "
        r"\mathrm{BN}\left(W^{(1)} x + b^{(1)}\right) + \beta^{(1)}\right)\right)"
    )


def test_a_block_is_written_with_what_it_holds():
    block = {"kind": "residual", "layers": [LINEAR, "tanh", LINEAR]}
    assert latex_of(LINEAR, block, "relu")[1:] == [
        r"h^{(2.1)} = \tanh\left(W^{(2.1)} a^{(1)} + b^{(2.1)}\right)",
        r"h^{(2.2)} = W^{(2.2)} h^{(2.1)} + b^{(2.2)}",
        r"a^{(2)} = \mathrm{ReLU}\left(a^{(1)} + h^{(2.2)}\right)",
    ]


def test_a_transformer_block_is_written_out():
    found = latex_of("embedding", "transformer_block")
    assert any(r"\mathrm{Attention}\left(" in line for line in found)
    assert found[-1].startswith("a^{(2)} = h^{(2.2)}")
    for line in found:
        drawn(line)


def test_small_networks_go_into_one_line():
    made = whole(parts({"kind": "linear", "units": 8}, "tanh", "linear"))
    assert made == (r"f(x) = W^{(2)} \tanh\left(W^{(1)} x + b^{(1)}\right) + b^{(2)}")
    assert whole(parts(*[LINEAR] * 7)) == ""
    assert whole(()) == ""
    assert r"W^{(2)} \left(W^{(1)} x\right)" in whole(
        parts({**LINEAR, "bias": False}, {**LINEAR, "bias": False})
    )


@pytest.mark.parametrize(
    ("a", "wanted"),
    [
        ("x", "x"),
        ("a^{(1)}", "a^{(1)}"),
        (r"\tanh\left(x + 1\right)", r"\tanh\left(x + 1\right)"),
        (r"\tanh\left(x\right) + \tanh\left(y\right)",
         r"\left(\tanh\left(x\right) + \tanh\left(y\right)\right)"),
        ("W x", r"\left(W x\right)"),
    ],
)  # fmt: skip
def test_only_what_is_a_sum_or_a_product_is_bracketed(a, wanted):
    assert factor(a) == wanted


def test_the_weights_of_a_small_network_are_put_in():
    layers = parts({"kind": "linear", "units": 2}, "prelu", {"kind": "linear", "units": 1})
    network = build_network(layers, (2,), 1, 0)
    state = {n: t.numpy() for n, t in network.state_dict().items()}
    state["0.weight"] = np.array([[1.5, -0.25], [1e-5, 0.0]])
    assert is_small(state)
    first, _ = lines(layers, state)
    assert r"\begin{bmatrix}1.5 & -0.25 \\ 1\cdot 10^{-5} & 0\end{bmatrix} x" in first.latex
    assert "0.25" in first.latex.rpartition(r"\min")[0]
    numbers = re.findall(r"-?\d+\.\d+", whole(layers, state))
    assert len(numbers) > 6
    drawn(whole(layers, state))
    assert not is_small({"0.weight": np.zeros((8, 8))})


def test_vectors_are_columns():
    assert matrix(np.array([1.0, 2.0])) == r"\begin{bmatrix}1 \\ 2\end{bmatrix}"


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_has_a_formula_that_can_be_drawn(name):
    layers = load(name).layers
    for line in lines(layers):
        drawn(line.latex)
    for text in definitions(layers):
        drawn(text)
    assert copyable(layers).count(" &= ") == len(lines(layers))


def test_a_draft_that_is_not_complete_is_written_as_far_as_it_goes():
    drafted = (Part(kind="linear"), Part(kind="nothing_known"), Part(kind="tanh"))
    assert [line.latex for line in lines(drafted)] == [
        r"a^{(1)} = W^{(1)} x + b^{(1)}",
        r"a^{(2)} = \tanh\left(\mathrm{nothingknown}\left(a^{(1)}\right)\right)",
    ]


@pytest.mark.parametrize("options", [{}, {"bias": False}, {"causal": True}], ids=str)
def test_attention_is_what_is_written(options):
    """Tokens are columns: the same as the rule finds with tokens in rows."""
    definition = FORMULAS["attention"].defined(options)
    drawn(definition)
    biased, causal = options.get("bias", True), options.get("causal", False)
    b = {name: f" + b_{name}" if biased else "" for name in "OQV"}
    assert definition.startswith(
        r"\mathrm{Attention}(a) = W_O V\,\mathrm{softmax}\left(\frac{K^{\top} Q}{\sqrt{d}}"
        rf"{' + C' if causal else ''}\right){b['O']},"
        rf"\quad Q = W_Q a{b['Q']},\; K = W_K a,\; V = W_V a{b['V']}"
    )
    assert (
        definition.endswith(r"C_{ij} = \begin{cases}-\infty & i > j\\ 0 & i \le j\end{cases}")
        == causal
    )
    rng = np.random.default_rng(0)
    weights = {f"{n}.weight": rng.normal(size=(4, 4)) for n in ("query", "key", "value", "out")}
    if biased:
        weights |= {f"{n}.bias": rng.normal(size=4) for n in ("query", "value", "out")}
    x = rng.normal(size=(1, 3, 4))
    wanted, _ = rules.RULES["attention"](x, weights, {"heads": 1, "causal": causal})
    a = x[0].T

    def affine(name, a):
        return weights[f"{name}.weight"] @ a + weights.get(f"{name}.bias", np.zeros(4))[:, None]

    i, j = np.indices((3, 3))
    scores = affine("key", a).T @ affine("query", a) / np.sqrt(4)
    scores = np.where((i > j) & causal, -np.inf, scores)
    share = np.exp(scores) / np.exp(scores).sum(axis=0)
    made = affine("out", affine("value", a) @ share)
    np.testing.assert_allclose(made.T, wanted[0], rtol=1e-12)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("kind", "gates"), [("gru", "rzn"), ("lstm", "ifgo")])
def test_a_recurrent_layer_is_what_is_written(kind, gates, bias):
    """The lines, evaluated for one unit and token after token, are what the rule finds."""
    definition = FORMULAS[kind].defined({"bias": bias})
    drawn(definition)
    assert ("b_" in definition) == ("c_" in definition) == bias
    rng = np.random.default_rng(1)
    known, weights = {"h": 0.0, "c": 0.0}, {}
    names = [("weight_ih", "W"), ("weight_hh", "U"), ("bias_ih", "b"), ("bias_hh", "c")]
    for name, letter in names[: 4 if bias else 2]:
        values = rng.normal(size=len(gates))
        known |= {f"{letter}_{gate}": v for gate, v in zip(gates, values, strict=True)}
        weights[name] = values[:, None] if name.startswith("weight") else values
    x = rng.normal(size=(1, 4, 1))
    wanted, _ = rules.RULES[kind](x, weights, {"returns": "all"})
    body = definition.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}")
    for t in range(4):
        for line in body.split(r"\\"):
            name, _, right = re.sub(r"&(=|\\leftarrow)", "=", line).partition("=")
            right = right.replace(r"\odot", r"\cdot")
            known[name.strip()] = evaluated(right, known | {"a_t": x[0, t, 0]})
        assert known["h"] == pytest.approx(wanted[0, t, 0], rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("sigmoid", {}), ("hardsigmoid", {}), ("tanh", {}), ("relu", {}),
        ("gelu", {"approximate": "none"}),
        ("gelu", {"approximate": "tanh"}), ("leaky_relu", {"negative_slope": 2.0}),
        ("celu", {"alpha": 0.5}), ("silu", {}), ("hardswish", {}), ("mish", {}),
        ("softplus", {"beta": 3.0}), ("softsign", {}), ("relu6", {}), ("elu", {"alpha": 2.0}),
        ("selu", {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("z", [-1.5, -0.2, 0.4, 2.5])
def test_an_activation_is_what_is_written(kind, options, z):
    definition = FORMULAS[kind].defined(options).partition(" = ")[2]
    drawn(definition)
    cases = r"\\begin\{cases\}(.*?) & z > 0\\\\ (.*?) & z \\le 0\\end\{cases\}"
    definition = re.sub(cases, lambda m: rf"({m[1 if z > 0 else 2]})", definition)
    known = {"z": z, r"\alpha": options.get("alpha", options.get("negative_slope", 0.0))}
    known |= {r"\beta": options.get("beta", 1.0)}
    wanted, _ = rules.RULES[kind](np.array([[z]]), {}, options)
    assert evaluated(definition, known) == pytest.approx(wanted[0, 0], rel=1e-4), definition


@pytest.mark.parametrize("kind", ["batch_norm", "layer_norm"])
def test_the_epsilon_of_a_normalisation_stands_under_the_root(kind):
    below = "_B" if kind == "batch_norm" else ""
    definition = FORMULAS[kind].definition.partition(" = ")[2]
    known = {"a": 0.7, rf"\mu{below}": 0.2, rf"\sigma{below}^2": 0.3, r"\varepsilon": 0.6}
    assert evaluated(definition, known) == pytest.approx(0.5 / np.sqrt(0.9))
