"""Help: keys, diagnostics, the log, about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

import lab
from lab.shell import diagnostics
from lab.shell.actions import Actions, ActionSpec, shown_keys
from lab.ui import theme

if TYPE_CHECKING:
    from pathlib import Path

    from lab.shell.status import StatusLine
    from lab.ui.bridge import EngineBridge

SPECS = (
    ActionSpec(
        "help.shortcuts",
        "Keyboard shortcuts",
        "Help",
        "All keys of the window in one table",
        ("HelpContents",),
    ),
    ActionSpec(
        "help.diagnostics",
        "Copy diagnostics",
        "Help",
        "Copy versions, device and the last lines of the log, to be sent with a report",
        begins_group=True,
    ),
    ActionSpec("help.log", "Open the log folder", "Help", "Show where the log files are"),
    ActionSpec("help.about", "About Nabla", "Help", "What this program is", begins_group=True),
)


class HelpCommands(QObject):
    """Actions of the Help menu."""

    def __init__(
        self, actions: Actions, status: StatusLine, log_folder: Path | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._actions, self._status, self._log = actions, status, log_folder
        self._window = parent
        self._bridge: EngineBridge | None = None
        slots = (self._on_shortcuts, self.copy_diagnostics, self._on_log, self._on_about)
        for spec, slot in zip(SPECS, slots, strict=True):
            actions.add(spec, slot)

    def attach(self, bridge: EngineBridge) -> None:
        """Diagnostics will speak of this engine's run too."""
        self._bridge = bridge

    @Slot()
    def copy_diagnostics(self) -> None:
        """Put versions, device and the end of the log on the clipboard."""
        look = self._bridge.look if self._bridge else None
        text = diagnostics.report(self._log, look, QGuiApplication.platformName())
        QGuiApplication.clipboard().setText(text)
        self._status.tell("Diagnostics copied: paste them into your report.")

    @Slot()
    def _on_shortcuts(self) -> None:
        ShortcutTable(self._actions, self._window).show()

    @Slot()
    def _on_log(self) -> None:
        if self._log is None:
            self._status.tell("This session writes no log.")
        else:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log)))

    @Slot()
    def _on_about(self) -> None:
        About(self._window).show()


class ShortcutTable(QDialog):
    """Every action that has a key, menu by menu."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        rows = shortcuts(actions)
        self.table = QTableWidget(len(rows), 3, self)
        self.table.setHorizontalHeaderLabels(["Keys", "Command", "Meaning"])
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setAccessibleName("Keyboard shortcuts")
        for row, texts in enumerate(rows):
            for place, text in enumerate(texts):
                self.table.setItem(row, place, QTableWidgetItem(text))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.table)
        self.resize(820, 560)


def shortcuts(actions: Actions) -> list[tuple[str, str, str]]:
    """Return keys, command and meaning of every action that has a key."""
    return [
        (" or ".join(shown_keys(action)), action.text().replace("&", ""), spec.meaning)
        for spec, action in actions.all()
        if shown_keys(action)
    ]


class About(QDialog):
    """Name, version, what it stands on."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Nabla")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(theme.GAP)
        found = diagnostics.versions()
        lines = [f"{name} {number}" for name, number in found.items() if name != "Nabla"]
        for text, role in (
            (f"Nabla {lab.__version__}", "reading"),
            ("A visual lab for the mathematics of neural networks.", "text"),
            ("\n".join(lines), "secondary"),
            ("MIT licence. Nothing leaves this machine: no account, no network.", "secondary"),
        ):
            label = QLabel(text, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("role", role)
            column.addWidget(label)
