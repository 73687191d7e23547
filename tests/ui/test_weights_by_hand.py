"""Weights set by hand, and weights kept over a change of the network, undone and redone."""

from __future__ import annotations

import math

import pytest

from lab.engine.kinds import ExperimentError
from lab.engine.news import Status
from lab.presets import load
from lab.ui import undo
from lab.ui.bridge import EngineBridge
from lab.ui.undo import change_settings, reach

PLACE = ("layers.0", "weight", 1)
WAIT = 60_000


def weights(trainer):
    return {n: t.detach().numpy().copy() for n, t in trainer.network.state_dict().items()}


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    made.load(load("xor"))
    made.watch("weights", weights)
    made.run_to(7)
    until(qtbot, made, lambda look: look.newest == 7 and not look.playing and seen(made))
    yield made
    made.close(10)


def seen(bridge):
    return bridge.look.answers.get("weights")


def until(qtbot, bridge, holds):
    qtbot.waitUntil(lambda: bridge.look is not None and bool(holds(bridge.look)), timeout=WAIT)


def value(bridge):
    return seen(bridge)["0.weight"].flat[1]


def test_a_weight_is_set_and_taken_back(qtbot, bridge):
    was = value(bridge)
    bridge.set_weights({PLACE: 0.25}, "a weight")
    until(qtbot, bridge, lambda look: value(bridge) == 0.25)
    assert [e.what for e in bridge.look.edits] == ["weights.0.weight[1]"]
    assert bridge.undo_stack.undoText() == "a weight"
    assert reach(bridge) == ""
    bridge.undo_stack.undo()
    until(qtbot, bridge, lambda look: value(bridge) == was)
    assert bridge.look.edits == ()
    bridge.undo_stack.redo()
    until(qtbot, bridge, lambda look: value(bridge) == 0.25)


def test_values_of_one_gesture_are_undone_together(qtbot, bridge, monkeypatch):
    monkeypatch.setattr(undo, "GESTURE_S", math.inf)
    was = value(bridge)
    for step in range(1, 6):
        bridge.set_weights({PLACE: step / 8}, "a weight")
    bridge.set_weights({("layers.0", "weight", 0): 1.0}, "another")
    until(qtbot, bridge, lambda look: seen(bridge)["0.weight"].flat[0] == 1.0)
    assert bridge.undo_stack.count() == 2
    bridge.undo_stack.undo()
    bridge.undo_stack.undo()
    until(qtbot, bridge, lambda look: value(bridge) == was and not look.edits)


def test_in_the_past_it_is_a_branch(qtbot, bridge):
    bridge.seek(3)
    bridge.set_weights({PLACE: 0.25}, "a weight")
    wanted = 2, 3, 3
    until(qtbot, bridge, lambda look: (len(look.branches), look.step, look.newest) == wanted)


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_what_is_not_finite_is_refused_at_once(bridge, wrong):
    with pytest.raises(ExperimentError, match="wanted a finite number"):
        bridge.set_weights({PLACE: wrong}, "a weight")
    assert bridge.undo_stack.count() == 0


def with_layer(bridge, *added, first=None):
    layers = [p.model_dump() for p in bridge.look.settings.layers]
    if first:
        layers[0]["units"] = first
    return {"layers": [*layers[:1], *added, *layers[1:]]}


def test_untouched_layers_keep_their_weights_and_undoing_brings_the_old_run(qtbot, bridge):
    told = []
    bridge.happened.connect(told.append)
    first, before = bridge.look, seen(bridge)
    changes = with_layer(bridge, {"kind": "layer_norm"})
    change_settings(bridge, changes, "insert a layer", keep_weights=True)
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert (seen(bridge)["0.weight"] == before["0.weight"]).all()
    (edit,) = bridge.look.edits
    assert (edit.step, edit.what) == (0, "weights")
    assert edit.new.startswith(f"run {first.run}, step 7 (2 of 3 layers kept)")
    loaded = next(e for e in told if e.status is Status.LOADED)
    assert "Kept 2 of 3 layers; layer 1 (Layer normalisation) is new." in loaded.text
    bridge.undo_stack.undo()
    until(qtbot, bridge, lambda look: look.run == first.run)
    assert bridge.look.newest == 7
    assert (seen(bridge)["0.weight"] == before["0.weight"]).all()
    bridge.undo_stack.redo()
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert (seen(bridge)["0.weight"] == before["0.weight"]).all()


def test_without_being_asked_the_run_begins_with_weights_of_its_own(qtbot, bridge):
    first = bridge.look
    change_settings(bridge, with_layer(bridge, {"kind": "layer_norm"}), "insert a layer")
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert bridge.look.edits == ()


def test_wider_and_narrower_again_loses_nothing(qtbot, bridge):
    first, before = bridge.look, seen(bridge)
    width = first.settings.layers[0]["units"]
    for units in (width + 1, width):
        was = bridge.look.run
        changes = with_layer(bridge, first=units)
        change_settings(bridge, changes, "width", keep_weights=True)
        until(qtbot, bridge, lambda look, was=was: look.run != was)
    assert (seen(bridge)["0.weight"] == before["0.weight"]).all()
    assert bridge.look.edits[0].new.startswith(f"run {first.run}, step 7 (2 of 2 layers")


def test_a_grown_layer_keeps_its_units(qtbot, bridge):
    first, before = bridge.look, seen(bridge)
    width = first.settings.layers[0]["units"]
    changes = with_layer(bridge, first=width + 2)
    change_settings(bridge, changes, "width", keep_weights=True, grow=True)
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert (seen(bridge)["0.weight"][:width] == before["0.weight"]).all()


def test_a_network_from_a_file_is_opened_with_its_weights_and_taken_back(qtbot, bridge):
    first, before = bridge.look, seen(bridge)
    tensors = {name: tensor + 1 for name, tensor in before.items()}
    undo.begin_from(bridge, first.settings.layers, tensors, "mine.safetensors")
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert (seen(bridge)["0.weight"] == before["0.weight"] + 1).all()
    assert bridge.look.edits[0].new == "mine.safetensors (2 of 2 layers kept)"
    assert bridge.undo_stack.undoText() == "open mine.safetensors"
    bridge.undo_stack.undo()
    until(qtbot, bridge, lambda look: look.run == first.run)
    assert (seen(bridge)["0.weight"] == before["0.weight"]).all()
    bridge.undo_stack.redo()
    until(qtbot, bridge, lambda look: look.run != first.run)
    assert (seen(bridge)["0.weight"] == before["0.weight"] + 1).all()
