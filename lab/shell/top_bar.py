"""The top bar: mark, menus, workspaces, the way to every command, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QMenuBar, QPushButton, QWidget

from lab.shell.actions import MENUS, Actions, shown_keys
from lab.shell.bands import TOP_BAR, Band
from lab.ui import theme
from lab.ui.choices import Segmented
from lab.ui.icons import icon
from lab.ui.messages import IconButton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

SEARCH_WIDTH = 240


class Mark(QWidget):
    """The sign of the program: a nabla in the accent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(20, 20)
        self.setAccessibleName("Nabla")

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A triangle on its point, heavier at its left, as in print."""
        path = QPainterPath()
        for corners in (((2, 3), (18, 3), (10, 18)), ((7.2, 5.2), (15, 5.2), (10.9, 13.2))):
            path.moveTo(*corners[0])
            path.lineTo(*corners[1])
            path.lineTo(*corners[2])
            path.closeSubpath()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(path, theme.colour("accent"))
        painter.end()


class SearchButton(QPushButton):
    """Looks like a field, opens the palette: an icon, words, and the keys at the right."""

    def __init__(self, keys: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._keys = keys
        self.setFixedSize(SEARCH_WIDTH, theme.CONTROL_HEIGHT)
        self.setAccessibleName("Find a command")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A field that is no field."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "line"), 1))
        painter.setBrush(theme.colour("hover" if self.underMouse() else "field"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.RADIUS, theme.RADIUS)
        icon("search").paint(painter, QRect(9, 6, 16, 16))
        painter.setPen(theme.colour("secondary"))
        inner = self.rect().adjusted(32, 0, -10, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, "Find a command")
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, self._keys)
        painter.end()


class TopBar(Band):
    """Mark and menus at the left, workspaces in the middle, search and theme at the right."""

    workspace_chosen = Signal(str)

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(TOP_BAR, "bottom", parent)
        self._actions, self._stale = actions, set(MENUS)
        self.titles: dict[str, QMenu] = {}
        self.menus = self._make_menus()
        self._workspaces: Segmented | None = None
        self._search = SearchButton(shown_keys(actions["view.palette"])[0], self)
        self._search.setToolTip(actions["view.palette"].toolTip())
        self._search.clicked.connect(actions["view.palette"].trigger)
        self._theme = IconButton("moon", actions["view.theme"].toolTip(), self)
        self._theme.clicked.connect(actions["view.theme"].trigger)
        self._arrange()
        actions.changed.connect(self._on_actions_changed)
        self.restyle()

    def _make_menus(self) -> QMenuBar:
        bar = QMenuBar(self)
        bar.setNativeMenuBar(False)  # it stands in this band on every system
        bar.setAccessibleName("Menus")
        for title in MENUS:
            menu = QMenu(title, bar)  # Alt walks the bar; no letter is underlined
            bar.addMenu(menu)
            self.titles[title] = menu
            menu.setObjectName(title)
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(self._on_menu_opening)
        return bar

    def _arrange(self) -> None:
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 1)
        self._row.setSpacing(theme.GAP)
        self._row.addWidget(Mark(self))
        self._row.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addStretch(1)
        self._row.addWidget(self._search)
        self._row.addWidget(self._theme)
        self.menus.setFixedSize(self._menu_width(), theme.CONTROL_HEIGHT)

    def _menu_width(self) -> int:
        """Room for every title: a bar with too little hides the last one behind an arrow."""
        metrics = QFontMetrics(theme.font())
        return sum(metrics.horizontalAdvance(title) + 30 for title in MENUS)

    def set_workspaces(self, names: Sequence[str], current: str) -> None:
        """Offer these workspaces, in the middle of the bar."""
        if self._workspaces is not None and self._workspaces.choices() == tuple(names):
            self._workspaces.set_current(current)
            return
        if self._workspaces is not None:
            self._workspaces.hide()
            self._workspaces.deleteLater()
        self._workspaces = Segmented(names, "Workspace", current=current, parent=self)
        self._workspaces.chosen.connect(self.workspace_chosen)
        self._workspaces.show()
        self._place()

    def set_workspace_tooltips(self, texts: Sequence[str]) -> None:
        """Say of each workspace what it is for."""
        if self._workspaces is not None:
            self._workspaces.set_tooltips(texts)

    def workspaces(self) -> tuple[str, ...]:
        """The workspaces offered."""
        return self._workspaces.choices() if self._workspaces is not None else ()

    def _place(self) -> None:
        if self._workspaces is None:
            return
        self._workspaces.adjustSize()
        wide = self._workspaces.sizeHint().width()
        right = self._search.x() - theme.GROUP_GAP - wide
        left = self.menus.geometry().right() + theme.GROUP_GAP
        x = max(min((self.width() - wide) // 2, right), left)
        y = (self.height() - theme.CONTROL_HEIGHT) // 2
        self._workspaces.setGeometry(x, y, wide, theme.CONTROL_HEIGHT)

    def resizeEvent(self, event: object) -> None:
        """Keep the workspaces in the middle."""
        super().resizeEvent(event)  # type: ignore[arg-type] # a resize event
        self._row.activate()
        self._place()

    def restyle(self) -> None:
        """The button shows what it would do next."""
        self._theme.set_icon("sun" if theme.current().is_dark else "moon")

    @Slot()
    def _on_actions_changed(self) -> None:
        self._stale = set(MENUS)

    @Slot()
    def _on_menu_opening(self) -> None:
        menu = self.sender()
        if isinstance(menu, QMenu) and menu.objectName() in self._stale:
            self._stale.discard(menu.objectName())
            self._actions.fill(menu, menu.objectName())
