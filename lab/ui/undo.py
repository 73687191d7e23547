"""Changes of settings that can be undone."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QUndoCommand

from lab.engine.carrying import Keep, Kept
from lab.engine.experiment import needs_reset
from lab.engine.hand_edits import Before, checked, what
from lab.engine.seeds import next_seed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lab.engine.experiment import Experiment, Part
    from lab.engine.hand_edits import Place
    from lab.engine.news import RunLook
    from lab.ui.boards import DraftBoard
    from lab.ui.bridge import EngineBridge

GESTURE_S = 1.0
"""Changes of one setting no further apart than this are one gesture."""

_LIVE, _RESET, _BY_HAND, _DRAWING = 1, 2, 3, 4


def change_settings(
    bridge: EngineBridge,
    changes: Mapping[str, Any],
    text: str,
    *,
    keep_weights: bool = False,
    grow: bool = False,
    joins: bool = True,
    origins: Mapping[str, str] | None = None,
) -> None:
    """Change settings of the run, as one thing that can be undone.

    What may change while the run goes on becomes an edit in its log; anything else begins the
    run anew, and undoing that brings the old run back with its history. With
    ``keep_weights`` it begins from the weights of the layers that were left alone, with
    ``grow`` also from what fits of those whose width has changed. Changes that ``joins`` lets
    be are undone as one where they follow each other before a step is trained. ``origins`` says
    which layer each one was, see `lab.engine.carrying.origins`.

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
        keep = Keep(look.run, grow, origins=origins) if keep_weights else None
        _push(bridge, _Reset(bridge, look, after, tuple(changes), text, keep, joins=joins))
    else:
        bridge.undo_stack.push(_Edit(bridge, look, changes, text))


def set_weights(bridge: EngineBridge, values: Mapping[Place, float], text: str) -> None:
    """Set single weights, as one thing that can be undone; see `EngineBridge.set_weights`.

    Raises
    ------
    ExperimentError
        If a value is no finite number: nothing has changed then.
    """
    for place, value in values.items():
        checked(what(place), value)
    if bridge.look is not None and values:
        bridge.undo_stack.push(_Weights(bridge, values, text))


def begin_from(
    bridge: EngineBridge, layers: Sequence[Part], tensors: Mapping[str, Any], source: str
) -> None:
    """Begin a run with another network and its weights, as one thing that can be undone.

    ``source`` names the weights in the log of edits, such as the name of their file.

    Raises
    ------
    ExperimentError
        If the layers are no description: nothing has changed then.
    """
    look = bridge.look
    if look is None:
        return
    described = [part.model_dump() for part in layers]
    after = (bridge.wish or look.settings).changed({"layers": described})
    keep = Keep(network=Kept(after.layers, dict(tensors), source))
    _push(bridge, _Reset(bridge, look, after, ("layers",), f"open {source}", keep))


def begin_anew(bridge: EngineBridge, *, new_seed: bool = False) -> None:
    """Begin the run anew under the settings in force; undoing it brings the old run back."""
    look = bridge.look
    if look is None:
        return
    now = bridge.wish or look.settings
    after = now.changed({"seed": next_seed(now.seed)}) if new_seed else now
    text = "new seed" if new_seed else "reset"
    bridge.undo_stack.push(_Reset(bridge, look, after, ("seed",), text))


def reach(bridge: EngineBridge) -> str:
    """Say how far the next undo goes: "" where it takes the edit out of the log.

    Later, steps have been trained with the edit: undoing it is an edit of its own then, from
    the cursor on, and the log tells both.
    """
    stack, look = bridge.undo_stack, bridge.look
    last = stack.command(stack.index() - 1) if stack.index() else None
    if look is None or not isinstance(last, _Edit | _Weights):
        return ""
    if look.step < look.newest:
        return "on a branch from here"
    is_fresh = any(e.step == look.step and e.what in last.paths for e in look.edits)
    return "" if is_fresh else "from here on"


class _Edit(QUndoCommand):
    """A change that the run takes over as it goes."""

    def __init__(
        self, bridge: EngineBridge, look: RunLook, changes: Mapping[str, Any], text: str
    ) -> None:
        super().__init__(text)
        self._bridge, self._new = bridge, dict(changes)
        self._old = dict(_taken_back(look.settings, changes))
        self._made_at = monotonic()

    def redo(self) -> None:
        self._bridge.edit(self._new)

    def undo(self) -> None:
        self._bridge.edit(self._old)

    @property
    def paths(self) -> frozenset[str]:
        """The settings it changes."""
        return frozenset(self._new)

    def id(self) -> int:
        return _LIVE

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a change of the same settings right after this one for the rest of it."""
        if not isinstance(other, _Edit) or set(other._new) != set(self._new):
            return False
        if other._made_at - self._made_at > GESTURE_S:
            return False
        self._new, self._made_at = other._new, other._made_at
        return True


def _taken_back(now: Experiment, changes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what brings back the settings in force: a kind comes with its options."""
    for path in changes:
        yield path, now.value(path)
        part, _, last = path.rpartition(".")
        if last == "kind":
            for name, value in getattr(now, part).as_dict().items():
                yield f"{part}.{name}", value


