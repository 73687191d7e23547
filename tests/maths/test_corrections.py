"""The notes on what is often told wrong: each with the numbers that show it."""

from __future__ import annotations

import math

import pytest

from lab.maths import corrections


def test_the_chain_rule_keeps_its_constants():
    note = corrections.chain_rule()
    assert note.right == pytest.approx(-10.933563, abs=5e-7)
    assert note.wrong == pytest.approx(-5.466782, abs=5e-7)
    h = 1e-6
    difference = (2 * math.sin((3 + h) ** 2) - 2 * math.sin((3 - h) ** 2)) / (2 * h)
    assert difference == pytest.approx(note.right, rel=1e-6)
    assert "−10.9336" in note.sentence


def test_binary_cross_entropy_leaves_p_minus_y():
    note = corrections.bce_slope()
    assert (note.right, note.wrong) == (-0.5, -0.125)

    def loss(z):
        return math.log1p(math.exp(-z))

    assert (loss(1e-6) - loss(-1e-6)) / 2e-6 == pytest.approx(note.right, abs=1e-9)


def test_adam_corrects_both_moments():
    note = corrections.adam_corrections()
    assert note.right == pytest.approx(0.9, abs=1e-8)
    assert note.wrong == pytest.approx(-2.1623, abs=5e-5)
    assert "−2.16228" in note.sentence


def test_decay_and_penalty_are_one_for_sgd_and_two_for_adam():
    decoupled, penalty = corrections.decay_in_sgd()
    assert decoupled == penalty
    note = corrections.decay_in_adam()
    assert (note.right, note.wrong) == pytest.approx((0.85, 0.9), abs=1e-8)
    import torch

    for kind, wanted in ((torch.optim.AdamW, note.right), (torch.optim.Adam, note.wrong)):
        w = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
        w.grad = torch.tensor([2.0], dtype=torch.float64)
        kind([w], lr=0.1, weight_decay=0.5).step()
        assert float(w.detach()) == pytest.approx(wanted, abs=1e-8)


@pytest.mark.parametrize(
    "note",
    [corrections.chain_rule, corrections.bce_slope, corrections.adam_corrections,
     corrections.decay_in_adam],
)  # fmt: skip
def test_a_note_is_a_sentence_with_both_numbers(note):
    made = note()
    assert made.sentence.endswith(".")
    assert "{" not in made.sentence
    assert made.right != pytest.approx(made.wrong)
