"""Undo and redo: one stack for every edit of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from lab.shell.actions import Actions, ActionSpec

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.ui.bridge import EngineBridge

UNDO = ActionSpec("edit.undo", "Undo", "Edit", "Take the last edit back", ("Undo",), "undo")
REDO = ActionSpec(
    "edit.redo", "Redo", "Edit", "Make the edit again that was taken back", ("Redo",), "redo"
)


class EditCommands(QObject):
    """Actions of the Edit menu; their texts name the edit, and how far undoing it goes."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions, self._window = actions, parent
        self._bridge: EngineBridge | None = None

    def attach(self, bridge: EngineBridge) -> None:
        """Undo on the stack of this bridge."""
        self._bridge, stack = bridge, bridge.undo_stack
        self._actions.adopt(UNDO, stack.createUndoAction(self._window, "Undo"))
        self._actions.adopt(REDO, stack.createRedoAction(self._window, "Redo"))
        stack.indexChanged.connect(self._on_changed)
        bridge.stood.connect(self._on_changed)

    @Slot(object)
    @Slot(int)
    def _on_changed(self, _what: object) -> None:
        """Say "from here on" once steps have been trained with the edit."""
        from lab.ui.undo import reach  # after the first paint: it brings the tables

        if self._bridge is None:
            return
        words, far = self._bridge.undo_stack.undoText(), reach(self._bridge)
        text = f"Undo {words}".strip()
        self._actions[UNDO.name].setText(f"{text}, {far}" if far else text)
