from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QStyle, QStyleOptionButton

from lab.shell.settings import Settings
from lab.shell.workspaces import WORKSPACES, find
from lab.ui import theme


def settle(qtbot):
    """Let Qt do what it has put off: layouts, and the deletion of widgets."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def test_panels_close_and_come_back_by_the_view_menu(window):
    host = window.desk.host
    action = window.actions_["view.panel.loss"]
    assert action.isChecked()
    panel = window.desk.panel("loss")
    action.trigger()
    assert "loss" not in host.shown
    assert not panel.isVisible()
    action.trigger()
    assert "loss" in host.shown
    assert window.desk.panel("loss") is panel


def test_the_cross_of_the_title_closes_a_panel(window, qtbot):
    window.desk.host.docks["run"].bar.close_pressed.emit()
    assert "run" not in window.desk.host.shown
    assert not window.actions_["view.panel.run"].isChecked()


def test_the_default_widths_are_those_of_the_table(window, qtbot):
    docks, wanted = window.desk.host.docks, WORKSPACES[0]
    for column, width in zip(wanted.columns, wanted.widths, strict=True):
        panel = next(p for p in column if p in docks)
        qtbot.waitUntil(lambda p=panel, w=width: abs(docks[p].width() - w) <= 8)


def test_a_panel_takes_the_whole_room_and_gives_it_back(window, qtbot):
    host = window.desk.host
    before = {name: host.docks[name].geometry() for name in host.shown}
    host.docks["loss"].bar.maximise_pressed.emit()
    assert host.shown == ("loss",)
    qtbot.waitUntil(lambda: host.docks["loss"].width() > 1200)
    host.docks["loss"].bar.maximise_pressed.emit()
    assert set(host.shown) == set(before)
    qtbot.waitUntil(lambda: {n: host.docks[n].geometry() for n in host.shown} == before)


def test_workspaces_come_back_with_their_own_panels_and_no_others(window, qtbot):
    desk = window.desk
    built_in = [w.name for w in WORKSPACES if w.name in desk.names]
    shown = {}
    for name in (*built_in, *built_in, *reversed(built_in)):
        desk.open(name)
        now = set(desk.host.shown)
        assert shown.setdefault(name, now) == now, name
        assert now == set(desk.host.docks) & set(find(name, tuple(desk.host.docks)).panels)


def test_workspaces_remember_their_own_arrangement(window):
    desk = window.desk
    names = desk.names
    assert names[0] == "Build"
    desk.host.set_shown("loss", False)
    desk.save_as("Mine")
    assert window.top_bar.workspaces()[-1] == "Mine"
    desk.open("Build")
    desk.reset()
    assert "loss" in desk.host.shown
    window.top_bar.workspace_chosen.emit("Mine")
    assert "loss" not in desk.host.shown
    window.actions_["view.forget_workspace"].trigger()
    assert desk.names == names


def test_reset_brings_back_what_was_closed_and_floating(window):
    host = window.desk.host
    for name in host.shown:
        host.docks[name].setFloating(True)
    host.set_shown("run", False)
    window.actions_["view.reset_layout"].trigger()
    assert "run" in host.shown
    assert not any(host.docks[name].isFloating() for name in host.shown)


def test_the_layout_comes_back_at_the_next_start(make_window):
    kept = Settings()
    first = make_window(kept)
    first.desk.host.set_shown("loss", False)
    first.remember()
    second = make_window(kept)
    assert "loss" not in second.desk.host.shown
    third = make_window(kept, is_safe=True)
    assert "loss" in third.desk.host.shown


def test_a_flipped_byte_gives_the_default_layout(make_window):
    kept = Settings()
    first = make_window(kept)
    first.desk.host.set_shown("loss", False)
    first.remember()
    state = kept.layouts["Build"]["state"]
    middle = len(state) // 2
    flipped = "A" if state[middle] != "A" else "B"
    kept.layouts["Build"]["state"] = state[:middle] + flipped + state[middle + 1 :]
    kept.geometry["state"] = "AAAA"
    assert "loss" in make_window(kept).desk.host.shown


@pytest.fixture
def frozen():
    """What is there before stays out of every collection, as in the program itself."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def test_a_hundred_panels_made_and_unmade_while_training_leave_none_alive(drive, frozen):
    drive.bridge.play()
    desk = drive.window.desk
    alive = [weakref.ref(desk.panel("loss"))]
    counts = []
    for place in range(100):
        desk.remake("loss")
        alive.append(weakref.ref(desk.panel("loss")))
        settle(drive.qtbot)
        if place % 10 == 9:
            gc.collect()  # as the timer of the window does
            counts.append(len(QApplication.allWidgets()))
    assert [ref() for ref in alive if ref() is not None] == [desk.panel("loss")]
    assert max(counts[1:]) - min(counts[1:]) < 5  # a notice may come; 90 panels may not stay
    drive.bridge.pause()


def test_opening_and_closing_a_panel_keeps_the_number_of_widgets(drive, frozen):
    action = drive.window.actions_["view.panel.loss"]
    counts = set()
    for _ in range(30):
        action.trigger()
        action.trigger()
        settle(drive.qtbot)
        counts.add(len(QApplication.allWidgets()))
    assert len(counts) == 1


def test_a_dock_of_one_pixel_and_no_docks_at_all_are_legal(window, qtbot):
    host = window.desk.host
    host.docks["loss"].setFloating(True)
    host.docks["loss"].resize(1, 1)
    settle(qtbot)
    for name in host.shown:
        host.set_shown(name, False)
    settle(qtbot)
    assert host.shown == ()
    window.desk.reset()
    assert host.shown


def test_light_and_dark_change_at_a_keystroke(window):
    before = theme.current().name
    window.actions_["view.theme"].trigger()
    assert theme.current().name != before
    assert window.settings.theme == theme.current().name
    window.actions_["view.theme"].trigger()
    assert theme.current().name == before


def test_nothing_is_clipped_at_1280_by_800(window, qtbot):
    assert window.minimumSizeHint().width() <= 1280
    for bar in (window.transport, window.top_bar, window.status):
        assert bar.minimumSizeHint().width() <= 1280
    phases = window.transport.phases
    assert phases.width() >= phases._row.sizeHint().width()
    right = window.transport.place.geometry().right()
    assert right <= window.transport.width()


def test_what_stands_in_the_status_line_stands_on_one_line(drive):
    drive.bridge.branch(0)
    link, status = drive.window.status._branch, drive.window.status
    drive.qtbot.waitUntil(link.isVisible)
    option = QStyleOptionButton()
    link.initStyleOption(option)
    words = link.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, link)
    middle = link.mapTo(status, words.center()).y()
    assert abs(middle - status._memory.geometry().center().y()) <= 1
    assert status._memory.geometry().right() >= status.width() - theme.MARGIN - 1
