"""What modules of a person's own files make of samples, found beside the window.

Their code may take any time, or never end. So the window judges networks by what is known
already; what is not is found by a job, and after that whoever drew with less draws anew.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from PySide6.QtCore import QObject, Signal, Slot

from lab.engine.drafts import draft_of
from lab.engine.foreign_building import find, only_known
from lab.engine.news import Status
from lab.ui.undo import Drawing

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from lab.engine.data import Data
    from lab.engine.drafts import Draft
    from lab.engine.experiment import Experiment, Part
    from lab.engine.foreign_building import Asked
    from lab.engine.news import Event
    from lab.engine.run import Run
    from lab.ui.bridge import EngineBridge

    Missing = tuple[Asked, ...]

CHANNEL = "shapes of modules"


def known_draft(
    settings: Experiment, data: Data, layers: Sequence[Part]
) -> tuple[Draft, Missing]:
    """Judge a network without running code of a person; return what is missing for it, too."""
    with only_known() as missing:
        found = draft_of(settings, data, layers)
    return found, tuple(dict.fromkeys(missing))


def finding(missing: Missing, run: Run) -> Generator[object, None, object]:
    """Find what is missing, in a thread of its own; a job."""
    from lab.engine.jobs import aside

    yield aside(partial(find, missing))
    return None


class Edit(NamedTuple):
    """An edit of the network that could not be judged yet; see `lab.ui.drafts.edit_network`."""

    layers: tuple[Part, ...]
    text: str
    keep_weights: bool
    joins: bool


class Awaited(Drawing):
    """What is drawn of an edit until it is judged: undone, it is gone."""

    def __init__(self, bridge: EngineBridge, edit: Edit, reason: str) -> None:
        super().__init__(bridge.board, edit.layers, reason, edit.text)
        self.joins = edit.joins

    def undo(self) -> None:
        """Show what was there before; there is nothing to do again, the edit was never made."""
        super().undo()
        self.setObsolete(True)

    def id(self) -> int:
        """Let no other edit be joined with it."""
        return -1


def withdrawn(bridge: EngineBridge) -> Awaited | None:
    """Take back the edit that waits to be judged, if it is the last; another follows it."""
    stack = bridge.undo_stack
    last = stack.command(stack.index() - 1) if stack.index() else None
    if not isinstance(last, Awaited):
        return None
    stack.undo()
    return last


class Finder(QObject):
    """Has found what is missing, the newest only; ``found`` says that there is more to know."""

    found = Signal()

    def __init__(self, bridge: EngineBridge) -> None:
        super().__init__(bridge)
        self._missing: Missing = ()
        self._number = 0
        self._edit: Edit | None = None
        bridge.happened.connect(self._on_happened)

    @property
    def _bridge(self) -> EngineBridge:
        """Its parent, of which a reference of one's own would be a cycle."""
        return cast("EngineBridge", self.parent())

    def find(self, missing: Missing, edit: Edit | None = None) -> None:
        """Begin to find what is missing, unless it is under way; then carry an edit out."""
        self._edit = edit or self._edit
        if missing and missing != self._missing:
            self._missing = missing
            self._number = self._bridge.submit(CHANNEL, partial(finding, missing))

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.channel != CHANNEL or event.number != self._number or not event.is_last:
            return
        self._missing = ()
        if event.status in (Status.FAILED, Status.REFUSED):
            return  # it would only fail again
        edit, self._edit = self._edit, None  # where a run was loaded meanwhile, it asks anew
        if edit is not None and edit.layers == self._bridge.board.layers:
            self._carry_out(edit)
        self.found.emit()

    def _carry_out(self, edit: Edit) -> None:
        from lab.ui.drafts import edit_network

        ways = {"keep_weights": edit.keep_weights, "joins": edit.joins}
        edit_network(self._bridge, edit.layers, edit.text, **ways)
