"""Closing at every moment: the engine ends, what was made is kept, and nothing half is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest
from PySide6.QtWidgets import QApplication

from lab.engine.experiment import experiment
from lab.engine.records import Record, record_text
from lab.engine.run import Run
from lab.shell import sessions
from tests.endless import ENDLESS

DIGITS = ENDLESS | {"data": "digits", "loss": "cross_entropy"}
LONG_MS = 30_000
WITH_SIGNALS = pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "endless.toml"
    path.write_text(record_text(Record(experiment(ENDLESS))))
    return path


@pytest.fixture
def window(qtbot, qapp, tmp_path):
    """A window of the program, with a folder of its own to keep things in."""
    from lab.app import Opening
    from lab.shell.main_window import MainWindow
    from lab.shell.settings import Settings

    folder = tmp_path / "home"
    folder.mkdir()
    Run(experiment(DIGITS))  # what is imported late is here: only the closing is tested
    made = MainWindow(Settings(), folder)
    made.show()
    opening = Opening(made)
    with qtbot.waitSignal(opening.done, timeout=LONG_MS):
        opening.begin()
    made.open_desk()
    yield made
    made.close()
    made.deleteLater()


def train(qtbot, window, file):
    window.files.open_path(str(file))
    qtbot.waitUntil(lambda: window.bridge.look is not None, timeout=LONG_MS)
    window.bridge.play()
    qtbot.waitUntil(lambda: window.bridge.look.step > 5, timeout=LONG_MS)


def has_ended(window):
    names = {t.name for t in threading.enumerate()}
    return window.is_closed and not window.is_busy_at_close and "lab-engine" not in names


@pytest.mark.fault("T3")
def test_closing_while_a_run_is_loaded(window):
    window.bridge.load(experiment(DIGITS))
    assert window.bridge.wish is not None
    assert window.bridge.look is None
    window.close()
    assert has_ended(window)


@pytest.mark.fault("T3")
def test_closing_while_a_file_is_read(window, tmp_path):
    table = tmp_path / "long.csv"
    table.write_text("a,b\n" + "".join(f"{k},{k % 2}\n" for k in range(200_000)))
    window.files.open_path(str(table))
    window.close()
    assert has_ended(window)


@pytest.mark.fault("T3")
@pytest.mark.parametrize("name", ["safetensors", "python"])
def test_closing_amid_an_export_leaves_it_whole_or_not_at_all(
    qtbot, window, file, tmp_path, name
):
    train(qtbot, window, file)
    folder = tmp_path / "out"
    folder.mkdir()
    window.weights.export(name, folder / f"a.{name}")
    window.close()
    assert has_ended(window)
    left = {p.name: p.stat().st_size for p in folder.iterdir()}
    assert left == {} or (list(left) == [f"a.{name}"] and left[f"a.{name}"] > 100)


@pytest.mark.fault("T3")
def test_closing_twice_with_a_dialog_open_while_training(qtbot, window, file, tmp_path):
    from lab.ui.export_dialog import export_dialog

    train(qtbot, window, file)
    dialog = export_dialog(window.desk.panel("loss"))
    qtbot.waitUntil(dialog.isVisible)
    assert QApplication.activeModalWidget() is dialog
    window.close()
    window.close()
    assert has_ended(window)
    kept = sessions.kept(tmp_path / "home")
    assert kept.experiment == experiment(ENDLESS)


@pytest.mark.fault("T3")
def test_the_end_of_the_desktops_session_closes_and_keeps(qtbot, window, file, tmp_path):
    """On logging out Qt asks every window to close, as this does."""
    train(qtbot, window, file)
    QApplication.closeAllWindows()
    assert has_ended(window)
    assert sessions.kept(tmp_path / "home") is not None


IDLE = """
import signal, sys
from PySide6.QtCore import QCoreApplication, QTimer
from lab.shell.interrupts import Interrupts

app = QCoreApplication([])
interrupts = Interrupts()
interrupts.wanted.connect(app.quit)
interrupts.install()
QTimer.singleShot(0, lambda: print("idle", flush=True))
code = app.exec()
interrupts.remove()
sys.exit(code)
"""


@WITH_SIGNALS
@pytest.mark.fault("T4")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_signal_wakes_a_program_that_has_nothing_to_do(name):
    """No timer runs and no event comes: without a wakeup it would wait for ever."""
    with subprocess.Popen([sys.executable, "-c", IDLE], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"idle\n"
        try:
            process.send_signal(getattr(signal, name))
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()


PAUSED = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from lab import app
from lab.shell.main_window import MainWindow

qt = app.application()

def look():
    window = next((w for w in qt.topLevelWidgets() if isinstance(w, MainWindow)), None)
    if window is None or window.bridge is None or window.bridge.look is None:
        return
    timer.stop()
    from lab.ui.export_dialog import export_dialog
    export_dialog(window.desk.panel("loss"))
    print("a dialog stands open", flush=True)

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
app.leave(app.open_window(Path(sys.argv[1])))
"""


@WITH_SIGNALS
@pytest.mark.soak
@pytest.mark.fault("T3")
@pytest.mark.fault("T4")
def test_ctrl_c_ends_the_idle_program_behind_a_dialog_with_code_0(tmp_path, file):
    home = tmp_path / "home"
    home.mkdir()
    env = os.environ | {"NABLA_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", PAUSED, str(file)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=env, **pipes) as process:
        try:
            assert process.stdout.readline() == "a dialog stands open\n", process.stderr.read()
            process.send_signal(signal.SIGINT)
            _out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "Destroyed while" not in err
    assert (home / "session.toml").exists()
