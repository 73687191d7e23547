"""What is wrong, one thing at a time, with its cures as buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from lab.ui import theme
from lab.ui.icons import icon
from lab.ui.messages import IconButton

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from lab.panels.flow.findings import Cure, Finding


class FindingStrip(QWidget):
    """A finding in words and its cures; an arrow goes on to the next finding.

    The one that is read stays while its words change, so that no button moves away from under
    the mouse. Where there is little room the cures stand in the menu of one button.
    """

    cure_wanted = Signal(object)
    layer_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._findings: tuple[Finding, ...] = ()
        self._name = ""
        self._cures: tuple[Cure, ...] = ()
        self._mark, self._words, self._count = QLabel(self), QLabel(self), QLabel(self)
        self._words.setWordWrap(True)
        self._count.setProperty("role", "secondary")
        self._next = IconButton("chevron-right", "Next warning", self, side=24)
        self._short = QPushButton("Cures", self)
        self._short.setToolTip("What helps: each begins a branch or a run of its own")
        self._menu = QMenu(self._short)
        self._menu.setToolTipsVisible(True)
        self._short.setMenu(self._menu)
        self._is_compact = False
        self._row = QHBoxLayout()
        self._buttons: list[QPushButton] = []
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self._short.hide()
        self._arrange()
        self._next.clicked.connect(self._on_next)
        self._menu.triggered.connect(self._on_chosen)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.hide()

    def _arrange(self) -> None:
        upper = QHBoxLayout()
        upper.setSpacing(theme.GAP)
        for widget, stretch in ((self._mark, 0), (self._words, 1), (self._count, 0)):
            upper.addWidget(widget, stretch)
        upper.addWidget(self._next)
        upper.addWidget(self._short)
        self._row.setSpacing(theme.GAP)
        self._row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 4, theme.PADDING, 6)
        column.setSpacing(4)
        column.addLayout(upper)
        column.addLayout(self._row)

    def show_findings(self, findings: Sequence[Finding]) -> None:
        """Show the finding that is read if it still stands, else the gravest."""
        self._findings = tuple(findings)
        self.setVisible(bool(findings))
        if findings:
            names = [f.name for f in findings]
            self._show(names.index(self._name) if self._name in names else 0)

    def set_compact(self, is_compact: bool) -> None:
        """Take one row, with the cures in a menu, or two."""
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            self._offer()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong."""
        return self._findings

    def words(self) -> str:
        """The finding that is read."""
        return self._words.text()

    def buttons(self) -> tuple[QPushButton, ...]:
        """The cures offered for it."""
        return tuple(self._buttons[: len(self._cures)])

    def _show(self, place: int) -> None:
        finding = self._findings[place]
        self._name = finding.name
        self._words.setText(finding.words)
        several = len(self._findings) > 1
        self._count.setText(f"{place + 1} of {len(self._findings)}" if several else "")
        self._next.setVisible(several)
        if finding.cures != self._cures:
            self._cures = finding.cures
            self._offer()

    def _offer(self) -> None:
        while len(self._buttons) < len(self._cures):
            button = QPushButton(self)
            button.clicked.connect(self._on_clicked)
            self._row.insertWidget(len(self._buttons), button)
            self._buttons.append(button)
        self._menu.clear()
        for place, cure in enumerate(self._cures):
            self._buttons[place].setText(cure.title)
            self._buttons[place].setToolTip(cure.tooltip)
            action = self._menu.addAction(cure.title)
            action.setToolTip(cure.tooltip)
            action.setProperty("place", place)
        for place, button in enumerate(self._buttons):
            button.setVisible(place < len(self._cures) and not self._is_compact)
        self._short.setVisible(self._is_compact and bool(self._cures))

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        self.cure_wanted.emit(self._cures[int(action.property("place"))])

    @Slot()
    def _on_clicked(self) -> None:
        place = self._buttons.index(self.sender())  # type: ignore[arg-type]  # one of them
        self.cure_wanted.emit(self._cures[place])

    @Slot()
    def _on_next(self) -> None:
        names = [f.name for f in self._findings]
        place = (names.index(self._name) + 1) % len(names)
        self._show(place)
        self.layer_wanted.emit(self._findings[place].path)

    @Slot(object)
    def _on_theme_changed(self, _palette: object = None) -> None:
        self._mark.setPixmap(icon("warning", "warning").pixmap(16, 16))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A tint of the colour of warnings, and a bar of it at the left."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("warning", 20))
        painter.fillRect(0, 0, 3, self.height(), theme.colour("warning"))
        painter.end()
