"""A form of rows: built when its shape changes, otherwise only told new values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.engine.rows import BEGINS_ANEW
from lab.ui.controls import CheckBox, Choice, FieldColumn, IntField, NumberField

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.engine.rows import Row

MARK = "↻"
LEGEND = f"{MARK}  begins the run anew"
FIELD_WIDTH = 176
"""Room for the longest name of a choice."""
FORM_WIDTH = 286
"""Labels and fields stay side by side, however wide the panel is."""


class Form(QWidget):
    """Rows of settings; ``changed`` tells a person's change as (path, value)."""

    changed = Signal(str, object)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        width: int = FORM_WIDTH,
        field_width: int = FIELD_WIDTH,
        marks: bool = True,
    ) -> None:
        super().__init__(parent)
        self._column: FieldColumn | None = None
        self._field_width, self._marks = field_width, marks
        self._shape: tuple[Any, ...] = ()
        self._rows: dict[str, Row] = {}
        self.fields: dict[str, QWidget] = {}
        self.setFixedWidth(width)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)

    def show_rows(self, rows: list[Row]) -> None:
        """Show rows; fields whose value is as it was are left alone."""
        shape = tuple(r.shape for r in rows)
        if shape != self._shape:
            self._shape = shape
            self._build_again(rows)
        for row in rows:
            if row.path and (row.path not in self._rows or self._rows[row.path] != row):
                self._tell(row)
        self._rows = {r.path: r for r in rows if r.path}

    def show_again(self) -> None:
        """Show what is in force, after a change that may have been refused."""
        for row in self._rows.values():
            self._tell(row)

    def _build_again(self, rows: list[Row]) -> None:
        """Build the form, and leave the keyboard where it was."""
        inside = (p for p, made in self.fields.items() if made.hasFocus())
        focused = next(inside, "")
        self._build(rows)
        if focused in self.fields:
            self.fields[focused].setFocus()

    def _build(self, rows: list[Row]) -> None:
        if self._column is not None:
            self._column.hide()
            self._column.deleteLater()
        self._column = FieldColumn(self._field_width, self)
        self.fields, self._rows = {}, {}
        for row in rows:
            if row.editor == "heading":
                self._column.add_heading(row.label)
            else:
                self._add(row)
        layout = self.layout()
        assert layout is not None
        layout.addWidget(self._column)

    def _add(self, row: Row) -> None:
        assert self._column is not None
        made = self._made(row)
        self.fields[row.path] = made
        label = self._column.add_field(row.label, made, row.tooltip)
        if row.begins_anew and self._marks:
            _mark(label)
        if row.begins_anew:
            made.setAccessibleDescription(BEGINS_ANEW)
        signal = made.clicked if isinstance(made, QPushButton | CheckBox) else None
        if isinstance(made, NumberField | IntField):
            signal = made.edited
        elif isinstance(made, Choice):
            signal = made.chosen
        assert signal is not None
        made.setProperty("path", row.path)
        signal.connect(self._on_field_changed)

    def _made(self, row: Row) -> QWidget:
        """Return the widget of a row."""
        return _MAKERS[row.editor](row)

    def _tell(self, row: Row) -> None:
        made = self.fields[row.path]
        made.setToolTip(row.tooltip)
        if isinstance(made, NumberField | IntField):
            if not made.hasFocus() or made.value() != row.value:
                _show_number(made, row)
                made.setToolTip(f"{row.value!r}\n{row.tooltip}")
        elif isinstance(made, Choice):
            made.set_current(row.choices[row.value])
            line = made.lineEdit()
            if line is not None:
                line.setCursorPosition(0)  # a long name shows its beginning
        elif isinstance(made, CheckBox):
            with QSignalBlocker(made):
                made.setChecked(bool(row.value))

    @Slot()
    def _on_field_changed(self, *_: object) -> None:
        made = self.sender()
        assert isinstance(made, QWidget)
        self._take(made, self._rows[str(made.property("path"))])

    def _take(self, made: QWidget, row: Row) -> None:
        """Tell what a person did with the field of a row."""
        value = self._value(made, row)
        if value is not None and value != row.value:
            self.changed.emit(row.path, value)

    def _value(self, made: QWidget, row: Row) -> Any:
        if isinstance(made, NumberField | IntField):
            return made.value()
        if isinstance(made, Choice):
            return next(k for k, title in row.choices.items() if title == made.current())
        return made.isChecked() if isinstance(made, CheckBox) else None


def _mark(label: QLabel) -> None:
    """Show at the end of a label that its setting begins the run anew."""
    mark = QLabel(MARK, label)
    mark.setTextFormat(Qt.TextFormat.PlainText)
    mark.setProperty("role", "secondary")
    row = QHBoxLayout(label)
    row.setContentsMargins(0, 0, 0, 0)
    row.addStretch(1)
    row.addWidget(mark)


def _show_number(field: NumberField | IntField, row: Row) -> None:
    if isinstance(field, IntField):
        field.set_range(int(row.low), int(row.high))
    else:
        field.set_range(row.low, row.high)
    field.set_value(row.value)


def _number(row: Row) -> QWidget:
    return NumberField(row.label, row.value, least=row.low, greatest=row.high)


def _whole(row: Row) -> QWidget:
    return IntField(row.label, row.value, least=int(row.low), greatest=int(row.high))


def _choice(row: Row) -> QWidget:
    return Choice(list(row.choices.values()), row.label)


def _tick(row: Row) -> QWidget:
    made = CheckBox("")
    made.setAccessibleName(row.label)
    return made


_MAKERS: dict[str, Callable[[Row], QWidget]] = {
    "number": _number,
    "whole": _whole,
    "choice": _choice,
    "tick": _tick,
}
