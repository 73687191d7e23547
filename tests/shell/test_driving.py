from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

KEY = Qt.Key


def test_space_plays_and_pauses(drive):
    drive.key(KEY.Key_Space)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.playing and drive.bridge.look.step > 0)
    assert drive.window.transport.play.accessibleName() == "Pause"
    drive.key(KEY.Key_Space)
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing)
    assert drive.window.transport.play.accessibleName() == "Play"


@pytest.mark.parametrize("key", [KEY.Key_Right, KEY.Key_N])
def test_each_press_is_exactly_one_step(drive, key):
    for _ in range(5):
        drive.key(key)
    drive.wait(5)
    assert drive.bridge.look.newest == 5
    assert "Step 5" in drive.window.transport.readout.text()


def test_left_goes_back_and_the_future_stays(drive):
    drive.run_to(10)
    loss = drive.bridge.look.numbers["loss"]
    drive.key(KEY.Key_Left)
    drive.wait(9)
    assert drive.bridge.look.newest == 10
    assert drive.window.status.text().startswith("Viewing step 9 of 10.")
    drive.key(KEY.Key_Right)
    drive.wait(10)
    assert drive.bridge.look.numbers["loss"] == loss


def test_four_phases_are_one_step(drive):
    for phase in (1, 2, 3):
        drive.key(KEY.Key_P)
        drive.wait(0, phase=phase)
    assert drive.window.transport.phases.reached() == "Backward"
    drive.key(KEY.Key_P)
    drive.wait(1)
    assert drive.window.transport.phases.reached() == "Update"


def test_a_click_on_a_phase_carries_out_all_up_to_it(drive):
    phases = drive.window.transport.phases
    assert phases.reached() == ""
    buttons = phases._row._group.buttons()
    drive.qtbot.mouseClick(buttons[2], Qt.MouseButton.LeftButton)
    drive.wait(0, phase=3)
    drive.qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    drive.wait(1, phase=1)
    assert phases.reached() == "Forward"


def test_reset_begins_the_same_run_and_a_new_seed_another(drive):
    first = drive.run_to(5).bridge.look
    loss = first.numbers["loss"]
    drive.key(KEY.Key_R, Qt.KeyboardModifier.ControlModifier)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > first.run)
    assert drive.run_to(5).bridge.look.numbers["loss"] == loss
    drive.window.actions_["run.new_seed"].trigger()
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > first.run + 1)
    assert drive.run_to(5).bridge.look.numbers["loss"] != loss


def test_run_to_plays_up_to_a_step(drive):
    pace = drive.window.transport.pace
    assert pace._target.value() == 400
    drive.window.actions_["run.run_to"].trigger()
    drive.qtbot.waitUntil(lambda: QApplication.focusWidget() is pace._target)
    drive.qtbot.keyClicks(pace._target, "37")
    drive.qtbot.keyClick(pace._target, KEY.Key_Return)
    drive.wait(37)


def test_letters_typed_into_a_field_drive_nothing(drive):
    target = drive.window.transport.pace._target
    target.setFocus()
    drive.qtbot.waitUntil(target.hasFocus)
    for key in (KEY.Key_N, KEY.Key_P, KEY.Key_Space, KEY.Key_Left):
        drive.qtbot.keyClick(target, key)
    drive.window.actions_["run.step"].trigger()  # arrives after whatever the keys had sent
    drive.wait(1)
    assert drive.bridge.look.newest == 1


def test_space_presses_a_button_that_was_reached_by_the_keyboard(drive):
    drive.window.activateWindow()
    start = drive.window.transport.play
    start.setFocus(Qt.FocusReason.TabFocusReason)
    drive.window.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    drive.qtbot.keyClick(start, KEY.Key_Space)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.playing)  # once, not twice
    drive.bridge.pause()
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing)


def test_escape_pauses(drive):
    drive.bridge.set_speed(1.0)
    drive.bridge.play()
    drive.qtbot.waitUntil(lambda: drive.bridge.look.playing)
    drive.key(KEY.Key_Escape)
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing)


def test_the_speed_is_kept_to(drive):
    drive.window.transport.pace._speed.chosen.emit("5 steps/s")
    drive.qtbot.waitUntil(lambda: drive.bridge.look.speed == 5.0)
    assert drive.window.transport.pace._speed.current() == "5 steps/s"


