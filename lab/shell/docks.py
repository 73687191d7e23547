"""The docks: a panel each, to be moved, floated, tabbed, closed, brought back, maximised."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from lab.ui import theme
from lab.ui.messages import EmptyState
from lab.ui.panel import PanelFrame
from lab.ui.titlebar import TitleBar

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QShowEvent

    from lab.shell.workspaces import Workspace
    from lab.ui.panel import PanelSpec

AREA = Qt.DockWidgetArea.LeftDockWidgetArea
LEAST_WIDTH, LEAST_HEIGHT = 160, 120


class PanelDock(QDockWidget):
    """One panel in its dock; the panel can be taken out and made anew."""

    maximise_pressed = Signal(str)
    visibility_wanted = Signal(str, bool)

    def __init__(self, spec: PanelSpec, parent: QWidget) -> None:
        super().__init__(spec.title, parent)
        self.spec = spec
        self.setObjectName(spec.name)
        self.bar = TitleBar(spec.title, parent=self)
        self.setTitleBarWidget(self.bar)
        self.setMinimumSize(LEAST_WIDTH, LEAST_HEIGHT)
        self.bar.close_pressed.connect(self._on_close_pressed)
        self.bar.maximise_pressed.connect(self._on_maximise_pressed)

    def fill(self, make: Callable[[PanelSpec], QWidget]) -> None:
        """Make the panel, in place of what is in the dock."""
        self._take_out()
        view = make(self.spec)
        view.setAccessibleName(self.spec.title)
        self.setWidget(view)
        if isinstance(view, PanelFrame):
            self.bar.set_subtitle(view.subtitle())
            view.subtitle_changed.connect(self.bar.set_subtitle)

    def disable(self, why: str) -> EmptyState:
        """Put a sentence in the place of the panel, and a button that brings it back."""
        self._take_out()
        self.bar.set_subtitle("")
        sentence = EmptyState(why, "Open it anew", self)
        self.setWidget(sentence)
        return sentence

    @property
    def is_disabled(self) -> bool:
        """Whether a sentence stands in the place of the panel."""
        return isinstance(self.widget(), EmptyState)

    def _take_out(self) -> None:
        old = self.widget()
        if old is not None:
            old.hide()  # a hidden panel asks the engine nothing
            self.setWidget(None)  # type: ignore[arg-type] # Qt allows none
            old.setParent(None)
            old.deleteLater()

    @Slot()
    def _on_close_pressed(self) -> None:
        self.visibility_wanted.emit(self.spec.name, False)

    @Slot()
    def _on_maximise_pressed(self) -> None:
        self.maximise_pressed.emit(self.spec.name)


class DockHost(QMainWindow):
    """All docks, without a middle: panels take the whole room between the bands."""

    arranged = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self.docks: dict[str, PanelDock] = {}
        self._before_maximised: bytes | None = None
        self._maximised: str | None = None
        self._wanted: Workspace | None = None
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def add(self, spec: PanelSpec) -> PanelDock:
        """Make an empty, hidden dock for a panel."""
        dock = PanelDock(spec, self)
        dock.maximise_pressed.connect(self.maximise)
        dock.visibility_wanted.connect(self.set_shown)
        dock.visibilityChanged.connect(self._on_visibility_changed)
        self.docks[spec.name] = dock
        self.addDockWidget(AREA, dock)
        dock.hide()
        return dock

    @property
    def shown(self) -> tuple[str, ...]:
        """The panels that are open, tabbed ones behind others included."""
        return tuple(name for name, dock in self.docks.items() if not dock.isHidden())

    @Slot(str, bool)
    def set_shown(self, name: str, is_shown: bool) -> None:
        """Open or close a panel; one that lies behind others in a tab comes to the front."""
        self.restore_maximised()
        dock = self.docks[name]
        dock.setVisible(is_shown)
        if is_shown:
            dock.raise_()
        self.arranged.emit()

    # -- arrangements ---------------------------------------------------------------------

    def arrange(self, workspace: Workspace) -> None:
        """Put the panels where a workspace has them by default, and close the others."""
        self._maximised = self._before_maximised = None
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        for name in self.docks.keys() - set(workspace.panels):
            self.addDockWidget(AREA, self.docks[name])  # hidden, but named in Qt's state:
            self.docks[name].hide()  # it shows whatever it does not know when it is restored
        for place, column in enumerate(workspace.columns):
            self._add_column(column, workspace.columns[place - 1][0] if place else None)
        self._wanted = workspace
        self._mark_maximised()
        self.arranged.emit()
        QTimer.singleShot(0, self, self._set_widths)

    @Slot()
    def _set_widths(self) -> None:
        """Give the columns their widths; Qt listens only once the docks are on the screen."""
        if self._wanted is None or not self.isVisible():
            return
        wanted, self._wanted = self._wanted, None
        firsts = [self.docks[column[0]] for column in wanted.columns]
        self.resizeDocks(firsts, list(wanted.widths), Qt.Orientation.Horizontal)

    def showEvent(self, event: QShowEvent) -> None:
        """Set the widths that were asked for while no one could see them."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._set_widths)

    def _add_column(self, column: tuple[str, ...], left: str | None) -> None:
        first = self.docks[column[0]]
        if left is None:
            self.addDockWidget(AREA, first)
        else:
            self.splitDockWidget(self.docks[left], first, Qt.Orientation.Horizontal)
        first.show()
        for above, name in pairwise(column):
            self.splitDockWidget(self.docks[above], self.docks[name], Qt.Orientation.Vertical)
            self.docks[name].show()

    def layout_bytes(self) -> bytes:
        """The arrangement as Qt writes it, as it is without any panel maximised."""
        if self._before_maximised is not None:
            return self._before_maximised
        return bytes(self.saveState().data())

    def restore_layout(self, state: bytes) -> bool:
        """Take up an arrangement; only what ``layout_bytes`` gave in this version of Qt."""
        self._maximised = self._before_maximised = self._wanted = None
        done = self.restoreState(state)
        self._mark_maximised()
        self.arranged.emit()
        return done

    # -- one panel over all others --------------------------------------------------------

    @Slot(str)
    def maximise(self, name: str) -> None:
        """Give a panel the whole room; once more, and all is as it was."""
        if self._maximised is not None:
            self.restore_maximised()
            return
        self._before_maximised, self._maximised = bytes(self.saveState().data()), name
        for other, dock in self.docks.items():
            if other != name and not dock.isFloating():
                dock.hide()
        self.docks[name].show()
        self._mark_maximised()
        self.arranged.emit()

    @Slot()
    def restore_maximised(self) -> None:
        """Let the other panels come back."""
        if self._before_maximised is not None:
            self.restore_layout(self._before_maximised)

    @property
    def maximised(self) -> str | None:
        """The panel that has the whole room, if one has."""
        return self._maximised

    def _mark_maximised(self) -> None:
        for name, dock in self.docks.items():
            dock.bar.set_maximised(name == self._maximised)

    @Slot(bool)
    def _on_visibility_changed(self, _is_visible: bool) -> None:
        self.arranged.emit()

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        line, base = theme.current().line, theme.current().base
        self.setStyleSheet(
            f"QMainWindow {{ background: {base}; }}"
            f"QMainWindow::separator {{ background: {base}; width: 4px; height: 4px; }}"
            f"QMainWindow::separator:vertical {{ border-left: 1px solid {line}; }}"
            f"QMainWindow::separator:horizontal {{ border-top: 1px solid {line}; }}"
            f"QMainWindow::separator:hover {{ background: {theme.current().accent}; }}"
        )
