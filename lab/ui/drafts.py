"""Edits of the network that can be undone, whether it can be trained after them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.engine.carrying import origins
from lab.engine.experiment import experiment
from lab.engine.numbering import spoken
from lab.ui.finding import Awaited, Edit, known_draft, withdrawn
from lab.ui.undo import Drawing, change_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.engine.drafts import Draft
    from lab.engine.experiment import Part
    from lab.ui.bridge import EngineBridge


def drawn(bridge: EngineBridge) -> tuple[Part, ...]:
    """Return the layers that a person sees and edits: the draft, or else the run's."""
    if bridge.board.layers is not None:
        return bridge.board.layers
    wanted = bridge.wish or (bridge.look.settings if bridge.look else None)
    return wanted.layers if wanted is not None else ()


def edit_network(
    bridge: EngineBridge,
    layers: Sequence[Part],
    text: str,
    *,
    keep_weights: bool = False,
    joins: bool = False,
) -> Draft | None:
    """Draw other layers, as one thing that can be undone; train them if they can be.

    What cannot be trained stays a draft, and the run stays as it was; so it does while shapes
    of a person's modules are being found, and then the edit is carried out. ``joins`` lets
    edits of one gesture, such as turning the wheel, be undone as one. Returns what was found,
    or None where there is nothing to draw on.

    Raises
    ------
    ExperimentError
        If an option is unknown or out of range: nothing has changed then.
    """
    look = bridge.look
    if look is None:
        return None
    settings = bridge.wish or look.settings
    described = [part.model_dump() for part in layers]
    checked = experiment({**settings.model_dump(), "layers": described}).layers
    found, missing = known_draft(settings, look.data, checked)
    stack, board = bridge.undo_stack, bridge.board
    known = origins(look.settings.layers, layers)
    drawn_ = tuple(layers) if tuple(layers) == checked else checked  # the very objects, if so
    waited = withdrawn(bridge)
    joins = waited.joins if waited is not None else joins
    reason = "" if found.is_sound else spoken(found.problems[0].text, checked)
    if missing:
        edit = Edit(drawn_, text, keep_weights, joins)
        stack.push(Awaited(bridge, edit, reason))
        bridge.finder.find(missing, edit)
    elif not found.is_sound:
        stack.push(Drawing(board, drawn_, reason, text, joins=joins))
    elif board.layers is not None and checked == settings.layers:
        stack.push(Drawing(board, None, "", text))
    elif waited is None or checked != settings.layers:
        change_settings(
            bridge, {"layers": described}, text,
            keep_weights=keep_weights, joins=joins, origins=known,
        )  # fmt: skip
    return found
