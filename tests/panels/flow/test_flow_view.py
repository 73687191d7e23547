"""The flow panel with a real engine behind it, moved by gestures, judged by what it drew."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF

from lab.engine import backprop_cost
from lab.engine.flow import measure
from lab.engine.run import Run
from lab.panels.flow.view import ANSWER, COST, TIME, FlowView
from lab.presets import load

LONG = 60_000


@pytest.fixture
def view(qtbot, bridge):
    made = FlowView(bridge)
    qtbot.addWidget(made)
    made.resize(450, 560)
    made.show()
    return made


def trained(qtbot, bridge, view, preset, steps):
    bridge.load(load(preset))
    bridge.run_to(steps)

    def is_there():
        assert bridge.look is not None
        assert bridge.look.title == load(preset).title
        assert not bridge.look.playing
        assert view.found is not None
        assert view.found.step == steps

    qtbot.waitUntil(is_there, timeout=LONG)
    run = Run(load(preset))
    run.advance(steps)
    return run


def test_every_quantity_is_drawn_as_it_was_measured(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "vanishing", 6)
    wanted = measure(run.trainer).values
    for title, name in (("Gradient", "gradient"), ("Update", "update"), ("Weight", "weight")):
        view.quantity.chosen.emit(title)
        points = view.depth_plot.points[0]
        np.testing.assert_array_equal(points.x, np.arange(1, 18, 2))
        np.testing.assert_array_equal(points.y, wanted[name][::2])
        assert view.depth_plot.is_log() == (False, True)
    view.quantity.chosen.emit("Saturated")
    np.testing.assert_array_equal(view.depth_plot.points[1].y, 100 * wanted["saturated"][1::2])
    assert view.depth_plot.is_log() == (False, False)
    numbers = view.depth_plot.numbers()
    assert len(numbers["Activations: Saturated (%)"]) == 8
    assert view.width() == 450


def test_the_curves_over_time_follow_the_lineage(qtbot, bridge, view):
    trained(qtbot, bridge, view, "vanishing", 40)
    view.pages.chosen.emit(TIME)
    curves = view.time_plot.curves
    assert len(curves) == 9
    assert curves[0].x[-1] == 40
    assert curves[-1].y[-1] == view.found.values["gradient"][16]
    bridge.branch(10, {"optimizer.learning_rate": 1.0})
    qtbot.waitUntil(lambda: is_drawn_up_to(view, bridge, 1, 10), timeout=LONG)
    bridge.switch(0)
    qtbot.waitUntil(lambda: is_drawn_up_to(view, bridge, 0, 40), timeout=LONG)


def is_drawn_up_to(view, bridge, branch, step):
    curves = view.time_plot.curves
    return bridge.look.branch == branch and bool(curves) and max(curves[0].x) == step


def test_under_the_mouse_a_layer_has_its_own_number_and_no_other(qtbot, bridge, view):
    trained(qtbot, bridge, view, "vanishing", 2)
    plot = view.depth_plot
    plot.grab()
    points = next(p for p in plot.points if 5 in p.x)
    height = float(points.y[list(points.x).index(5)])
    place = plot.box.mapViewToScene(QPointF(5.0, np.log10(height)))
    with qtbot.waitSignal(plot.hovered):
        plot.view.scene().sigMouseMoved.emit(place)
    said = plot._mouse._readout.text()
    assert "3 Linear" in said
    assert "Layer" not in said


def test_a_click_selects_the_layer_everywhere(qtbot, bridge, view):
    trained(qtbot, bridge, view, "vanishing", 2)
    view.depth_plot.clicked.emit(4.8, -3.0)
    assert bridge.selection["layer"] == "layers.4"
    assert view.depth_plot.chosen.x.tolist() == [5]
    assert "of layer 3 Linear" in view.reading()
    bridge.select("layer", "layers.16")
    assert view.depth_plot.chosen.x.tolist() == [17]
    view.pages.chosen.emit(TIME)
    chosen = [c.name for c in view.time_plot.curves if c.width == 2]
    assert chosen == ["9 Linear"]
    low = np.log10(view.found.values["gradient"][0])
    view.time_plot.clicked.emit(1.0, float(low))
    assert bridge.selection["layer"] == "layers.0"


def test_a_cure_of_the_network_begins_a_run_that_flows_and_undo_brings_the_old_one(
    qtbot, bridge, view
):
    trained(qtbot, bridge, view, "vanishing", 5)
    assert view.strip.findings[0].name == "vanishing"
    old = bridge.look.run
    relu = next(b for b in view.strip.buttons() if b.text() == "ReLU")
    relu.click()
    qtbot.waitUntil(lambda: bridge.look.run != old and view.found is not None, timeout=LONG)
    qtbot.waitUntil(
        lambda: "vanishing" not in {f.name for f in view.strip.findings}, timeout=LONG
    )
    values = view.depth_plot.points[0].y
    assert values[-1] / values[0] < 10
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: bridge.look.run == old and bridge.look.step == 5, timeout=LONG)
    qtbot.waitUntil(lambda: view.strip.findings[0].name == "vanishing", timeout=LONG)


def test_clipping_is_a_branch_beside_the_run_as_it_was(qtbot, bridge, view):
    trained(qtbot, bridge, view, "exploding", 0)
    before = np.nanmax(view.found.values["update"])
    view.strip.show_findings([f for f in view.strip.findings if f.name == "exploding"])
    next(b for b in view.strip.buttons() if b.text() == "Clipping").click()
    qtbot.waitUntil(lambda: bridge.look.settings.clip.kind == "norm", timeout=LONG)
    qtbot.waitUntil(lambda: np.nanmax(view.found.values["update"]) < before / 100, timeout=LONG)


def test_a_hidden_panel_asks_nothing(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    view.hide()
    bridge.run_to(6)
    qtbot.waitUntil(
        lambda: bridge.look.step == 6 and ANSWER not in bridge.look.answers, timeout=LONG
    )
    assert view.found.step == 3
    view.show()
    qtbot.waitUntil(lambda: view.found is not None and view.found.step == 6, timeout=LONG)
    steps, _ = view.samples.curves(bridge.look, "gradient")
    assert steps[-3:].tolist() == [3, 4.5, 6]


def at_the_same_pace(_trainer, work):
    """Do it, and say that it took a millisecond."""
    work()
    return 1e-3


def test_the_cost_is_timed_and_can_be_cancelled(qtbot, bridge, view, monkeypatch):
    monkeypatch.setattr(backprop_cost, "_clocked", at_the_same_pace)
    trained(qtbot, bridge, view, "xor", 1)
    view.pages.chosen.emit(COST)
    assert view.time_it.isVisibleTo(view)
    view.time_it.click()
    assert not view.time_it.isEnabled()
    qtbot.waitUntil(view.time_it.isEnabled, timeout=LONG)
    qtbot.waitUntil(lambda: len(view.cost_plot.lines[0].x) >= 3, timeout=LONG)
    back, differences = view.cost_plot.lines
    assert (np.diff(back.x) > 0).all()
    assert (back.y == back.y[0]).all()
    assert (np.diff(differences.y) > 0).all()  # P + 1 losses: the wider, the longer
    assert (differences.y > back.y).all()
    assert "extrapolated" in view.reading()
    assert view.width() == 450
    view.time_it.click()
    view.cancelled.emit()
    qtbot.waitUntil(view.time_it.isEnabled, timeout=LONG)
    view.pages.chosen.emit(TIME)
    assert not view.time_it.isVisibleTo(view)


def test_without_a_network_it_says_so(qtbot, bridge, view):
    assert view.is_empty()
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: not view.is_empty(), timeout=LONG)
    assert view.found.step == 0
    view.quantity.chosen.emit("Saturated")
    assert view.reading() == "No activation of this network is bounded, so none saturates."


def test_in_a_low_panel_the_cures_stand_in_a_menu(qtbot, bridge, view):
    trained(qtbot, bridge, view, "vanishing", 2)
    view.resize(552, 340)
    qtbot.waitUntil(lambda: view.height() == 340)
    assert not any(b.isVisibleTo(view) for b in view.strip.buttons())
    titles = [a.text() for a in view.strip._menu.actions()]
    assert titles == ["ReLU", "Residual", "Initialisation", "Normalisation"]
    with qtbot.waitSignal(view.strip.cure_wanted) as told:
        view.strip._menu.actions()[1].trigger()
    assert told.args[0].name == "residual"
    view.resize(552, 500)
    assert all(b.isVisibleTo(view) for b in view.strip.buttons())


def test_what_is_edited_while_it_stands_still_is_measured(qtbot, bridge, view):
    """The batch and the update of the iteration that really comes next."""
    run = trained(qtbot, bridge, view, "vanishing", 6)
    changes = {"batches.size": 7, "optimizer.learning_rate": 5.0}
    bridge.edit(changes)
    run.edit(changes)
    qtbot.waitUntil(lambda: view.found.rows == 7, timeout=LONG)
    assert view.found.step == 6
    wanted = measure(run.bench, run.settings).values
    np.testing.assert_array_equal(view.found.values["update"], wanted["update"])
