"""One registry of actions: menus, palette, buttons and the list of shortcuts read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from lab.ui import theme
from lab.ui.icons import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MENUS = ("File", "Edit", "Run", "View", "Help")


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """A line of the registry.

    ``keys`` are portable (``Ctrl+R``) or the name of a standard key (``Open``); ``menu`` is a
    path such as ``View/Workspace``, empty for an action that only the palette shows;
    ``meaning`` says in one sentence what it does. One that ``is_last`` ends its menu, behind
    all submenus.
    """

    name: str
    text: str
    menu: str
    meaning: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    is_checkable: bool = False
    begins_group: bool = False
    repeats: bool = False
    is_last: bool = False


class Actions(QObject):
    """All actions of a window, by name; each is added to the window, so its keys work."""

    changed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        theme.changed.connect(self._on_theme_changed)

    def add(self, spec: ActionSpec, slot: Callable[..., object] | None = None) -> QAction:
        """Make an action; ``slot`` is a bound method of a QObject.

        Raises
        ------
        ValueError
            If the name is taken, or a key belongs to another action already.
        """
        if spec.name in self._actions:
            raise ValueError(f"name: {spec.name!r} is taken")
        action = QAction(spec.text, self._window)
        return self.adopt(spec, action, slot)

    def adopt(
        self, spec: ActionSpec, action: QAction, slot: Callable[..., object] | None = None
    ) -> QAction:
        """Take in an action that was made elsewhere, such as undo."""
        action.setObjectName(spec.name)
        action.setCheckable(spec.is_checkable)
        action.setShortcuts(self._sequences(spec))
        action.setAutoRepeat(spec.repeats)
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(tooltip(spec.meaning, action))
        action.setStatusTip(spec.meaning)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        if slot is not None:
            action.triggered.connect(slot)
        self._window.addAction(action)
        self._specs[spec.name], self._actions[spec.name] = spec, action
        self.changed.emit()
        return action

    def add_choices(
        self,
        specs: Iterable[tuple[ActionSpec, Any]],
        chosen: Callable[..., object],
        *,
        exclusive: bool = False,
    ) -> QActionGroup:
        """Make an action of each choice; ``chosen`` gets it, and its data is the choice."""
        group = QActionGroup(self._window)
        policy = QActionGroup.ExclusionPolicy
        group.setExclusionPolicy(policy.Exclusive if exclusive else policy.None_)
        for spec, data in specs:
            action = self.add(spec)
            action.setData(data)
            group.addAction(action)
        group.triggered.connect(chosen)
        return group

    def remove(self, prefix: str) -> None:
        """Take away the actions whose name begins with a prefix."""
        for name in [n for n in self._actions if n.startswith(prefix)]:
            action = self._actions.pop(name)
            del self._specs[name]
            self._window.removeAction(action)
            action.deleteLater()
        self.changed.emit()

    def _sequences(self, spec: ActionSpec) -> list[QKeySequence]:
        keys = [s for key in spec.keys for s in sequences(key)]
        for name, action in self._actions.items():
            for key in set(keys) & set(action.shortcuts()):
                raise ValueError(f"keys of {spec.name}: {key.toString()} belongs to {name}")
        return keys

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __contains__(self, name: str) -> bool:
        return name in self._actions

    def spec(self, name: str) -> ActionSpec:
        """Return the line an action was made from."""
        return self._specs[name]

    def all(self) -> tuple[tuple[ActionSpec, QAction], ...]:
        """Return every action with its line, in the order they were added."""
        return tuple((self._specs[name], action) for name, action in self._actions.items())

    def set_enabled(self, prefix: str, is_enabled: bool) -> None:
        """Enable or disable all actions whose name begins with a prefix."""
        for name, action in self._actions.items():
            if name.startswith(prefix) and action.isEnabled() != is_enabled:
                action.setEnabled(is_enabled)

    def explain(self, name: str, reason: str) -> None:
        """Say in an action's tooltip why it cannot be had; "" for what it means again."""
        action, spec = self._actions[name], self._specs[name]
        action.setToolTip(reason or tooltip(spec.meaning, action))

    def fill(self, menu: QMenu, path: str) -> None:
        """Put the actions of a menu path into a menu, submenus below it."""
        for old in menu.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly):
            old.deleteLater()
        menu.clear()
        submenus: dict[str, QMenu] = {}
        for spec, action in sorted(self.all(), key=lambda pair: pair[0].is_last):
            if spec.menu == path:
                if spec.begins_group and menu.actions():
                    menu.addSeparator()
                menu.addAction(action)
            elif spec.menu.startswith(f"{path}/"):
                title = spec.menu.removeprefix(f"{path}/")
                if title not in submenus:
                    submenus[title] = menu.addMenu(title)
                submenus[title].addAction(action)

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        for name, action in self._actions.items():
            if self._specs[name].icon:
                action.setIcon(icon(self._specs[name].icon))


def sequences(key: str) -> list[QKeySequence]:
    """Return the key sequences of a standard key's name, or of a portable text."""
    standard = getattr(QKeySequence.StandardKey, key, None) if key.isalpha() else None
    if standard is not None and len(key) > 1:
        return list(QKeySequence.keyBindings(standard))[:1]
    return [QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText)]


def tooltip(meaning: str, action: QAction) -> str:
    """Return what an action means, and the keys that do it."""
    keys = " or ".join(shown_keys(action))
    return f"{meaning} ({keys})" if keys else meaning


def shown_keys(action: QAction) -> list[str]:
    """Return the keys of an action as they are written on this system."""
    form = QKeySequence.SequenceFormat.NativeText
    return [s.toString(form) for s in action.shortcuts() if not s.isEmpty()]
