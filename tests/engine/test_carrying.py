"""Weights of layers that a change has left alone: which layer is which, and what is kept."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.carrying import carried, state_name
from lab.engine.experiment import experiment
from lab.engine.networks import build_network, built

FEATURES = 4


def network(layers, seed=0, shape=(FEATURES,)):
    parts = experiment({"layers": layers}).layers
    return parts, build_network(parts, shape, 3, seed).state_dict()


def kept(before, after, *, grow=False, shape=(FEATURES,)):
    """What is carried over, having checked that every tensor is one of the old network's."""
    old, old_state = network(before, 0, shape)
    new, new_state = network(after, 1, shape)
    found = carried(old, old_state, new, new_state, grow=grow)
    for pair in found.pairs:
        if pair.fate == "kept":
            for name, shape_ in pair.new.shapes:
                mine, theirs = f"{pair.new.name}.{name}", f"{pair.old.name}.{name}"
                assert torch.equal(found.tensors[mine], old_state[theirs])
                assert tuple(new_state[mine].shape) == shape_
    return found


def linear(units=None, **more):
    return {"kind": "linear", **more} | ({"units": units} if units else {})


A, B, C = linear(5), linear(6), linear(7)
NET = [A, "tanh", B, "relu", linear()]
BLOCK = {"kind": "residual", "layers": [linear(5), "tanh"]}


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (NET, NET, ["0", "2", "4"]),
        (NET, ["relu", *NET], ["1", "3", "5"]),
        (NET, [A, "layer_norm", "tanh", B, "relu", linear()], ["0", "3", "5"]),
        (NET, [A, "tanh", {"kind": "dropout", "p": 0.2}, B, linear()], ["0", "3", "4"]),
        ([linear(5), "tanh", linear(5), linear()], [linear(5), linear(5), linear(5), linear()],
         ["0", "2", "3"]),
        (NET, [A, {"kind": "residual", "layers": ["tanh"]}, B, "relu", linear()],
         ["0", "2", "4"]),
        ([A, BLOCK, linear()], [A, linear(5), "tanh", linear()], ["0", "1", "3"]),
        ([A, "batch_norm", linear()], [A, "batch_norm", "tanh", linear()], ["0", "1", "3"]),
        ([A, linear()], [A, {"kind": "batch_norm", "momentum": 0.2}, linear()], ["0", "2"]),
    ],
)  # fmt: skip
def test_layers_left_alone_keep_their_weights_wherever_they_stand(before, after, names):
    found = kept(before, after)
    assert sorted({n.rpartition(".")[0] for n in found.tensors}) == sorted(names)


def test_two_layers_may_change_places():
    before = [linear(4), "tanh", linear(4, bias=False), linear()]
    after = [linear(4, bias=False), "tanh", linear(4), linear()]
    found = kept(before, after)
    assert [(p.new.path, p.old.path) for p in found.pairs] == [
        ("layers.0", "layers.2"),
        ("layers.2", "layers.0"),
        ("layers.3", "layers.3"),
    ]


def test_a_widened_layer_and_the_one_behind_it_begin_anew_and_it_is_said():
    found = kept(NET, [A, "tanh", C, "relu", linear()])
    assert set(found.tensors) == {"0.weight", "0.bias"}
    assert found.words == (
        "Kept 1 of 3 layers; layer 2 (Linear) begins anew, as its shape has changed; "
        "layer 3 (Linear) begins anew, as its shape has changed."
    )
    assert found.count == "1 of 3 layers kept"


def test_an_inserted_layer_is_new_and_another_initialisation_begins_anew():
    found = kept([A, linear()], [linear(5, init="zeros"), linear(5), linear()])
    assert "layer 2 (Linear)" in found.words or "layer 1 (Linear)" in found.words
    changed = kept([A, linear()], [linear(5, init="zeros"), linear()])
    assert "layer 1 (Linear) begins anew, as its initialisation has changed" in changed.words
    assert set(changed.tensors) == {"1.weight", "1.bias"}


def test_what_a_setting_without_weights_changes_is_kept():
    found = kept([A, "batch_norm", linear()], [A, {"kind": "batch_norm", "eps": 0.1}, linear()])
    assert found.kept == 3
    assert "1.running_var" in found.tensors


@pytest.mark.parametrize("units", [8, 3])
def test_growing_keeps_rows_and_columns_that_both_have(units):
    before, after = [A, linear()], [linear(units), linear()]
    found = kept(before, after, grow=True)
    _, old = network(before, 0)
    _, fresh = network(after, 1)
    m = min(units, 5)
    assert torch.equal(found.tensors["0.weight"][:m], old["0.weight"][:m])
    assert torch.equal(found.tensors["0.weight"][m:], fresh["0.weight"][m:])
    assert torch.equal(found.tensors["1.weight"][:, :m], old["1.weight"][:, :m])
    assert torch.equal(found.tensors["1.weight"][:, m:], fresh["1.weight"][:, m:])
    assert torch.equal(found.tensors["1.bias"], old["1.bias"])
    assert "layer 1 (Linear) keeps what fits its new shape" in found.words


def test_growing_never_changes_what_was():
    old, state = network([A, linear()])
    before = {n: t.clone() for n, t in state.items()}
    new, fresh = network([linear(9), linear()], 1)
    first = {n: t.clone() for n, t in fresh.items()}
    carried(old, state, new, fresh, grow=True)
    assert all(torch.equal(state[n], before[n]) for n in before)
    assert all(torch.equal(fresh[n], first[n]) for n in first)


def test_shapes_alone_will_do_where_nothing_grows():
    old, state = network(NET)
    shapes = {n: tuple(t.shape) for n, t in state.items()}
    assert carried(old, state, old, shapes).kept == 3


LAYER = st.sampled_from([linear(4), linear(4), linear(4, bias=False), "tanh", "layer_norm",
                         {"kind": "residual", "layers": [linear(4)]}])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    before=st.lists(LAYER, max_size=8),
    extra=st.lists(st.tuples(st.integers(0, 8), LAYER), max_size=3),
)
def test_inserting_never_loses_a_layer(before, extra):
    after = list(before)
    for place, layer in extra:
        after.insert(place, layer)
    found = kept([*before, linear()], [*after, linear()])
    _, state = network([*before, linear()])
    assert sum(t.numel() for t in found.tensors.values()) == sum(
        t.numel() for t in state.values()
    )
    olds = [p.old.path for p in found.pairs if p.old]
    assert len(olds) == len(set(olds))


def test_a_deep_network_is_matched_quickly_as_its_ends_are_equal():
    deep = [linear(4)] * 900
    changed = [*deep[:450], "layer_norm", *deep[450:]]
    assert kept([*deep, linear()], [*changed, linear()]).kept == 901


def test_names_of_the_state_dict_come_from_paths():
    parts, _ = network([A, BLOCK, linear()])
    network_ = build_network(parts, (FEATURES,), 3, 0)
    for one in built(parts, network_):
        for leaf in (one, *one.inner):
            assert state_name(leaf.path, "weight") == f"{leaf.name}.weight"