class _Weights(QUndoCommand):
    """Single weights set by hand; what they were is known in the worker only."""

    def __init__(self, bridge: EngineBridge, values: Mapping[Place, float], text: str) -> None:
        super().__init__(text)
        self._bridge, self._new = bridge, dict(values)
        self._before, self._made_at = Before(), monotonic()

    def redo(self) -> None:
        self._bridge.write_weights(self._new, self._before)

    def undo(self) -> None:
        self._bridge.take_back_weights(self._before)

    @property
    def paths(self) -> frozenset[str]:
        """What the log calls the weights it sets."""
        return frozenset(map(what, self._new))

    def id(self) -> int:
        return _BY_HAND

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take the same weights set right after this for the rest of the gesture."""
        if not isinstance(other, _Weights) or set(other._new) != set(self._new):
            return False
        if other._made_at - self._made_at > GESTURE_S:
            return False
        self._new, self._made_at = other._new, other._made_at
        return True


def _push(bridge: EngineBridge, command: _Reset) -> None:
    """Make a change; a draft that another network takes the place of comes back with undo."""
    stack, board = bridge.undo_stack, bridge.board
    if board.layers is None or not command.is_of_layers:
        stack.push(command)
        return
    stack.beginMacro(command.text())
    stack.push(Drawing(board, None, "", command.text()))
    stack.push(command)
    stack.endMacro()


class Drawing(QUndoCommand):
    """A change of what is drawn of the network and cannot be trained yet.

    ``joins`` lets it be undone as one with the step of the same gesture before it.
    """

    def __init__(
        self,
        board: DraftBoard,
        after: Sequence[Part] | None,
        reason: str,
        text: str,
        *,
        joins: bool = False,
    ) -> None:
        super().__init__(text)
        self._board, self._joins = board, joins
        self._before = board.layers, board.reason
        self._after = None if after is None else tuple(after), reason

    def redo(self) -> None:
        """Show the draft."""
        self._board.put(*self._after)

    def undo(self) -> None:
        """Show what was there before."""
        self._board.put(*self._before)

    def id(self) -> int:
        """One number for all of them, or Qt joins none."""
        return _DRAWING

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take a further step of the same gesture for the rest of it."""
        if not isinstance(other, Drawing) or not other._joins or other.text() != self.text():
            return False
        self._after = other._after
        return True


class _Reset(QUndoCommand):
    """A change that begins the run anew."""

    def __init__(
        self,
        bridge: EngineBridge,
        look: RunLook,
        after: Experiment,
        paths: tuple[str, ...],
        text: str,
        keep: Keep | None = None,
        *,
        joins: bool = True,
    ) -> None:
        super().__init__(text)
        self._keep, self._joins = keep, joins
        self._bridge, self._after = bridge, after
        pending = bridge.wish if not joins else None
        self._before = pending or look.settings
        self._run = look.run if pending is None else None
        self._paths, self._is_trained = paths, look.newest > 0

    @property
    def is_of_layers(self) -> bool:
        """Whether it asks for another network."""
        return self._after.layers != self._before.layers

    def redo(self) -> None:
        adapt = any(p.startswith("data.") for p in self._paths)
        self._bridge.load(self._after, adapt=adapt, keep=self._keep)

    def undo(self) -> None:
        if self._run is not None:
            self._bridge.recall(self._run, self._before)
        else:  # that run was still to come when this one was asked for, and was never trained
            self._bridge.load(self._before)

    def id(self) -> int:
        return _RESET

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Join a later change, as from a field held or a mouse drawing.

        Either the run that this one began was not seen yet (or was refused), or the same
        settings were changed again before a step was trained: nothing is lost by going back
        behind both.
        """
        if not isinstance(other, _Reset) or not other._joins:
            return False
        is_same = other._paths == self._paths and not other._is_trained
        if not (is_same or other._run == self._run):
            return False
        self._after = other._after
        keep = other._keep
        self._keep = keep if not keep or keep.network else replace(keep, run=self._run)
        self._paths = tuple(dict.fromkeys((*self._paths, *other._paths)))
        return True
