"""Changes of settings that can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QUndoCommand

from lab.engine.experiment import needs_reset

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lab.engine.experiment import Experiment
    from lab.engine.news import RunLook
    from lab.ui.bridge import EngineBridge

_LIVE, _RESET = 1, 2


def change_settings(bridge: EngineBridge, changes: Mapping[str, Any], text: str) -> None:
    """Change settings of the run, as one thing that can be undone.

    What may change while the run goes on becomes an edit in its log; anything else begins the
    run anew, and undoing that brings the old run back with its history.

    Raises
    ------
    ExperimentError
        If a value is out of range: nothing has changed then.
    """
    look = bridge.look
    if look is None:
        return
    after = (bridge.wish or look.settings).changed(changes)
    if any(needs_reset(path) for path in changes):
        bridge.undo_stack.push(_Reset(bridge, look, after, tuple(changes), text))
    else:
        bridge.undo_stack.push(_Edit(bridge, look, changes, text))


class _Edit(QUndoCommand):
    """A change that the run takes over as it goes."""

    def __init__(
        self, bridge: EngineBridge, look: RunLook, changes: Mapping[str, Any], text: str
    ) -> None:
        super().__init__(text)
        self._bridge, self._new = bridge, dict(changes)
        self._old = dict(_taken_back(look.settings, changes))

    def redo(self) -> None:
        self._bridge.edit(self._new)

    def undo(self) -> None:
        self._bridge.edit(self._old)

    def id(self) -> int:
        return _LIVE

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a later change of the same settings for the rest of this one."""
        if not isinstance(other, _Edit) or set(other._new) != set(self._new):
            return False
        self._new = other._new
        return True


def _taken_back(now: Experiment, changes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what brings back the settings in force: a kind comes with its options."""
    for path in changes:
        yield path, now.value(path)
        part, _, last = path.rpartition(".")
        if last == "kind":
            for name, value in getattr(now, part).as_dict().items():
                yield f"{part}.{name}", value


class _Reset(QUndoCommand):
    """A change that begins the run anew."""

    def __init__(
        self,
        bridge: EngineBridge,
        look: RunLook,
        after: Experiment,
        paths: tuple[str, ...],
        text: str,
    ) -> None:
        super().__init__(text)
        self._bridge, self._before, self._after = bridge, look.settings, after
        self._run, self._paths, self._is_trained = look.run, paths, look.newest > 0

    def redo(self) -> None:
        self._bridge.load(self._after, adapt=any(p.startswith("data.") for p in self._paths))

    def undo(self) -> None:
        self._bridge.recall(self._run, self._before)

    def id(self) -> int:
        return _RESET

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Join a later change, as from a field held or a mouse drawing.

        Either the run that this one began was not seen yet (or was refused), or the same
        settings were changed again before a step was trained: nothing is lost by going back
        behind both.
        """
        if not isinstance(other, _Reset):
            return False
        is_same = other._paths == self._paths and not other._is_trained
        if not (is_same or other._run == self._run):
            return False
        self._after = other._after
        self._paths = tuple(dict.fromkeys((*self._paths, *other._paths)))
        return True
