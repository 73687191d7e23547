"""Undo and redo: one stack for every edit of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lab.shell.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.ui.bridge import EngineBridge

UNDO = ActionSpec("edit.undo", "Undo", "Edit", "Take the last edit back", ("Undo",), "undo")
REDO = ActionSpec(
    "edit.redo", "Redo", "Edit", "Make the edit again that was taken back", ("Redo",), "redo"
)


class EditCommands(QObject):
    """Actions of the Edit menu; their texts name the edit."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions, self._window = actions, parent

    def attach(self, bridge: EngineBridge) -> None:
        """Undo on the stack of this bridge."""
        stack = bridge.undo_stack
        self._actions.adopt(UNDO, stack.createUndoAction(self._window, "Undo"))
        self._actions.adopt(REDO, stack.createRedoAction(self._window, "Redo"))
