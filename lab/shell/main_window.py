"""The main window: three bands, and the panels between them.

It is painted before the engine, the panels or numpy are imported: `MainWindow` alone needs Qt
only, and `attach` brings the rest in afterwards.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from lab.presets import PRESETS
from lab.shell import layouts, settings
from lab.shell.actions import Actions
from lab.shell.desk import Desk
from lab.shell.edit_commands import EditCommands
from lab.shell.file_commands import FileCommands
from lab.shell.focus import keeps_key
from lab.shell.help_commands import HelpCommands
from lab.shell.last_run import LastRun
from lab.shell.notices import Notices
from lab.shell.old_run import OldRun
from lab.shell.palette import CommandPalette
from lab.shell.reporter import Reporter
from lab.shell.rescue import Rescue
from lab.shell.run_commands import RunCommands
from lab.shell.start_page import StartPage
from lab.shell.status import StatusLine
from lab.shell.top_bar import TopBar
from lab.shell.transport import Transport
from lab.shell.view_commands import ViewCommands
from lab.shell.weights_commands import WeightsCommands

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import (
        QCloseEvent,
        QDragEnterEvent,
        QDropEvent,
        QKeyEvent,
        QPaintEvent,
    )

    from lab.shell.faults import Fault, FaultInbox
    from lab.shell.settings import Settings
    from lab.ui.bridge import EngineBridge

log = logging.getLogger(__name__)

SIZE = (1280, 800)
LEAST_HEIGHT = 560
CLOSE_S = 2.0


class MainWindow(QMainWindow):
    """Puts the pieces together; what they do is theirs.

    ``folder`` holds settings and session, None keeps nothing. ``is_busy_at_close`` says after
    closing that the engine did not stop in time.
    """

    painted = Signal()
    ready = Signal()

    def __init__(
        self,
        kept: Settings,
        folder: Path | None = None,
        log_folder: Path | None = None,
    ) -> None:
        super().__init__()
        self.settings, self._folder = kept, folder
        self.bridge: EngineBridge | None = None
        self.is_busy_at_close = self._is_painted = self.is_closed = False
        self.setWindowTitle("Nabla")
        self.setAcceptDrops(True)
        self.actions_ = Actions(self)
        self._make_pieces(log_folder)
        self._arrange()
        self._connect()
        self.setMinimumHeight(LEAST_HEIGHT)
        self._restore_geometry()

    def _make_pieces(self, log_folder: Path | None) -> None:
        self._column = QWidget(self)
        self.desk = Desk(self.settings, self._column)
        self.status = StatusLine(self._column)
        self.notices = Notices(self._column)
        self.start_page = StartPage(self._column)
        self.files = FileCommands(self.actions_, self.settings, self.notices, self.status, self)
        self.weights = WeightsCommands(
            self.actions_, self.files, self.notices, self.status, self
        )
        self.edits = EditCommands(self.actions_, self)
        self.runs = RunCommands(self.actions_, self)
        self.views = ViewCommands(self.actions_, self.desk, self.settings, self)
        self.helps = HelpCommands(self.actions_, self.status, log_folder, self)
        self.transport = Transport(self.actions_, self._column)
        self.top_bar = TopBar(self.actions_, self._column)
        self.palette_ = CommandPalette(self.actions_, self._column)
        self.reporter = Reporter(self.transport, self.status, self.notices, self)
        self.rescue = Rescue(self.notices, self)
        self.old_run = OldRun(self.desk.host, self)
        self.last_run = LastRun(self.files, self.notices, self.settings, self)

    def _arrange(self) -> None:
        self.pages = QStackedWidget(self._column)
        self.pages.addWidget(self.start_page)
        self.pages.addWidget(self.desk.host)
        column = QVBoxLayout(self._column)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self.pages, 1)
        column.addWidget(self.notices)
        column.addWidget(self.transport)
        column.addWidget(self.status)
        self.setCentralWidget(self._column)
        self.start_page.set_presets(PRESETS.values())
        self.start_page.set_recent(self.settings.recent)
        self.start_page.set_ready(False, "Loading the engine...")

    def _connect(self) -> None:
        self.runs.connect_transport(self.transport)
        self.actions_["view.palette"].triggered.connect(self.palette_.open)
        self.palette_.step_chosen.connect(self.runs.seek)
        self.top_bar.workspace_chosen.connect(self.desk.open)
        self.desk.opened.connect(self._on_workspace_opened)
        self.desk.panel_failed.connect(self._on_panel_failed)
        self.start_page.preset_chosen.connect(self.files.open_preset)
        self.start_page.file_chosen.connect(self.files.open_path)
        self.start_page.open_wanted.connect(self.files.ask_to_open)
        self.start_page.closed.connect(self.show_desk)
        self.files.start_page_wanted.connect(self.show_start_page)
        self.files.loading.connect(self._on_loading)
        self.notices.copy_wanted.connect(self.helps.copy_diagnostics)
        self.notices.cancelled.connect(self.actions_["run.cancel"].trigger)
        self.status.branch_chosen.connect(self.runs.go_to_branch)

    # -- coming up ------------------------------------------------------------------------

    def attach(self, bridge: EngineBridge) -> None:
        """Take over an engine; panels come with `add_panel`, then `open_desk`."""
        self.bridge = bridge
        self.desk.attach(bridge)
        self.reporter.attach(bridge)
        self.rescue.attach(bridge)
        self.old_run.attach(bridge)
        self.last_run.attach(bridge)
        self.runs.attach(bridge)
        self.files.attach(bridge)
        self.weights.attach(bridge)
        self.edits.attach(bridge)
        self.helps.attach(bridge)

    def open_desk(self, *, is_safe: bool = False) -> None:
        """Arrange the panels that were added; in safe mode as they come."""
        if is_safe:
            self.settings.layouts.clear()
        self.views.offer_panels()
        self.desk.open(self.settings.workspace)
        self.start_page.set_ready(True)
        self.ready.emit()

    def listen(self, inbox: FaultInbox) -> None:
        """Tell the errors that nobody caught."""
        inbox.told.connect(self._on_fault)
        inbox.panel_failed.connect(self._on_panel_keeps_failing)
        self.desk.panel_made.connect(inbox.forgive)

    @Slot(object)
    def _on_fault(self, fault: Fault) -> None:
        self.notices.tell("error", fault.summary, detail=fault.detail)

    @Slot(str, object)
    def _on_panel_keeps_failing(self, panel: str, fault: Fault) -> None:
        if panel in self.desk.host.docks:
            self.desk.disable(panel, "This panel failed three times and was stopped.")
        self.notices.tell("error", fault.summary, detail=fault.detail)

    @Slot(str, str)
    def _on_panel_failed(self, _name: str, why: str) -> None:
        self.notices.tell("error", why)

    # -- what is in the middle ------------------------------------------------------------

    @Slot()
    def show_start_page(self) -> None:
        """Show what there is to begin with."""
        self.start_page.set_recent(self.settings.recent)
        self.start_page.set_can_go_back(self.bridge is not None and bool(self.bridge.look))
        self.pages.setCurrentWidget(self.start_page)

    @Slot()
    def show_desk(self) -> None:
        """Show the panels; no field of theirs takes the keys that play and step."""
        if self.pages.currentWidget() is not self.desk.host:
            self.pages.setCurrentWidget(self.desk.host)
            self.desk.host.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(str)
    def _on_loading(self, what: str) -> None:
        self.reporter.loading(what)
        self.show_desk()

    @Slot(str)
    def _on_workspace_opened(self, name: str) -> None:
        self.top_bar.set_workspaces(self.desk.names, name)
        self.top_bar.set_workspace_tooltips([self.desk.meaning(n) for n in self.desk.names])
        if self.bridge is not None and self.bridge.look is not None:
            self.show_desk()

    # -- keys, files, painting ------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Leave a key to the control that has the focus, where it means something there."""
        if event.type() == QEvent.Type.ShortcutOverride:
            key: QKeyEvent = event  # type: ignore[assignment] # it is a key event
            if keeps_key(QApplication.focusWidget(), key):
                event.accept()
                return True
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file that can be opened."""
        event.acceptProposedAction()
        self.files.drop([url.toLocalFile() for url in event.mimeData().urls()])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell when the window has been seen for the first time."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    # -- the end --------------------------------------------------------------------------

    def _restore_geometry(self) -> None:
        state = layouts.opened(self.settings.geometry, ())
        if state is None or not self.restoreGeometry(state):
            screen = self.screen().availableGeometry()
            self.resize(min(SIZE[0], screen.width()), min(SIZE[1], screen.height()))

    def remember(self) -> None:
        """Write down layout, choices and session, if there is a place to keep them."""
        self.desk.remember()
        self.settings.geometry = layouts.sealed(bytes(self.saveGeometry().data()), ())
        if self._folder is None:
            return
        self.last_run.keep(self._folder)
        words = settings.write(self.settings, self._folder)
        if words:
            log.warning("settings not kept: %s", words)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep everything, then end the engine: window, bridge, worker, in this order."""
        if not self.is_closed:
            self.is_closed = True
            self.remember()
            self._close_engine()
        super().closeEvent(event)

    def _close_engine(self) -> None:
        if self.bridge is None:
            return
        try:
            self.bridge.close(CLOSE_S)
        except TimeoutError as error:
            log.warning("%s", error)
            self.is_busy_at_close = True
