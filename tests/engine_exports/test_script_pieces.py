"""What scripts are put together from: literals, template, sources, layers, settings."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lab.engine import losses, preparation, samples
from lab.engine.experiment import experiment
from lab.engine.kinds import ExperimentError
from lab.engine.literals import WIDTH, Code, keywords, literal, rows, wrapped
from lab.engine.networks import build_network
from lab.engine.records import Record, Recorded
from lab.engine.script import script
from lab.engine.script_network import first_weights, layer_lines
from lab.engine.script_settings import settings_of
from lab.engine.script_sources import carried, renamed
from lab.engine.script_template import filled
from lab.engine.timeline import Edit
from lab.maths import schedules

NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.none())
VALUES = st.recursive(
    st.one_of(NUMBERS, st.booleans(), st.text(st.characters(codec="utf-8"))),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text("abc", max_size=30), inner, max_size=4),
    ),
)


@settings(deadline=None, max_examples=60)
@given(VALUES, st.integers(0, 12), st.integers(0, WIDTH))
def test_a_literal_reads_back_as_the_value(value, indent, taken):
    assert ast.literal_eval(literal(value, indent, taken)) == value


def test_a_long_literal_is_laid_out_as_a_person_would():
    value = {"first": tuple(range(40)), "rule": Code("cosine")}
    lines = literal(value).splitlines()
    assert lines[:3] == ["{", '    "first": (', "        0,"]
    assert lines[-2:] == ['    "rule": cosine,', "}"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_rows_read_back_and_stay_narrow(table):
    text = rows(tuple(table))
    assert ast.literal_eval(text) == table
    assert max(map(len, text.splitlines())) <= WIDTH


def test_calls_are_wrapped_only_where_they_are_too_long():
    assert wrapped("f", "a" + keywords({"b": 0.5})) == "f(a, b=0.5)"
    assert wrapped("f", "a" * 90) == f"f(\n    {'a' * 90}\n)"


def test_a_template_keeps_what_holds_and_fills_in_names():
    template = (
        "a = $a  #? one !two\nb  #? two\n#if two\nc\n#end\n    $many\n$none\nd  #? one three"
    )
    values = {"a": "1", "many": "x\n\ny", "none": ""}
    assert filled(template, values, {"one"}) == "a = 1\n    x\n\n    y\n"
    assert filled(template, values, {"two"}).splitlines()[:2] == ["b", "c"]
    with pytest.raises(KeyError):
        filled("$unknown", {}, set())


def test_a_dollar_in_a_value_is_not_a_name():
    assert filled("$a\n# $a", {"a": "$b"}, set()) == "$b\n# $b\n"


def test_carried_sources_bring_what_they_call_and_run_alone():
    text = carried(schedules.warmup_cosine, schedules.one_cycle)
    assert text.index("def warmup(") < text.index("def warmup_cosine(")
    space: dict = {}
    exec("from __future__ import annotations\nimport math\n" + text, space)  # the point of it
    for t in (0, 3, 50):
        mine = space["warmup_cosine"](t, 40, steps=5, floor=0.1)
        assert mine == schedules.warmup_cosine(t, 40, steps=5, floor=0.1)
        assert space["one_cycle"](t, 40) == schedules.one_cycle(t, 40)


def test_a_file_that_has_changed_since_is_noticed(tmp_path):
    path = tmp_path / "changing.py"
    path.write_text("def first():\n    return 1\n")
    space: dict = {"__name__": "changing"}
    exec(compile(path.read_text(), path, "exec"), space)
    path.write_text("\n\ndef other():\n    return 2\n")
    with pytest.raises(ExperimentError, match="start it again"):
        carried(space["first"])


def test_carried_sources_speak_of_arrays_only():
    text = carried(preparation.split, preparation.encode, samples.circle)
    assert "npt" not in text
    assert "FloatArray" not in text
    assert "-> tuple[Array, Array]:" in text


def test_a_loss_gets_its_options_as_defaults():
    text = renamed(losses.huber_loss, "loss", {"delta": 0.7})
    assert text.startswith("def loss(output: Tensor, target: Tensor, delta: float = 0.7) ->")


def layers_of(*described):
    return experiment({"layers": list(described)}).layers


def test_layers_are_written_as_torch_shows_them_without_its_defaults():
    layers = layers_of(
        {"kind": "conv2d", "channels": 4, "padding": 1, "bias": False},
        "batch_norm",
        {"kind": "prelu", "init": 0.1},
        {"kind": "residual", "layers": ["layer_norm", {"kind": "dropout", "p": 0.25}, "step"]},
        "flatten",
    )
    lines = layer_lines(layers, build_network(layers, (1, 8, 8), 2, 0))
    assert lines == [
        "nn.Conv2d(1, 4, kernel_size=(3, 3), padding=(1, 1), bias=False),",
        "nn.BatchNorm2d(4),",
        "nn.PReLU(init=0.1),",
        "Residual(",
        "    nn.LayerNorm((4, 8, 8)),",
        "    Dropout(0.25),",
        "    Step(),",
        "),",
        "nn.Flatten(),",
    ]
    built = eval(lines[0].rstrip(","), {"nn": nn})  # what is printed is what was built
    assert repr(built) == repr(build_network(layers, (1, 8, 8), 2, 0)[0])


def test_first_weights_are_drawn_where_asked_and_in_blocks():
    block = {"kind": "residual", "layers": [{"kind": "linear", "units": 4, "init": "zeros"}]}
    layers = layers_of("linear", block, {"kind": "linear", "gain": 2.0})
    assert list(first_weights(layers)) == [
        'initialise(net[1].inner[0], "zeros", std=0.01, gain=1.0)',
        'initialise(net[2], "default", std=0.01, gain=2.0)',
    ]


BASE = experiment({"layers": ["linear"], "batches": {"size": 10}, "optimizer": {"kind": "sgd"}})


def test_settings_without_effect_are_not_used():
    log = [Edit(3, "evaluate_every", 0, 5), Edit(4, "title", "", "b"), Edit(5, "steps", 9, 4)]
    found = settings_of(BASE, log, 25)
    assert found.edits == {}
    assert found.used == {
        "learning_rate",
        "optimizer",
        "batch_size",
        "per_epoch",
        "shuffle",
    }


def test_edits_of_one_step_are_taken_together_and_in_any_order_of_the_log():
    log = [
        Edit(7, "clip.kind", "none", "norm"),
        Edit(2, "batches.drop_last", False, True),
        Edit(7, "clip.max_norm", 1.0, 0.5),
    ]
    found = settings_of(BASE, log, 25)
    assert found.start["per_epoch"] == 3
    assert found.edits == {2: {"per_epoch": 2}, 7: {"clip_norm": 0.5}}
    assert {"batch_size", "shuffle"} < found.edited


def test_the_whole_set_is_no_batch():
    assert "batch_size" not in settings_of(BASE.changed({"batches.size": 0}), [], 25).used


def test_a_script_for_a_gpu_takes_the_cpu_where_there_is_none():
    text = script(Record(BASE.changed({"device": "cuda:1"})), "a.py")
    assert 'DEVICE = "cuda:1" if torch.cuda.device_count() > 1 else "cpu"' in text
    assert 'DEVICE = "cpu"\n' in script(Record(BASE.changed({"device": "mps"})), "a.py")
    fell_back = Record(BASE.changed({"device": "cuda"}), (), Recorded(steps=3, device="CPU"))
    assert 'DEVICE = "cpu"\n' in script(fell_back, "a.py")  # the numbers are the CPU's


def test_a_record_without_a_step_is_run_to_its_end():
    assert f"STEPS = {BASE.steps} " in script(Record(BASE), "a.py")


def test_the_title_cannot_leave_its_place():
    asked = BASE.changed({"title": '"""\nimport os\\'})
    tree = ast.parse(script(Record(asked), 'b"""\\.py'))
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import)]
    assert "os" not in {a.name for n in imports for a in n.names}
    assert ast.get_docstring(tree).startswith("''' import os/")