def test_the_scrubber_seeks_where_it_is_clicked_and_dragged(drive):
    drive.run_to(100)
    bar = drive.window.transport.scrubber
    places = [QPoint(round(bar.x_of(step)), 20) for step in (25, 80)]
    drive.qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=places[0])
    drive.wait(bar.step_at(places[0].x()))
    drive.qtbot.mouseMove(bar, places[1])
    drive.qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=places[1])
    drive.wait(bar.step_at(places[1].x()))
    assert abs(drive.bridge.look.step - 80) <= 1
    assert drive.bridge.look.newest == 100


def test_a_notch_of_the_wheel_is_one_step(drive):
    drive.run_to(50)
    bar = drive.window.transport.scrubber
    place = QPointF(bar.rect().center())
    turn = QWheelEvent(
        place,
        bar.mapToGlobal(place),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(bar, turn)
    drive.wait(49)
    bar.setFocus()
    drive.qtbot.keyClick(bar, KEY.Key_Home)
    drive.wait(0)
    drive.qtbot.keyClick(bar, KEY.Key_End)
    drive.wait(50)


def test_a_drag_of_a_thousand_moves_asks_once_a_frame(drive, qtbot):
    drive.run_to(200)
    bar = drive.window.transport.scrubber
    asked = []
    bar.sought.connect(asked.append)
    drive.qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
    for x in range(1000):
        bar._wanted = x % 200
        if not bar._timer.isActive():
            bar._timer.start()
    drive.qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(60, 20))
    assert len(asked) <= 3
    drive.wait(asked[-1])


@pytest.mark.fault("T5")
def test_starting_and_stopping_quickly_ends_in_a_known_state(drive):
    for _ in range(100):
        drive.key(KEY.Key_Space)
        drive.key(KEY.Key_Escape)
    drive.key(KEY.Key_Escape)
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing)
    newest = drive.bridge.look.newest
    drive.window.actions_["run.last"].trigger()
    drive.key(KEY.Key_N)
    drive.wait(newest + 1)


def test_playing_from_the_past_branches_and_the_status_line_goes_back(drive):
    drive.run_to(20)
    drive.bridge.seek(5)
    drive.wait(5)
    drive.bridge.set_speed(None)
    drive.window.actions_["run.branch"].trigger()
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.branches) == 2)
    assert drive.window.status._branch.isVisible()
    drive.window.status.branch_chosen.emit(0)
    drive.wait(20)


def test_the_curve_shows_edits_and_repaints(drive):
    drive.run_to(30)
    drive.bridge.edit({"optimizer.learning_rate": 0.5})
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.edits) == 1)
    bar = drive.window.transport.scrubber
    before = bar.grab().toImage()
    drive.bridge.seek(3)
    drive.wait(3)
    assert bar.grab().toImage() != before


@pytest.mark.fault("M1")
def test_a_run_that_diverges_says_which_step(drive, tiny_experiment):
    changed = tiny_experiment(
        layers=["linear"],
        data={"kind": "curve", "samples": 40},
        loss="mse_loss",
        optimizer={"kind": "sgd", "learning_rate": 1e6},
    )
    drive.begin(changed)
    drive.bridge.play()
    drive.qtbot.waitUntil(lambda: "learning rate" in drive.window.notices.text())
    assert not drive.bridge.look.playing


@pytest.mark.fault("N6")
def test_a_wrong_wish_is_refused_in_a_banner(drive):
    drive.bridge.edit({"optimizer.learning_rate": -1})
    drive.qtbot.waitUntil(lambda: "learning_rate" in drive.window.notices.text())


def test_quick_notches_on_the_time_line_all_count(drive):
    drive.bridge.run_to(20)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.step == 20)
    scrubber, sought = drive.window.transport.scrubber, []
    scrubber.sought.connect(sought.append)
    for _ in range(4):
        scrubber._want(scrubber.step - 1)
    assert scrubber.step == 16
    drive.qtbot.waitUntil(lambda: drive.bridge.look.step == 16)
    assert sought[-1] == 16
    drive.bridge.seek(3)
    drive.qtbot.waitUntil(lambda: scrubber.step == 3)
