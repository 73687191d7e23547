"""Words over a plot: the values under the mouse, and a sentence where there is no picture."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Slot
from PySide6.QtWidgets import QLabel, QWidget

from lab.ui import theme


class Overlay(QLabel):
    """Plain text on the ground's colour that lets the mouse through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._parent = parent
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMargin(4)
        self.hide()
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()

    def say(self, words: str) -> None:
        """Show the words; none hide it."""
        self.setText(words)
        self.setVisible(bool(words))
        self.adjustSize()

    def stand_at(self, place: QPoint) -> None:
        """Right above a place, inside the parent."""
        parent = self._parent
        right, bottom = parent.width() - self.width(), parent.height() - self.height()
        x, y = place.x() + 14, place.y() - self.height() - 8
        self.move(min(max(x, 0), right), min(max(y, 0), bottom))

    def stand_in_the_middle(self) -> None:
        """Centred, no wider than the parent."""
        parent = self._parent
        self.setMaximumWidth(max(parent.width() - 32, 64))
        self.adjustSize()
        self.move((parent.width() - self.width()) // 2, (parent.height() - self.height()) // 2)

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        palette = theme.current()
        self.setFont(theme.number_font("caption"))
        self.setStyleSheet(
            f"color: {palette.text}; background: {palette.base};"
            f" border: 1px solid {palette.line}; border-radius: 4px;"
        )
