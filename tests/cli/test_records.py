"""A run written down and read again: the same bits, or one sentence that says what is wrong."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.experiment import experiment
from lab.engine.kinds import ExperimentError
from lab.engine.records import Record, Recorded, read_record, record_of, record_text
from lab.engine.run import Run
from lab.engine.timeline import Edit
from lab.files.errors import LoadError
from lab.presets import PRESETS, load

if TYPE_CHECKING:
    from pathlib import Path


def read(tmp_path: Path, text: str | bytes) -> Record:
    path = tmp_path / "experiment.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_record(path)


def complaint(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(LoadError) as caught:
        read(tmp_path, text)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.startswith("experiment.toml: ")
    return sentence


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    record = Record(load(name))
    assert read(tmp_path, record_text(record)) == record


@settings(max_examples=40)
@given(
    rate=st.floats(1e-300, 1e5),
    seed=st.integers(0, 2**63 - 1),
    title=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    decay=st.none() | st.floats(0, 1e3),
)
def test_numbers_and_texts_survive_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory,
    rate: float,
    seed: int,
    title: str,
    decay: float | None,
) -> None:
    changes = {"seed": seed, "title": title, "regularisation.weight_decay": decay}
    asked = load("xor").changed({**changes, "optimizer.learning_rate": rate})
    record = Record(asked, (Edit(3, "regularisation.weight_decay", 0.1, decay),))
    assert read(tmp_path_factory.mktemp("r"), record_text(record)) == record


def test_what_has_no_value_is_left_out_and_drawn_points_are_kept(tmp_path: Path) -> None:
    points = {"kind": "points", "points": [[0.1, 0.2, 0], [0.3, -0.4, 1]]}
    asked = experiment({"data": points, "layers": [{"kind": "residual", "layers": ["relu"]}]})
    text = record_text(Record(asked))
    assert "None" not in text
    assert "weight_decay" not in text
    assert read(tmp_path, text).experiment == asked


def test_a_run_with_edits_is_carried_out_again_to_the_bit(tmp_path: Path) -> None:
    run = Run(load("xor"))
    run.advance(10)
    run.edit({"optimizer.learning_rate": 0.2, "batches.size": 8})
    run.advance(10)
    run.edit({"optimizer.kind": "sgd"})
    run.advance(5)
    record = read(tmp_path, record_text(record_of(run)))
    assert record.steps == 25
    rate = "optimizer.learning_rate"
    first, second = [rate, "batches.size"], ["optimizer.kind", rate]  # another method's rate
    assert sorted(e.what for e in record.edits if e.step == 10) == sorted(first)
    assert [e.what for e in record.edits if e.step == 20] == second
    again = Run(record.experiment, edits=record.edits)
    again.advance(record.steps)
    for name, tensor in run.trainer.network.state_dict().items():
        assert tensor.equal(again.trainer.network.state_dict()[name]), name


def test_a_record_of_an_earlier_step_leaves_out_later_edits() -> None:
    run = Run(load("xor"))
    run.advance(5)
    run.edit({"optimizer.learning_rate": 0.2})
    run.advance(5)
    assert record_of(run, 5).edits == ()
    assert record_of(run, 6).edits == (Edit(5, "optimizer.learning_rate", 0.05, 0.2),)
    assert record_of(run, 6).recorded.steps == 6


def test_a_file_by_hand_needs_no_more_than_its_wishes(tmp_path: Path) -> None:
    record = read(tmp_path, 'layers = ["linear"]\nsteps = 7\n')
    assert record.recorded == Recorded()
    assert record.steps == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("layers = [", "not valid TOML"),
        (b"\xff\xfe\x00", "not valid TOML"),
        (b"\x00" * 64, "not valid TOML"),
        (b"\x1f\x8b\x08" * 9, "not valid TOML"),
        ("format = 2", "written by a newer Nabla"),
        ("format = true", "format: wanted 1, got True"),
        ("format = 0", "format: wanted 1, got 0"),
        ("stepps = 3", "stepps: there is no such setting"),
        ('steps = "many"', "steps: wanted"),
        ("steps = 0", "steps: wanted"),
        ("seed = -1", "seed: wanted"),
        ("seed = 1180591620717411303424", "seed: wanted"),
        ("title = 1979-05-27", "title: wanted"),
        ('layers = ["os.system"]', "layers.0: 'os.system' is not known"),
        ('layers = ["torch.nn.Module"]', "layers.0: 'torch.nn.Module' is not known"),
        ('layers = [{kind = "__class__"}]', "layers.0: '__class__' is not known"),
        ('layers = [{kind = "linear", units = -3}]', "layers.0.units: wanted at least 1"),
        ("[optimizer]\nlearning_rate = 0.1", "optimizer"),
        ('optimizer = {kind = "sgd", learning_rate = nan}', "wanted a finite number"),
        ('optimizer = {kind = "sgd", rate = 1}', "has no option 'rate'"),
        ("loss = \"__import__('os')\"", "is not known"),
        ("layers = " + "[" * 9000, "not valid TOML"),
        ("[recorded]\nsteps = -1", "recorded.steps: wanted"),
        ("[recorded]\nsteps = 1.5", "recorded.steps: wanted"),
        ("[recorded]\nhost = 'x'", "recorded.host: there is no such entry"),
        ("recorded = 3", "recorded: wanted"),
        ("edits = 3", "edits: wanted a list"),
        ("[[edits]]\nwhat = 'data.kind'\nstep = 1", "data.kind cannot change"),
        ("[[edits]]\nwhat = 'optimizer.rate'\nstep = 1\nnew = 3", "has no option 'rate'"),
        ("[[edits]]\nwhat = 'a'\nstep = -1", "edits.0.step: wanted"),
        ("[[edits]]\nwhat = 3\nstep = 1", "edits.0.what: wanted"),
        ("[[edits]]\nwhat = 'a'\nstep = 1\nwhy = 2", "edits.0.why: there is no such entry"),
        ("[[edits]]\nwhat = 'batches.size'\nstep = 1\nnew = 'big'", "batches.size: wanted"),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(
    text: str | bytes, words: str, tmp_path: Path
) -> None:
    assert words in complaint(tmp_path, text)


def test_no_file_a_folder_and_a_pipe_are_told(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="there is no such file"):
        read_record(tmp_path / "none.toml")
    with pytest.raises(LoadError, match="folder"):
        read_record(tmp_path)


def test_a_wish_for_an_absent_device_is_kept(tmp_path: Path) -> None:
    record = read(tmp_path, 'layers = ["linear"]\ndevice = "banana"\n')
    run = Run(record.experiment)
    assert "'banana', which is not on this machine" in run.trainer.device.notice
    assert run.trainer.device.name == "cpu"
    assert 'device = "banana"' in record_text(record_of(run))


def test_a_relative_data_file_is_found_beside_the_record(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "mine.npz", x=rng.normal(size=(30, 2)), y=np.arange(30) % 2)
    text = 'layers = ["linear"]\ndata = {kind = "arrays", path = "mine.npz"}\n'
    assert read(tmp_path, text).experiment.data["path"] == str(tmp_path / "mine.npz")


def test_a_path_that_is_no_text_is_refused_when_written() -> None:
    asked = load("xor").changed({"data.kind": "csv", "data.path": "caf\udce9.csv"})
    with pytest.raises(ExperimentError, match="not valid text"):
        record_text(Record(asked))


def test_a_record_without_edits_is_read_without_torch(tmp_path: Path) -> None:
    (tmp_path / "experiment.toml").write_text(record_text(Record(load("iris"))))
    code = (
        "import sys; from lab.engine.records import read_record;"
        f"read_record({str(tmp_path / 'experiment.toml')!r}); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


def test_infinite_numbers_cannot_stand_in_a_record() -> None:
    with pytest.raises(ExperimentError):
        load("xor").changed({"optimizer.learning_rate": math.inf})
