"""The title bar of a dock: 32 px, title, subtitle, and two small buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from lab.ui import theme
from lab.ui.messages import ElidedLabel, IconButton

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent


class TitleBar(QWidget):
    """Title in bold, subtitle in the secondary colour, maximise and close at the right.

    Mouse presses go on to the dock, so that it can be dragged and floated as usual.
    """

    maximise_pressed = Signal()
    close_pressed = Signal()

    def __init__(self, title: str, subtitle: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(theme.TITLE_ROW)
        self._title = QLabel(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._subtitle = ElidedLabel("", self)
        self._subtitle.setProperty("role", "secondary")
        self._badge = QLabel(self)
        self._badge.setTextFormat(Qt.TextFormat.PlainText)
        self._badge.setProperty("role", "caption")
        self._badge.hide()
        self._maximise = IconButton("maximise", f"Maximise {title}", self, side=24)
        self._close = IconButton("close", f"Close {title}", self, side=24)
        for button in (self._maximise, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space belongs to play and pause
        self._maximise.clicked.connect(self.maximise_pressed)
        self._close.clicked.connect(self.close_pressed)
        self._arrange()
        self.set_title(title)
        self.set_subtitle(subtitle)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 0)
        row.setSpacing(theme.GAP)
        row.addWidget(self._title)
        row.addWidget(self._subtitle, 1)
        row.addWidget(self._badge)
        row.addWidget(self._maximise)
        row.addWidget(self._close)

    def set_title(self, title: str) -> None:
        """Change the words in bold."""
        self._title.setText(title)
        self.setAccessibleName(title)

    @Slot(str)
    def set_subtitle(self, text: str) -> None:
        """Change the words beside the title; connect a panel's ``subtitle_changed`` to it."""
        self._subtitle.set_text(text)

    def set_badge(self, text: str) -> None:
        """Say of all the panel shows what it is, such as "old run"; "" says nothing."""
        self._badge.setText(text)
        self._badge.setVisible(bool(text))

    def badge(self) -> str:
        """What is said of the panel now."""
        return self._badge.text()

    def set_maximised(self, is_maximised: bool) -> None:
        """Let the button say what it would do next."""
        self._maximise.set_icon("restore" if is_maximised else "maximise")
        words = "Restore" if is_maximised else "Maximise"
        self._maximise.setToolTip(f"{words} {self._title.text()}")
        self._maximise.setAccessibleName(f"{words} {self._title.text()}")

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        self._title.setFont(theme.font(bold=True))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Leave dragging to the dock."""
        event.ignore()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """A double click maximises, as on every window."""
        self.maximise_pressed.emit()
        event.accept()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ground of the panel below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base"))
        painter.end()
