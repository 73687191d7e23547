"""The dialog of a table's columns: what was recognised, why, and where to correct it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
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

from lab.panels.run.reading import Reading
from lab.panels.run.table import (
    KINDS,
    TASKS,
    TableState,
    changes,
    checked,
    lines,
    read_state,
    table_in_words,
    target_in_words,
)
from lab.ui import theme
from lab.ui.controls import Banner, CheckBox, Choice, FieldColumn, ProgressRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FIELD_WIDTH, LABEL_WIDTH = 240, 72
HEADERS = ("Column", "Read as", "Used as", "Missing", "Examples", "Note")
RECOGNISED = "As recognised"
_TASK_TITLES = {RECOGNISED: None} | {task.capitalize(): task for task in TASKS}
_KIND_TITLES = {RECOGNISED: ""} | {kind.capitalize(): kind for kind in KINDS}


class ColumnsDialog(QDialog):
    """Shows a table's columns; ``chosen`` carries one change of the description.

    Reading, converting and checking happen in a thread; ``state`` is None until the table is
    read.
    """

    chosen = Signal(object)

    def __init__(self, path: str, options: Mapping[str, Any], parent: QWidget) -> None:
        super().__init__(parent)
        self.state: TableState | None = None
        self._name = Path(path).name
        self.setWindowTitle(f"Columns of {self._name}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._make_parts()
        self._arrange()
        self.resize(760, 560)
        self._work(partial(read_state, path, dict(options)), self._on_read, "Reading")

    def _make_parts(self) -> None:
        self._words = _caption(self)
        self._reason = _caption(self)
        self._banner = Banner("error", "", None, self)
        self._banner.hide()
        self._progress = ProgressRow("", self)
        self._progress.cancelled.connect(self.reject)
        self.table = _empty_table(self)
        self.table.itemSelectionChanged.connect(self._on_selection_changed)
        self.target = Choice([RECOGNISED], "Target", parent=self)
        self.target.chosen.connect(self._on_aim_chosen)
        self.task = Choice(list(_TASK_TITLES), "Task", parent=self)
        self.task.chosen.connect(self._on_aim_chosen)
        self.kind = Choice(list(_KIND_TITLES), "Selected column is read as", parent=self)
        self.kind.chosen.connect(self._on_kind_chosen)
        self.use = CheckBox("Use as a feature", parent=self)
        self.use.toggled_by_hand.connect(self._on_use_toggled)
        roles = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(roles.Ok | roles.Cancel, self)
        self.buttons.button(roles.Ok).setToolTip("Begin the run anew with these columns.")
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)

    def _arrange(self) -> None:
        aim, selected = FieldColumn(FIELD_WIDTH, self), FieldColumn(FIELD_WIDTH, self)
        for fields in (aim, selected):  # labels stay beside their fields
            fields.setFixedWidth(FIELD_WIDTH + LABEL_WIDTH)
        aim.add_field("Target", self.target, "The column that is predicted.")
        aim.add_field("Task", self.task, "Classes are told apart, amounts are estimated.")
        self._selected = selected.add_heading("No column is selected")
        self._selected.setWordWrap(True)
        selected.add_field("Read as", self.kind, "What the selected column holds.")
        selected.add_wide(self.use)
        self._body = QWidget(self)
        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(theme.GAP)
        for part in (self._words, aim, self._reason):
            inside.addWidget(part)
        inside.addWidget(self.table, 1)
        inside.addWidget(selected)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.setSpacing(theme.GAP)
        column.addWidget(self._banner)
        column.addWidget(self._progress)
        column.addWidget(self._body, 1)
        column.addWidget(self.buttons)

    # Work in a thread: one piece at a time, the parts wait for it.

    def _work(
        self, work: Callable[[], object], on_done: Callable[[Any], None], doing: str
    ) -> None:
        reading = Reading(work, self)
        reading.done.connect(on_done)
        reading.failed.connect(self._on_failed)
        self._progress.set_progress(None, f"{doing} {self._name}\u2026")
        self._set_busy(True)

    def _set_busy(self, is_busy: bool) -> None:
        self._progress.setVisible(is_busy)
        self._body.setEnabled(not is_busy)
        ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        ok.setEnabled(not is_busy and self.state is not None)

    @Slot(str)
    def _on_failed(self, words: str) -> None:
        self._set_busy(False)
        self._banner.show_message("error", words)
        self._banner.show()
        if self.state is not None:
            self._show()

    @Slot(object)
    def _on_read(self, state: TableState) -> None:
        self.state = state
        self.target.set_choices(list(state.table.names), state.target)
        self.table.setRowCount(len(state.table.names))
        self._on_changed(state)
        self.table.selectRow(0)

    @Slot(object)
    def _on_changed(self, state: TableState) -> None:
        self.state = state
        self._banner.hide()
        self._set_busy(False)
        self._show()

    @Slot(object)
    def _on_checked(self, _design: object) -> None:
        assert self.state is not None
        self.chosen.emit(changes(self.state))
        self.accept()

    # What is shown.

    def _show(self) -> None:
        assert self.state is not None
        self._words.setText(table_in_words(self.state))
        self._reason.setText(target_in_words(self.state))
        self.target.set_current(self.state.target)
        self.task.set_current(_title(_TASK_TITLES, self.state.task))
        for row, line in enumerate(lines(self.state)):
            texts = (line.name, line.kind, line.role, line.missing, line.examples, line.note)
            for column, text in enumerate(texts):
                _put(self.table, row, column, text)
        self._show_selected()

    def _show_selected(self) -> None:
        names = self.selected()
        if self.state is None or not names:
            return
        kinds = dict(self.state.kinds)
        first = self.state.table.column(names[0])
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        self._selected.setText(f"Selected: {names[0][:60]}{more}")
        self.kind.set_current(_title(_KIND_TITLES, kinds.get(first.name, "")))
        self.use.set_on(self.state.role(first) == "feature")
        self.use.setEnabled(self.state.target not in names)

    def selected(self) -> tuple[str, ...]:
        """Return the names of the selected columns, from the top down."""
        if self.state is None:
            return ()
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        return tuple(self.state.table.names[row] for row in rows)

    # What the person does.

    @Slot()
    def _on_selection_changed(self) -> None:
        self._show_selected()

    @Slot(str)
    def _on_aim_chosen(self, _title: str) -> None:
        if self.state is not None:
            task = _TASK_TITLES[self.task.current()]
            self._on_changed(self.state.aimed_at(self.target.current(), task))

    @Slot(bool)
    def _on_use_toggled(self, is_used: bool) -> None:
        if self.state is not None:
            self._on_changed(self.state.using(self.selected(), is_used))

    @Slot(str)
    def _on_kind_chosen(self, title: str) -> None:
        if self.state is not None:
            work = partial(_with_kinds, self.state, self.selected(), _KIND_TITLES[title])
            self._work(work, self._on_changed, "Converting")

    @Slot()
    def _on_accepted(self) -> None:
        if self.state is not None:
            self._work(partial(checked, self.state), self._on_checked, "Checking")


def _with_kinds(state: TableState, names: tuple[str, ...], kind: str) -> TableState:
    for name in names:
        state = state.with_kind(name, kind)
    return state


def _title(titles: Mapping[str, Any], value: Any) -> str:
    return next(title for title, meant in titles.items() if meant == value)


def _caption(parent: QWidget) -> QLabel:
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(True)
    made.setProperty("role", "secondary")
    return made


def _empty_table(parent: QWidget) -> QTableWidget:
    table = QTableWidget(0, len(HEADERS), parent)
    table.setHorizontalHeaderLabels(list(HEADERS))
    table.setAccessibleName("Columns of the table")
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.setMinimumHeight(160)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    header.setStretchLastSection(True)
    for column, width in enumerate((128, 120, 76, 80, 180)):
        table.setColumnWidth(column, width)
    return table


def _put(table: QTableWidget, row: int, column: int, text: str) -> None:
    """Show a text in a cell; names out of files are shown as they are, and cut."""
    item = table.item(row, column)
    if item is None:
        item = QTableWidgetItem()
        table.setItem(row, column, item)
        if HEADERS[column] == "Missing":
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if item.text() != text[:200]:
        item.setText(text[:200])
        item.setToolTip("" if len(text) < 16 else _plain_tooltip(text))


def _plain_tooltip(text: str) -> str:
    """Return a tooltip that cannot become markup: Qt takes a leading tag for HTML."""
    return text[:1000].replace("<", "\u2039").replace(">", "\u203a")
