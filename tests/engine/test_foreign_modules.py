"""Modules of a person's own file: never run unless allowed, and then layers like any other."""

from __future__ import annotations

import pytest
import torch

from lab.engine import foreign, foreign_building
from lab.engine.drafts import check
from lab.engine.experiment import experiment
from lab.engine.exports import export, snapshot
from lab.engine.foreign_module import translated
from lab.engine.imports import opened_module
from lab.engine.kinds import ExperimentError
from lab.engine.layer_kinds import INIT
from lab.engine.layers import LAYERS
from lab.engine.networks import sizes
from lab.engine.records import record_of
from lab.engine.run import Run
from lab.engine.second_path import carry_out, read
from lab.files.errors import LoadError

FILE = '''
"""Modules of a person."""
import sys
from pathlib import Path

import torch
from torch import nn

Path(__file__).with_suffix(".ran").write_text("ran")


class Skip(nn.Module):
    """A layer with a way around it.

    More.
    """

    def __init__(self, width: int = 4, *, depth=1):
        super().__init__()
        self.inner = nn.Sequential(*[nn.Linear(width, width) for _ in range(depth)])
        self.drop = nn.Dropout(0.3)
        self.register_buffer("places", torch.arange(5))

    def forward(self, x):
        return x + self.drop(torch.tanh(self.inner(x)))


class Stack(nn.Sequential):
    def __init__(self, units=6):
        super().__init__(nn.Linear(2, units), nn.BatchNorm1d(units), nn.ReLU(),
                         nn.Sequential(nn.Linear(units, units), nn.GELU()),
                         nn.Dropout(0.1), nn.Linear(units, 2))


class Sneaky(Stack):
    def forward(self, x):
        return super().forward(x) + 1


class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        raise RuntimeError("no such thing\\nmore")


class Leaving(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        sys.exit(3)


class Numbers(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        assert float(x.sum()) == 0
        return self.layer(x)


class NoRows(nn.Linear, nn.Module):
    def __init__(self):
        super().__init__(2, 2)

    def forward(self, x):
        return super().forward(x).mean()


class Plain:
    pass
'''
OPTIONS = {"kind": "module", "name": "Skip", "arguments": "width=2, depth=2"}


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "net.py"
    made.write_text(FILE)
    yield made
    foreign.forbid(made)


def has_run(file):
    return file.with_suffix(".ran").exists()


def asked(file, *others, **changes):
    layers = [{**OPTIONS, "path": str(file)}, *(others or ("linear",))]
    data = {"kind": "moons", "samples": 60}
    return experiment({"data": data, "layers": layers, "batches": {"size": 10}, **changes})


def alone(file, name, arguments=""):
    part = {"kind": "module", "path": str(file), "name": name, "arguments": arguments}
    return experiment({"layers": [part]}).layers


# Nothing runs unless it was allowed.


def test_describing_listing_and_checking_run_nothing(file):
    wanted = asked(file)
    assert foreign.files_in(wanted.layers) == (file,)
    found = {f.name: f for f in foreign.modules_in(file).found}
    assert list(found) == ["Skip", "Stack", "Sneaky", "Broken", "Leaving", "Numbers", "NoRows"]
    assert found["Skip"].arguments == "width: int=4, *, depth=1"
    assert found["Skip"].summary == "A layer with a way around it."
    (problem,) = check(wanted.layers, (2,), 2).problems
    assert problem.text == (
        "layers.0 (Module of a file): it runs code of net.py: allow it first."
    )
    assert (problem.where, problem.short) == ("layer", "runs net.py")
    with pytest.raises(ExperimentError, match=r"layers\.0 .*runs code of net\.py: allow it"):
        Run(wanted)
    with pytest.raises(ExperimentError, match="allow it with --run-code"):
        foreign.permit(wanted.layers, run_code=False)
    assert not has_run(file)


def test_what_was_allowed_runs_until_the_file_changes(file):
    foreign.allow(file)
    assert foreign.is_allowed(file)
    Run(asked(file))
    assert has_run(file)
    file.with_suffix(".ran").unlink()
    file.write_text(FILE + "\n# changed\n")
    assert not foreign.is_allowed(file)
    with pytest.raises(ExperimentError, match=r"net\.py, which has changed since: allow it"):
        Run(asked(file))
    assert not has_run(file)


