"""A person's module may take for ever: the window draws what is known, and goes on."""

from __future__ import annotations

import sys
from threading import Event, current_thread, main_thread
from types import ModuleType

import pytest

from lab.engine import foreign
from lab.engine.experiment import experiment
from lab.engine.imports import Opened
from lab.engine.networks import build_network
from lab.panels.flow.findings import _bridged
from lab.panels.network.opening import Read
from lab.panels.network.view import NetworkView
from lab.presets import load
from lab.ui.drafts import drawn, edit_network

WAIT = 60_000
CODE = """
import torch
from torch import nn

import gate_of_a_test


class Own(nn.Module):
    def forward(self, x):
        gate_of_a_test.pass_(x)
        return x.sin()
"""


class Gate(ModuleType):
    """Holds the forward pass of a module open, and says in which threads it ran."""

    def __init__(self):
        super().__init__("gate_of_a_test")
        self.begun, self.go, self.threads = Event(), Event(), set()

    def pass_(self, x):
        self.threads.add(current_thread())
        if x.shape[1] == 7:
            raise ValueError("not seven")
        self.begun.set()
        assert self.go.wait(60)


@pytest.fixture
def gate(monkeypatch):
    made = Gate()
    monkeypatch.setitem(sys.modules, "gate_of_a_test", made)
    yield made
    made.go.set()


@pytest.fixture
def file(tmp_path, gate):
    made = tmp_path / "net.py"
    made.write_text(CODE)
    foreign.allow(made)
    yield made
    foreign.forbid(made)


@pytest.fixture
def view(qtbot, bridge):
    made = NetworkView(bridge)
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.show()
    bridge.load(load("spiral"))
    qtbot.waitUntil(lambda: bridge.look is not None, timeout=WAIT)
    return made


def network(file, units):
    own = {"kind": "module", "path": str(file), "name": "Own"}
    layers = [{"kind": "linear", "units": units}, own, "linear"]
    return experiment({"layers": layers}).layers


def units(bridge):
    return bridge.look.settings.layers[0]["units"]


def settle(qtbot, bridge, wanted):
    qtbot.waitUntil(lambda: units(bridge) == wanted and bridge.wish is None, timeout=WAIT)


def test_an_edit_is_drawn_at_once_and_carried_out_when_it_is_known(
    qtbot, bridge, view, file, gate
):
    before = bridge.look.run
    edit_network(bridge, network(file, 5), "try it", keep_weights=True)
    (problem,) = view.scene.draft.problems
    assert problem.text == "layers.1 (Module of a file): its shape is being found."
    assert "is being found. Nothing trains until then." in view._banner.text()
    assert view._banner.isVisible()
    assert "being found" in bridge.board.reason
    assert gate.begun.wait(60)  # beside the window, which is here
    assert bridge.look.run == before
    gate.go.set()
    settle(qtbot, bridge, 5)
    assert bridge.board.layers is None
    assert view.scene.draft.is_sound
    assert not view._banner.isVisible()
    assert main_thread() not in gate.threads
    assert bridge.undo_stack.count() == 1
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: bridge.look.run == before, timeout=WAIT)


def test_edits_that_follow_take_the_place_of_the_one_that_waits(
    qtbot, bridge, view, file, gate
):
    for n in (4, 5, 6):
        edit_network(bridge, network(file, n), "units")
    assert bridge.undo_stack.count() == 1
    assert drawn(bridge) == network(file, 6)
    gate.go.set()
    settle(qtbot, bridge, 6)
    edit_network(bridge, network(file, 8), "units")
    edit_network(bridge, network(file, 6), "units")  # what is trained already
    assert bridge.board.layers is None
    assert bridge.wish is None
    assert bridge.undo_stack.count() == 1


def test_an_edit_that_was_undone_while_it_waited_is_gone(qtbot, bridge, view, file, gate):
    before = bridge.look.run
    edit_network(bridge, network(file, 5), "try it")
    bridge.undo_stack.undo()
    assert not bridge.undo_stack.canRedo()
    with qtbot.waitSignal(bridge.finder.found, timeout=WAIT):
        gate.go.set()
    assert bridge.wish is None
    assert bridge.board.layers is None
    assert bridge.look.run == before


def test_what_fails_is_said_when_it_has_failed(qtbot, bridge, view, file, gate):
    edit_network(bridge, network(file, 7), "seven")
    qtbot.waitUntil(lambda: "not seven" in bridge.board.reason, timeout=WAIT)
    assert "Own cannot take 2×7" in view.scene.draft.problems[0].text
    assert "until this is mended" in view._banner.text()
    assert main_thread() not in gate.threads
    assert bridge.undo_stack.count() == 1
    bridge.undo_stack.undo()
    bridge.undo_stack.redo()
    assert "not seven" in bridge.board.reason


def test_a_run_that_is_loaded_meanwhile_does_not_end_the_search(
    qtbot, bridge, view, file, gate
):
    edit_network(bridge, network(file, 5), "try it")
    assert gate.begun.wait(60)
    run = bridge.look.run
    bridge.reset()  # which ends all jobs
    qtbot.waitUntil(lambda: bridge.look.run > run, timeout=WAIT)
    gate.go.set()
    settle(qtbot, bridge, 5)
    assert bridge.board.layers is None


def test_it_goes_on_where_no_view_looks(qtbot, bridge, view, file, gate):
    view.hide()
    edit_network(bridge, network(file, 5), "try it")
    gate.go.set()
    settle(qtbot, bridge, 5)
    view.show()
    assert view.scene.draft.is_sound


def test_looking_for_cures_runs_nothing(file, gate):
    assert _bridged(network(file, 5), (2,), 2) is None
    foreign.forbid(file)
    assert _bridged(network(file, 5), (2,), 2) is None
    assert not gate.threads


def test_a_file_for_which_shapes_are_missing_is_opened_when_they_are_found(
    qtbot, bridge, view, file, gate
):
    _, *layers = network(file, 5)
    made = build_network(layers[1:], (2,), bridge.look.data.encoding.outputs, 0)
    tensors = {f"1.{name[2:]}": t for name, t in made.state_dict().items()}
    opened = Opened(tuple(layers), tensors, "It is there.")
    view.opening._on_partial("open network", Read(file, opened))
    assert gate.begun.wait(60)
    assert bridge.wish is None
    assert bridge.board.layers is None
    gate.go.set()
    qtbot.waitUntil(lambda: bridge.look.settings.layers == tuple(layers), timeout=WAIT)
    assert view._banner.text() == "net.py: It is there."
    assert main_thread() not in gate.threads
