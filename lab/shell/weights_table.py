"""What would change, line by line, before weights are taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lab.ui import theme
from lab.ui.messages import Banner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.engine.load_weights import Loaded
    from lab.files.weights import Difference

WORDS = {
    "same": "fits",
    "shape": "another shape",
    "missing": "not in the file",
    "unexpected": "not in the network",
}
HEADERS = ("Tensor", "Network", "File", "")
MOST_ROWS = 2000
MOST_NOTES = 4


class WeightsTable(QDialog):
    """The differences; loading is possible only where every tensor fits.

    What a person should know although it would fit stands above the table.
    """

    def __init__(self, file: str, loaded: Loaded, parent: QWidget) -> None:
        super().__init__(parent)
        self.file, self.loaded = file, loaded
        self.setWindowTitle("Load weights")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.sentence = verdict(file, loaded.differences)
        words = QLabel(self.sentence, self)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        self.notes = Banner("warning", noted(loaded.notes), None, self)
        self.notes.setToolTip("\n".join(loaded.notes))
        self.table = _table(loaded.differences, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.MARGIN)
        column.addWidget(words)
        column.addWidget(self.notes)
        column.addWidget(self.table, 1)
        column.addWidget(self._make_buttons())
        self.notes.setHidden(not loaded.notes)
        self.resize(640, 420)
        self.table.setFocus()  # not the cross of the notes

    def _make_buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self.load = buttons.addButton("Load", QDialogButtonBox.ButtonRole.AcceptRole)
        self.load.setEnabled(self.loaded.fits)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        return buttons


def noted(notes: Sequence[str]) -> str:
    """Return the first notes, and how many more there are."""
    more = len(notes) - MOST_NOTES
    return " ".join([*notes[:MOST_NOTES], *([f"{more} more."] if more > 0 else [])])


def verdict(file: str, lines: Sequence[Difference]) -> str:
    """Say whether the weights fit, and what to do if not."""
    wrong = [line for line in lines if line.status != "same"]
    if not wrong:
        return (
            f"All {len(lines)} tensors of {file} fit. They are taken over on a new branch; "
            "what was recorded stays."
        )
    return (
        f"{len(wrong)} of {len(lines)} tensors do not fit, so nothing is loaded. Change the "
        f"network to the shapes of {file}, or choose another file."
    )


def _table(lines: Sequence[Difference], parent: QWidget) -> QTableWidget:
    shown = sorted(lines, key=lambda line: line.status == "same")[:MOST_ROWS]
    table = QTableWidget(len(shown), len(HEADERS), parent)
    table.setHorizontalHeaderLabels(list(HEADERS))
    table.setAccessibleName("Tensors of the network and of the file")
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    for row, line in enumerate(shown):
        texts = (line.name, _shape(line.wanted), _shape(line.found), WORDS[line.status])
        for column, text in enumerate(texts):
            table.setItem(row, column, QTableWidgetItem(text[:200]))
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    header.setStretchLastSection(True)
    return table


def _shape(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return "\u2013"
    return "\u00d7".join(map(str, shape)) or "one number"
