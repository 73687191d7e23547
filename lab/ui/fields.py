"""Fields for numbers: no text but a number in its range ever gets out of them.

Why not QDoubleSpinBox: it rounds to fixed decimals, follows the locale, and a NaN in it can
recurse for ever. A line of text with a strict reader has none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QLineEdit, QToolTip, QWidget

from lab.numerals import number, plain, shown, whole
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent, QPaintEvent


class _Field(QLineEdit):
    """What both kinds share: the border turns red, Escape takes back, arrows step."""

    refused = Signal(str)

    def __init__(self, name: str, suffix: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._name, self._suffix, self._sent = name, suffix, ""
        self._is_wrong = False
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFont(theme.number_font())
        self.setMaxLength(64)
        self.setFixedHeight(theme.CONTROL_HEIGHT)
        self._leave_room()
        self.textEdited.connect(self._on_text_edited)
        self.editingFinished.connect(self._on_editing_finished)

    def _leave_room(self) -> None:
        room = self.fontMetrics().horizontalAdvance(self._suffix) + 6 if self._suffix else 0
        self.setTextMargins(0, 0, room, 0)

    def set_suffix(self, suffix: str) -> None:
        """Show a unit behind the number, in the secondary colour."""
        self._suffix = suffix
        self._leave_room()
        self.update()

    def _show_text(self, text: str) -> None:
        with QSignalBlocker(self):
            self.setText(text)
        self._sent = text
        self._mark(False)

    def _mark(self, is_wrong: bool) -> None:
        if is_wrong != self._is_wrong:
            self._is_wrong = is_wrong
            self.setProperty("wrong", "true" if is_wrong else "false")
            self.style().unpolish(self)
            self.style().polish(self)

    def _refuse(self, wanted: str) -> None:
        words = f"{self._name}: wanted {wanted}, got \u201c{self.text()[:24]}\u201d."
        self._restore()
        self.refused.emit(words)
        if self.isVisible():
            QToolTip.showText(self.mapToGlobal(QPoint(0, self.height())), words, self)

    def _restore(self) -> None:
        raise NotImplementedError

    def _accepts(self, text: str) -> bool:
        raise NotImplementedError

    def _commit(self) -> None:
        raise NotImplementedError

    def _step(self, _upwards: bool, _is_large: bool) -> None:
        raise NotImplementedError

    @Slot(str)
    def _on_text_edited(self, text: str) -> None:
        self._mark(not self._accepts(text))

    @Slot()
    def _on_editing_finished(self) -> None:
        if self.text() != self._sent:
            self._commit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and down step the last digit, page keys ten times that, Escape takes back."""
        keys = Qt.Key
        if event.key() == keys.Key_Escape and self.text() != self._sent:
            self._restore()
        elif event.key() in (keys.Key_Return, keys.Key_Enter):
            super().keyPressEvent(event)
            self.clearFocus()  # the window's keys, Space above all, are wanted next
        elif event.key() in (keys.Key_Up, keys.Key_Down, keys.Key_PageUp, keys.Key_PageDown):
            self._on_editing_finished()
            is_large = event.key() in (keys.Key_PageUp, keys.Key_PageDown)
            self._step(event.key() in (keys.Key_Up, keys.Key_PageUp), is_large)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Come in by the keyboard: the whole number is marked, ready to be typed over."""
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.selectAll()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line, then the unit behind the number."""
        super().paintEvent(event)
        if self._suffix:
            painter = QPainter(self)
            painter.setPen(theme.colour("secondary"))
            area = QRect(0, 0, self.width() - 10, self.height())
            painter.drawText(area, self.alignment(), self._suffix)
            painter.end()


