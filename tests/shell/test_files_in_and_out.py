from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTableWidget

from lab.engine.records import Record, read_record
from lab.shell.shots import Shot
from lab.shell.weights_table import WeightsTable


def saved(drive, path):
    drive.window.files.save(str(path))
    drive.qtbot.waitUntil(lambda: drive.window.status.text() == f"Saved {path.name}.")
    return path


def drop(window, paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(p)) for p in paths])
    event = QDropEvent(
        QPoint(100, 100),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)


def test_one_click_on_the_start_page_plays_a_preset(drive):
    window = drive.window
    window.actions_["file.new"].trigger()
    assert window.pages.currentWidget() is window.start_page
    card = next(c for c in window.start_page.cards() if c.name == "playground")
    drive.qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    drive.qtbot.waitUntil(
        lambda: drive.bridge.look.title == "Playground" and drive.bridge.look.step > 0
    )
    assert window.pages.currentWidget() is window.desk.host
    assert not window.notices.is_working
    drive.bridge.pause()


def test_keys_play_and_step_once_a_card_was_clicked(drive):
    window = drive.window
    window.actions_["file.new"].trigger()
    card = next(c for c in window.start_page.cards() if c.name == "digits-mlp")
    QTest.mouseClick(card, Qt.MouseButton.LeftButton)
    drive.qtbot.waitUntil(
        lambda: drive.bridge.look.title == "Digits" and drive.bridge.look.step > 3,
        timeout=30_000,
    )
    drive.qtbot.waitUntil(lambda: bool(window.desk.panel("data").findChildren(QLineEdit)))
    assert window.isActiveWindow()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    drive.qtbot.waitUntil(lambda: not drive.bridge.look.playing)
    step = drive.bridge.look.step
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_N)
    drive.wait(step + 1)


def test_progress_of_loading_stays_until_the_new_run_is_there(drive):
    reporter, bridge = drive.window.reporter, drive.bridge
    reporter.loading("Opening Digits...")
    bridge.step()
    drive.wait(1)
    bridge.play()
    drive.qtbot.waitUntil(lambda: bridge.look.step > 20)
    assert drive.window.notices.is_working
    drive.begin()
    assert not drive.window.notices.is_working


def test_both_of_two_quick_saves_are_written(drive, tmp_path):
    drive.run_to(7)
    paths = tmp_path / "first.json", tmp_path / "second.json"
    for path in paths:
        drive.window.files.save(str(path))
    drive.qtbot.waitUntil(lambda: all(p.exists() for p in paths))
    assert [read_record(p).steps for p in paths] == [7, 7]


def test_a_preset_that_was_refused_does_not_play_the_next_run(drive, tiny_experiment):
    files = drive.window.files
    wrong = tiny_experiment(layers=["max_pool2d", "linear"])
    files.open_record(Record(wrong), "Wrong", play=True)
    drive.qtbot.waitUntil(lambda: "Max pool" in drive.window.notices.text())
    told = []
    drive.bridge.happened.connect(lambda event: told.append(event.status.value))
    drive.bridge.load(tiny_experiment(seed=4))
    drive.qtbot.waitUntil(lambda: "loaded" in told)
    drive.key(Qt.Key.Key_N)
    drive.wait(1)
    assert "started" not in told


def test_a_picture_waits_for_the_run_and_not_for_a_job(drive, tiny_experiment):
    def beside(_run):
        yield None

    shot = Shot(drive.window, Record(tiny_experiment(steps=10)), 200)
    drive.bridge.happened.connect(
        lambda e: drive.bridge.submit("beside", beside) if e.status.value == "loaded" else None
    )
    drive.bridge.set_speed(150)  # a second, while the job is over at once
    shot.wait()
    assert drive.bridge.look.step == 200
    assert shot.trouble == ""


def test_an_experiment_is_saved_and_dropped_back(drive, tmp_path):
    drive.run_to(10)
    drive.bridge.edit({"optimizer.learning_rate": 0.5})
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.edits) == 1)
    loss = drive.run_to(20).bridge.look.numbers["loss"]
    file = saved(drive, tmp_path / "run.toml")
    record = read_record(file)
    assert (record.steps, len(record.edits)) == (20, 1)
    run = drive.bridge.look.run
    drop(drive.window, [tmp_path / "film.mkv", file])
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > run)
    assert drive.run_to(20).bridge.look.numbers["loss"] == loss
    assert drive.window.settings.recent[0] == str(file)


def test_a_table_of_ones_own_becomes_a_run(drive, tmp_path):
    rows = np.random.default_rng(0).normal(size=(80, 3))
    lines = [f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b, _ in rows]
    file = tmp_path / "mine.csv"
    file.write_text("\n".join(["a,b,answer", *lines]))
    drop(drive.window, [file])
    drive.qtbot.waitUntil(lambda: drive.bridge.look.title == "mine", timeout=20_000)
    assert drive.bridge.look.data.class_names == ("no", "yes")
    assert drive.run_to(3).bridge.look.step == 3


