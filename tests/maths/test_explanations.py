"""How every number comes about, worked: against values by hand and plain sums."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.maths import worked_backward, worked_forward, worked_gradients
from lab.maths.activations import ACTIVATIONS
from lab.maths.explanations import Explanation, Local, Term, error_of, put
from lab.maths.layers import RULES
from lab.maths.losses import LOSSES
from lab.maths.shape_rule import product_shape
from lab.maths.worked_losses import LocalLoss, lost_digits, probabilities, slope, term
from lab.maths.worked_updates import parts

RNG = np.random.default_rng(7)


def passed(kind, a, weights=None, options=None, row=0, before="1"):
    """A layer with what its own rule made of it; δ is drawn."""
    weights, options = weights or {}, options or {}
    z, back = RULES[kind](a, weights, options)
    d_z = RNG.normal(size=z.shape)
    d_a, gradients = back(d_z)
    return Local("0", kind, options, weights, a, z, d_a, d_z, row, "1", before), gradients


def linear(units, inputs, samples):
    weights = {"weight": RNG.normal(size=(units, inputs)), "bias": RNG.normal(size=units)}
    return passed("linear", RNG.normal(size=(samples, inputs)), weights)


CONV = {"kernel": 3, "stride": 2, "padding": 1}
POOL = {"kernel": 2, "stride": 0}


def image_layer(kind):
    a = RNG.normal(size=(2, 3, 6, 6))
    if kind == "conv2d":
        weights = {"weight": RNG.normal(size=(4, 3, 3, 3)), "bias": RNG.normal(size=4)}
        return passed(kind, a, weights, CONV, row=1)
    if kind == "batch_norm":
        weights = {"weight": RNG.normal(size=3), "bias": RNG.normal(size=3)}
        return passed(kind, a, weights, {"eps": 1e-5}, row=1)
    return passed(kind, a, {}, POOL, row=1)


IMAGES = ("conv2d", "max_pool2d", "avg_pool2d", "global_avg_pool2d", "flatten", "batch_norm")


@pytest.mark.parametrize("kind", IMAGES)
def test_each_number_of_an_image_layer_is_explained_both_ways(kind):
    local, gradients = image_layer(kind)
    for place in range(local.z[1].size):
        made = worked_forward.forward(local, place)
        assert made.value == pytest.approx(float(local.z[1].flat[place]), rel=1e-12, abs=1e-14)
    for place in range(0, local.a[1].size, 5):
        made = worked_backward.backward(local, place)
        wanted = float(local.d_a[1].flat[place])
        assert made.value == pytest.approx(wanted, rel=1e-11, abs=1e-13)
        if made.terms:
            assert made.factor * made.total == pytest.approx(made.value, rel=1e-12, abs=1e-14)
    for name, gradient in gradients.items():
        for place in range(gradient.size):
            value = float(gradient.flat[place])
            made = worked_gradients.gradient(local, name, place, value)
            assert made.total == pytest.approx(value, rel=1e-11, abs=1e-13)


@given(st.integers(1, 7), st.integers(1, 7), st.integers(1, 5), st.data())
def test_a_linear_layer_is_the_sum_of_its_terms(units, inputs, samples, data):
    local, gradients = linear(units, inputs, samples)
    unit = data.draw(st.integers(0, units - 1))
    j = data.draw(st.integers(0, inputs - 1))
    w, b = local.weights["weight"], local.weights["bias"]
    made = worked_forward.forward(local, unit)
    plain = sum(w[unit, k] * local.a[0, k] for k in range(inputs)) + b[unit]
    assert made.value == pytest.approx(plain, rel=1e-12, abs=1e-12)
    assert len(made.terms) == inputs + 1
    back = worked_backward.backward(local, j)
    plain = sum(w[k, j] * local.d_z[0, k] for k in range(units))
    assert back.value == pytest.approx(plain, rel=1e-12, abs=1e-12)
    place = unit * inputs + j
    found = worked_gradients.gradient(local, "weight", place, 0.0)
    plain = sum(local.d_z[n, unit] * local.a[n, j] for n in range(samples))
    assert found.value == pytest.approx(plain, rel=1e-12, abs=1e-12)
    assert found.value == pytest.approx(float(gradients["weight"][unit, j]), abs=1e-12)


def test_the_transpose_carries_delta_back():
    """LA4: column j of W, which carried a_j forward, carries every δ_k back to it."""
    local, _ = linear(3, 2, 1)
    whole = [worked_backward.backward(local, j).value for j in range(2)]
    np.testing.assert_allclose(whole, local.weights["weight"].T @ local.d_z[0], atol=1e-14)
    assert r"W_{k2}^{(1)}" in worked_backward.backward(local, 1).latex


def test_shapes_chain_or_break_at_the_exact_operand():
    """LA1."""
    assert product_shape((3, 4), (4, 5)) == (3, 5)
    with pytest.raises(ValueError, match="4 ≠ 3"):
        product_shape((3, 4), (3, 5))


def test_layer_normalisation_of_the_catalogue():
    """NN12: [1, 2, 3, 4] → −1.3416, −0.4472, 0.4472, 1.3416."""
    weights = {"weight": np.ones(4), "bias": np.zeros(4)}
    a = np.array([[1.0, 2.0, 3.0, 4.0]])
    local, gradients = passed("layer_norm", a, weights, {"eps": 0.0})
    found = [worked_forward.forward(local, place).value for place in range(4)]
    assert found == pytest.approx([-1.3416, -0.4472, 0.4472, 1.3416], abs=5e-5)
    for place in range(4):
        made = worked_backward.backward(local, place)
        assert made.value == pytest.approx(local.d_a[0, place], abs=1e-13)
        gamma = worked_gradients.gradient(local, "weight", place, 0.0)
        assert gamma.value == pytest.approx(gradients["weight"][place], abs=1e-13)


def test_dropout_keeps_the_mean_and_drops_its_delta():
    """NN11: E[dropout(x)] = x, each number by the mask of its own."""
    p, x = 0.3, np.full((40_000, 1), 2.0)
    mask = (RNG.random(x.shape) >= p).astype(float)
    local, _ = passed("dropout", x, {"mask": mask}, {"p": p})
    assert local.z.mean() == pytest.approx(2.0, rel=0.01)
    for row in (int(np.argmin(mask)), int(np.argmax(mask))):
        at = Local(
            local.name, local.kind, local.options, local.weights, local.a, local.z, local.d_a,
            local.d_z, row,
        )  # fmt: skip
        kept = float(mask[row, 0])
        assert worked_forward.forward(at, 0).value == pytest.approx(kept * 2.0 / 0.7)
        wanted = kept * local.d_z[row, 0] / 0.7
        assert worked_backward.backward(at, 0).value == pytest.approx(wanted)


def of_loss(kind, output, target, **options):
    judge = LOSSES[kind]
    terms = judge.terms(output, target, **options)
    return LocalLoss(
        kind, options, output, target, terms, judge.slope(output, target, **options)
    )


def test_softmax_and_cross_entropy_of_the_catalogue():
    """PR6 and PR8, from the logits 2, 1, 0.1 of PR3."""
    output = np.array([[2.0, 1.0, 0.1]])
    loss = of_loss("cross_entropy", output, np.array([0]), label_smoothing=0.0)
    p = probabilities("cross_entropy", output)
    assert p[0] == pytest.approx([0.6590, 0.2424, 0.0986], abs=5e-5)
    assert term(loss, 0).value == pytest.approx(0.4170, abs=5e-5)
    assert [term(loss, place).value for place in (1, 2)] == [0, 0]
    found = [slope(loss, place).value for place in range(3)]
    assert found == pytest.approx([-0.3410, 0.2424, 0.0986], abs=5e-5)
    assert "p_{1}-y_{1}" in slope(loss, 0).latex


def test_the_jacobian_of_softmax_of_the_catalogue():
    """PR7: the diagonal, and rows that add up to nothing."""
    local, _ = passed("softmax", np.array([[2.0, 1.0, 0.1]]))
    jacobian = np.array(
        [[t.factors[0] for t in worked_backward.backward(local, i).terms] for i in range(3)]
    )
    assert np.diag(jacobian) == pytest.approx([0.2247, 0.1837, 0.0889], abs=5e-5)
    np.testing.assert_allclose(jacobian.sum(axis=1), 0, atol=1e-15)


TARGETS = {
    "mse_loss": {}, "l1_loss": {}, "huber_loss": {"delta": 0.5}, "hinge_loss": {},
    "binary_cross_entropy_with_logits": {},
}  # fmt: skip


@pytest.mark.parametrize("kind", TARGETS)
def test_the_terms_of_a_loss_are_told_with_their_share_of_the_mean(kind):
    output = RNG.normal(size=(4, 1))
    target = np.array([[1.0], [0.0], [1.0], [1.0]])
    loss = of_loss(kind, output, target, **TARGETS[kind])
    made = term(loss, 0)
    assert r"\frac{1}{4}" in made.latex
    assert made.value == pytest.approx(float(loss.terms[0, 0]))


def test_a_very_sure_network_loses_the_digits_of_p_minus_y():
    output = np.array([[20.0, 0.0], [4.0, 0.0]])
    loss = of_loss("cross_entropy", output, np.array([0, 0]), label_smoothing=0.0)
    lost = lost_digits(loss)
    assert lost[0, 0] == pytest.approx(8.7, abs=0.1)
    assert np.isnan(lost[:, 1]).all()  # a small p beside 0 keeps its digits
    assert np.isnan(lost[1]).all()
    squares = of_loss("mse_loss", output, output)
    assert np.isnan(lost_digits(squares)).all()


def test_adams_parts_of_the_catalogue():
    """OP5: x² from 1 with η = 0.1 leads to 0.9000000005."""
    options = {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    before = {"exp_avg": np.zeros(1), "exp_avg_sq": np.zeros(1)}
    found = {
        s: float(v[0]) for s, v in parts("adam", np.array([2.0]), before, 1, options).items()
    }
    assert found["m"] == pytest.approx(0.2)
    assert found["v"] == pytest.approx(0.004)
    assert (found["m̂"], found["v̂"]) == pytest.approx((2.0, 4.0))
    assert found["step"] == pytest.approx(0.05, rel=1e-8)
    assert 1 + found["Δ"] == pytest.approx(0.9000000005, abs=1e-12)


def explanation(values):
    terms = tuple(Term(str(n), (), v) for n, v in enumerate(values))
    return Explanation("t", "s", "l", "n", math.fsum(values), terms, total=math.fsum(values))


def test_of_many_terms_the_largest_are_told_and_the_rest_in_one():
    made = explanation([0.1, -5.0, 2.0, *([0.01] * 30)])
    told, rest, others = made.largest(3)
    assert [t.value for t in told] == [-5.0, 2.0, 0.1]
    assert (others, rest) == (30, pytest.approx(0.3))
    assert explanation([1.0, 2.0]).largest()[0] == explanation([1.0, 2.0]).terms


def test_terms_that_do_not_add_up_are_seen():
    assert explanation([1.0, 2.0]).sum_error == 0
    wrong = Explanation("t", "s", "l", "n", 3.0, (Term("1", (), 2.0),), total=2.0)
    assert wrong.sum_error == pytest.approx(1 / 3)
    assert math.isnan(Explanation("t", "s", "l", "n", 3.0).sum_error)


def test_numbers_in_formulas():
    assert put(-0.50713) == "-0.5071"
    assert put(1.2e-7) == r"1.2\times 10^{-7}"
    assert error_of(1.0, 0.0) == math.inf
    assert error_of(0.0, 0.0) == 0.0


OPTIONS = {
    "leaky_relu": {"negative_slope": 0.1},
    "elu": {"alpha": 1.5},
    "celu": {"alpha": 1.5},
    "gelu": {"approximate": "none"},
    "softplus": {"beta": 2.0},
}


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_every_activation_has_its_formula(kind):
    assert kind in worked_forward.WORKED
    assert kind in worked_backward.WORKED
    options = OPTIONS.get(kind, {})
    for z in (-1.5, 0.25, 4.0):
        local, _ = passed(kind, np.array([[z]]), {}, options)
        made = worked_forward.forward(local, 0)
        assert made.value == pytest.approx(float(local.z[0, 0]), rel=1e-12)
        assert f"mathrm{{{kind}}}" not in made.latex
