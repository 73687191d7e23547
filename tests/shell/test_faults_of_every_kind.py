"""An exception in every place where one can be raised: told once, and the window lives on."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QObject,
    QRunnable,
    QThread,
    QThreadPool,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QWidget

from lab.shell.faults import FaultInbox, Hooks

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

LONG_MS = 10_000


class Failing(QWidget):
    """Raises wherever it is told to."""

    fired = Signal()

    def __init__(self, place: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.place, self.times = place, 0
        self.fired.connect(self.fail)

    @Slot()
    def fail(self) -> None:
        self.times += 1
        raise ValueError(f"raised in a {self.place}")

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.place == "paint":
            self.fail()

    def event(self, event: QEvent) -> bool:
        if self.place == "event" and event.type() == QEvent.Type.User:
            self.fail()
        return super().event(event)


class Task(QRunnable):
    def __init__(self, act) -> None:
        super().__init__()
        self.run = act


class Thread(QThread):
    def __init__(self, act, parent: QObject) -> None:
        super().__init__(parent)
        self.run = act


def in_slot(failing, _bridge):
    failing.fired.emit()


def in_paint(failing, _bridge):
    failing.resize(50, 50)
    failing.show()
    failing.update()


def in_event(failing, _bridge):
    QCoreApplication.postEvent(failing, QEvent(QEvent.Type.User))


def in_timer(failing, _bridge):
    QTimer.singleShot(0, failing.fail)


def in_thread(failing, _bridge):
    thread = threading.Thread(target=failing.fail)
    thread.start()
    thread.join()


def in_qthread(failing, _bridge):
    thread = Thread(failing.fail, failing)
    thread.start()
    assert thread.wait(LONG_MS)


def in_qrunnable(failing, _bridge):
    task = Task(failing.fail)
    task.setAutoDelete(False)
    QThreadPool.globalInstance().start(task)
    assert QThreadPool.globalInstance().waitForDone(LONG_MS)


def in_worker(failing, bridge):
    def job(run):
        failing.fail()
        yield

    bridge.submit("export", job)


def in_question(failing, bridge):
    bridge.watch("failing", lambda bench: failing.fail())


PLACES = (in_slot, in_paint, in_event, in_timer, in_thread, in_qthread, in_qrunnable)
ENGINE = (in_worker, in_question)


@pytest.fixture
def inbox(window):
    made = FaultInbox(window)
    hooks = Hooks(made)
    hooks.install()
    window.listen(made)
    yield made
    hooks.remove()


@pytest.mark.fault("T1")
@pytest.mark.fault("T2")
@pytest.mark.parametrize("raise_in", PLACES, ids=lambda place: place.__name__[3:])
def test_an_exception_anywhere_is_told_once_by_the_windows_own_thread(drive, inbox, raise_in):
    told, told_in = [], set()
    inbox.told.connect(told.append)
    inbox.told.connect(lambda _fault: told_in.add(threading.get_ident()))
    failing = Failing(raise_in.__name__[3:], drive.window)
    for times in range(1, 4):  # a paint that fails does so in every frame
        raise_in(failing, drive.bridge)
        drive.qtbot.waitUntil(lambda n=times: failing.times >= n, timeout=LONG_MS)
    failing.place = ""
    drive.qtbot.waitUntil(lambda: bool(told), timeout=LONG_MS)
    inbox.take()
    words = f"raised in a {raise_in.__name__[3:]}"
    assert len(told) == 1
    assert words in told[0].summary
    assert told_in == {threading.main_thread().ident}
    assert words in drive.window.notices.text()
    drive.bridge.step()
    drive.wait(1)


@pytest.mark.fault("T1")
@pytest.mark.fault("T2")
@pytest.mark.parametrize("raise_in", ENGINE, ids=lambda place: place.__name__[3:])
def test_an_exception_in_the_engines_thread_is_told_and_the_run_goes_on(drive, raise_in):
    drive.bridge.play()
    raise_in(Failing(raise_in.__name__[3:], drive.window), drive.bridge)
    words = f"raised in a {raise_in.__name__[3:]}"
    drive.qtbot.waitUntil(lambda: words in drive.window.notices.text(), timeout=LONG_MS)
    drive.bridge.pause()
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing, timeout=LONG_MS)
    drive.bridge.seek(0)
    drive.wait(0)
    drive.bridge.step()
    drive.wait(1)
