"""The three fixed bands of the window, and the buttons that stand in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QAbstractButton, QWidget

from lab.ui import theme
from lab.ui.messages import IconButton

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QPaintEvent

TOP_BAR = 44
TRANSPORT = 68
STATUS = 26


class Band(QWidget):
    """A strip of fixed height in the window's colour, with a line towards the panels."""

    def __init__(self, height: int, line: Literal["top", "bottom"], parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedHeight(height)
        self._line = line
        theme.changed.connect(self._on_theme_changed)

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self.restyle()
        self.update()

    def restyle(self) -> None:
        """Take up the theme of this moment, beyond what painting asks for.

        A method of its own, because PySide keeps a connection to an overridden slot alive
        after its receiver is gone.
        """

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ground and the line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("window"))
        y = 0 if self._line == "top" else self.height() - 1
        painter.fillRect(0, y, self.width(), 1, theme.colour("line"))
        painter.end()


class ActionButton(IconButton):
    """An icon that triggers an action of the registry, and follows whether it may."""

    def __init__(self, action: QAction, icon_name: str, parent: QWidget) -> None:
        super().__init__(icon_name, action.toolTip(), parent)
        self._action = action
        self.setAccessibleName(action.text())
        self.clicked.connect(action.trigger)
        action.changed.connect(self._on_action_changed)
        self._on_action_changed()

    @Slot()
    def _on_action_changed(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())


class PlayButton(QAbstractButton):
    """A circle in the accent: a triangle that plays, or two bars that pause."""

    SIDE = 36

    def __init__(self, action: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self._action, self._is_playing = action, False
        self.setFixedSize(self.SIDE, self.SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(action.trigger)
        action.changed.connect(self._on_action_changed)
        self._on_action_changed()
        self.set_playing(False)

    def set_playing(self, is_playing: bool) -> None:
        """Show what a click would do next."""
        self._is_playing = is_playing
        self.setAccessibleName("Pause" if is_playing else "Play")
        self.update()

    @Slot()
    def _on_action_changed(self) -> None:
        self.setEnabled(self._action.isEnabled())
        self.setToolTip(self._action.toolTip())

    def sizeHint(self) -> QSize:
        """A circle."""
        return QSize(self.SIDE, self.SIDE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The circle and its sign."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground())
        painter.drawEllipse(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.setBrush(theme.colour("on_accent" if self.isEnabled() else "secondary"))
        for shape in self._shapes():
            painter.drawPolygon(shape)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("text"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def _ground(self) -> QColor:
        if not self.isEnabled():
            return theme.colour("line")
        accent = theme.colour("accent")
        return accent.darker(112) if self.isDown() or self.underMouse() else accent

    def _shapes(self) -> list[QPolygonF]:
        x, y = self.width() / 2, self.height() / 2
        if not self._is_playing:
            return [
                QPolygonF([QPointF(x - 4, y - 7), QPointF(x + 8, y), QPointF(x - 4, y + 7)])
            ]
        return [QPolygonF(QRectF(x - 6 + shift, y - 6, 4, 12)) for shift in (0, 8)]
