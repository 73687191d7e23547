"""The building blocks of a row of settings, in the lab's own look.

Fields, choices and messages live in their own files and are offered here under one roof; a
slider and the two-column arrangement of labels and fields are made here.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QVBoxLayout, QWidget

from lab.ui import theme
from lab.ui.choices import CheckBox, Choice, Segmented, Toggle
from lab.ui.fields import IntField, NumberField
from lab.ui.messages import Banner, ElidedLabel, EmptyState, IconButton, ProgressRow

__all__ = [
    "Banner",
    "CheckBox",
    "Choice",
    "ElidedLabel",
    "EmptyState",
    "FieldColumn",
    "IconButton",
    "IntField",
    "LabelledField",
    "LogSlider",
    "NumberField",
    "ProgressRow",
    "Segmented",
    "Slider",
    "Toggle",
]

_TICKS = 1000


class LogSlider(QWidget):
    """A slider that moves a NumberField through its decades.

    ``moved`` follows the hand; ``edited`` of the field is told once, at the end of a gesture,
    so that a drag is one edit and not three hundred.
    """

    moved = Signal(float)

    def __init__(
        self, field: NumberField, least: float, greatest: float, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        if not 0 < least < greatest:
            raise ValueError(f"least: wanted 0 < least < greatest, got {least}, {greatest}")
        self._field, self._least, self._greatest = field, least, greatest
        self._slider = QSlider(Qt.Orientation.Horizontal, self)
        self._slider.setRange(0, _TICKS)
        self._slider.setAccessibleName(f"{field.accessibleName()} (logarithmic)")
        self._slider.setToolTip(
            f"{field.accessibleName()}, {least:g} to {greatest:g}, by decades"
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        self.setFixedHeight(20)
        self.set_value(field.value())
        self._slider.valueChanged.connect(self._on_slider_moved)
        self._slider.sliderReleased.connect(self._on_slider_released)
        field.edited.connect(self._on_field_edited)

    def value(self) -> float:
        """Where the slider stands, to three significant digits."""
        share = self._slider.value() / _TICKS
        exact = self._least * (self._greatest / self._least) ** share
        return float(f"{min(max(exact, self._least), self._greatest):.3g}")

    def set_value(self, value: float) -> None:
        """Move the slider, silently; values outside stay at its end."""
        inside = min(max(value, self._least), self._greatest)
        share = math.log(inside / self._least) / math.log(self._greatest / self._least)
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(share * _TICKS))

    @Slot(int)
    def _on_slider_moved(self, _tick: int) -> None:
        value = self.value()
        self._field.set_value(value)
        self.moved.emit(value)
        if not self._slider.isSliderDown():  # a key or a click on the groove: a whole gesture
            self._field.edited.emit(value)

    @Slot()
    def _on_slider_released(self) -> None:
        self._field.edited.emit(self.value())

    @Slot(float)
    def _on_field_edited(self, value: float) -> None:
        self.set_value(value)


Slider = LogSlider


class FieldColumn(QWidget):
    """Rows of a label at the left and a field at the right, all fields in one column."""

    def __init__(self, field_width: int = 116, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field_width = field_width
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(theme.GRID)
        self._grid.setHorizontalSpacing(theme.GAP)
        self._grid.setColumnStretch(0, 1)

    def add_heading(self, text: str) -> QLabel:
        """Begin a group of rows."""
        heading = _label(text, "heading")
        row = self._grid.rowCount()
        if row > 1:
            heading.setContentsMargins(0, theme.GROUP_GAP - theme.GRID, 0, 2)
        self._grid.addWidget(heading, row, 0, 1, 2)
        return heading

    def add_field(self, text: str, field: QWidget, tooltip: str = "") -> QLabel:
        """Add a row; the tooltip says what the term means and belongs to both."""
        label = _label(text, "text")
        label.setBuddy(field)
        label.setToolTip(tooltip)
        if tooltip and not field.toolTip():
            field.setToolTip(tooltip)
        row = self._grid.rowCount()
        field.setFixedWidth(self._field_width)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(field, row, 1)
        return label

    def add_wide(self, widget: QWidget) -> None:
        """Add a widget over both columns: a slider, a button, a tick."""
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2)


class LabelledField(FieldColumn):
    """A single such row, for use outside a column."""

    def __init__(
        self, text: str, field: QWidget, tooltip: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(max(field.sizeHint().width(), 72), parent)
        self.field = field
        self.label = self.add_field(text, field, tooltip)


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label
