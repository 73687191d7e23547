"""Weights leave as safetensors and .pt, and come back past a table of what differs."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
import torch
from torch import nn

from lab.engine.experiment import experiment
from lab.engine.exports import FORMATS, export, snapshot
from lab.engine.kinds import ExperimentError
from lab.engine.load_weights import plan
from lab.engine.networks import parameter_shapes
from lab.engine.records import Record, record_of
from lab.engine.run import Run
from lab.engine.timeline import Edit
from lab.files.errors import LoadError, SaveError
from lab.files.weights import read_safetensors

LAYERS = [{"kind": "linear", "units": 5}, "batch_norm", "tanh", {"kind": "dropout"}, "linear"]
ASKED = experiment(
    {"title": "Weights", "data": {"kind": "moons", "samples": 60}, "layers": LAYERS}
)


@pytest.fixture
def run():
    run = Run(ASKED, edits=[Edit(2, "optimizer.learning_rate", 0.001, 0.01)])
    run.advance(4)
    return run


def test_reading_the_table_needs_no_torch():
    code = "import sys, lab.engine.exports as e; print(list(e.FORMATS), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "['safetensors', 'pt', 'onnx', 'python'] False", done.stderr


def test_every_format_has_words_and_a_suffix_of_its_own():
    assert len({f.suffix for f in FORMATS.values()}) == len(FORMATS)
    for name, format in FORMATS.items():
        assert format.name == name
        assert format.title
        assert format.summary.endswith(".")


def test_a_snapshot_stands_still_while_training_goes_on(run):
    taken = snapshot(run.trainer)
    before = {name: t.clone() for name, t in taken.items()}
    run.advance(3)
    now = run.trainer.network.state_dict()
    assert not torch.equal(taken["0.weight"], now["0.weight"])
    for name, tensor in taken.items():
        assert torch.equal(tensor, before[name])
        assert tensor.is_contiguous()
        assert tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()


def test_safetensors_carry_the_run_in_their_metadata(run, tmp_path):
    import tomllib

    from lab.engine.records import record_from

    record, tensors = record_of(run), snapshot(run.trainer)
    path = export(record, tensors, "safetensors", tmp_path / "w.safetensors")
    found = read_safetensors(path)
    assert found.metadata["step"] == "4"
    assert found.metadata["nabla"] == "1"
    told = record_from(tomllib.loads(found.metadata["experiment"]))
    assert (told.experiment, told.edits) == (record.experiment, record.edits)
    assert found.tensors.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found.tensors[name].dtype == tensor.dtype
        assert torch.equal(found.tensors[name], tensor)


def test_a_pt_file_goes_into_the_network_a_person_would_write(run, tmp_path):
    path = export(record_of(run), snapshot(run.trainer), "pt", tmp_path / "w.pt")
    own = nn.Sequential(
        nn.Linear(2, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 2)
    )
    own.load_state_dict(torch.load(path, weights_only=True), strict=True)
    x = run.trainer.test_x
    with torch.no_grad():
        torch.testing.assert_close(own.eval()(x), run.trainer.answers(x), rtol=0, atol=0)


def test_an_existing_file_is_replaced_only_when_asked(run, tmp_path):
    record, tensors = record_of(run), snapshot(run.trainer)
    for name in ("safetensors", "pt", "python"):
        path = tmp_path / f"w{FORMATS[name].suffix}"
        path.write_bytes(b"mine")
        with pytest.raises(SaveError, match="exists already"):
            export(record, tensors, name, path)
        assert path.read_bytes() == b"mine"
        export(record, tensors, name, path, overwrite=True)
        assert path.read_bytes() != b"mine"
    assert len(list(tmp_path.iterdir())) == 3


def test_an_unknown_format_is_named_with_those_there_are(run, tmp_path):
    with pytest.raises(ExperimentError, match=r"format: 'h5' is not known.*safetensors"):
        export(record_of(run), {}, "h5", tmp_path / "w.h5")


@pytest.mark.parametrize("taken", ["own.py", "own.npz"])
def test_script_and_data_beside_it_are_written_together_or_not_at_all(taken, tmp_path):
    (tmp_path / "own.csv").write_text("a,b\n" + "\n".join(f"{i},{i % 2}" for i in range(20)))
    data = {"kind": "csv", "path": str(tmp_path / "own.csv"), "target": "b"}
    asked = experiment({"data": data, "layers": ["linear"]})
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / taken).write_bytes(b"mine")
    with pytest.raises(SaveError, match="exists already"):
        export(Record(asked), {}, "python", folder / "own.py")
    assert [p.name for p in folder.iterdir()] == [taken]
    with pytest.raises(ExperimentError, match=r"end in \.py"):
        export(Record(asked), {}, "python", tmp_path / "x.npz")
    assert export(Record(asked), {}, "python", folder / "own.py", True).exists()
    assert sorted(p.name for p in folder.iterdir()) == ["own.npz", "own.py"]


# The way back.


@pytest.mark.parametrize("name", ["safetensors", "pt"])
def test_weights_come_back_and_the_network_answers_as_before(name, run, tmp_path):
    path = tmp_path / f"w{FORMATS[name].suffix}"
    export(record_of(run), snapshot(run.trainer), name, path)
    other = Run(ASKED.changed({"seed": 7})).trainer
    loaded = plan(parameter_shapes(other.network), path)
    assert loaded.fits
    assert loaded.notes == ()
    other.load_weights(loaded.tensors)
    x = run.trainer.test_x
    assert torch.equal(other.answers(x), run.trainer.answers(x))


def test_what_differs_is_told_name_by_name_before_anything_changes(run, tmp_path):
    tensors = snapshot(run.trainer)
    tensors["0.weight"] = torch.zeros(5, 3)
    del tensors["4.bias"]
    tensors["9.extra"] = torch.ones(1)
    path = export(record_of(run), tensors, "safetensors", tmp_path / "w.safetensors")
    loaded = plan(parameter_shapes(run.trainer.network), path)
    told = {d.name: (d.wanted, d.found, d.status) for d in loaded.differences}
    assert told["0.weight"] == ((5, 2), (5, 3), "shape")
    assert told["4.bias"] == ((2,), None, "missing")
    assert told["9.extra"] == (None, (1,), "unexpected")
    assert told["4.weight"][2] == "same"
    assert not loaded.fits
    before = snapshot(run.trainer)
    with pytest.raises(ExperimentError, match="names or shapes"):
        run.trainer.load_weights(loaded.tensors)
    for name, tensor in run.trainer.network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_other_types_and_numbers_that_are_none_are_said(run, tmp_path):
    tensors = {n: t.bfloat16() for n, t in snapshot(run.trainer).items()}
    tensors["0.bias"][1] = torch.nan
    path = export(record_of(run), tensors, "safetensors", tmp_path / "w.safetensors")
    loaded = plan(parameter_shapes(run.trainer.network), path)
    assert loaded.fits
    assert loaded.notes[0] == "Its numbers are bfloat16; the network converts them to float32."
    assert any(note.startswith("0.bias: 1 value not finite") for note in loaded.notes)


@pytest.mark.parametrize(("precision", "notes"), [("float64", 0), ("float32", 1)])
def test_a_conversion_is_told_only_where_there_is_one(run, tmp_path, precision, notes):
    tensors = {n: t.double() for n, t in snapshot(run.trainer).items()}
    path = export(record_of(run), tensors, "safetensors", tmp_path / "w.safetensors")
    loaded = plan(parameter_shapes(run.trainer.network), path, precision)
    assert len(loaded.notes) == notes


def test_complex_numbers_and_other_files_are_refused(tmp_path):
    from lab.files.weights import write_safetensors

    path = tmp_path / "c.safetensors"
    write_safetensors(path, {"0.weight": torch.zeros(2, dtype=torch.complex64)})
    with pytest.raises(LoadError, match=r"complex.*0\.weight"):
        plan({}, path)
    with pytest.raises(LoadError, match="weights end in"):
        plan({}, tmp_path / "w.h5")


def test_an_export_sweeps_its_folder_of_what_killed_ones_have_left(run, tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f".nabla-{ended.pid}-{digit * 16}.tmp" for digit in "01"]
    for name in (*names, "mine.tmp"):
        (tmp_path / name).touch()
    os.utime(tmp_path / names[0], (time.time() - 4000,) * 2)
    export(record_of(run), snapshot(run.trainer), "safetensors", tmp_path / "w.safetensors")
    assert {p.name for p in tmp_path.iterdir()} == {names[1], "mine.tmp", "w.safetensors"}
