from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.experiment import Part, experiment, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.panels.network import edits


def parts(*layers):
    return experiment({"layers": list(layers)}).layers


def kinds(layers):
    return [(path, part.kind) for path, part in nested(layers)]


NET = parts(
    {"kind": "linear", "units": 4},
    "tanh",
    {"kind": "residual", "layers": [{"kind": "linear", "units": 4}, "relu"]},
    "linear",
)


def test_a_layer_is_put_where_the_path_says():
    made = edits.insert(NET, "layers.2.layers.1", "dropout")
    assert kinds(made)[2:6] == [
        ("layers.2", "residual"),
        ("layers.2.layers.0", "linear"),
        ("layers.2.layers.1", "dropout"),
        ("layers.2.layers.2", "relu"),
    ]
    assert made[2].layers[1]["p"] == 0.5  # with its defaults
    assert kinds(edits.insert(NET, "layers.4", "relu"))[-1] == ("layers.4", "relu")


@pytest.mark.parametrize("path", ["layers.9", "layers.1.layers.0", "layers.9.layers.0"])
def test_a_layer_cannot_be_put_where_none_can_stand(path):
    with pytest.raises(ExperimentError, match="no such place"):
        edits.insert(NET, path, "relu")


def test_what_is_removed_takes_what_it_holds_with_it():
    assert [k for _, k in kinds(edits.remove(NET, "layers.2"))] == ["linear", "tanh", "linear"]
    assert next(k for _, k in kinds(edits.remove(NET, "layers.0", "layers.1"))) == "residual"
    with pytest.raises(ExperimentError, match=r"layers\.9: there is no such layer"):
        edits.remove(NET, "layers.9")


@pytest.mark.parametrize(
    ("paths", "before", "wanted"),
    [
        (["layers.0"], "layers.3", ["tanh", "residual", "linear", "linear"]),
        (["layers.0", "layers.1"], "layers.4", ["residual", "linear", "linear", "tanh"]),
        (["layers.3"], "layers.0", ["linear", "linear", "tanh", "residual"]),
        (["layers.1"], "layers.1", ["linear", "tanh", "residual", "linear"]),
    ],
)
def test_layers_move_together(paths, before, wanted):
    assert [part.kind for part in edits.move(NET, paths, before)] == wanted


def test_a_layer_moves_into_a_block_but_not_into_itself():
    made = edits.move(NET, ["layers.1"], "layers.2.layers.2")
    assert [part.kind for part in made] == ["linear", "residual", "linear"]
    assert [part.kind for part in made[1].layers] == ["linear", "relu", "tanh"]
    with pytest.raises(ExperimentError, match="into itself"):
        edits.move(NET, ["layers.2"], "layers.2.layers.0")


def test_widths_change_by_steps_and_stop_at_one():
    assert edits.widen(NET, "layers.0", 3)[0]["units"] == 7
    assert edits.widen(NET, "layers.0", -9)[0]["units"] == 1
    with pytest.raises(ExperimentError, match="follows from the layers around it"):
        edits.widen(NET, "layers.3", 1)  # as many as the loss needs
    with pytest.raises(ExperimentError, match="follows from"):
        edits.widen(NET, "layers.1", 1)


def test_an_option_is_checked():
    assert edits.set_option(NET, "layers.0", "init", "orthogonal")[0]["init"] == "orthogonal"
    with pytest.raises(ExperimentError, match="units"):
        edits.set_option(NET, "layers.0", "units", 0)
    with pytest.raises(ExperimentError, match=r"no such|nonsense"):
        edits.set_option(NET, "layers.0", "nonsense", 1)


def test_a_skip_goes_around_layers_and_away_again():
    made = edits.wrap(NET, "layers.1", "layers.0")
    assert [part.kind for part in made] == ["residual", "residual", "linear"]
    assert [part.kind for part in made[0].layers] == ["linear", "tanh"]
    assert edits.unwrap(made, "layers.0") == NET
    with pytest.raises(ExperimentError, match="same row"):
        edits.wrap(NET, "layers.0", "layers.2.layers.0")


def test_layers_are_copied_as_text_and_come_back():
    text = edits.copied(NET, "layers.0", "layers.2")
    assert edits.pasted(text) == (NET[0], NET[2])
    for wrong in ("", "hello", "[]", '{"nabla.layers": []}', '{"nabla.layers": 3}', "[" * 9999):
        with pytest.raises(ExperimentError, match="no layers"):
            edits.pasted(wrong)
    with pytest.raises(ExperimentError, match="lstmm"):
        edits.pasted('{"nabla.layers": ["lstmm"]}')


def test_a_copy_stands_behind():
    made = edits.duplicate(NET, "layers.0", "layers.1")
    assert [part.kind for part in made] == [
        "linear", "tanh", "linear", "tanh", "residual", "linear",
    ]  # fmt: skip


SIMPLE = sorted(k for k, kind in LAYERS.items() if not kind.holds_layers and k != "module")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_inserting_and_removing_are_each_other_s_way_back(data):
    paths = [path for path, _ in nested(NET)]
    path = data.draw(st.sampled_from(paths))
    kind = data.draw(st.sampled_from(SIMPLE))
    made = edits.insert(NET, path, Part(kind=kind))
    assert edits.part_at(made, path).kind == kind
    assert edits.remove(made, path) == NET
    copied = edits.pasted(edits.copied(NET, path))
    assert edits.replace(made, path, copied[0]) == edits.duplicate(NET, path)
