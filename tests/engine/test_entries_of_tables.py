"""An entry in its table is all that a new kind takes: nothing else knows its name."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.engine import clips, datasets, layers, optimizers
from lab.engine.adapting import adapted
from lab.engine.data import prepare
from lab.engine.experiment import TABLES
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.records import Record
from lab.engine.run import Run
from lab.engine.script import needs_arrays, script
from lab.engine.script_network import layer_lines
from lab.maths import worked_backward, worked_forward

ENGINE = Path(layers.__file__).parent
OWN = {
    "layers.py",
    "losses.py",
    "optimizers.py",
    "schedules.py",
    "datasets.py",
    "clips.py",
    "experiment.py",  # the defaults of a description
    "adapting.py",  # the losses it falls back on, the plain network
    "script_settings.py",  # the template of scripts has a line for dropout, for a constant rate
}


def renamed(monkeypatch, table, old, new, **fields):
    monkeypatch.setitem(table, new, replace(table[old], name=new, **fields))


def trained(asked, steps=3):
    run = Run(asked)
    run.advance(steps)
    return run.trainer


def test_no_module_compares_with_the_name_of_a_kind():
    names = {n for table in TABLES.values() for n in table} | set(layers.LAYERS)
    names -= {"step", "none", "value", "norm"}  # words with another meaning elsewhere
    compared = re.compile(r"(?:[=!]= |\bin [({\[][^)}\]]*?)\"(\w+)\"")
    found = {
        f"{path.name}: {name}"
        for path in ENGINE.glob("*.py")
        if path.name not in OWN
        for name in compared.findall(path.read_text(encoding="utf-8"))
        if name in names
    }
    assert found == set()


def test_another_block_another_norm_and_another_linear_layer(make, monkeypatch):
    renamed(monkeypatch, layers.LAYERS, "residual", "around", title="Around")
    renamed(monkeypatch, layers.LAYERS, "batch_norm", "my_norm")
    renamed(monkeypatch, layers.LAYERS, "linear", "dense")
    inner = ["my_norm", {"kind": "dense", "units": 4, "init": "normal"}]
    own = [{"kind": "dense", "units": 4}, {"kind": "around", "layers": inner}, "dense"]
    names = {"around": "residual", "my_norm": "batch_norm", "dense": "linear"}
    plain = json.loads(re.sub("|".join(names), lambda m: names[m[0]], json.dumps(own)))
    mine, known = trained(make(layers=own)), trained(make(layers=plain))
    assert torch.equal(mine.state.vector, known.state.vector)
    assert torch.equal(mine.answers(mine.test_x), known.answers(known.test_x))
    lines = layer_lines(make(layers=own).layers, mine.network)
    assert lines == layer_lines(make(layers=plain).layers, known.network)
    with pytest.raises(ExperimentError, match="normalisation needs batches of 2"):
        Run(make(layers=own, batches={"size": 1}))
    with pytest.raises(ExperimentError, match="dense holds no layers"):
        make(layers=[{"kind": "dense", "layers": ["relu"]}])


def test_the_open_end_of_another_linear_layer_is_found(make, monkeypatch):
    renamed(monkeypatch, layers.LAYERS, "linear", "dense")
    wish = make(layers=[{"kind": "dense", "units": 2}], data={"kind": "iris"})
    fitted, said = adapted(wish)
    assert "as many outputs as the loss needs" in said
    assert fitted.layers[-1]["units"] is None


def test_another_rule_has_the_decay_its_entry_names(make, monkeypatch):
    renamed(monkeypatch, optimizers.OPTIMIZERS, "adam", "mine", weight_decay=0.25)
    assert make(optimizer="mine").weight_decay == 0.25
    assert make(optimizer="adamw").weight_decay == 0.01
    assert make(optimizer="adam").weight_decay == 0.0


def test_another_bound_bounds(make, monkeypatch):
    still = replace(
        clips.CLIPS["none"], name="still", bound=lambda g, length, options: g.zero_()
    )
    monkeypatch.setitem(clips.CLIPS, "still", still)
    run = Run(make(clip="still"))
    before = run.trainer.state.vector.clone()
    run.advance(2)
    assert torch.equal(run.trainer.state.vector, before)


@pytest.mark.parametrize("kind", ["digit_images", "iris", "spiral", "curve"])
def test_another_dataset_is_exported_as_its_entry_says(make, monkeypatch, kind):
    renamed(monkeypatch, datasets.DATASETS, kind, f"my_{kind}")
    loss = "mse_loss" if kind == "curve" else "cross_entropy"
    wish = make(data={"kind": f"my_{kind}"}, layers=["flatten", "linear"], loss=loss)
    known = wish.changed({"data.kind": kind})
    assert not needs_arrays(wish)
    mine = script(Record(wish), "a.py", prepare(wish))
    assert mine == script(Record(known), "a.py", prepare(known))


NO_FORMULA = {"module"}
"""Whatever a person has written is shown by its numbers alone."""


def test_what_has_no_worked_formula_is_listed():
    """Any other kind would be told by its bare name, silently."""
    leaves = {name for name, kind in LAYERS.items() if kind.wrap is None}
    assert leaves - set(worked_forward.WORKED) == NO_FORMULA
    assert leaves - set(worked_backward.WORKED) == NO_FORMULA
    assert set(worked_forward.WORKED) <= leaves
