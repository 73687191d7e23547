"""The form, the log of edits, and two buttons: branch here, and reset."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.engine.datasets import DATASETS
from lab.engine.kinds import ExperimentError
from lab.engine.news import Status
from lab.panels.run.columns import ColumnsDialog
from lab.panels.run.form import RunForm, ask_for_data
from lab.panels.run.model import (
    changes_for,
    edits_in_words,
    is_taken_over,
    notes,
    question,
    reading,
    rows,
    step_of_edit,
    summary,
)
from lab.ui import theme
from lab.ui.form import FORM_WIDTH, LEGEND
from lab.ui.icons import icon
from lab.ui.messages import ElidedLabel
from lab.ui.panel import PanelFrame, PanelSpec
from lab.ui.undo import begin_anew, change_settings

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QPaintEvent, QShowEvent

    from lab.engine.news import Event, RunLook
    from lab.ui.bridge import EngineBridge

SHOWN_EDITS = 4
LISTED_EDITS = 40
QUESTION = "run.devices"


class RunView(PanelFrame):
    """Shows the settings in force at the cursor, and takes changes of them."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._devices = {"cpu": "CPU"}
        self._wish: dict[str, Any] = {}  # what was asked for here and is not yet in force
        self._is_refused = False
        self.setMinimumWidth(FORM_WIDTH + 2 * theme.MARGIN)
        self.form = RunForm(self)
        self.form.changed.connect(self._on_form_changed)
        self.form.asked.connect(self._on_columns_asked)
        self.banner_acted.connect(self._on_columns_asked)
        self._edits = [ElidedLabel("", self) for _ in range(SHOWN_EDITS)]
        self.set_picture(self._make_body())
        self.set_empty("Nothing is loaded yet: choose an example on the start page.")
        bridge.stood.connect(self._on_looked)
        bridge.happened.connect(self._on_happened)
        theme.changed.connect(self._on_palette_changed)
        if bridge.look is not None:
            self._on_looked(bridge.look)

    def _make_body(self) -> QWidget:
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._make_scroll(), 1)
        column.addWidget(self._make_foot())
        return body

    def _make_scroll(self) -> QWidget:
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(theme.MARGIN, theme.PADDING, 0, theme.PADDING)
        legend = QLabel(LEGEND, inside)
        legend.setTextFormat(Qt.TextFormat.PlainText)
        legend.setProperty("role", "caption")
        legend.setToolTip("Everything else is taken over as the run goes on, and logged.")
        column.addWidget(legend)
        column.addWidget(self.form, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        return scroll

    def _make_foot(self) -> QWidget:
        foot = Foot(self)
        column = QVBoxLayout(foot)
        column.setContentsMargins(theme.MARGIN, theme.PADDING, theme.MARGIN, theme.PADDING)
        self._heading = QLabel("Changes logged", foot)
        self._heading.setProperty("role", "heading")
        self._heading.setTextFormat(Qt.TextFormat.PlainText)
        column.addWidget(self._heading)
        for line in self._edits:
            column.addWidget(line)
        column.addLayout(self._make_buttons(foot))
        return foot

    def _make_buttons(self, foot: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        self._branch = QPushButton("Branch here", foot)
        self._branch.setToolTip("Begin a branch at this step; what is recorded stays as it is.")
        self._branch.clicked.connect(self._on_branch_clicked)
        self._reset = QPushButton("Reset", foot)
        self._reset.setToolTip("Begin anew from the same initial weights (Ctrl+R).")
        self._reset.clicked.connect(self._on_reset_clicked)
        for button in (self._branch, self._reset):  # together as wide as the form
            button.setFixedWidth((FORM_WIDTH - theme.GAP) // 2)
            row.addWidget(button)
        row.addStretch(1)
        self._on_palette_changed()
        return row

    @Slot(object)
    def _on_palette_changed(self, _palette: object = None) -> None:
        self._branch.setIcon(icon("branch"))
        self._reset.setIcon(icon("reset"))

    @Slot(object)
    def _on_looked(self, look: RunLook) -> None:
        if self._wish and is_taken_over(look, self._wish):
            self._wish = {}
        if self.isVisible() or self.is_empty():
            self._show(look)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up on what was missed while hidden."""
        super().showEvent(event)
        self._bridge.watch(QUESTION, question)
        if self._bridge.look is not None:
            self._show(self._bridge.look)

    def hideEvent(self, event: QHideEvent) -> None:
        """A hidden panel asks nothing."""
        super().hideEvent(event)
        self._bridge.unwatch(QUESTION)

    def _show(self, look: RunLook) -> None:
        self._devices = look.answers.get(QUESTION, self._devices)
        self.form.show_rows(rows(look.settings, self._devices, len(look.data.train)))
        self.show_picture()
        self._show_edits(look)
        self.set_subtitle(look.title)
        self.set_reading(step_of_edit(look) or reading(look))

    def _show_edits(self, look: RunLook) -> None:
        lines = edits_in_words(look.edits, look.settings.layers)
        padded = lines[:SHOWN_EDITS] + [""] * SHOWN_EDITS
        for label, line in zip(self._edits, padded, strict=False):
            if label.text() != line:
                label.set_text(line)
            label.setVisible(bool(line))
        heading = f"Changes logged: {len(lines)}" if lines else "No changes logged yet"
        self._heading.setText(heading)
        self._heading.setToolTip("\n".join(lines[:LISTED_EDITS]))

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.channel != "run":
            return
        if event.status is Status.LOADED:
            self._wish = {}
            self._tell_notes(event.text)
        elif event.status in (Status.REFUSED, Status.FAILED) and self._wish:
            self._tell_refusal(event.text)

    def _tell_notes(self, said: str) -> None:
        """Say what was changed to fit the data, and what was left out of them."""
        self._is_refused = False
        look = self._bridge.look
        told = notes(look, said) if look is not None else []
        if look is None or not told:
            self.hide_banner()
            return
        is_table = DATASETS[look.settings.data.kind].has_columns
        words = summary(told, said)
        banner = self.show_banner("info", words, "Columns…" if is_table else None)
        banner.setToolTip("\n".join(told))

    def _tell_refusal(self, text: str) -> None:
        """Say why a change cannot be; a table is offered to be corrected."""
        self._is_refused = True
        kind = self._wish.get("data.kind")
        is_table = kind is not None and DATASETS[kind].has_columns
        banner = self.show_banner("error", text, "Columns…" if is_table else None)
        banner.setToolTip("")
        if not is_table:
            self._wish = {}
        self.form.show_again()

    @Slot(str, object)
    def _on_form_changed(self, path: str, value: Any) -> None:
        look = self._bridge.look
        if look is None:
            return
        changes = changes_for(look, path, value)
        if path == "data.kind" and DATASETS[value].is_own:
            changes["data.path"] = ask_for_data(self, value)
        if changes.get("data.path", "chosen"):
            self._change(changes, path.split(".")[-1].replace("_", " "))
        self.form.show_again()

    def _change(self, changes: dict[str, Any], what: str) -> None:
        if self._is_refused:
            self._is_refused = False
            self.hide_banner()
        self._wish = changes
        try:
            change_settings(self._bridge, changes, f"change of {what}")
        except ExperimentError as error:
            self._tell_refusal(str(error))

    @Slot()
    def _on_columns_asked(self, *_: object) -> None:
        """Open the dialog of the table in use, or of the one that was just refused."""
        look = self._bridge.look
        if look is None:
            return
        now = look.settings.data
        options = now.as_dict() if DATASETS[now.kind].has_columns else {}
        path = self._wish.get("data.path") or options.get("path")
        if path:
            dialog = ColumnsDialog(path, options, self)
            dialog.chosen.connect(self._on_columns_chosen)
            dialog.open()

    @Slot(object)
    def _on_columns_chosen(self, changes: dict[str, Any]) -> None:
        self._change(changes, "columns")

    @Slot()
    def _on_reset_clicked(self) -> None:
        begin_anew(self._bridge)

    @Slot()
    def _on_branch_clicked(self) -> None:
        if self._bridge.look is not None:
            self._bridge.branch(self._bridge.look.step)


class Foot(QWidget):
    """What stays in sight under the form, parted from it by one line."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line, as wide as the form."""
        painter = QPainter(self)
        painter.fillRect(theme.MARGIN, 0, FORM_WIDTH, 1, theme.colour("line"))
        painter.end()


PANEL = PanelSpec(
    name="run",
    title="Run",
    make=partial(RunView),
    shortcut="Ctrl+1",
    summary="Data, optimizer, seed and device of the run; changes while it goes on are logged.",
)
