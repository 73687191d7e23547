"""The loss panel moved by gestures and judged by what it drew."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from lab.engine.experiment import experiment
from lab.panels.loss.view import PANEL, LossView
from lab.ui import theme
from lab.ui.palettes import LIGHT


def small():
    return experiment(
        {
            "steps": 500,
            "seed": 3,
            "evaluate_every": 5,
            "data": {"kind": "gaussians", "samples": 60},
            "batches": {"size": 8},
            "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
            "optimizer": {"kind": "sgd", "learning_rate": 0.1},
        }
    )


@pytest.fixture
def view(qtbot, bridge):
    made = LossView(bridge)
    qtbot.addWidget(made)
    made.resize(450, 420)
    made.show()
    return made


def trained(qtbot, bridge, steps):
    bridge.load(small())
    bridge.run_to(steps)
    qtbot.waitUntil(
        lambda: bridge.look is not None and bridge.look.step == steps, timeout=60_000
    )


def test_an_empty_panel_says_so_and_fills_itself(qtbot, bridge, view):
    assert view.is_empty()
    with qtbot.waitSignal(bridge.looked, timeout=60_000):
        view.empty_pressed.emit()
    assert bridge.look.title == "Digits"
    assert view.is_empty()
    assert view.reading() == ""
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: bridge.look.newest > 3, timeout=60_000)
    assert not view.is_empty()


def test_every_step_is_drawn_and_the_cursor_stands_at_its_step(qtbot, bridge, view):
    trained(qtbot, bridge, 40)
    assert len(view.steps.x) == 40
    bridge.seek(25)
    qtbot.waitUntil(lambda: bridge.look.step == 25)
    assert view.plot.frame.cursor == 25
    row = bridge.look.history.row(25)
    assert view.steps.at(25) == row["loss"]
    view.plot.reset_view()
    (past, _), (future, _) = view.train.parts(view.plot.current_view())
    assert (len(past), len(future)) == (25, 16)
    tested = bridge.look.history.evaluation_at(25)["test_loss"]
    assert {m.name: v for m, v in view.plot.time_rule.values()}["Test"] == tested
    assert view.reading().startswith("Step 25: mean loss ")


def test_a_hidden_panel_draws_nothing_until_it_is_seen_again(qtbot, bridge, view):
    trained(qtbot, bridge, 10)
    view.hide()
    bridge.run_to(20)
    qtbot.waitUntil(lambda: bridge.look.step == 20)
    assert len(view.steps.x) == 10
    view.show()
    assert len(view.steps.x) == 20


def test_tabs_log_and_window_change_what_is_drawn(qtbot, bridge, view):
    trained(qtbot, bridge, 30)
    assert view.plot.is_log() == (False, True)
    view.tabs.chosen.emit("Accuracy")
    assert view.state.tab == "accuracy"
    assert view.plot.is_log() == (False, False)
    assert not view.log.is_on()
    assert view.plot.y_axis.words == "Accuracy (%)"
    assert not len(view.steps.x)
    view.tabs.chosen.emit("Loss")
    assert view.log.is_on()
    tick = QPoint(8, view.log.height() // 2)
    qtbot.mouseClick(view.log, Qt.MouseButton.LeftButton, pos=tick)
    assert view.plot.is_log() == (False, False)
    view.width_of_mean.edited.emit(1)
    np.testing.assert_array_equal(view.train.y, view.steps.y)


def test_the_menu_of_the_plot_and_the_switch_above_it_agree(qtbot, bridge, view):
    trained(qtbot, bridge, 30)
    view.plot.set_log(y=False)
    assert not view.log.is_on()
    assert not view.state.is_log
    view.plot.set_log(y=True)
    assert view.log.is_on()


def test_a_mean_is_called_one(qtbot, bridge, view):
    trained(qtbot, bridge, 30)
    assert view.train.name == f"Training (mean of {view.state.window})"
    view.width_of_mean.edited.emit(1)
    assert view.train.name == "Training"
    view.tabs.chosen.emit("Gradient")
    assert view.train.name == "Gradient"
    view.width_of_mean.edited.emit(7)
    assert view.train.name == "Gradient (mean of 7)"


def test_more_hides_the_steps_and_shows_the_learning_rate(qtbot, bridge, view):
    trained(qtbot, bridge, 12)
    steps, whole, rate = [a for a in view.more.menu().actions() if a.isCheckable()]
    steps.trigger()
    whole.trigger()
    assert not len(view.steps.x)
    assert len(view.whole.x) == 3
    rate.trigger()
    assert set(view.train.y) == {0.1}
    assert view.plot.y_axis.words == "Learning rate η"
    view.tabs.chosen.emit("Gradient")
    assert not rate.isChecked()
    assert view.plot.y_axis.words.startswith("Gradient norm")


def test_an_edit_stands_on_the_axis_with_its_words(qtbot, bridge, view):
    trained(qtbot, bridge, 10)
    bridge.edit({"optimizer.learning_rate": 0.02})
    bridge.run_to(15)
    qtbot.waitUntil(lambda: bridge.look.step == 15)
    (edit,) = view.plot.events.edits
    assert edit.step == 10
    words = "Step 10: learning rate 0.1 → 0.02"
    assert view.plot.events.words_at((10.0, 0.0), (0.1, 0.1)) == words
    assert view.plot.events.words_at((12.0, 0.0), (0.1, 0.1)) == ""
    view.plot.reset_view()
    place = view.plot.box.mapViewToScene(QPointF(10.0, view.plot.view_range()[1][1]))
    shown = view.plot.grab().toImage()
    at = view.plot.view.mapTo(view.plot, view.plot.view.mapFromScene(place)) + QPoint(0, 2)
    assert shown.pixelColor(at).name().upper() == LIGHT.text


def test_zoomed_in_only_the_visible_steps_are_asked_for(qtbot, bridge, view):
    trained(qtbot, bridge, 40)
    view.plot.set_range(x=(10.0, 20.0))
    qtbot.waitUntil(lambda: view.steps.x[-1] == 20)
    assert view.steps.x[0] == 10
    numbers = view.plot.numbers()
    assert len(numbers["Each step: Step"]) == 40
    view.plot.reset_view()
    qtbot.waitUntil(lambda: len(view.steps.x) == 40)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_it_draws_in_both_themes(qtbot, qapp, bridge, view, name):
    theme.apply(qapp, name)
    trained(qtbot, bridge, 10)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2) == theme.colour("base")
    theme.apply(qapp, "light")


def test_the_spec_names_the_panel():
    assert (PANEL.name, PANEL.title) == ("loss", "Loss")


def test_regression_has_no_accuracy_and_says_so(qtbot, bridge, view):
    changed = small().changed({"data.kind": "curve", "loss.kind": "mse_loss"})
    bridge.load(changed)
    bridge.run_to(4)
    qtbot.waitUntil(lambda: bridge.look is not None and bridge.look.step == 4, timeout=60_000)
    view.tabs.chosen.emit("Accuracy")
    assert view.is_empty()
    view.empty_pressed.emit()
    assert not view.is_empty()
    assert (view.state.tab, view.tabs.current()) == ("loss", "Loss")
