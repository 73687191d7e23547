"""The log of edits as it is read by people."""

from __future__ import annotations

from itertools import pairwise

from lab.engine.edit_words import in_words, name
from lab.engine.edits import Edit

RATE = "optimizer.learning_rate"


def test_a_value_brought_back_later_is_told_as_undone():
    log = [Edit(100, RATE, 0.03, 0.1), Edit(500, RATE, 0.1, 0.03)]
    assert in_words(log) == ["learning rate 0.03 → 0.1", "undone: learning rate 0.1 → 0.03"]


def test_undoing_two_edits_and_making_them_again():
    rates = (0.1, 0.2, 0.3, 0.2, 0.1, 0.2)
    pairs = pairwise(rates)
    told = in_words(Edit(k, RATE, old, new) for k, (old, new) in enumerate(pairs))
    assert [line.startswith("undone") for line in told] == [False, False, True, True, False]


def test_settings_do_not_mix():
    log = [Edit(1, RATE, 0.1, 0.2), Edit(2, "optimizer.momentum", 0.2, 0.1)]
    assert not any("undone" in line for line in in_words(log))


def test_a_value_that_another_edit_has_set_aside_is_forgotten():
    """Another optimizer brings its own rate: the values before it are nobody's to undo."""
    log = [Edit(1, RATE, 0.1, 0.2), Edit(5, RATE, 0.01, 0.1)]
    assert in_words(log)[1] == "learning rate 0.01 → 0.1"


def test_names_are_those_of_the_form():
    paths = ("clip.kind", "layers.2.p", "layers.0.layers.3.p", "seed", "batches.size", RATE)
    assert [name(p) for p in paths] == [
        "clip gradient",
        "p of layer 3",
        "p of layer 1.4",
        "seed",
        "batch size",
        "learning rate",
    ]


def test_kinds_are_called_by_their_titles_and_what_is_kept_is_said():
    log = [Edit(0, "optimizer.kind", "adam", "sgd"), Edit(0, RATE, 0.1, 0.1)]
    assert in_words(log) == ["method Adam → SGD", "learning rate kept at 0.1"]


def test_what_was_left_open_is_none():
    assert in_words([Edit(0, "x.cap", None, 3)]) == ["cap none → 3"]
    assert in_words([Edit(0, "weights", None, "mine.pt")]) == ["weights of mine.pt"]
