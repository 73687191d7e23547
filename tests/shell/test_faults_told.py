from __future__ import annotations

import gc
import logging
import sys
import threading
import weakref
from types import ModuleType

import pytest
from PySide6.QtCore import QObject, QTimer, Signal, Slot, qWarning

from lab.shell import diagnostics, faults
from lab.shell.faults import FaultInbox, Hooks
from lab.shell.notices import Notices, TextSheet


class Sender(QObject):
    fired = Signal()


class Failing(QObject):
    @Slot()
    def fail(self):
        raise ValueError("a slot that fails")

    @Slot()
    def fail_elsewhere(self):
        raise KeyError("another one")


@pytest.fixture
def inbox(qtbot):
    made = FaultInbox()
    hooks = Hooks(made)
    hooks.install()
    yield made
    hooks.remove()
    made.deleteLater()


@pytest.fixture
def told(inbox):
    found = []
    inbox.told.connect(found.append)
    return found


@pytest.mark.fault("T1")
def test_a_slot_that_fails_is_told_once(inbox, told, qtbot):
    sender, failing = Sender(), Failing()
    sender.fired.connect(failing.fail)
    for _ in range(50):
        sender.fired.emit()
    qtbot.waitUntil(lambda: bool(told))
    inbox.take()
    assert len(told) == 1
    assert "a slot that fails" in told[0].summary
    assert "test_faults_told.py" in told[0].detail
    sender.fired.disconnect(failing.fail)
    sender.fired.connect(failing.fail_elsewhere)
    sender.fired.emit()
    inbox.take()
    assert len(told) == 2


@pytest.mark.fault("T1")
@pytest.mark.fault("T2")
def test_errors_of_timers_and_threads_are_told_in_the_window_thread(inbox, told, qtbot):
    failing = Failing()
    QTimer.singleShot(0, failing.fail)
    seen_in = []
    inbox.told.connect(lambda _fault: seen_in.append(threading.current_thread()))

    def fail():
        raise OSError("a thread that fails")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert set(seen_in) == {threading.main_thread()}


@pytest.mark.fault("T1")
def test_no_more_than_twenty_a_minute(inbox, told):
    for line in range(100):
        inbox.put(faults.Fault("s", "d", ("ValueError", "file.py", line)))
    inbox.take()
    assert len(told) == faults.MOST_A_MINUTE


def test_the_frames_of_a_failure_are_let_go(inbox):
    class Large:
        pass

    def fail():
        large = Large()
        seen.append(weakref.ref(large))
        raise ValueError("with a large local")

    seen: list[weakref.ref[Large]] = []
    try:
        fail()
    except ValueError as error:
        caught = error
    sys.excepthook(type(caught), caught, caught.__traceback__)
    gc.collect()
    assert seen[0]() is None  # though the exception itself is still held here
    assert isinstance(caught, ValueError)


def test_warnings_of_qt_go_to_the_log(inbox, caplog):
    with caplog.at_level(logging.WARNING, "lab.shell"):
        qWarning("something about a pixmap")
    assert "something about a pixmap" in caplog.text


def failing_in(module: str) -> None:
    made = ModuleType(module)
    exec("def fail():\n    raise RuntimeError('drawn wrongly')", made.__dict__)
    try:
        made.fail()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)


@pytest.mark.fault("T1")
def test_a_panel_that_fails_three_times_is_stopped_and_can_be_opened_anew(window, inbox):
    window.listen(inbox)
    for _ in range(3):
        failing_in("lab.panels.loss.view")
    inbox.take()
    dock = window.desk.host.docks["loss"]
    assert dock.is_disabled
    assert "loss" in window.notices.text()
    assert window.notices.count == 2
    dock.widget().pressed.emit()
    assert not dock.is_disabled


def test_a_panel_that_cannot_be_made_leaves_the_window_whole(window, monkeypatch):
    dock = window.desk.host.docks["loss"]

    def fail(_bridge):
        raise RuntimeError("no such axis")

    monkeypatch.setattr(window.desk, "_made", fail)
    window.desk.remake("loss")
    assert dock.is_disabled
    monkeypatch.undo()
    window.desk.remake("loss")
    assert not dock.is_disabled


def test_details_can_be_read_and_copied(qtbot):
    notices = Notices(None)
    qtbot.addWidget(notices)
    notices.tell("error", "It broke.", detail="line 1\nline 2")
    notices._details.click()
    sheet = notices.findChild(TextSheet)
    assert sheet._text.toPlainText() == "line 1\nline 2"
    assert not sheet.isModal()
    notices.tell("info", "Something else.")
    assert notices._details.isHidden()
    assert notices.text() == "Something else."


def test_the_log_turns_over_and_its_end_is_in_the_diagnostics(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnostics, "SIZE", 2000)
    handler = diagnostics.start_log(tmp_path)
    for number in range(100):
        logging.getLogger("lab.test").warning("line %d", number)
    diagnostics.stop_log(handler)
    files = sorted(p.name for p in tmp_path.iterdir())
    assert files == ["nabla.log", "nabla.log.1", "nabla.log.2", "nabla.log.3"]
    report = diagnostics.report(tmp_path, None)
    assert "line 99" in report
    assert "PySide6-Essentials: 6.9" in report
    assert diagnostics.last_lines(tmp_path / "none") == []
