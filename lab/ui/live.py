"""A panel that follows the run: it draws while it is seen, and asks nothing while it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot

from lab.engine.news import Status
from lab.ui.panel import PanelFrame

if TYPE_CHECKING:
    from PySide6.QtGui import QHideEvent, QShowEvent
    from PySide6.QtWidgets import QWidget

    from lab.engine.looks import Question
    from lab.engine.news import Event, RunLook
    from lab.ui.bridge import EngineBridge


class LiveView(PanelFrame):
    """Calls ``_draw`` for each look that may be seen, and when it comes into sight.

    Questions to the worker go through ``_watch``: they end when the panel is hidden, and
    ``_asked`` is empty then, so that ``_draw`` asks them again. What was selected elsewhere
    arrives at ``_take_selection``, now or, if that was before the panel was made, at once.
    """

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._asked: dict[str, object] = {}
        bridge.turn_of(self).looked.connect(self._on_looked)
        bridge.happened.connect(self._on_question_failed)
        bridge.selected.connect(self._on_selected)
        self.empty_pressed.connect(self._on_empty_pressed)

    def _draw(self) -> None:
        """Show the newest look, ``self._bridge.look``, or say that there is none."""
        raise NotImplementedError

    def _take_selection(self, kind: str, which: object) -> None:
        """Select what was selected elsewhere, if it is known here."""

    def _catch_up(self) -> None:
        """Take over what was selected before; for the end of a view's own beginning."""
        for kind, which in self._bridge.selection.items():
            self._take_selection(kind, which)

    def _would_change(self, look: RunLook) -> bool:
        """Whether a look is worth drawing."""
        return True

    def _watch(self, name: str, question: Question, what: object = None) -> None:
        """Have a question answered in every look, unless the same is asked already.

        ``what`` tells questions apart; without it they are compared themselves.
        """
        wanted = question if what is None else what
        if self.isVisible() and self._asked.get(name) != wanted:
            self._bridge.watch(name, question)
            self._asked[name] = wanted

    def _unwatch(self, name: str) -> None:
        """Have it answered no more."""
        if name in self._asked:
            self._bridge.unwatch(name)
            del self._asked[name]

    def _redraw(self) -> None:
        """Draw what has changed here; when hidden that is done when it is seen again."""
        if self.isVisible():
            self._draw()

    @Slot(object)
    def _on_question_failed(self, event: Event) -> None:
        """Say that a question could not be answered; it is asked again when it changes."""
        if event.status is Status.FAILED and event.channel in self._asked:
            self.show_banner("error", event.text)

    @Slot(object)
    def _on_looked(self, look: RunLook) -> None:
        if self.isVisible() and self._would_change(look):
            self._draw()

    @Slot(str, object)
    def _on_selected(self, kind: str, which: object) -> None:
        self._take_selection(kind, which)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up, and ask again."""
        super().showEvent(event)
        self._draw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask nothing while nobody looks."""
        super().hideEvent(event)
        for name in tuple(self._asked):
            self._unwatch(name)

    @Slot()
    def _on_empty_pressed(self) -> None:
        from lab.presets import DEFAULT, load

        self._bridge.load(load(DEFAULT))
