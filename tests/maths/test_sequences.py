"""Attention, places and recurrence: numbers of the catalogue, and torch's own layers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lab.engine import sequence_modules as modules
from lab.maths.attention import attended, attended_back, attention, attention_weights
from lab.maths.recurrent import gru, lstm
from lab.maths.sequences import as_sequence, embedding, mean_over_tokens, waves

Q, K, V = np.eye(2), np.array([[1.0, 0], [1, 1]]), np.array([[1.0, 2], [3, 4]])


def test_scaled_dot_product_attention_of_the_catalogue():
    weights = attention_weights(Q, K)
    np.testing.assert_allclose(weights, [[0.5, 0.5], [0.3302, 0.6698]], atol=5e-5)
    np.testing.assert_allclose(attended(Q, K, V), [[2, 3], [2.3395, 3.3395]], atol=5e-5)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-15)


def test_no_weight_is_above_the_diagonal_of_a_causal_mask():
    rng = np.random.default_rng(0)
    query, key = rng.normal(size=(2, 3, 2, 5, 4)) * 30
    weights = attention_weights(query, key, causal=True)
    assert (weights[..., np.triu(np.ones((5, 5), bool), 1)] == 0.0).all()
    np.testing.assert_array_equal(weights[..., 0, 0], 1.0)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-14)
    assert attention_weights(query[..., :1, :], key[..., :1, :], causal=True).shape[-2:] == (
        1,
        1,
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), causal=st.booleans())
def test_attention_and_its_slopes_are_those_of_torch(seed, causal):
    rng = np.random.default_rng(seed)
    tensors = [torch.tensor(t, requires_grad=True) for t in rng.normal(size=(3, 2, 3, 5, 4))]
    z = nn.functional.scaled_dot_product_attention(*tensors, is_causal=causal)
    delta = rng.normal(size=z.shape)
    z.backward(torch.tensor(delta))
    query, key, value = (t.detach().numpy() for t in tensors)
    np.testing.assert_allclose(
        attended(query, key, value, causal=causal), z.detach(), atol=1e-13
    )
    p = attention_weights(query, key, causal=causal)
    for mine, theirs in zip(attended_back(delta, p, query, key, value), tensors, strict=True):
        np.testing.assert_allclose(mine, theirs.grad, atol=1e-12)


@pytest.mark.parametrize("heads", [1, 2, 6])
def test_several_heads_are_those_of_torch(heads):
    torch.manual_seed(1)
    theirs = nn.MultiheadAttention(6, heads, batch_first=True, dtype=torch.float64)
    nn.init.normal_(theirs.in_proj_bias)
    x = torch.randn(4, 5, 6, dtype=torch.float64)
    weights = {"out.weight": theirs.out_proj.weight, "out.bias": theirs.out_proj.bias}
    rows = zip(theirs.in_proj_weight.chunk(3), theirs.in_proj_bias.chunk(3), strict=True)
    for name, (w, b) in zip(("query", "key", "value"), rows, strict=True):
        weights |= {f"{name}.weight": w, f"{name}.bias": b}
    weights.pop("key.bias")  # which makes no difference
    plain = {n: t.detach().numpy() for n, t in weights.items()}
    z, _ = attention(x.numpy(), plain, {"heads": heads, "causal": False})
    wanted, looked = theirs(x, x, x, average_attn_weights=False)
    np.testing.assert_allclose(z, wanted.detach(), atol=1e-13)
    mine = modules.Attention(6, heads).double()
    mine.load_state_dict(weights)
    torch.testing.assert_close(mine.weights(x), looked)


def test_a_position_of_the_catalogue():
    np.testing.assert_allclose(waves(2, 4)[1], [0.841471, 0.540302, 0.01, 0.99995], atol=5e-7)
    np.testing.assert_array_equal(waves(1, 4)[0], [0, 1, 0, 1])


@pytest.mark.parametrize(("tokens", "width"), [(1, 1), (7, 5), (300, 16)])
def test_places_of_formula_and_module_are_the_same(tokens, width):
    module, x = modules.PositionalEncoding(tokens, width), torch.zeros(2, tokens, width)
    np.testing.assert_allclose(module(x.double())[1], waves(tokens, width), atol=1e-15)
    np.testing.assert_allclose(module(x)[0], waves(tokens, width), atol=1e-7)
    near = module(x.bfloat16())[0].float()
    np.testing.assert_allclose(near, waves(tokens, width), atol=0.004)


def test_the_likeness_of_two_places_is_a_matter_of_their_distance():
    likeness = waves(40, 16) @ waves(40, 16).T
    for distance in (0, 1, 7):
        np.testing.assert_allclose(
            np.diagonal(likeness, distance), likeness[0, distance], atol=1e-12
        )


@pytest.mark.parametrize(
    ("rule", "own", "theirs"), [(gru, modules.GRU, nn.GRU), (lstm, modules.LSTM, nn.LSTM)]
)
@pytest.mark.parametrize("tokens", [1, 6])
def test_recurrent_layers_are_those_of_torch(rule, own, theirs, tokens):
    torch.manual_seed(2)
    known = theirs(3, 4, batch_first=True, dtype=torch.float64)
    x = torch.randn(5, tokens, 3, dtype=torch.float64, requires_grad=True)
    states, _ = known(x)
    delta = torch.randn_like(states)
    states.backward(delta)
    weights = {n.removesuffix("_l0"): p.detach().numpy() for n, p in known.named_parameters()}
    mine = own(3, 4, "all").double()
    mine.load_state_dict({n: torch.tensor(w) for n, w in weights.items()})
    torch.testing.assert_close(mine(x), states)
    z, back = rule(x.detach().numpy(), weights, {"returns": "all"})
    np.testing.assert_allclose(z, states.detach(), atol=1e-14)
    d_x, gradients = back(delta.numpy())
    np.testing.assert_allclose(d_x, x.grad, atol=1e-13)
    for name, p in known.named_parameters():
        np.testing.assert_allclose(gradients[name.removesuffix("_l0")], p.grad, atol=1e-12)
    last, _ = rule(x.detach().numpy(), weights, {"returns": "last"})
    np.testing.assert_array_equal(last, z[:, -1])


def test_one_turn_of_a_gru_by_hand():
    """All weights 0 and biases 0: r = z = 1/2 and n = 0, so the state halves."""
    weights = {"weight_ih": np.zeros((3, 1)), "weight_hh": np.zeros((3, 1)),
               "bias_ih": np.zeros(3), "bias_hh": np.zeros(3)}  # fmt: skip
    z, _ = gru(np.ones((1, 4, 1)), weights, {"returns": "all"})
    np.testing.assert_array_equal(z, 0)
    weights["weight_ih"][2] = 1.0  # n = tanh x
    z, _ = gru(np.array([[[2.0], [0.0], [0.0]]]), weights, {"returns": "all"})
    np.testing.assert_allclose(z[0, :, 0], np.tanh(2.0) * np.array([0.5, 0.25, 0.125]))


def test_one_turn_of_an_lstm_by_hand():
    """Gates 1/2, candidate tanh x: c = tanh(2)/2, h = tanh(c)/2, and c halves behind it."""
    weights = {"weight_ih": np.array([[0.0], [0], [1], [0]]), "weight_hh": np.zeros((4, 1)),
               "bias_ih": np.zeros(4), "bias_hh": np.zeros(4)}  # fmt: skip
    z, _ = lstm(np.array([[[2.0], [0.0]]]), weights, {"returns": "all"})
    c = np.tanh(2.0) * np.array([0.5, 0.25])
    np.testing.assert_allclose(z[0, :, 0], np.tanh(c) / 2)


def test_a_token_that_comes_twice_gets_both_slopes():
    weights = {"weight": np.arange(6.0).reshape(3, 2)}
    z, back = embedding(np.array([[2.0, 0.0, 2.0]]), weights, {})
    np.testing.assert_array_equal(z[0], [[4, 5], [0, 1], [4, 5]])
    d_a, found = back(np.array([[[1.0, 2], [3, 4], [10, 20]]]))
    np.testing.assert_array_equal(found["weight"], [[3, 4], [0, 0], [11, 22]])
    np.testing.assert_array_equal(d_a, 0)


def test_rows_of_an_image_become_tokens():
    image = np.arange(24.0).reshape(1, 2, 3, 4)  # channels, rows, columns
    z, _ = as_sequence(image, {}, {})
    np.testing.assert_array_equal(z[0, 1], [4, 5, 6, 7, 16, 17, 18, 19])
    np.testing.assert_array_equal(modules.AsSequence()(torch.tensor(image)), z)
    mean, back = mean_over_tokens(z, {}, {})
    np.testing.assert_array_equal(mean[0, :4], [4, 5, 6, 7])
    np.testing.assert_allclose(back(np.ones((1, 8)))[0], 1 / 3)
