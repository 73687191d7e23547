"""Panels opened, closed and made anew while training; edits and undo without end."""

from __future__ import annotations

import gc
import re
from functools import partial
from itertools import chain, permutations
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from lab.engine.news import Status
from lab.shell import registry
from lab.ui.panel import PanelFrame
from lab.ui.undo import change_settings

ROOT = Path(__file__).parents[2]
WARM_UP = 50
MOST_GROWTH = 5 * 2**20
LONG_MS = 30_000


def settle(qapp):
    """Let everything that was thrown away be gone, as the program's own timer does."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    gc.collect()


def alive(kind):
    return sum(shiboken6.isValid(o) for o in gc.get_objects() if issubclass(type(o), kind))


def memory():
    """The memory in use, in bytes; 0 where the system does not say."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * 4096 if statm.exists() else 0


def cycles(drive, times):
    """Make every panel anew so many times while training, and return the memory grown."""
    desk, qapp, begun = drive.window.desk, QApplication.instance(), 0
    names = list(registry.names())
    for name in names:
        desk.host.set_shown(name, True)  # one that was never seen is not made yet
    settle(qapp)
    widgets, panels = len(QApplication.allWidgets()), alive(PanelFrame)
    for number in range(times):
        name = names[number % len(names)]
        desk.remake(name)
        if number % 10 == 0:
            desk.host.set_shown(name, False)
            desk.host.set_shown(name, True)
            desk.panel(name).grab()
        if number == WARM_UP:
            settle(qapp)
            begun = memory()
    settle(qapp)
    assert drive.bridge.look.playing
    assert alive(PanelFrame) == panels == len(names)
    assert len(QApplication.allWidgets()) <= widgets
    return memory() - begun


@pytest.fixture
def training(drive, tiny_experiment):
    drive.begin(tiny_experiment(steps=10**9))
    drive.bridge.set_speed(20.0)  # the history of a run takes memory too
    drive.bridge.play()
    drive.qtbot.waitUntil(lambda: drive.bridge.look.step > 5, timeout=LONG_MS)
    failures = []
    drive.bridge.happened.connect(
        lambda event: failures.append(event) if event.status is Status.FAILED else None
    )
    yield drive
    assert not failures


@pytest.mark.fault("T7")
def test_panels_that_come_and_go_a_hundred_times_leave_nothing_behind(training):
    cycles(training, 102)


@pytest.mark.soak
@pytest.mark.fault("T7")
def test_panels_that_come_and_go_500_times_leave_nothing_behind(training):
    assert cycles(training, 501) <= MOST_GROWTH


@pytest.mark.fault("T7")
@pytest.mark.parametrize("name", registry.names())
def test_a_panel_closed_with_its_answer_under_way_is_gone_quietly(training, name):
    """Its question is asked, a look is under way, and the panel is thrown away before it."""
    host = training.window.desk.host
    host.set_shown(name, True)
    for _ in range(3):
        training.bridge.step()  # answers will come for a panel that is there no more
        training.window.desk.remake(name)
        host.docks[name].disable("Gone.")
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    newest = training.bridge.look.newest
    training.bridge.step()
    training.qtbot.waitUntil(lambda: training.bridge.look.newest > newest, timeout=LONG_MS)
    training.window.desk.remake(name)
    assert isinstance(training.window.desk.panel(name), PanelFrame)
    training.bridge.play()
    training.qtbot.waitUntil(lambda: training.bridge.look.playing, timeout=LONG_MS)


@pytest.mark.fault("T7")
def test_no_signal_is_connected_to_a_lambda():
    """A lambda that holds the widget keeps it alive for ever: 50 of 50 panels leaked."""
    pattern = re.compile(r"\.connect\(\s*lambda\b")
    assert pattern.search("button.clicked.connect(\n    lambda: self.go())")
    for source in (ROOT / "lab").rglob("*.py"):
        assert not pattern.search(source.read_text(encoding="utf-8")), source


@pytest.mark.fault("N8")
def test_edits_and_undo_pressed_without_pause_while_training(training):
    """What is begun anew, and what is taken over, in turns; each is undone and done again."""
    bridge, told = training.bridge, []
    bridge.happened.connect(told.append)
    begun_with = bridge.look.settings
    for number in range(250):
        rebuilt = {"layers.0.units": 3 + number % 5}
        edited = {"optimizer.learning_rate": 0.01 + number / 1e4}
        changes = rebuilt if number % 25 == 0 else edited
        change_settings(bridge, changes, "a change")
        bridge.undo_stack.undo()
        bridge.undo_stack.redo()
        bridge.undo_stack.undo()
    training.qtbot.waitUntil(partial(is_at_rest, bridge, begun_with), timeout=LONG_MS)
    assert {e.status for e in told} <= {Status.LOADED, Status.STARTED, Status.PAUSED}
    newest = bridge.look.newest
    bridge.step()
    training.qtbot.waitUntil(lambda: bridge.look.newest == newest + 1, timeout=LONG_MS)
    assert bridge.look.settings == begun_with
    bridge.play()
    training.qtbot.waitUntil(lambda: bridge.look.playing, timeout=LONG_MS)


def is_at_rest(bridge, wanted):
    return bridge.wish is None and bridge.look.settings == wanted


@pytest.mark.fault("T5")
def test_play_and_pause_are_pressed_while_a_dialog_is_open(training):
    from lab.ui.export_dialog import export_dialog

    dialog = export_dialog(training.window.desk.panel("loss"))
    training.qtbot.waitUntil(dialog.isVisible)
    for _ in range(100):
        training.bridge.toggle()
        training.window.actions_["run.toggle"].trigger()
    training.bridge.pause()
    training.qtbot.waitUntil(lambda: not training.bridge.look.playing, timeout=LONG_MS)
    newest = training.bridge.look.newest
    training.bridge.step()
    training.qtbot.waitUntil(lambda: training.bridge.look.newest == newest + 1)
    assert dialog.isVisible()
    dialog.reject()


@pytest.mark.parametrize(
    ("data", "loss"),
    [
        ("circle", "binary_cross_entropy_with_logits"),
        ("digits", "cross_entropy"),
        ("curve", "mse_loss"),
        ("iris", "cross_entropy"),
    ],
)
def test_no_tab_changes_the_size_of_the_window(drive, tiny_experiment, data, loss):
    drive.begin(tiny_experiment(data=data, loss=loss)).run_to(3)
    window, panel = drive.window, drive.window.desk.panel("data")
    widths = [window.width(), *(d.width() for d in window.desk.host.docks.values())]
    for tab in chain(*permutations(panel.tabs().choices(), 2)):
        panel.tabs().set_current(tab)
        panel.tabs().chosen.emit(tab)
        drive.qtbot.wait(60)
        now = [window.width(), *(d.width() for d in window.desk.host.docks.values())]
        assert now == widths, tab
