"""The form of a run: files, columns of a table and the slider of the learning rate besides."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton

from lab.engine.datasets import DATASETS
from lab.ui.controls import LogSlider, NumberField
from lab.ui.form import FIELD_WIDTH, Form

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.engine.rows import Row

_ENDINGS = {"csv": "Tables (*.csv *.tsv *.txt)", "arrays": "Arrays (*.npy *.npz)"}
BUTTON_PADDING = 28


class RunForm(Form):
    """``asked`` tells that the dialog behind a row is wanted, by the row's path."""

    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._slider: LogSlider | None = None
        super().__init__(parent)

    def _build(self, rows: list[Row]) -> None:
        self._slider = None
        super()._build(rows)

    def _add(self, row: Row) -> None:
        super()._add(row)
        made = self.fields[row.path]
        if row.path == "optimizer.learning_rate" and isinstance(made, NumberField):
            assert self._column is not None
            self._slider = LogSlider(made, 1e-5, 10.0, self)
            self._column.add_wide(self._slider)

    def _made(self, row: Row) -> QWidget:
        if row.editor not in ("file", "columns"):
            return super()._made(row)
        is_file = row.editor == "file"
        made = QPushButton("Choose…" if is_file else str(row.value))
        made.setAccessibleName(row.label if is_file else "Columns of the table")
        return made

    def _tell(self, row: Row) -> None:
        super()._tell(row)
        made = self.fields[row.path]
        if row.editor == "file" and isinstance(made, QPushButton):
            made.setText(_fitting(made, Path(row.value).name) or "Choose…")
            made.setToolTip(f"{row.tooltip}\n{row.value}")
        if self._slider and row.path == "optimizer.learning_rate" and row.value > 0:
            self._slider.set_value(row.value)

    def _take(self, made: QWidget, row: Row) -> None:
        if row.editor == "columns":
            self.asked.emit(row.path)
        else:
            super()._take(made, row)

    def _value(self, made: QWidget, row: Row) -> Any:
        if row.editor == "file":
            return ask_for_data(self, self._rows["data.kind"].value) or None
        return super()._value(made, row)


def _fitting(button: QPushButton, text: str) -> str:
    """Return a name cut in its middle to the room a button has."""
    room = FIELD_WIDTH - BUTTON_PADDING
    return button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room)


def ask_for_data(parent: QWidget, kind: str) -> str:
    """Ask for the file or folder of a dataset of one's own; empty if the person cancels."""
    if DATASETS[kind].is_folder:
        return QFileDialog.getExistingDirectory(parent, "Choose a folder of images")
    return QFileDialog.getOpenFileName(parent, "Choose data", "", _ENDINGS.get(kind, ""))[0]
