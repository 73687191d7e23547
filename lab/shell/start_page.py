"""The start page: ready experiments, a click from a running picture; files; recent files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PySide6.QtGui import QPaintEvent

    from lab.presets import Preset

COLUMNS = 3
CARD = QSize(268, 76)


class Card(QAbstractButton):
    """A ready experiment: its title, and one sentence of what a person will see."""

    def __init__(self, name: str, title: str, summary: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name, self._title, self._summary = name, title, summary
        self.setAccessibleName(f"{title}: {summary}")
        self.setToolTip(f"Begin \u201c{title}\u201d and play it")
        self.setFixedSize(CARD)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A sheet: title in bold, sentence below it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_lit = self.underMouse() or self.hasFocus()
        painter.setPen(QPen(theme.colour("accent" if is_lit else "line"), 1))
        painter.setBrush(theme.colour("accent_fill" if self.isDown() else "base"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        inner = self.rect().adjusted(theme.MARGIN, 10, -theme.MARGIN, -8)
        faint = self.isEnabled()
        painter.setFont(theme.font(bold=True))
        painter.setPen(theme.colour("text" if faint else "secondary"))
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        painter.drawText(inner, top, self._title)
        painter.setFont(theme.font())
        painter.setPen(theme.colour("secondary"))
        below = inner.adjusted(0, 20, 0, 0)
        painter.drawText(below, top | Qt.TextFlag.TextWordWrap, self._summary)
        painter.end()


class StartPage(QScrollArea):
    """What there is to begin with."""

    preset_chosen = Signal(str)
    file_chosen = Signal(str)
    open_wanted = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName("Start page")
        self._page = QWidget(self)
        self._page.setMaximumWidth(COLUMNS * (CARD.width() + theme.MARGIN) + theme.MARGIN)
        self._cards = QGridLayout()
        self._cards.setSpacing(theme.MARGIN)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._recent_heading = _label("Recent files", "heading", self._page)
        self._loading = _label("", "secondary", self._page)
        self._back = QPushButton("Back to the run", self._page)
        self._back.clicked.connect(self.closed)
        self._back.hide()
        self._arrange()

    def _arrange(self) -> None:
        column = QVBoxLayout(self._page)
        column.setContentsMargins(theme.MARGIN, 40, theme.MARGIN, 24)
        column.setSpacing(theme.MARGIN)
        title = _label("See a network learn", "reading", self._page)
        title.setFont(theme.font("lecture", bold=True))
        column.addWidget(title)
        words = "Choose one: it begins to train at once, and you can stop it at every step."
        column.addWidget(_label(words, "secondary", self._page))
        column.addSpacing(theme.GAP)
        column.addLayout(self._cards)
        column.addWidget(self._loading)
        column.addSpacing(theme.GAP)
        column.addWidget(self._recent_heading)
        column.addLayout(self._recent)
        column.addLayout(self._make_files_row())
        column.addStretch(1)
        outer = QWidget(self)
        row = QHBoxLayout(outer)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(self._page, 20)
        row.addStretch(1)
        self.setWidget(outer)
        self.set_recent(())

    def _make_files_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self._open = QPushButton("Open a file...", self._page)
        self._open.setToolTip("An experiment (.toml), a table (.csv) or arrays (.npy, .npz)")
        self._open.clicked.connect(self.open_wanted)
        hint = _label(
            "or drop a file or a folder of images onto the window", "secondary", self._page
        )
        row.addWidget(self._open)
        row.addWidget(hint)
        row.addStretch(1)
        row.addWidget(self._back)
        return row

    def set_presets(self, presets: Iterable[Preset]) -> None:
        """Show a card for each ready experiment."""
        for place, preset in enumerate(presets):
            card = Card(preset.name, preset.title, preset.summary, self._page)
            card.clicked.connect(self._on_card_clicked)
            self._cards.addWidget(card, place // COLUMNS, place % COLUMNS)
        self._cards.setColumnStretch(COLUMNS, 1)

    def set_recent(self, paths: Sequence[str]) -> None:
        """Show recent files by name; none of them is looked at on the disk."""
        while (item := self._recent.takeAt(0)) is not None:
            item.widget().deleteLater()
        for path in paths:
            button = QPushButton(Path(path).name, self._page)
            button.setProperty("role", "link")
            button.setProperty("path", path)
            button.setToolTip(path)
            button.clicked.connect(self._on_recent_clicked)
            self._recent.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self._recent_heading.setVisible(bool(paths))

    def set_ready(self, is_ready: bool, words: str = "") -> None:
        """Whether a click can be answered yet; ``words`` say what is being waited for."""
        self._open.setEnabled(is_ready)
        for card in self.cards():
            card.setEnabled(is_ready)
        self._loading.setText(words)
        self._loading.setVisible(bool(words))

    def set_can_go_back(self, can: bool) -> None:
        """Whether there is a run to go back to."""
        self._back.setVisible(can)

    def cards(self) -> list[Card]:
        """The cards, in order."""
        return self._page.findChildren(Card)

    @Slot()
    def _on_card_clicked(self) -> None:
        card = self.sender()
        if isinstance(card, Card):
            self.preset_chosen.emit(card.name)

    @Slot()
    def _on_recent_clicked(self) -> None:
        self.file_chosen.emit(str(self.sender().property("path")))


def _label(text: str, role: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label
