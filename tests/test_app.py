"""The program as a process, and its pictures."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from PySide6.QtGui import QImage

from lab import app
from lab.engine.experiment import experiment
from lab.engine.kinds import ExperimentError
from lab.engine.records import Record, record_text
from lab.files.errors import SaveError
from tests.endless import ENDLESS

WATCHED = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from lab import app
from lab.shell.main_window import MainWindow

qt = app.application()
said = []

def look():
    found = [w for w in qt.topLevelWidgets() if isinstance(w, MainWindow)]
    window = found[0] if found else None
    seen = window.bridge.look if window and window.bridge else None
    if seen is None:
        if window and window.notices.text() and not said:
            said.append(True)
            print("told", window.notices.text(), flush=True)
            window.close()
        return
    if not seen.playing and not said:
        window.bridge.play()
    if seen.step > 20 and not said:
        said.append(True)
        print("training", window.settings.workspace, sorted(window.desk.host.shown), flush=True)
        if {close}:
            window.close()

timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
file = Path(sys.argv[1]) if len(sys.argv) > 1 else None
code = app.open_window(file)
print("closed", flush=True)
app.leave(code)
"""


@pytest.fixture
def home(tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def endless(tmp_path):
    file = tmp_path / "endless.toml"
    file.write_text(record_text(Record(experiment(ENDLESS))))
    return file


def orphan(folder):
    """A temporary file of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    folder.mkdir(exist_ok=True)
    file = folder / f".nabla-{process.pid}-{'0' * 16}.tmp"
    file.touch()
    return file


def started(home, *arguments, close, before=""):
    env = os.environ | {"NABLA_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    code = before + WATCHED.replace("{close}", str(close))
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process, within_s):
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert time.monotonic() - began <= within_s
    return out, err


@pytest.mark.fault("T3")
def test_the_window_closes_in_mid_training_with_code_0_and_comes_back(home, endless):
    left = [orphan(home), orphan(home / "log")]
    process = started(home, endless, close=True)
    assert process.stdout.readline().startswith("training Build")
    out, err = ended(process, within_s=20)
    assert out == "closed\n"
    assert "Traceback" not in err
    assert not any(file.exists() for file in left)
    settings = json.loads((home / "settings.json").read_text())
    assert settings["last"] == "Endless"
    assert not (home / "starting").exists()
    second = started(home, close=True)  # no file is named this time
    out, _err = ended(second, within_s=60)
    assert out.startswith("training Build")


@pytest.mark.fault("T3")
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGTERM to answer there")
def test_a_signal_closes_as_the_cross_does(home, endless):
    process = started(home, endless, close=False)
    assert process.stdout.readline().startswith("training")
    process.send_signal(signal.SIGTERM)
    out, _err = ended(process, within_s=20)
    assert out == "closed\n"
    assert (home / "session.toml").exists()


def test_after_three_starts_that_failed_nothing_is_opened_by_itself(home, endless):
    (home / "starting").write_text("3")
    (home / "settings.json").write_text('{"last": "Endless"}')
    (home / "session.toml").write_text(endless.read_text())
    out, _err = ended(started(home, close=True), within_s=60)
    assert out.startswith("told Nabla was closed three times")


def test_libraries_that_are_known_to_break_are_named_before_they_do(home):
    bad = "PySide6 7 bites; install 6.9.3."
    before = f"from lab import versions\nversions.known_bad_pairs = lambda: [{bad!r}]\n"
    out, err = ended(started(home, close=True, before=before), within_s=60)
    assert out.startswith(f"told {bad}")
    assert bad in err
    assert bad in (home / "log" / "nabla.log").read_text()


def test_a_screenshot_shows_the_run_at_its_step(qapp, qtbot, tmp_path):
    tiny = Record(experiment(ENDLESS | {"steps": 50}))
    out = tmp_path / "window.png"
    assert app.screenshot(tiny, out, size=(1280, 800), scale=1.0, steps=12) == out
    light = QImage(str(out))
    assert (light.width(), light.height()) == (1280, 800)
    dark = tmp_path / "dark.png"
    app.screenshot(tiny, dark, "Lecture", "dark", scale=2.0, steps=12)
    assert QImage(str(dark)).size() == light.size() * 2
    assert QImage(str(dark)).pixelColor(4, 4).lightness() < 60
    with pytest.raises(SaveError, match="exists already"):
        app.screenshot(tiny, out, steps=1)
    assert QImage(str(out)) == light


def test_a_screenshot_of_nothing_is_refused_in_a_sentence(qapp, qtbot, tmp_path):
    with pytest.raises(ExperimentError, match="preset"):
        app.screenshot("no-such-preset", tmp_path / "a.png")
    tiny = Record(experiment(ENDLESS))
    with pytest.raises(ExperimentError, match="wanted one of Build"):
        app.screenshot(tiny, tmp_path / "a.png", "Nowhere")
    wrong = Record(experiment(ENDLESS | {"data": {"kind": "csv", "path": "/nowhere.csv"}}))
    with pytest.raises(ExperimentError, match="nowhere"):
        app.screenshot(wrong, tmp_path / "a.png", steps=3)
    assert list(tmp_path.iterdir()) == []


def test_pictures_are_those_of_every_panel(qapp, qtbot, tmp_path):
    tiny = Record(experiment(ENDLESS | {"steps": 50}))
    names = {p.name for p in app.pictures(tmp_path, tiny, 10)}
    assert {"window.png", "loss-1.png", "loss-1.csv"} <= names
    assert {p.name for p in tmp_path.iterdir()} == names