class NumberField(_Field):
    """A real number within a range; ``edited`` speaks of the person's edits only.

    ``1e-3`` is understood. Empty text, NaN, infinity, other scripts and numbers out of range
    are refused: the old value comes back and ``refused`` says what was wanted. The value keeps
    all its digits, six of them are shown, and the whole of it stands in the tooltip.
    """

    edited = Signal(float)

    def __init__(
        self,
        name: str,
        value: float = 0.0,
        *,
        least: float = -1e30,
        greatest: float = 1e30,
        digits: int = 6,
        suffix: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, suffix, parent)
        self._least, self._greatest, self._digits = least, greatest, digits
        self._value = min(max(0.0, least), greatest)
        self.set_value(value)

    def value(self) -> float:
        """The last number that was accepted."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show a value, silently.

        Raises
        ------
        ValueError
            If it is not a finite number in the range.
        """
        if not self._least <= value <= self._greatest:  # NaN fails here too
            raise ValueError(f"{self._name}: wanted {self._range()}, got {value!r}")
        self._value = float(value)
        self._restore()

    def set_range(self, least: float, greatest: float) -> None:
        """Change the range; a value outside moves to its nearer end, silently."""
        self._least, self._greatest = least, greatest
        self.set_value(min(max(self._value, least), greatest))

    def _range(self) -> str:
        if self._greatest >= 1e30:
            return "a number" if self._least <= -1e30 else f"at least {shown(self._least)}"
        return f"a number from {shown(self._least)} to {shown(self._greatest)}"

    def _restore(self) -> None:
        self._show_text(plain(self._value, self._digits))
        self.setToolTip(f"{self._name}: {self._value!r} ({self._range()})")

    def _accepts(self, text: str) -> bool:
        value = number(text)
        return value is not None and self._least <= value <= self._greatest

    def _commit(self) -> None:
        value = number(self.text())
        if value is None or not self._least <= value <= self._greatest:
            self._refuse(self._range())
        else:
            self._take(value)

    def _take(self, value: float) -> None:
        is_new = value != self._value
        self.set_value(value)
        if is_new:
            self.edited.emit(value)

    def _step(self, _upwards: bool, _is_large: bool) -> None:
        digit = float(f"{abs(self._value):.0e}".split("e")[1]) if self._value else -1.0
        size = 10.0 ** (digit if _is_large else digit - 1)
        moved = self._value + (size if _upwards else -size)
        self._take(min(max(float(f"{moved:.12g}"), self._least), self._greatest))


class IntField(_Field):
    """A whole number within a range; otherwise as ``NumberField``."""

    edited = Signal(object)  # a seed may have 63 bits, a Qt int has 32

    def __init__(
        self,
        name: str,
        value: int = 0,
        *,
        least: int = 0,
        greatest: int = 2**31 - 1,
        suffix: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(name, suffix, parent)
        self._least, self._greatest = least, greatest
        self._value = least
        self.set_value(value)

    def value(self) -> int:
        """The last number that was accepted."""
        return self._value

    def set_value(self, value: int) -> None:
        """Show a value, silently.

        Raises
        ------
        ValueError
            If it is not a whole number in the range.
        """
        if value != value or int(value) != value or not self._least <= value <= self._greatest:
            raise ValueError(f"{self._name}: wanted {self._range()}, got {value!r}")
        self._value = int(value)
        self._restore()

    def set_range(self, least: int, greatest: int) -> None:
        """Change the range; a value outside moves to its nearer end, silently."""
        self._least, self._greatest = least, greatest
        self.set_value(min(max(self._value, least), greatest))

    def _range(self) -> str:
        return f"a whole number from {self._least:,} to {self._greatest:,}"

    def _restore(self) -> None:
        self._show_text(str(self._value))
        self.setToolTip(f"{self._name}: {self._range()}")

    def _accepts(self, text: str) -> bool:
        value = whole(text)
        return value is not None and self._least <= value <= self._greatest

    def _commit(self) -> None:
        value = whole(self.text())
        if value is None or not self._least <= value <= self._greatest:
            self._refuse(self._range())
        else:
            self._take(value)

    def _take(self, value: int) -> None:
        is_new = value != self._value
        self.set_value(value)
        if is_new:
            self.edited.emit(value)

    def _step(self, _upwards: bool, _is_large: bool) -> None:
        moved = self._value + (1 if _upwards else -1) * (10 if _is_large else 1)
        self._take(min(max(moved, self._least), self._greatest))