def test_another_name_of_the_file_is_the_same_file(file, tmp_path):
    link = tmp_path / "other.py"
    link.symlink_to(file)
    foreign.allow(link)
    assert foreign.is_allowed(file)


# What it is then.


def test_shapes_and_parameters_are_found(file):
    foreign.allow(file)
    found = check(asked(file).layers, (2,), 2)
    assert found.is_sound
    assert (found.layers[0].shape_out, found.layers[0].parameters) == ((2,), 12)
    run = Run(asked(file))
    assert sum(s.parameters for s in run.trainer.sizes) == sum(
        p.numel() for p in run.trainer.network.parameters()
    )


def test_the_shape_is_looked_for_once(file, monkeypatch):
    foreign.allow(file)
    check(asked(file).layers, (2,), 2)
    monkeypatch.setattr(foreign_building, "build", None)
    assert check(asked(file).layers, (2,), 2).is_sound


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_it_trains_goes_back_and_repeats_its_own_masks(file, precision):
    foreign.allow(file)
    run = Run(asked(file, precision=precision))
    run.advance(6)
    run.seek(3)
    then = run.bench.state.vector.clone()
    other = Run(asked(file, precision=precision))
    other.advance(3)
    assert torch.equal(other.trainer.state.vector, then)
    assert run.trainer.network[0].net.places.tolist() == [0, 1, 2, 3, 4]


def test_a_weight_of_it_may_be_set_by_hand(file):
    foreign.allow(file)
    run = Run(asked(file))
    run.set_weights({("layers.0", "net.inner.0.weight", 1): 0.5})
    assert run.trainer.network[0].net.inner[0].weight.view(-1)[1] == 0.5


def test_a_module_that_needs_numbers_is_tried_with_some(file):
    foreign.allow(file)
    (size,) = sizes(alone(file, "Numbers"), (2,), 2)
    assert size.shape_out == (2,)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("", "", "choose a Python file and a class in it"),
        ("Nothing", "", r"net\.py has no module 'Nothing'"),
        ("Plain", "", r"net\.py has no module 'Plain'"),
        ("Broken", "", r"net\.py: Broken cannot be built: RuntimeError in line \d+: no such t"),
        ("Leaving", "", r"net\.py: Leaving cannot take 2×2: SystemExit in line \d+: 3"),
        ("NoRows", "", r"NoRows has to give a row for each sample, got a tensor \(\) for 2"),
        ("Skip", "width=3", r"Skip cannot take 2×2: RuntimeError"),
        ("Skip", "breadth=3", r"Skip cannot be built: TypeError"),
        ("Skip", "3", "wanted names with plain values"),
        ("Skip", "**{}", "wanted names with plain values"),
        ("Skip", "width=open('x')", "wanted names with plain values"),
        ("Skip", "width=3) or print(", "wanted names with plain values"),
    ],
)
def test_what_goes_wrong_is_one_sentence(file, name, arguments, told):
    foreign.allow(file)
    layers = alone(file, name, arguments)
    with pytest.raises(ExperimentError, match=told) as error:
        sizes(layers, (2,), 2)
    assert "\n" not in str(error.value)
    (problem,) = check(layers, (2,), 2).problems
    assert problem.text == str(error.value)


@pytest.mark.parametrize("text", ["def", "\0", "x = (" * 500])
def test_what_is_no_python_is_refused(tmp_path, text):
    path = tmp_path / "a.py"
    path.write_text(text)
    with pytest.raises(LoadError, match="it is no Python"):
        foreign.modules_in(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ExperimentError, match="there is no such file"):
        sizes(alone(tmp_path / "no.py", "Net"), (2,), 2)
    with pytest.raises(LoadError, match="there is no such file"):
        foreign.allow(tmp_path / "no.py")


