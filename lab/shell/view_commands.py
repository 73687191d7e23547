"""What is seen: panels, workspaces, the theme, the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QApplication, QInputDialog, QWidget

from lab.shell.actions import Actions, ActionSpec
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from lab.shell.desk import Desk
    from lab.shell.settings import Settings

THEMES = {"light": "Light", "dark": "Dark", "system": "As the system"}
PANEL, WORKSPACE = "view.panel.", "view.workspace."

SPECS = (
    ActionSpec(
        "view.palette",
        "Find a command...",
        "View",
        "Find any command by typing a part of its name",
        ("Ctrl+K", "Ctrl+Shift+P"),
        "search",
    ),
    ActionSpec(
        "view.theme",
        "Light or dark",
        "View",
        "Change between the light and the dark theme",
        ("Ctrl+Shift+L",),
    ),
    ActionSpec(
        "view.full_screen",
        "Full screen",
        "View",
        "Use the whole screen, or go back",
        ("F11",),
    ),
    ActionSpec(
        "view.maximise",
        "Maximise or restore the panel",
        "View",
        "Give the panel that has the focus the whole room, or take it back",
        ("Ctrl+M",),
    ),
    ActionSpec(
        "view.save_workspace",
        "Save workspace as...",
        "View/Workspace",
        "Keep the present arrangement of panels under a name",
    ),
    ActionSpec(
        "view.forget_workspace",
        "Delete this workspace",
        "View/Workspace",
        "Delete a workspace of your own",
    ),
    ActionSpec(
        "view.reset_layout",
        "Reset layout",
        "View",
        "Arrange the panels of this workspace as they come",
    ),
)


class ViewCommands(QObject):
    """Actions of the View menu."""

    def __init__(
        self, actions: Actions, desk: Desk, settings: Settings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._actions, self._desk, self._settings = actions, desk, settings
        self._window = parent
        slots = (
            None,
            self._on_theme,
            self._on_full_screen,
            self._on_maximise,
            self._on_save_workspace,
            self._on_forget_workspace,
            desk.reset,
        )
        for spec, slot in zip(SPECS, slots, strict=True):
            actions.add(spec, slot)
        choices = (
            (ActionSpec(f"view.theme.{n}", words, "View/Theme", f"Theme: {words}"), n)
            for n, words in THEMES.items()
        )
        actions.add_choices(choices, self._on_theme_chosen)
        desk.arranged.connect(self._on_arranged)
        desk.opened.connect(self._on_opened)

    def offer_panels(self) -> None:
        """Make a toggle of each panel on the desk."""
        self._actions.remove(PANEL)
        choices = (
            (
                ActionSpec(
                    PANEL + name,
                    spec.title,
                    "View",
                    spec.summary or f"Open or close the panel {spec.title}",
                    (spec.shortcut,) if spec.shortcut else (),
                    is_checkable=True,
                    begins_group=place == 0,
                ),
                name,
            )
            for place, (name, spec) in enumerate(self._desk.specs.items())
        )
        self._actions.add_choices(choices, self._on_panel)
        self.offer_workspaces()

    def offer_workspaces(self) -> None:
        """Make an action of each workspace."""
        self._actions.remove(WORKSPACE)
        choices = (
            (
                ActionSpec(
                    WORKSPACE + name,
                    name,
                    "View/Workspace",
                    self._desk.meaning(name),
                    (f"Alt+{place}",) if place < 10 else (),
                    is_checkable=True,
                ),
                name,
            )
            for place, name in enumerate(self._desk.names, start=1)
        )
        self._actions.add_choices(choices, self._on_workspace)
        self._on_arranged()

    @Slot()
    def _on_arranged(self) -> None:
        shown = self._desk.host.shown
        for spec, action in self._actions.all():
            if spec.name.startswith(PANEL):
                action.setChecked(action.data() in shown)
            elif spec.name.startswith(WORKSPACE):
                action.setChecked(action.data() == self._desk.current)

    @Slot(str)
    def _on_opened(self, name: str) -> None:
        names = {a.data() for s, a in self._actions.all() if s.name.startswith(WORKSPACE)}
        if names != set(self._desk.names):
            self.offer_workspaces()
        own = name in self._settings.own_workspaces
        self._actions["view.forget_workspace"].setEnabled(own)
        self._on_arranged()

    @Slot(object)
    def _on_panel(self, action: QAction) -> None:
        self._desk.host.set_shown(action.data(), action.isChecked())

    @Slot(object)
    def _on_workspace(self, action: QAction) -> None:
        self._desk.open(action.data())

    @Slot()
    def _on_theme(self) -> None:
        self.set_theme("light" if theme.current().is_dark else "dark")

    @Slot(object)
    def _on_theme_chosen(self, action: QAction) -> None:
        self.set_theme(action.data())

    def set_theme(self, name: str) -> None:
        """Dress the window, and remember it."""
        self._settings.theme = name
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, cast("theme.ThemeName", name))

    @Slot()
    def _on_full_screen(self) -> None:
        window = self._window.window()
        if window.isFullScreen():
            window.showNormal()
        else:
            window.showFullScreen()

    @Slot()
    def _on_maximise(self) -> None:
        host = self._desk.host
        focus = QApplication.focusWidget()
        names = [n for n, d in host.docks.items() if focus and d.isAncestorOf(focus)]
        shown = host.maximised or next(iter(names or host.shown), None)
        if shown is not None:
            host.maximise(shown)

    @Slot()
    def _on_save_workspace(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("Save workspace")
        dialog.setLabelText("Name of the workspace:")
        dialog.textValueSelected.connect(self._on_name_given)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _on_name_given(self, text: str) -> None:
        name = " ".join(text.split())[:40]
        if name:
            self._desk.save_as(name)

    @Slot()
    def _on_forget_workspace(self) -> None:
        self._desk.forget(self._desk.current)
