from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from lab.presets import PRESETS
from lab.shell.actions import Actions, ActionSpec
from lab.shell.help_commands import ShortcutTable, shortcuts


def typed(drive, text):
    palette = drive.window.palette_
    drive.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert palette.isVisible()
    drive.qtbot.keyClicks(palette._field, text)
    return palette


def test_typing_a_part_of_a_name_runs_the_command(drive):
    palette = typed(drive, "new seed")
    assert palette.found()[0] == "New seed"
    first = drive.bridge.look.run
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > first)
    assert palette.isHidden()


def test_a_number_goes_to_that_step(drive):
    drive.run_to(40)
    palette = typed(drive, "12")
    assert palette.found() == ("Go to step 12",)
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    drive.wait(12)


def test_arrows_choose_and_escape_closes(drive):
    palette = typed(drive, "theme")
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Down)
    assert palette._list.currentIndex().row() == 1
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Escape)
    assert palette.isHidden()
    assert not drive.bridge.look.playing


def test_ten_whole_rows_and_nothing_else_are_seen(drive):
    rows = typed(drive, "")._list
    assert not rows.horizontalScrollBar().isVisible()
    assert rows.viewport().height() == 10 * rows.sizeHintForRow(0)


def test_letters_that_match_nothing_find_nothing_and_do_nothing(drive):
    palette = typed(drive, "qqqqqq")
    assert palette.found() == ()
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Return)
    assert drive.bridge.look.step == 0


def test_every_preset_and_panel_is_a_command(window):
    palette = window.palette_
    palette.open()
    found = " ".join(palette.found())
    assert all(f"Preset: {p.title}" in found for p in PRESETS.values())
    assert all(spec.title in found for spec in window.desk.specs.values())


def test_every_action_says_what_it_means_and_its_key(window):
    for spec, action in window.actions_.all():
        assert spec.meaning, spec.name
        assert action.toolTip().startswith(spec.meaning), spec.name
    assert "Space" in window.actions_["run.toggle"].toolTip()
    assert "Right or N" in window.actions_["run.step"].toolTip()


def test_no_two_actions_share_a_key(window):
    keys = [k.toString() for _s, a in window.actions_.all() for k in a.shortcuts()]
    assert len(keys) == len(set(keys))
    for wanted in ("Space", "Right", "N", "Left", "Ctrl+R", "Esc", "Ctrl+Shift+P", "Ctrl+K"):
        assert wanted in keys
    assert "F1" in keys


def test_a_taken_name_or_key_is_refused(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    actions = Actions(widget)
    actions.add(ActionSpec("a", "A", "File", "A thing", ("Ctrl+T",)))
    with pytest.raises(ValueError, match="taken"):
        actions.add(ActionSpec("a", "A", "File", "A thing"))
    with pytest.raises(ValueError, match=r"Ctrl\+T belongs to a"):
        actions.add(ActionSpec("b", "B", "File", "Another", ("Ctrl+T",)))


def test_menus_hold_the_actions_of_the_registry(window):
    for title, menu in window.top_bar.titles.items():
        menu.aboutToShow.emit()
        texts = [a.text() for a in menu.actions() if not a.isSeparator()]
        wanted = [s.text for s, _a in window.actions_.all() if s.menu == title]
        assert set(wanted) <= set(texts), title


def test_the_table_of_shortcuts_lists_every_key(window, qtbot):
    rows = shortcuts(window.actions_)
    table = ShortcutTable(window.actions_, window)
    qtbot.addWidget(table)
    assert table.table.rowCount() == len(rows)
    assert ("Space", "Play or pause") in [row[:2] for row in rows]


def test_diagnostics_are_copied_in_plain_text(window):
    window.actions_["help.diagnostics"].trigger()
    text = QApplication.clipboard().text()
    assert "torch" in text
    assert "Run: Tiny, step 0" in text


def test_an_edit_of_the_settings_can_be_undone_by_name(drive):
    from lab.ui.undo import change_settings

    change_settings(drive.bridge, {"optimizer.learning_rate": 0.5}, "learning rate")
    drive.qtbot.waitUntil(
        lambda: drive.bridge.look.settings.value("optimizer.learning_rate") == 0.5
    )
    undo = drive.window.actions_["edit.undo"]
    drive.qtbot.waitUntil(lambda: undo.text() == "Undo learning rate")
    assert drive.window.status._saved.text() == "Unsaved changes"
    drive.run_to(3)
    assert undo.text() == "Undo learning rate, from here on"
    undo.trigger()
    drive.qtbot.waitUntil(
        lambda: drive.bridge.look.settings.value("optimizer.learning_rate") == 0.05
    )


@pytest.mark.parametrize("way", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_the_palette_gives_the_keys_back(drive, way):
    drive.qtbot.waitUntil(lambda: drive.window.isActiveWindow())
    had = next(f for f in drive.window.findChildren(QLineEdit) if f.isVisible())
    had.setFocus()
    palette = typed(drive, "qqqqqq")
    assert QApplication.focusWidget() is palette._field
    drive.qtbot.keyClick(palette._field, way)
    assert QApplication.focusWidget() is had


def test_a_palette_opened_from_nowhere_leaves_no_control_with_the_keys(drive):
    drive.qtbot.waitUntil(lambda: drive.window.isActiveWindow())
    QApplication.focusWidget().clearFocus()
    palette = typed(drive, "12")
    drive.qtbot.keyClick(palette._field, Qt.Key.Key_Escape)
    assert not isinstance(QApplication.focusWidget(), QAbstractButton | QLineEdit)
