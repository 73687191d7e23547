"""Space plays and pauses, but where somebody is writing words."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from lab.shell.focus import keeps_key
from lab.ui.choices import SEARCH_FROM, Choice
from lab.ui.fields import IntField, NumberField

SPACE = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, " ")


@pytest.mark.parametrize("make", [NumberField, IntField])
def test_a_number_has_no_spaces(qtbot, make):
    field = make("Learning rate", 1)
    qtbot.addWidget(field)
    assert not keeps_key(field, SPACE)


def test_a_list_keeps_space_only_while_it_is_searched(qtbot):
    choice = Choice([f"entry {k}" for k in range(SEARCH_FROM)], "Filter")
    qtbot.addWidget(choice)
    line = choice.lineEdit()
    assert line is not None
    assert not keeps_key(line, SPACE)
    qtbot.keyClicks(line, "en")
    assert keeps_key(line, SPACE)


def test_a_line_of_text_keeps_it(qtbot):
    line = QLineEdit()
    qtbot.addWidget(line)
    assert keeps_key(line, SPACE)
