"""Tells that a run has diverged, and offers the ways out of it: each is one click."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.engine.news import Event, RunLook
    from lab.shell.notices import Notices
    from lab.shell.ways_out import WayOut
    from lab.ui.bridge import EngineBridge

BACK, BRANCH = "rescue.back", "rescue.branch"


class Rescue(QObject):
    """Listens for divergence; nothing recorded is ever lost by a way out."""

    def __init__(self, notices: Notices, parent: QWidget) -> None:
        super().__init__(parent)
        self._notices = notices
        self._bridge: EngineBridge | None = None
        self._way: WayOut | None = None
        self._of: tuple[int, int] | None = None  # run and branch that it is the way out of
        self._told = 0  # which of the messages offers it
        notices.acted.connect(self._on_acted)

    def attach(self, bridge: EngineBridge) -> None:
        """Help the runs of this engine."""
        self._bridge = bridge
        bridge.happened.connect(self._on_happened)
        bridge.stood.connect(self._on_stood)

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        look = self._bridge.look if self._bridge else None
        if event.status is not type(event.status).DIVERGED or look is None:
            return
        from lab.shell.ways_out import in_words, way_out

        self._way, self._of = way_out(look), (look.run, look.branch)
        leapt, back, branch = in_words(self._way, look.newest)
        choices = [(words, deed) for words, deed in ((back, BACK), (branch, BRANCH)) if words]
        self._notices.tell("error", f"{event.text} {leapt}".strip(), choices=choices)
        self._told = self._notices.count

    @Slot(object)
    def _on_stood(self, look: RunLook) -> None:
        """A way out of another branch leads nowhere: it is no longer offered."""
        if self._of is not None and self._of != (look.run, look.branch):
            self._way = self._of = None
            if self._told == self._notices.count:
                self._notices.dismiss()

    @Slot(str)
    def _on_acted(self, deed: str) -> None:
        if self._bridge is None or self._way is None:
            return
        if deed == BACK:
            self._bridge.seek(self._way.step)
        elif deed == BRANCH:
            self._bridge.branch(self._way.step, self._way.changes)
            self._bridge.play()
