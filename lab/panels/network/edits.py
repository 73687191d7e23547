"""Edits of a network: layers in, other layers out; nothing is changed in place.

Layers that an edit leaves alone are the very objects that came in, so that it can be told
which of several equal ones are still there.

A path names a layer as it stands before the edit: ``layers.1.layers.0`` is the first one inside
the second. What an edit makes need not be a network that can be trained.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.engine.experiment import Part, experiment
from lab.engine.kinds import ExperimentError, find
from lab.engine.layers import LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Layers = tuple[Part, ...]
Places = tuple[int, ...]

SIGN = "nabla.layers"
"""Under this name copied layers stand in the text on the clipboard."""
MOST_COPIED = 1_000_000


def places(path: str) -> Places:
    """Return the numbers in a path: where to go at each depth."""
    return tuple(int(step) for step in path.split(".") if step.isdigit())


def part_at(layers: Layers, path: str) -> Part:
    """Return a layer by its path.

    Raises
    ------
    ExperimentError
        If there is none.
    """
    *way, last = places(path) or (-1,)
    try:
        for place in way:
            layers = layers[place].layers
        return layers[last]
    except IndexError:
        raise ExperimentError(f"{path}: there is no such layer.") from None


def insert(layers: Layers, path: str, *parts: Part | str) -> Layers:
    """Put layers, or kinds with their defaults, where a path says; what was there follows."""
    made = tuple(_completed(p) for p in parts)
    return _spliced(layers, places(path), lambda row, at: (*row[:at], *made, *row[at:]))


def remove(layers: Layers, *paths: str) -> Layers:
    """Take layers out, with all that they hold."""
    for path in sorted(paths, key=places, reverse=True):
        part_at(layers, path)
        layers = _spliced(layers, places(path), lambda row, at: (*row[:at], *row[at + 1 :]))
    return layers


def move(layers: Layers, paths: Sequence[str], before: str) -> Layers:
    """Put siblings that stand together where a path says, in their order.

    Raises
    ------
    ExperimentError
        If they were to go into one of themselves.
    """
    parts = [part_at(layers, path) for path in paths]
    goal = places(before)
    if any(goal[: len(own)] == own and len(goal) > len(own) for own in map(places, paths)):
        raise ExperimentError(f"{paths[0]}: a layer cannot be put into itself.")
    for path in sorted(paths, key=places, reverse=True):
        layers, goal = remove(layers, path), _after_removal(goal, places(path))
    return insert(layers, _path(goal), *parts)


def _after_removal(goal: Places, gone: Places) -> Places:
    """Return where a place has come to once a layer before it is gone."""
    depth = len(gone) - 1
    is_behind = goal[:depth] == gone[:depth] and len(goal) > depth and goal[depth] > gone[depth]
    return (*goal[:depth], goal[depth] - 1, *goal[depth + 1 :]) if is_behind else goal


def set_option(layers: Layers, path: str, name: str, value: Any) -> Layers:
    """Give an option of a layer another value.

    Raises
    ------
    ExperimentError
        If the layer has no such option, or the value is out of its range.
    """
    part = part_at(layers, path)
    changed = Part(
        kind=part.kind, options=tuple((part.as_dict() | {name: value}).items()),
        layers=part.layers,
    )  # fmt: skip
    return replace(layers, path, changed.completed(LAYERS, path))


def replace(layers: Layers, path: str, part: Part | str) -> Layers:
    """Put another layer in the place of one."""
    made = _completed(part)
    part_at(layers, path)
    return _spliced(layers, places(path), lambda row, at: (*row[:at], made, *row[at + 1 :]))


def widen(layers: Layers, path: str, more: int) -> Layers:
    """Give a layer so many units or channels more, or fewer; at least 1 is left.

    Raises
    ------
    ExperimentError
        If it has no width of its own.
    """
    part = part_at(layers, path)
    options = part.as_dict()
    name = LAYERS[part.kind].width
    if not name or options[name] is None:
        title = LAYERS[part.kind].title
        raise ExperimentError(f"{path} ({title}): its width follows from the layers around it.")
    parameter = next(p for p in LAYERS[part.kind].parameters if p.name == name)
    wide = min(max(options[name] + more, 1, int(parameter.low)), int(parameter.high))
    return set_option(layers, path, name, wide)


def wrap(layers: Layers, first: str, last: str, kind: str = "residual") -> Layers:
    """Put siblings from the first to the last into a block, such as one with a skip around.

    Raises
    ------
    ExperimentError
        If they do not stand in the same row.
    """
    begin, end = sorted((places(first), places(last)))
    if begin[:-1] != end[:-1]:
        raise ExperimentError(
            f"{first}, {last}: a skip connection begins and ends in the same row of layers."
        )
    inner = tuple(
        part_at(layers, _path((*begin[:-1], n))) for n in range(begin[-1], end[-1] + 1)
    )
    block = Part(kind=kind).completed(LAYERS, first).model_copy(update={"layers": inner})
    cut = end[-1] + 1
    return _spliced(layers, begin, lambda row, at: (*row[:at], block, *row[cut:]))


def unwrap(layers: Layers, path: str) -> Layers:
    """Take the layers out of a block, which goes."""
    inner = part_at(layers, path).layers
    return _spliced(layers, places(path), lambda row, at: (*row[:at], *inner, *row[at + 1 :]))


def duplicate(layers: Layers, *paths: str) -> Layers:
    """Put a copy of siblings that stand together behind them."""
    parts = [part_at(layers, path) for path in paths]
    *row, last = places(paths[-1])
    return insert(layers, _path((*row, last + 1)), *parts)


def copied(layers: Layers, *paths: str) -> str:
    """Return layers as text that `pasted` understands."""
    return json.dumps({SIGN: [part_at(layers, path).model_dump() for path in paths]}, indent=1)


def pasted(text: str) -> Layers:
    """Return the layers in a text.

    Raises
    ------
    ExperimentError
        If there are none in it, or some that are not known.
    """
    try:
        described = json.loads(text)[SIGN] if len(text) <= MOST_COPIED else None
    except (ValueError, KeyError, TypeError, RecursionError):
        described = None
    if not isinstance(described, list) or not described:
        raise ExperimentError("The clipboard holds no layers; copy some of a network first.")
    return experiment({"layers": described}).layers


def _completed(part: Part | str) -> Part:
    if isinstance(part, str):
        find(LAYERS, part, "layers")
        part = Part(kind=part)
    done = part.completed(LAYERS, "layers")
    return part if part == done else done  # what is left alone stays the very object


def _path(found: Places) -> str:
    return ".".join(f"layers.{place}" for place in found)


def _spliced(layers: Layers, at: Places, cut: Callable[[Layers, int], Layers]) -> Layers:
    """Return the layers with the row at a place cut anew.

    Raises
    ------
    ExperimentError
        If no layer that holds others is on the way there.
    """
    first, *rest = at
    if not rest and first <= len(layers):
        return cut(layers, first)
    if first >= len(layers) or not LAYERS[layers[first].kind].holds_layers:
        raise ExperimentError(f"{_path(at)}: there is no such place for a layer.")
    held = layers[first]
    inner = _spliced(held.layers, tuple(rest), cut)
    return (*layers[:first], held.model_copy(update={"layers": inner}), *layers[first + 1 :])
