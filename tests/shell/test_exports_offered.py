"""Every format is offered in the real window once there is a run."""

from __future__ import annotations

from lab import app as nabla
from lab.engine.exports import FORMATS


def test_every_format_can_be_chosen_once_a_run_is_there(qtbot):
    with nabla.staged("xor", "Build", "light", (1280, 800), 1.0, 1) as window:
        for name in FORMATS:
            assert window.actions_[f"file.export.{name}"].isEnabled(), name


def test_two_exports_at_once_are_both_written(drive, tmp_path):
    names = ("safetensors", "python", "pt")
    for name in names:
        drive.window.weights.export(name, tmp_path / f"a.{name}")
    files = [tmp_path / f"a.{name}" for name in names]
    drive.qtbot.waitUntil(lambda: all(f.exists() for f in files), timeout=30_000)
    drive.qtbot.waitUntil(lambda: not drive.window.weights._exports)


def test_an_export_that_another_run_ends_is_told(drive, tmp_path, tiny_experiment):
    commands, told = drive.window.weights, []
    drive.window.notices.tell = lambda kind, text, **_: told.append((kind, text))
    number = drive.bridge.submit("export x", lambda _run: (None for _ in iter(int, 1)))
    commands._exports[number] = tmp_path / "a.pt"
    drive.bridge.load(tiny_experiment(seed=4))
    drive.qtbot.waitUntil(lambda: bool(told))
    assert told[0][0] == "warning"
    assert told[0][1].startswith("a.pt was not written: ")


def test_a_picture_written_by_a_dialog_is_told(drive, tmp_path):
    from lab.ui.export_dialog import export_dialog

    drive.run_to(5)
    dialog = export_dialog(drive.window.desk.panel("loss"))
    dialog.set_path(tmp_path / "loss.png")
    dialog._save.click()
    assert (tmp_path / "loss.png").exists()
    assert drive.window.status.text() == "Wrote loss.png."


def test_quit_ends_the_file_menu_and_no_word_is_said_twice(drive):
    from PySide6.QtWidgets import QMenu

    menu = QMenu(drive.window)
    drive.window.actions_.fill(menu, "File")
    assert menu.actions()[-1].objectName() == "file.quit"
    assert not any("Export Export" in a.text() or "Export:" in a.text() for a in menu.actions())
    names = [spec.text for spec, _ in drive.window.actions_.all() if "export." in spec.name]
    assert not any(text.startswith("Export") for text in names)
