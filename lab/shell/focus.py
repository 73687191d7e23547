"""Which single keys belong to the control that has the focus, and not to the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QComboBox,
    QLineEdit,
    QMenuBar,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from lab.shell.scrubber import Scrubber
from lab.ui.choices import Segmented
from lab.ui.fields import IntField, NumberField

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

_ARROWS = {Qt.Key.Key_Left, Qt.Key.Key_Right}
_WITH_ARROWS = (QAbstractItemView, QAbstractSlider, QTabBar, QMenuBar, Segmented, Scrubber)
_WITH_TEXT = (QLineEdit, QPlainTextEdit, QTextEdit)


def keeps_key(widget: QWidget | None, event: QKeyEvent) -> bool:
    """Whether a key without Ctrl or Alt means something to the control that has the focus.

    Space presses a button that was reached by the keyboard; one that was merely clicked gives
    it back to play and pause.
    """
    held = event.modifiers() & ~(
        Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
    )
    if widget is None or held != Qt.KeyboardModifier.NoModifier:
        return False
    if isinstance(widget, QLineEdit) and event.key() == Qt.Key.Key_Escape:
        return widget.isModified()  # takes back what was typed, or else belongs to the window
    if event.key() == Qt.Key.Key_Space and _has_no_spaces(widget):
        return False
    if isinstance(widget, _WITH_TEXT):
        return event.key() != Qt.Key.Key_Escape and not widget.isReadOnly()
    if event.key() in _ARROWS:
        return isinstance(widget, _WITH_ARROWS)
    if event.key() == Qt.Key.Key_Space:
        by_keyboard = widget.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
        return isinstance(widget, QAbstractButton | QComboBox) and by_keyboard
    return False


def _has_no_spaces(widget: QWidget) -> bool:
    """Whether a space means nothing here: in a number, or in a list nobody is searching."""
    if isinstance(widget, NumberField | IntField):
        return True
    in_list = isinstance(widget, QLineEdit) and isinstance(widget.parent(), QComboBox)
    return in_list and not widget.isModified()  # type: ignore[attr-defined]  # a line then
