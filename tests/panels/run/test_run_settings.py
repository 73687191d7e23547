"""Changes from the panel as the engine takes them: logged, undone, branched, refused."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from lab.engine.news import Status
from lab.panels.run.model import edits_in_words
from lab.panels.run.view import QUESTION
from lab.presets import load
from lab.ui.controls import LogSlider
from lab.ui.undo import reach


def rate_in_use(bench):
    return float(bench.optimizer.param_groups[0]["lr"])


def test_an_edit_is_logged_and_reaches_the_optimizer(desk):
    desk.load()
    desk.bridge.watch("test.rate", rate_in_use)
    desk.run_to(3)
    assert desk.look.answers["test.rate"] == 0.05
    desk.put("optimizer.learning_rate", "0.5")
    desk.wait_for("optimizer.learning_rate", 0.5)
    (edit,) = desk.look.edits
    assert (edit.step, edit.what, edit.old, edit.new) == (
        3,
        "optimizer.learning_rate",
        0.05,
        0.5,
    )
    desk.bridge.step()
    desk.until(lambda: desk.look.step == 4)
    assert desk.look.answers["test.rate"] == 0.5
    assert desk.look.run == 1
    assert "Step 3: learning rate 0.05 → 0.5" in desk.view._edits[0].text()


def test_a_change_that_needs_a_reset_is_undone_with_its_history(desk):
    desk.load().run_to(12)
    before = desk.look
    losses = [before.history.row(k)["loss"] for k in range(1, 13)]
    desk.put("seed", 77)
    desk.until(lambda: desk.look.run != before.run)
    assert (desk.look.step, desk.look.newest, desk.look.settings.seed) == (0, 0, 77)
    desk.bridge.undo_stack.undo()
    desk.until(lambda: desk.look.run == before.run)
    assert (desk.look.newest, desk.look.settings) == (12, before.settings)
    assert [desk.look.history.row(k)["loss"] for k in range(1, 13)] == losses
    assert desk.field("seed").value() == 5


@pytest.mark.fault("N6")
def test_a_value_the_engine_refuses_is_told_and_taken_back(desk):
    desk.load()
    run = desk.look.run
    desk.put("optimizer.learning_rate", "0")
    desk.until(lambda: desk.banner is not None)
    assert desk.banner.kind == "error"
    assert "learning_rate" in desk.banner.text()
    assert desk.field("optimizer.learning_rate").value() == 0.05
    assert desk.look.run == run


def test_a_change_the_worker_refuses_is_told_in_the_panel(desk, monkeypatch, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"\x00\x01\x02")
    monkeypatch.setattr("lab.panels.run.view.ask_for_data", lambda *_: str(bad))
    desk.load()
    run = desk.look.run
    desk.put("data.kind", "CSV file")
    desk.until(lambda: desk.banner is not None)
    assert "bad.csv" in desk.banner.text()
    assert desk.look.run == run
    assert desk.field("data.kind").current() == "Circle"
    desk.put("optimizer.learning_rate", "0.01")
    desk.wait_for("optimizer.learning_rate", 0.01)
    assert desk.banner is None


def test_a_file_that_is_not_chosen_changes_nothing(desk, monkeypatch):
    monkeypatch.setattr("lab.panels.run.view.ask_for_data", lambda *_: "")
    desk.load()
    desk.put("data.kind", "CSV file")
    assert desk.bridge.undo_stack.count() == 0
    assert desk.field("data.kind").current() == "Circle"


def test_moves_of_the_slider_are_one_thing_to_undo(desk, qtbot):
    desk.load().run_to(2)
    (slider,) = desk.view.form.findChildren(LogSlider)
    for _ in range(3):
        qtbot.keyClick(slider._slider, Qt.Key.Key_PageUp)
        desk.wait_for("optimizer.learning_rate", slider.value())
    assert slider.value() > 0.05
    assert desk.bridge.undo_stack.count() == 1
    desk.bridge.undo_stack.undo()
    desk.wait_for("optimizer.learning_rate", 0.05)
    assert desk.look.edits == ()


def test_undoing_another_method_brings_its_options_back(desk):
    desk.load()
    desk.put("optimizer.momentum", "0.75")
    desk.wait_for("optimizer.momentum", 0.75)
    before = desk.look.settings
    desk.put("optimizer.kind", "Adam")
    desk.wait_for("optimizer.kind", "adam")
    desk.bridge.undo_stack.undo()
    desk.until(lambda: desk.look.settings == before)


def test_a_change_in_the_past_begins_a_branch(desk):
    desk.load().run_to(10)
    kept = [desk.look.history.row(k)["loss"] for k in range(1, 11)]
    desk.bridge.seek(4)
    desk.until(lambda: desk.look.step == 4)
    assert desk.view.reading() == "Changes branch at step 4."
    desk.put("optimizer.learning_rate", "1.5")
    desk.until(lambda: len(desk.look.branches) == 2)
    assert (desk.look.branch, desk.look.branches[1].fork) == (1, 4)
    assert desk.look.settings.optimizer["learning_rate"] == 1.5
    desk.bridge.run_to(6)
    desk.until(lambda: desk.look.step == 6)
    desk.bridge.switch(0)
    desk.until(lambda: desk.look.branch == 0)
    assert [desk.look.history.row(k)["loss"] for k in range(1, 11)] == kept
    assert desk.look.edits == ()


def test_a_hidden_panel_asks_nothing(desk):
    desk.load()
    desk.until(lambda: QUESTION in desk.look.answers)
    desk.view.hide()
    desk.run_to(2)
    assert QUESTION not in desk.look.answers
    desk.view.show()
    desk.run_to(4)
    assert QUESTION in desk.look.answers
    assert desk.field("optimizer.learning_rate").value() == 0.05


def test_loss_and_network_follow_the_data_and_it_is_said(desk):
    desk.bridge.load(load("digits-mlp"))
    desk.until(lambda: desk.look is not None and not desk.view.is_empty())
    assert desk.look.data.notes  # pixels that never change: known, and no news
    assert desk.banner is None
    desk.put("data.kind", "Diabetes")
    desk.wait_for("data.kind", "diabetes")
    desk.until(lambda: desk.banner is not None)
    assert "The loss is now mean squared error." in desk.banner.text()
    assert desk.look.settings.loss.kind == "mse_loss"
    assert desk.field("loss.kind").current() == "Mean squared error"
    desk.put("data.kind", "Digit images")
    desk.wait_for("data.kind", "digit_images")
    desk.until(lambda: "flatten" in desk.banner.text())
    assert desk.look.settings.layers[0].kind == "flatten"
    desk.run_to(2)
    for _ in range(2):
        desk.bridge.undo_stack.undo()
    desk.wait_for("data.kind", "digits")
    assert desk.look.settings.loss.kind == "cross_entropy"


@pytest.mark.fault("D1")
def test_an_absent_device_is_told_and_its_wish_is_kept(desk):
    desk.load({"data": "iris", "layers": ["linear"], "device": "cuda:7"})
    desk.until(lambda: desk.banner is not None)
    assert "cuda:7" in desk.banner.text()
    assert desk.look.settings.device == "cuda:7"
    assert desk.look.device == "CPU"
    assert desk.field("device").current() == "cuda:7 (absent)"


def test_points_begin_with_those_that_are_seen(desk):
    desk.load()
    desk.put("data.kind", "Drawn points")
    desk.wait_for("data.kind", "points")
    points = desk.look.settings.data["points"]
    assert len(points) == 60
    assert {label for *_, label in points} == {0, 1}


def test_the_buttons_branch_and_reset(desk, qtbot):
    desk.load().run_to(5)
    buttons = {b.text(): b for b in desk.view.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Branch here"], Qt.MouseButton.LeftButton)
    desk.until(lambda: desk.look.branch == 1)
    with qtbot.waitSignal(
        desk.bridge.happened, check_params_cb=lambda e: e.status is Status.LOADED
    ):
        qtbot.mouseClick(buttons["Reset"], Qt.MouseButton.LeftButton)
    desk.until(lambda: desk.look.run == 2 and desk.look.newest == 0)


def test_two_changes_in_a_row_are_both_made(desk):
    """The second comes before the run of the first is there."""
    desk.load().run_to(3)
    before = desk.look
    desk.put("data.kind", "Moons")
    desk.put("seed", 9)
    desk.until(lambda: desk.look.run > before.run and desk.bridge.wish is None)
    desk.wait_for("seed", 9)
    assert desk.look.settings.data.kind == "moons"
    desk.bridge.undo_stack.undo()
    desk.until(lambda: desk.look.run == before.run)
    assert desk.look.newest == 3


def test_a_run_that_was_trained_between_two_changes_can_be_gone_back_to(desk):
    desk.load()
    for seed in (11, 12):
        desk.put("seed", seed)
        desk.wait_for("seed", seed)
        desk.run_to(seed)
    desk.bridge.undo_stack.undo()
    desk.wait_for("seed", 11)
    assert desk.look.newest == 11


def test_undo_at_the_step_of_the_edit_takes_it_out_of_the_log(desk):
    desk.load().run_to(4)
    desk.put("optimizer.learning_rate", "0.5")
    desk.wait_for("optimizer.learning_rate", 0.5)
    assert reach(desk.bridge) == ""
    desk.bridge.undo_stack.undo()
    desk.wait_for("optimizer.learning_rate", 0.05)
    assert desk.look.edits == ()


def test_undo_after_more_steps_is_an_edit_of_its_own_and_said_to_be_one(desk):
    desk.load().run_to(4)
    desk.put("optimizer.learning_rate", "0.5")
    desk.wait_for("optimizer.learning_rate", 0.5)
    desk.run_to(9)
    assert reach(desk.bridge) == "from here on"
    desk.bridge.undo_stack.undo()
    desk.wait_for("optimizer.learning_rate", 0.05)
    log = edits_in_words(desk.look.edits)
    assert log[0] == "Step 9: undone: learning rate 0.5 → 0.05"
    assert log[1] == "Step 4: learning rate 0.05 → 0.5"


def test_undo_in_the_past_begins_a_branch_without_the_edit(desk):
    desk.load().run_to(4)
    desk.put("optimizer.learning_rate", "0.5")
    desk.wait_for("optimizer.learning_rate", 0.5)
    desk.run_to(9)
    desk.bridge.seek(4)
    desk.until(lambda: desk.look.step == 4)
    assert reach(desk.bridge) == "on a branch from here"
    desk.bridge.undo_stack.undo()
    desk.until(lambda: len(desk.look.branches) == 2)
    assert desk.look.edits == ()
