"""The one place where the window itself says what went wrong, without standing in the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.ui import theme
from lab.ui.messages import Banner, Kind, ProgressRow

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHOICES = 2


class Notices(QWidget):
    """A banner with what can be done about it, and the progress of work the window does.

    ``acted`` tells which of the choices of a message was taken; Details opens a sheet of text.
    """

    acted = Signal(str)
    copy_wanted = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._detail, self._count = "", 0
        self._banner = Banner("info", "", None, self)
        self._details = QPushButton("Details", self._banner)
        self._copy = QPushButton("Copy diagnostics", self._banner)
        self._progress = ProgressRow("", self)
        self._choices = [QPushButton(self._banner) for _ in range(MOST_CHOICES)]
        row = self._banner.layout()
        if isinstance(row, QHBoxLayout):
            for button in (*self._choices, self._details, self._copy):
                row.insertWidget(row.count() - 1, button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._progress)
        column.addWidget(self._banner)
        self._banner.hide()
        self._progress.hide()
        for button in self._choices:
            button.clicked.connect(self._on_chosen)
        self._details.clicked.connect(self._on_details)
        self._copy.clicked.connect(self.copy_wanted)
        self._progress.cancelled.connect(self.cancelled)

    def tell(
        self,
        kind: Kind,
        text: str,
        *,
        detail: str = "",
        choices: Sequence[tuple[str, str]] = (),
    ) -> None:
        """Say what happened; ``choices`` are the words of a button and what it asks for."""
        self._detail = detail
        self._count += 1
        self._banner.show_message(kind, text)
        padded = [*choices, *[("", "")] * MOST_CHOICES]
        for button, (words, deed) in zip(self._choices, padded, strict=False):
            button.setText(words)
            button.setProperty("deed", deed)
            button.setVisible(bool(words))
        self._details.setVisible(bool(detail))
        self._copy.setVisible(bool(detail))
        self._banner.show()

    def choices(self) -> list[QPushButton]:
        """The buttons of the message shown that do something about it."""
        return [b for b in self._choices if self.text() and b.text()]

    @property
    def count(self) -> int:
        """How many messages there have been."""
        return self._count

    def text(self) -> str:
        """The message shown, or ""."""
        return "" if self._banner.isHidden() else self._banner.text()

    def dismiss(self) -> None:
        """Take the message away."""
        self._banner.hide()

    def show_progress(self, share: float | None, text: str = "") -> None:
        """Show work of the window under way."""
        self._progress.set_progress(share, text)
        self._progress.show()

    def hide_progress(self) -> None:
        """The work is over."""
        self._progress.hide()

    @property
    def is_working(self) -> bool:
        """Whether progress is shown."""
        return not self._progress.isHidden()

    @Slot()
    def _on_chosen(self) -> None:
        self._banner.hide()
        self.acted.emit(str(self.sender().property("deed")))

    @Slot()
    def _on_details(self) -> None:
        sheet = TextSheet("Details", self._detail, self)
        sheet.copy_wanted.connect(self.copy_wanted)
        sheet.show()


class TextSheet(QDialog):
    """A window with text to read, select and copy; it does not stop the others."""

    copy_wanted = Signal()

    def __init__(self, title: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._text = QPlainTextEdit(text[:65536], self)
        self._text.setReadOnly(True)
        self._text.setAccessibleName(title)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QHBoxLayout()
        for words, slot in (
            ("Copy this text", self._on_copy),
            ("Copy diagnostics", self.copy_wanted),
            ("Close", self.close),
        ):
            button = QPushButton(words, self)
            button.clicked.connect(slot)
            buttons.addWidget(button)
        buttons.insertStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.addWidget(self._text, 1)
        column.addLayout(buttons)
        self.resize(720, 440)

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())
