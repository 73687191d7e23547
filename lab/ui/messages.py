"""What a panel says besides its picture: banners, progress, the sentence of an empty one.

All text is plain: names out of files must not become links or pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lab.ui import theme
from lab.ui.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

Kind = Literal["info", "warning", "error"]
_ROLES = {"info": "accent", "warning": "warning", "error": "error"}


class IconButton(QToolButton):
    """A button that is only an icon; it follows the theme and says its name to a reader."""

    def __init__(
        self, icon_name: str, words: str, parent: QWidget | None = None, *, side: int = 28
    ) -> None:
        super().__init__(parent)
        self._icon_name, self._role = icon_name, "secondary"
        self.setFixedSize(side, side)
        self.setIconSize(QSize(16, 16))
        self.setToolTip(words)
        self.setAccessibleName(words)
        self._on_theme_changed()
        theme.changed.connect(self._on_theme_changed)

    def set_icon(self, icon_name: str, role: str = "secondary") -> None:
        """Show another icon, or the same in another of the palette's colours."""
        self._icon_name, self._role = icon_name, role
        self._on_theme_changed()

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        self.setIcon(icon(self._icon_name, self._role))


class ElidedLabel(QLabel):
    """One line of plain text that ends in "..." where there is no room; whole on hover."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        """Show a text; what does not fit stands in the tooltip."""
        line = " ".join(text[:4096].split())
        self.setText(line)
        self.setToolTip("")
        self.setAccessibleName(line)

    def minimumSizeHint(self) -> QSize:
        """Shrink to a few letters rather than widen the window."""
        return QSize(self.fontMetrics().horizontalAdvance("abcd"), super().sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw as much as fits."""
        room = self.contentsRect()
        cut = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room.width()
        )
        whole = self.text() if cut != self.text() else ""
        if whole != self.toolTip():
            self.setToolTip(whole)
        painter = QPainter(self)
        painter.drawText(room, self.alignment(), cut)
        painter.end()


class Banner(QFrame):
    """What happened, why, and what to do: a line in the panel, with one button and a cross."""

    acted = Signal()
    dismissed = Signal()

    def __init__(
        self, kind: Kind, text: str, action: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.kind = kind
        # not Maximum: that would cut words that wrap at the hint of a wider banner
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._mark = QLabel(self)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._button = QPushButton(action or "", self)
        self._cross = IconButton("close", "Dismiss this message", self, side=24)
        self._arrange()
        self._button.clicked.connect(self.acted)
        self._cross.clicked.connect(self._on_dismissed)
        theme.changed.connect(self._on_theme_changed)
        self.show_message(kind, text, action)

    def _arrange(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 4, 4, 4)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self._mark)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._button)
        layout.addWidget(self._cross)

    def text(self) -> str:
        """The words shown."""
        return self._words.text()

    def show_message(self, kind: Kind, text: str, action: str | None = None) -> None:
        """Say something else in the same place."""
        self.kind = kind
        self._words.setText(text[:2048])
        self._button.setText(action or "")
        self._button.setVisible(action is not None)
        self.setAccessibleName(f"{kind}: {text[:256]}")
        self._on_theme_changed()

    @Slot()
    def _on_dismissed(self) -> None:
        self.hide()
        self.dismissed.emit()

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        self._mark.setPixmap(icon(self.kind, _ROLES[self.kind]).pixmap(16, 16))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A tint of the kind's colour, and a bar of it at the left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base"))
        painter.fillRect(self.rect(), theme.colour(_ROLES[self.kind], 26))
        painter.fillRect(0, 0, 3, self.height(), theme.colour(_ROLES[self.kind]))
        painter.end()


class ProgressRow(QWidget):
    """A bar, what is being done, how long it may still take, and a button to cancel it."""

    cancelled = Signal()

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel(text, self)
        self._bar = QProgressBar(self)
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._estimate = QLabel(self)
        self._estimate.setProperty("role", "secondary")
        self._estimate.setFont(theme.number_font())
        self._cancel = QPushButton("Cancel", self)
        self._cancel.setToolTip("Stop this work and keep what is there (Esc)")
        self._cancel.clicked.connect(self.cancelled)
        self._arrange()

    def _arrange(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.MARGIN, 4, theme.MARGIN, 4)
        layout.setSpacing(theme.GAP)
        layout.addWidget(self._words, 1)
        layout.addWidget(self._bar, 2)
        layout.addWidget(self._estimate)
        layout.addWidget(self._cancel)

    def set_progress(
        self, share: float | None, text: str = "", left_s: float | None = None
    ) -> None:
        """Show how far it is (0 to 1, None for unknown) and the seconds it may still take."""
        if text:
            self._words.set_text(text)
        self._bar.setRange(0, 0 if share is None else 1000)
        if share is not None:
            self._bar.setValue(round(1000 * min(max(share, 0.0), 1.0)))
        self._estimate.setText("" if left_s is None else _time_left(left_s))


def _time_left(seconds: float) -> str:
    if seconds < 1:
        return "under 1 s left"
    if seconds < 90:
        return f"about {seconds:.0f} s left"
    return f"about {seconds / 60:.0f} min left"


class EmptyState(QWidget):
    """One sentence and one button that fills the panel."""

    pressed = Signal()

    def __init__(
        self, sentence: str, button: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setProperty("role", "secondary")
        self._button = QPushButton(self)
        self._button.clicked.connect(self.pressed)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        layout.addWidget(self._words)
        layout.addSpacing(theme.GAP)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        self.set_words(sentence, button)

    def set_words(self, sentence: str, button: str | None = None) -> None:
        """Change the sentence and the button; no button where there is no text for it."""
        self._words.setText(sentence)
        self._button.setText(button or "")
        self._button.setVisible(button is not None)