def test_what_cannot_hold_its_code_is_refused(file, tmp_path):
    foreign.allow(file)
    run = Run(asked(file))
    run.advance(2)
    record, tensors = record_of(run), snapshot(run.trainer)
    for name, suffix in (("python", ".py"), ("onnx", ".onnx")):
        with pytest.raises(ExperimentError, match=r"a layer runs code of net\.py"):
            export(record, tensors, name, tmp_path / f"out{suffix}")
    assert export(record, tensors, "safetensors", tmp_path / "out.safetensors").exists()


def test_no_formula_of_its_own_is_known(file):
    foreign.allow(file)
    run = Run(asked(file))
    from lab.engine.networks import built

    layers = read(built(run.experiment.layers, run.trainer.network), training=False)
    x, y = (t.numpy() for t in run.trainer.batches.at(1))
    with pytest.raises(ExperimentError, match=r"layers\.0 .*autograd and differences only"):
        carry_out(layers, x, y, run.experiment.loss)


# Translation.


def test_a_plain_sequence_becomes_layers_of_the_table(file):
    foreign.allow(file)
    found = opened_module(file, "Stack", "units=5", (2,), 2)
    kinds = [p.kind for p in found.layers]
    assert kinds == ["linear", "batch_norm", "relu", "linear", "gelu", "dropout", "linear"]
    assert found.words == "Stack is exactly 7 layers of the table."
    options = {"path": str(file), "name": "Stack", "arguments": "units=5"}
    theirs = foreign_building.build(options)
    assert {t.shape for t in found.tensors.values()} == {
        t.shape for t in theirs.state_dict().values()
    }


@pytest.mark.parametrize("name", ["Sneaky", "Skip"])
def test_anything_else_stays_one_layer_of_its_own(file, name):
    foreign.allow(file)
    arguments = "width=2" if name == "Skip" else ""
    found = opened_module(file, name, arguments, (2,), 2)
    assert [p.kind for p in found.layers] == ["module"]
    assert "no formula of it is known" in found.words
    run = Run(experiment({"data": "moons", "layers": [p.model_dump() for p in found.layers]}))
    run.trainer.load_weights(found.tensors)


LAID_OUT_OTHERWISE = {"embedding", "gru", "lstm"}
"""Those of torch have other weights, or take something else."""
IMAGES = {"conv2d", "max_pool2d", "avg_pool2d", "global_avg_pool2d", "flatten"}
SEQUENCES = {"positional_encoding", "attention"}


def unusual(kind):
    """Options that are nobody's defaults."""
    found = {}
    for parameter in kind.parameters:
        value = parameter.default
        if parameter.choices:
            value = parameter.choices[-1]
        elif isinstance(value, float):
            value *= 1.5
        found[parameter.name] = value
    given = {"units": 4, "stride": 2, "p": 0.25}
    return found | {name: value for name, value in given.items() if name in found}


def in_torch(kind, options):
    """Return the module of torch.nn that a kind is built as or twin of; None without one."""
    if kind.build is None or kind.name in LAID_OUT_OTHERWISE | {"module"}:
        return None
    named = kind.name
    shape = (3, 6, 6) if named in IMAGES else (4, 6) if named in SEQUENCES else (5,)
    made = kind.build(options, shape)
    if type(made).__module__.startswith("torch.nn"):
        return made
    twin = getattr(torch.nn, type(made).__name__, None)
    return twin(**options) if twin is not None else None


@pytest.mark.parametrize("kind", LAYERS.values(), ids=LAYERS)
def test_every_module_of_torch_in_the_table_is_read_back(kind):
    options = unusual(kind)
    module = in_torch(kind, options)
    if module is None:
        assert kind.name in WITHOUT_TWIN
        return
    (described,), _ = translated(module)
    assert described.pop("kind") == kind.name
    assert described == {name: options[name] for name in described}
    told = {p.name for p in kind.parameters} - {p.name for p in INIT} - set(kind.untold)
    assert set(described) >= told


WITHOUT_TWIN = {
    *LAID_OUT_OTHERWISE, "residual", "module", "step", "sequence", "positional_encoding",
    "attention", "transformer_block", "mean_over_tokens",
}  # fmt: skip
"""Those that no module of torch is, so that none can become one of them."""
