"""The desk: which panels there are, which are open, and how the workspaces remember it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from lab.shell import layouts, registry, workspaces
from lab.shell.docks import DockHost, PanelDock

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.shell.settings import Settings
    from lab.ui.bridge import EngineBridge
    from lab.ui.panel import PanelSpec

log = logging.getLogger(__name__)


class Desk(QObject):
    """Panels in docks. A panel is made when it is first shown: a closed one costs nothing.

    ``opened`` tells which workspace is open now; ``arranged`` that docks were moved.
    """

    opened = Signal(str)
    arranged = Signal()
    panel_failed = Signal(str, str)
    panel_made = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self.host = DockHost(parent)
        self.current = ""
        self._settings = settings
        self._bridge: EngineBridge | None = None
        self.host.arranged.connect(self._on_arranged)

    @property
    def specs(self) -> dict[str, PanelSpec]:
        """The panels on the desk, by name."""
        return {name: dock.spec for name, dock in self.host.docks.items()}

    def attach(self, bridge: EngineBridge) -> None:
        """Panels made from now on belong to this bridge."""
        self._bridge = bridge

    def add_panel(self, name: str) -> None:
        """Load a panel of the registry and give it a dock, still closed and empty."""
        try:
            spec = registry.load(name)
        except Exception as error:  # one panel that cannot be loaded must not cost the others
            log.exception("the panel %s cannot be loaded", name)
            self.panel_failed.emit(name, f"The panel {name} cannot be loaded: {error}")
            return
        self.host.add(spec)

    def panel(self, name: str) -> QWidget | None:
        """The panel in a dock, if it was made."""
        return self.host.docks[name].widget()

    # -- making and unmaking --------------------------------------------------------------

    @Slot()
    def _on_arranged(self) -> None:
        for name in self.host.shown:
            dock = self.host.docks[name]
            if dock.widget() is None:
                self._fill(dock)
        self.arranged.emit()

    def _fill(self, dock: PanelDock) -> None:
        if self._bridge is None:
            return
        try:
            dock.fill(self._made)
        except Exception as error:
            log.exception("the panel %s cannot be made", dock.spec.name)
            self.disable(dock.spec.name, f"This panel cannot be opened: {error}")
        self.panel_made.emit(dock.spec.name)

    def _made(self, spec: PanelSpec) -> QWidget:
        assert self._bridge is not None
        return spec.make(self._bridge)

    def remake(self, name: str) -> None:
        """Throw a panel away and make it anew."""
        self._fill(self.host.docks[name])

    def disable(self, name: str, why: str) -> None:
        """Put a sentence in the place of a panel that keeps failing."""
        sentence = self.host.docks[name].disable(why)
        sentence.setProperty("panel", name)
        sentence.pressed.connect(self._on_remake_wanted)

    @Slot()
    def _on_remake_wanted(self) -> None:
        self.remake(str(self.sender().property("panel")))

    # -- workspaces -----------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """Workspaces that can be opened: those that come with the program, then one's own."""
        panels = tuple(self.host.docks)
        built_in = tuple(w.name for w in workspaces.present(panels))
        return built_in + tuple(n for n in self._settings.own_workspaces if n not in built_in)

    def meaning(self, name: str) -> str:
        """What a workspace is for."""
        if name in self._settings.own_workspaces:
            return "A workspace of your own"
        return workspaces.find(name, tuple(self.host.docks)).meaning

    def open(self, name: str) -> None:
        """Open a workspace as it was left, or as it comes."""
        if not self.host.docks:
            return
        self.remember()
        name = name if name in self.names else self.names[0]
        self.current = self._settings.workspace = name
        state = layouts.opened(self._settings.layouts.get(name), tuple(self.host.docks))
        if state is None or not self.host.restore_layout(state):
            self._arrange()
        self.opened.emit(name)

    def _arrange(self) -> None:
        self.host.arrange(workspaces.find(self.current, tuple(self.host.docks)))

    @Slot()
    def reset(self) -> None:
        """Arrange the current workspace as it comes."""
        self._settings.layouts.pop(self.current, None)
        self._arrange()
        self.opened.emit(self.current)

    def save_as(self, name: str) -> None:
        """Keep the present arrangement under a name of one's own, and open it."""
        if name not in self.names:
            self._settings.own_workspaces.append(name)
        self.current = self._settings.workspace = name
        self.remember()
        self.opened.emit(name)

    def forget(self, name: str) -> None:
        """Delete a workspace of one's own."""
        if name in self._settings.own_workspaces:
            self._settings.own_workspaces.remove(name)
            self._settings.layouts.pop(name, None)
            self.current = "" if self.current == name else self.current
            self.open(self.current or self.names[0])

    def remember(self) -> None:
        """Note the arrangement of the workspace that is open."""
        if self.current:
            self._settings.layouts[self.current] = layouts.sealed(
                self.host.layout_bytes(), tuple(self.host.docks)
            )
