"""What the engine tells, said in the transport, the status line and the notices."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from lab.ui.panel import READ_S

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.engine.news import Event, RunLook
    from lab.shell.notices import Notices
    from lab.shell.status import StatusLine
    from lab.shell.transport import Transport
    from lab.ui.bridge import EngineBridge

LOADING = "Loading the engine..."


class Reporter(QObject):
    """Listens to the bridge and tells the bands."""

    def __init__(
        self, transport: Transport, status: StatusLine, notices: Notices, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._transport, self._status, self._notices = transport, status, notices
        self._is_loading = False
        self._run = 0
        self._told: tuple[object, ...] | None = None
        self._told_at = 0.0

    def attach(self, bridge: EngineBridge) -> None:
        """Report what this engine tells from now on."""
        bridge.looked.connect(self._on_looked)
        bridge.happened.connect(self._on_happened)
        bridge.undo_stack.cleanChanged.connect(self._on_clean_changed)

    def loading(self, what: str) -> None:
        """A run was asked for: say so until it is there."""
        self._is_loading = True
        self._notices.dismiss()
        self._notices.show_progress(None, what)

    def _loaded(self) -> None:
        if self._is_loading:
            self._is_loading = False
            self._notices.hide_progress()

    @Slot(object)
    def _on_looked(self, look: RunLook) -> None:
        """Tell the bands; while training runs, no more often than numbers can be read."""
        from lab.ui.bridge import standing  # there by now; not before the first paint

        if look.run != self._run:
            self._run = look.run
            self._loaded()
        now, state = monotonic(), standing(look)
        if look.playing and state == self._told and now - self._told_at < READ_S:
            return
        self._told, self._told_at = state, now
        self._transport.show_look(look)
        self._status.show_look(look)

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        status = type(event.status)
        if event.status in (status.LOADED, status.REFUSED, status.FAILED):
            self._loaded()
        if event.status is status.LOADED:
            self._notices.dismiss()
            self._status.tell(event.text)  # the form of the run says it where it belongs
        elif event.status in (status.FINISHED, status.CANCELLED, status.NOTICE):
            self._status.tell(event.text)
        elif event.status is status.REFUSED:
            self._notices.tell("warning", event.text)
        elif event.status is status.FAILED:
            self._notices.tell("error", plain(event.text), detail=event.detail)

    @Slot(bool)
    def _on_clean_changed(self, is_clean: bool) -> None:
        self._status.set_saved("" if is_clean else "Unsaved changes")


def plain(text: str) -> str:
    """Leave out the name of the exception before a sentence that is meant for people."""
    head, colon, rest = text.partition(": ")
    return rest if colon and head in ("SaveError", "LoadError", "ExperimentError") else text
