"""Any sequence of edits of a description, taken back one by one, leads to the very start."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.experiment import experiment, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.panels.network import edits


def parts(*layers):
    return experiment({"layers": list(layers)}).layers


LINEAR = {"kind": "linear", "units": 4}
BLOCK = {"kind": "residual", "layers": [LINEAR, "tanh"]}
STARTS = [parts(LINEAR, "relu", BLOCK, "linear"), parts("linear"), parts(BLOCK), ()]
ACTIONS = [
    "insert",
    "remove",
    "option",
    "widen",
    "wrap",
    "unwrap",
    "duplicate",
    "paste",
    "replace",
]
KINDS = st.sampled_from(["linear", "tanh", "batch_norm", "gru", "dropout"])


def behind(path, by=1):
    *row, last = edits.places(path)
    return ".".join(f"layers.{n}" for n in (*row, last + by))


def drawn_edit(draw, layers):
    """Draw an edit; return what it makes, and what takes it back."""
    paths = [path for path, _ in nested(layers)]
    spot = draw(st.sampled_from([*paths, f"layers.{len(layers)}"]))
    action = draw(st.sampled_from(ACTIONS))
    if action == "insert" or not paths:
        return edits.insert(layers, spot, draw(KINDS)), lambda now: edits.remove(now, spot)
    path = draw(st.sampled_from(paths))
    part = edits.part_at(layers, path)
    if action == "remove":
        return edits.remove(layers, path), lambda now: edits.insert(now, path, part)
    if action == "replace":
        made = edits.replace(layers, path, draw(KINDS))
        return made, lambda now: edits.replace(now, path, part)
    if action == "widen":
        try:
            made = edits.widen(layers, path, draw(st.integers(1, 9)))
        except ExperimentError:
            return layers, lambda now: now
        more = edits.part_at(made, path)["units"] - part["units"]
        return made, lambda now: edits.widen(now, path, -more)
    if action == "option" and LAYERS[part.kind].parameters:
        option = LAYERS[part.kind].parameters[-1]
        made = edits.set_option(layers, path, option.name, option.default)
        return made, lambda now: edits.set_option(now, path, option.name, part[option.name])
    if action == "unwrap" and part.layers:
        last = behind(path, len(part.layers) - 1)
        return edits.unwrap(layers, path), lambda now: edits.wrap(now, path, last)
    if action == "duplicate":
        return edits.duplicate(layers, path), lambda now: edits.remove(now, behind(path))
    if action == "paste":
        copied = edits.pasted(edits.copied(layers, path))
        return edits.insert(layers, spot, *copied), lambda now: edits.remove(now, spot)
    return edits.wrap(layers, path, path), lambda now: edits.unwrap(now, path)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_edits_taken_back_lead_to_the_very_start(data):
    start = layers = data.draw(st.sampled_from(STARTS))
    text, ways = [p.model_dump() for p in start], []
    for _ in range(data.draw(st.integers(1, 10))):
        layers, way_back = drawn_edit(data.draw, layers)
        ways.append(way_back)
    for way_back in reversed(ways):
        layers = way_back(layers)
    assert layers == start
    assert [p.model_dump() for p in start] == text


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_is_moved_is_all_still_there(data):
    start = data.draw(st.sampled_from(STARTS[:3]))
    paths = [path for path, _ in nested(start)]
    path, spot = (
        data.draw(st.sampled_from(p)) for p in (paths, [*paths, f"layers.{len(start)}"])
    )
    try:
        made = edits.move(start, [path], spot)
    except ExperimentError:
        assert spot.startswith(f"{path}.")
        return
    assert sorted(p.kind for _, p in nested(made)) == sorted(p.kind for _, p in nested(start))
