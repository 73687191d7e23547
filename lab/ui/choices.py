"""Controls for choosing: segments for two to five choices, a list for more, a tick for two."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRectF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QSizePolicy,
    QWidget,
)

from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QKeyEvent, QPaintEvent, QWheelEvent

SEARCH_FROM = 12  # a list this long can be searched by typing any part of an entry


class _Segment(QAbstractButton):
    """One choice: filled and outlined in the accent when it is the current one."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the row has the focus, not its parts
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Room for the text in the bold of the current choice, so that nothing moves."""
        wide = self.fontMetrics().horizontalAdvance(self.text()) * 1.06 + 24
        return QSize(int(wide), theme.CONTROL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Never clip the text."""
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Fill if current, then the text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.isChecked():
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(theme.colour("accent_fill"))
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        font = self.font()
        font.setWeight(font.Weight.DemiBold if self.isChecked() else font.Weight.Normal)
        painter.setFont(font)
        painter.setPen(self._ink())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()

    def _ink(self) -> QColor:
        if not self.isEnabled():
            return theme.colour("secondary", 150)
        return theme.colour("accent_text" if self.isChecked() else "text")


class Segmented(QWidget):
    """A row of choices of which exactly one is current; the arrow keys move it."""

    chosen = Signal(str)

    def __init__(
        self,
        choices: Sequence[str],
        name: str = "Choice",
        *,
        current: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme.CONTROL_HEIGHT)
        self._fill(choices)
        self.set_current(current if current is not None else choices[0])
        self._group.buttonClicked.connect(self._on_button_clicked)
        theme.changed.connect(self._on_theme_changed)

    def _fill(self, choices: Sequence[str]) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for text in choices:
            segment = _Segment(text, self)
            self._group.addButton(segment)
            layout.addWidget(segment)

    def current(self) -> str:
        """The text of the current choice."""
        button = self._group.checkedButton()
        return button.text() if button is not None else ""

    def choices(self) -> tuple[str, ...]:
        """All texts, from left to right."""
        return tuple(b.text() for b in self._group.buttons())

    def set_current(self, choice: str) -> None:
        """Make a choice current, silently.

        Raises
        ------
        ValueError
            If it is not among the choices.
        """
        for button in self._group.buttons():
            if button.text() == choice:
                button.setChecked(True)
                self.setAccessibleDescription(f"Current: {choice}")
                self.update()
                return
        raise ValueError(f"choice: wanted one of {self.choices()}, got {choice!r}")

    def set_tooltips(self, tooltips: Sequence[str]) -> None:
        """Say of each choice what it means."""
        for button, text in zip(self._group.buttons(), tooltips, strict=True):
            button.setToolTip(text)

    @Slot(QAbstractButton)
    def _on_button_clicked(self, button: QAbstractButton) -> None:
        self.set_current(button.text())
        self.chosen.emit(button.text())

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the choice."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        texts = self.choices()
        place = min(max(texts.index(self.current()) + step, 0), len(texts) - 1)
        if texts[place] != self.current():
            self.set_current(texts[place])
            self.chosen.emit(texts[place])

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The frame, and a short line between two choices that are not current."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("accent" if self.hasFocus() else "line"), 1))
        painter.setBrush(theme.colour("field"))
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.setPen(QPen(theme.colour("line"), 1))
        buttons = self._group.buttons()
        for left, right in pairwise(buttons):
            if not (left.isChecked() or right.isChecked()):
                painter.drawLine(right.x(), 8, right.x(), self.height() - 8)
        painter.end()


class Choice(QComboBox):
    """A list of names; a long one is searched by typing any part of a name."""

    chosen = Signal(str)

    def __init__(
        self,
        choices: Sequence[str],
        name: str = "Choice",
        *,
        current: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFixedHeight(theme.CONTROL_HEIGHT)
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.set_choices(choices, current)
        self.activated.connect(self._on_activated)

    def set_choices(self, choices: Sequence[str], current: str | None = None) -> None:
        """Replace the list, silently; the current one stays where it still exists."""
        kept = current if current is not None else self.currentText()
        with QSignalBlocker(self):
            self.clear()
            self.addItems(list(choices))
            self.setMinimumContentsLength(min(max(map(len, choices), default=4), 24))
            self.setCurrentIndex(max(self.findText(kept), 0))
            self._set_searchable(len(choices) >= SEARCH_FROM)

    def _set_searchable(self, is_searchable: bool) -> None:
        self.setEditable(is_searchable)
        completer = self.completer()
        line = self.lineEdit()
        if completer is None or line is None:
            return
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        completer.popup().setObjectName("completions")
        line.editingFinished.connect(self._on_text_left)
        line.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Open the list at a click anywhere, as of a list that is not searched."""
        if event.type() == QEvent.Type.MouseButtonRelease and watched is self.lineEdit():
            self.showPopup()
            return True
        return bool(super().eventFilter(watched, event))

    def choices(self) -> tuple[str, ...]:
        """All names, from top to bottom."""
        return tuple(self.itemText(place) for place in range(self.count()))

    def current(self) -> str:
        """The current name, as it stands in the list."""
        return self.itemText(self.currentIndex())

    def set_current(self, choice: str) -> None:
        """Make a name current, silently.

        Raises
        ------
        ValueError
            If it is not in the list.
        """
        place = self.findText(choice)
        if place < 0:
            raise ValueError(
                f"choice: {choice!r} is not in the list of {self.accessibleName()}"
            )
        with QSignalBlocker(self):
            self.setCurrentIndex(place)

    @Slot(int)
    def _on_activated(self, place: int) -> None:
        self.chosen.emit(self.itemText(place))

    @Slot()
    def _on_text_left(self) -> None:
        self.setEditText(self.current())  # half a name is no choice

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the page: scrolling past a list must not change it."""
        event.ignore()


class Toggle(QCheckBox):
    """A tick; ``toggled_by_hand`` speaks of the person's clicks only."""

    toggled_by_hand = Signal(bool)

    def __init__(self, text: str, is_on: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setAccessibleName(text)
        self.set_on(is_on)
        self.clicked.connect(self.toggled_by_hand)

    def is_on(self) -> bool:
        """Whether the tick is set."""
        return self.isChecked()

    def set_on(self, is_on: bool) -> None:
        """Set or take the tick, silently."""
        with QSignalBlocker(self):
            self.setChecked(is_on)


CheckBox = Toggle
