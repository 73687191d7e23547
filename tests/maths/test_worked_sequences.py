"""Layers of sequences, worked: each number by its terms, against the rule of the layer."""

from __future__ import annotations

import numpy as np
import pytest

from lab.maths import worked_backward, worked_forward, worked_gradients
from lab.maths.explanations import Local
from lab.maths.layers import RULES

RNG = np.random.default_rng(11)
N, T, D, UNITS = 3, 4, 6, 2


def drawn(*shape):
    return RNG.normal(size=shape)


def passed(kind, a, weights, options):
    z, back = RULES[kind](a, weights, options)
    d_z = drawn(*z.shape)
    d_a, _ = back(d_z)
    return Local("0", kind, options, weights, a, z, d_a, d_z, 1, "2", "1")


def of_attention(heads, *, causal, bias):
    weights = {f"{n}.weight": drawn(D, D) for n in ("query", "key", "value", "out")}
    if bias:
        weights |= {f"{n}.bias": drawn(D) for n in ("query", "value", "out")}
    return passed("attention", drawn(N, T, D), weights, {"heads": heads, "causal": causal})


def of_gates(kind, returns, *, bias=True):
    rows = {"gru": 3, "lstm": 4}[kind] * UNITS
    weights = {"weight_ih": drawn(rows, D), "weight_hh": drawn(rows, UNITS)}
    if bias:
        weights |= {"bias_ih": drawn(rows), "bias_hh": drawn(rows)}
    return passed(kind, drawn(N, T, D), weights, {"returns": returns})


def tokens():
    return RNG.integers(0, 5, (N, T)).astype(float)


CASES = {
    "rows of images": passed("sequence", drawn(N, 2, 3, 4), {}, {}),
    "numbers": passed("sequence", drawn(N, T), {}, {}),
    "embedding": passed("embedding", tokens(), {"weight": drawn(5, D)}, {}),
    "waves": passed("positional_encoding", drawn(N, T, D), {}, {}),
    "places": passed("positional_encoding", drawn(N, T, D), {"weight": drawn(T, D)}, {}),
    "mean": passed("mean_over_tokens", drawn(N, T, D), {}, {}),
    "attention": of_attention(1, causal=False, bias=True),
    "heads": of_attention(3, causal=True, bias=False),
    "gru": of_gates("gru", "last"),
    "gru, all": of_gates("gru", "all", bias=False),
    "lstm": of_gates("lstm", "last"),
    "lstm, all": of_gates("lstm", "all", bias=False),
}


@pytest.mark.parametrize("local", CASES.values(), ids=list(CASES))
def test_every_number_is_worked_both_ways(local):
    for rule, wanted in (
        (worked_forward.forward, local.z),
        (worked_backward.backward, local.d_a),
    ):
        for place in range(wanted[1].size):
            made = rule(local, place)
            near = pytest.approx(float(wanted[1].flat[place]), rel=1e-10, abs=1e-13)
            assert made.value == near
            assert not made.terms or made.factor * made.total == near
            for term in made.terms:
                assert not term.factors or np.prod(term.factors) == pytest.approx(term.value)
            assert made.latex
            assert r"\mathrm{" + local.kind not in made.latex


@pytest.mark.parametrize("local", CASES.values(), ids=list(CASES))
def test_every_derivative_by_a_weight_is_a_sum_over_tokens(local):
    _, back = RULES[local.kind](local.a, local.weights, local.options)
    _, found = back(local.d_z)
    assert set(found) == set(local.weights)
    for name, wanted in found.items():
        for place in range(0, wanted.size, 5):
            value = float(wanted.flat[place])
            made = worked_gradients.gradient(local, name, place, value)
            near = pytest.approx(value, rel=1e-9, abs=1e-12)
            assert made.value == near
            assert made.total == near
            assert made.terms or value == 0
            for term in made.terms:
                assert not term.factors or np.prod(term.factors) == pytest.approx(term.value)


def test_what_enters_is_what_the_number_is_made_of():
    """Of attention a token enters with all its numbers; of a mean with one of each token."""
    local = CASES["mean"]
    (enters,) = worked_forward.forward(local, 2).enters
    assert enters.places == (2, 2 + D, 2 + 2 * D, 2 + 3 * D)
    local = CASES["embedding"]
    row, token = worked_forward.forward(local, D + 3).enters
    assert row.places == (int(local.a[1, 1]) * D + 3,)
    assert token.places == (1,)
    gates = worked_forward.forward(CASES["gru"], 1).enters[1]
    assert gates.places[0] == D  # row 1, then rows 3 and 5 of six
    assert len(gates.places) == 3 * D


def test_attention_tells_only_of_tokens_that_are_looked_at():
    local = CASES["heads"]
    first = worked_forward.forward(local, 0)
    assert [t.label for t in first.terms] == ["1, 1", "2, 1", "3, 1"]
    assert [t.factors[0] for t in first.terms] == [1.0, 1.0, 1.0]
    last = worked_forward.forward(local, 3 * D)
    assert sum(t.factors[0] for t in last.terms) == pytest.approx(3)
    assert r"\frac{e^{" in last.numbers


def test_scores_beyond_any_exponential_are_told_as_weights():
    local = of_attention(1, causal=False, bias=False)
    large = {n: 100 * w for n, w in local.weights.items()}
    made = worked_forward.forward(passed("attention", local.a, large, local.options), 0)
    assert r"e^{" not in made.numbers
    assert np.isfinite(made.value)


def test_the_gates_of_a_unit_have_its_numbers():
    local = CASES["gru, all"]
    w, u = local.weights["weight_ih"], local.weights["weight_hh"]
    h = local.z[1, 1]  # the state before the third token
    z = (w @ local.a[1, 2] + u @ h)[UNITS]
    made = worked_forward.forward(local, 2 * UNITS)
    assert rf"\sigma({z:.4g})" in made.numbers
    kept = made.terms[1]
    assert kept.factors == (pytest.approx(1 / (1 + np.exp(-z))), h[0])
