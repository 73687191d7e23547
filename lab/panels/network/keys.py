"""The keys of the canvas, in one table that the help is made of too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QKeyEvent

    from lab.panels.network.view import NetworkView

_CTRL, _ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
_NONE = Qt.KeyboardModifier.NoModifier
_IGNORED = Qt.KeyboardModifier.KeypadModifier | Qt.KeyboardModifier.ShiftModifier


def _walk(view: NetworkView, steps: int) -> None:
    view.gestures.go_to(view.editor.neighbour(view.state.layer, steps))


def _climb(view: NetworkView, steps: int) -> None:
    """Select the next unit of the layer, or its first."""
    layer, unit, scene = view.state.layer, view.state.unit, view.scene
    place = scene.layout.column_of(layer) if scene is not None and layer else None
    if scene is None or place is None or scene.layout.columns[place].mode != "units":
        return
    column = scene.layout.columns[place]
    index = unit[1] + steps if unit is not None else 0
    view.gestures.choose_unit((column.path, min(max(index, 0), column.count - 1)))


def _edit_weight(view: NetworkView) -> None:
    if view.state.weight is not None:
        view.card.weight.setFocus()


_KEYS: dict[tuple[Qt.Key, Qt.KeyboardModifier], Callable[[NetworkView], object]] = {
    (Qt.Key.Key_Left, _CTRL): lambda view: _walk(view, -1),
    (Qt.Key.Key_Right, _CTRL): lambda view: _walk(view, 1),
    (Qt.Key.Key_Up, _NONE): lambda view: _climb(view, -1),
    (Qt.Key.Key_Down, _NONE): lambda view: _climb(view, 1),
    (Qt.Key.Key_Left, _ALT): lambda view: view.editor.shift(view.state.layer, -1),
    (Qt.Key.Key_Right, _ALT): lambda view: view.editor.shift(view.state.layer, 1),
    (Qt.Key.Key_Plus, _NONE): lambda view: view.editor.widen(view.state.layer, 1),
    (Qt.Key.Key_Equal, _NONE): lambda view: view.editor.widen(view.state.layer, 1),
    (Qt.Key.Key_Minus, _NONE): lambda view: view.editor.widen(view.state.layer, -1),
    (Qt.Key.Key_Delete, _NONE): lambda view: view.editor.remove(view.state.layer),
    (Qt.Key.Key_Backspace, _NONE): lambda view: view.editor.remove(view.state.layer),
    (Qt.Key.Key_Insert, _NONE): lambda view: view.menus.insert_after(view.state.layer),
    (Qt.Key.Key_C, _CTRL): lambda view: view.editor.copy(view.state.layer),
    (Qt.Key.Key_X, _CTRL): lambda view: view.editor.cut(view.state.layer),
    (Qt.Key.Key_V, _CTRL): lambda view: view.editor.paste(view.state.layer),
    (Qt.Key.Key_D, _CTRL): lambda view: view.editor.duplicate(view.state.layer),
    (Qt.Key.Key_S, _NONE): lambda view: view.menus.skip(view.state.layer),
    (Qt.Key.Key_Return, _NONE): _edit_weight,
    (Qt.Key.Key_Enter, _NONE): _edit_weight,
}

WORDS = (
    ("Ctrl+Left, Ctrl+Right", "previous, next layer"),
    ("Up, Down", "units of the layer"),
    ("+, −", "one unit more, fewer"),
    ("Alt+Left, Alt+Right", "move the layer"),
    ("Insert, Delete", "add, remove a layer"),
    ("Ctrl+C, X, V, D", "copy, cut, paste, duplicate"),
    ("S", "skip connection around the layer"),
    ("F", "see all of the network"),
)


def carried_out(event: QKeyEvent, view: NetworkView) -> bool:
    """Do what a key means on the canvas; False where it means nothing there."""
    act = _KEYS.get((Qt.Key(event.key()), event.modifiers() & ~_IGNORED))
    if act is None:
        return False
    act(view)
    return True