def test_an_array_of_ones_own_with_numbers_as_target(drive, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz", x=rng.normal(size=(40, 3)), y=rng.normal(size=40))
    drive.window.files.open_path(str(tmp_path / "mine.npz"))
    drive.qtbot.waitUntil(lambda: drive.bridge.look.title == "mine", timeout=20_000)
    assert drive.bridge.look.settings.loss.kind == "mse_loss"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("bad.toml", "this is = = no TOML", "not valid TOML"),
        ("gone.toml", None, "gone.toml"),
        ("film.mkv", "x", "film.mkv"),
        ("empty.csv", "", "empty.csv"),
    ],
)
def test_what_cannot_be_opened_is_told_and_the_run_stays(drive, tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_text(text)
    run = drive.bridge.look.run
    drop(drive.window, [tmp_path / name])
    drive.qtbot.waitUntil(lambda: words in drive.window.notices.text(), timeout=20_000)
    drive.key(Qt.Key.Key_N)
    drive.wait(1)
    assert drive.bridge.look.run == run


def exported(drive, name, path, **options):
    drive.window.weights.export(name, path, **options)
    drive.qtbot.waitUntil(
        lambda: drive.window.status.text() == f"Wrote {path.name}.", timeout=30_000
    )


def test_weights_go_out_and_come_back_through_the_table(drive, tmp_path):
    drive.run_to(15)
    file = tmp_path / "weights.safetensors"
    exported(drive, "safetensors", file)
    drive.window.weights.open(str(file))
    drive.qtbot.waitUntil(lambda: drive.window.findChild(WeightsTable) is not None)
    table = drive.window.findChild(WeightsTable)
    assert table.load.isEnabled()
    assert table.notes.isHidden()
    assert len(drive.bridge.look.branches) == 1  # nothing has changed yet
    table.accept()
    assert "in use" not in drive.window.status.text()  # that is told once it is so
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.branches) == 2)
    told = "Weights of weights.safetensors are in use, on a branch of their own."
    drive.qtbot.waitUntil(lambda: drive.window.status.text() == told)


def test_numbers_that_are_not_finite_and_other_types_are_told(drive, tmp_path):
    from lab.files.weights import read_safetensors, write_safetensors

    file = tmp_path / "weights.safetensors"
    exported(drive, "safetensors", file)
    tensors = {n: t.double() for n, t in read_safetensors(file).tensors.items()}
    tensors["0.weight"][0, 1] = float("nan")
    write_safetensors(file, tensors, overwrite=True)
    drive.window.weights.open(str(file))
    drive.qtbot.waitUntil(lambda: drive.window.findChild(WeightsTable) is not None)
    table = drive.window.findChild(WeightsTable)
    told = table.notes.text()
    assert "float64" in told
    assert "0.weight: 1 value not finite" in told
    assert table.notes.isVisible()
    table.reject()


def test_weights_that_do_not_fit_are_shown_and_not_loaded(drive, tmp_path, tiny_experiment):
    file = tmp_path / "weights.pt"
    exported(drive, "pt", file)
    drive.begin(tiny_experiment(layers=[{"kind": "linear", "units": 5}, "tanh", "linear"]))
    drop(drive.window, [file])
    drive.qtbot.waitUntil(
        lambda: drive.window.findChild(WeightsTable) is not None, timeout=30_000
    )
    table = drive.window.findChild(WeightsTable)
    assert not table.load.isEnabled()
    assert "3 of 4 tensors do not fit" in table.sentence
    rows = table.findChild(QTableWidget)
    assert rows.item(0, 1).text() == "5×2"
    assert rows.item(0, 2).text() == "4×2"
    table.reject()
    assert len(drive.bridge.look.branches) == 1


def test_an_export_never_replaces_a_file_unasked(drive, tmp_path):
    file = tmp_path / "script.py"
    file.write_text("mine")
    drive.window.weights.export("python", file)
    drive.qtbot.waitUntil(lambda: "exists already" in drive.window.notices.text())
    assert drive.window.notices.text().startswith("script.py")
    assert file.read_text() == "mine"
    assert not drive.window.notices.is_working
    exported(drive, "python", file, overwrite=True)
    assert "def network" in file.read_text()


def test_a_picture_of_the_window_is_twice_as_fine(window, tmp_path):
    from PySide6.QtGui import QImage

    window.weights.export_picture(str(tmp_path / "window.png"))
    assert QImage(str(tmp_path / "window.png")).size() == window.size() * 2
    window.weights.export_picture(str(tmp_path / "missing" / "window.png"))
    assert "folder" in window.notices.text()
