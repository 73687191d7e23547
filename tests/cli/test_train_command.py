"""``nabla train``: what it writes, where it stops, what it refuses."""

from __future__ import annotations

import json
import signal
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lab.cli import metrics
from lab.cli.progress import Progress
from lab.engine.experiment import experiment
from lab.engine.records import Record, read_record, record_of, record_text
from lab.engine.run import Run
from lab.engine.trainer import Trainer
from lab.files.weights import read_safetensors
from lab.presets import load

if TYPE_CHECKING:
    from collections.abc import Callable

    Nabla = Callable[..., Any]

FILES = ["experiment.toml", "metrics.jsonl", "weights.safetensors"]


def rows(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line, parse_constant=pytest.fail) for line in lines]


def wild(**changes: Any) -> str:
    """Return an experiment that diverges within a few steps."""
    asked = load("curve-fit").changed({"optimizer.kind": "sgd", **changes})
    return record_text(Record(asked.changed({"optimizer.learning_rate": 1e6})))


def test_train_leaves_three_files_and_nothing_else(nabla: Nabla, tmp_path: Path) -> None:
    result = nabla("train", "xor", "--steps", "30", "--out", "a/b")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert "XOR: 30 steps" in result.stdout
    assert sorted(p.name for p in (tmp_path / "a" / "b").iterdir()) == FILES
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_metrics_are_those_of_the_run_before_each_update(nabla: Nabla, tmp_path: Path) -> None:
    nabla("train", "xor", "--steps", "30", "--out", "out")
    run = Run(load("xor"))
    run.advance(30)
    written, branch = rows(tmp_path / "out"), run.timeline.current
    assert [r["step"] for r in written] == list(range(1, 31))
    for row in written:
        recorded = branch.row(row["step"])
        assert recorded is not None
        assert row["loss"] == recorded["loss"]
        assert row["grad_norm"] == recorded["gradient_norm"]
        assert row["learning_rate"] == recorded["learning_rate"]
    found = branch.evaluation_at(25)
    asked = ("test_loss", "accuracy", "test_accuracy")
    assert found is not None
    assert {n: written[24][n] for n in asked} == {n: found[n] for n in asked}
    assert all("test_loss" not in row for row in written if row["step"] not in (25, 30))
    last = run.trainer.evaluate()
    assert written[-1]["test_loss"] == last.test_loss
    assert written[-1]["test_accuracy"] == last.test_accuracy


def test_a_curve_has_no_accuracy_and_a_set_without_test_no_test_loss(
    nabla: Nabla, tmp_path: Path
) -> None:
    asked = load("curve-fit").changed({"split.test_share": 0.0, "evaluate_every": 2})
    (tmp_path / "mine.toml").write_text(record_text(Record(asked)))
    nabla("train", "mine.toml", "--steps", "2", "--out", "without")
    nabla("train", "curve-fit", "--steps", "5", "--out", "with")
    assert list(rows(tmp_path / "without")[1]) == [
        "step",
        "loss",
        "grad_norm",
        "learning_rate",
    ]
    assert list(rows(tmp_path / "with")[4])[4:] == ["test_loss"]


def test_fed_back_the_record_gives_the_same_bytes(nabla: Nabla, tmp_path: Path) -> None:
    nabla("train", "xor", "--steps", "40", "--seed", "7", "--out", "first")
    again = nabla("train", "first/experiment.toml", "--out", "second")
    assert again.exit_code == 0, again.output
    for name in FILES:
        first, second = (tmp_path / f / name for f in ("first", "second"))
        assert first.read_bytes() == second.read_bytes(), name
    assert read_record(tmp_path / "second" / "experiment.toml").experiment.seed == 7


def test_fed_back_with_edits_it_gives_the_weights_of_the_run(
    nabla: Nabla, tmp_path: Path
) -> None:
    run = Run(load("xor"))
    run.advance(10)
    run.edit({"optimizer.learning_rate": 0.3})
    run.advance(10)
    run.edit({"optimizer.kind": "rmsprop", "batches.size": 32})
    run.advance(10)
    (tmp_path / "run.toml").write_text(record_text(record_of(run)))
    assert nabla("train", "run.toml", "--out", "once").exit_code == 0
    assert nabla("train", "once/experiment.toml", "--out", "twice").exit_code == 0
    once, twice = (tmp_path / f / "weights.safetensors" for f in ("once", "twice"))
    assert once.read_bytes() == twice.read_bytes()
    found = read_safetensors(once).tensors
    for name, tensor in run.trainer.network.state_dict().items():
        assert found[name].equal(tensor), name
    assert len(read_record(tmp_path / "twice" / "experiment.toml").edits) == 4


def test_steps_stop_a_run_and_leave_the_schedule_alone(nabla: Nabla, tmp_path: Path) -> None:
    asked = load("xor").changed({"schedule.kind": "cosine", "steps": 400})
    (tmp_path / "mine.toml").write_text(record_text(Record(asked)))
    for steps in ("20", "40"):
        nabla("train", "mine.toml", "--steps", steps, "--out", steps)
    short, long = rows(tmp_path / "20"), rows(tmp_path / "40")
    evaluated = {"test_loss", "accuracy", "test_accuracy"}  # the last row always is
    assert [{k: v for k, v in row.items() if k not in evaluated} for row in short] == long[:20]
    assert evaluated < set(short[-1])
    described = tomllib.loads((tmp_path / "20" / "experiment.toml").read_text())
    assert (described["steps"], described["recorded"]["steps"]) == (400, 20)


def test_no_steps_at_all_leave_the_initial_weights(nabla: Nabla, tmp_path: Path) -> None:
    nabla("train", "xor", "--steps", "0", "--out", "out")
    assert rows(tmp_path / "out") == []
    tensors = read_safetensors(tmp_path / "out" / "weights.safetensors").tensors
    for name, tensor in Run(load("xor")).trainer.network.state_dict().items():
        assert tensors[name].equal(tensor)


def test_json_prints_one_object(nabla: Nabla, tmp_path: Path) -> None:
    result = nabla("train", "iris", "--steps", "20", "--out", "out", "--json")
    summary = json.loads(result.stdout)
    assert (summary["steps"], summary["ending"], summary["seed"]) == (20, "finished", 0)
    assert summary["out"] == str(tmp_path / "out")
    assert 0 <= summary["test_accuracy"] <= 1
    assert summary["loss"] == rows(tmp_path / "out")[-1]["loss"]
    assert result.stderr == ""


def test_beyond_the_whole_steps_every_nth_is_written_and_it_says_so(
    nabla: Nabla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "WHOLE", 20)
    result = nabla("train", "xor", "--steps", "40", "--every", "7", "--out", "out")
    assert [r["step"] for r in rows(tmp_path / "out")] == [*range(1, 21), 21, 28, 35, 40]
    assert (
        result.stderr == "metrics.jsonl holds each step up to 20, then every 7th (--every).\n"
    )
    assert nabla("train", "xor", "--steps", "20", "--out", "short").stderr == ""


def test_rows_are_written_in_blocks_while_it_goes_on(
    nabla: Nabla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.cli.training.BLOCK", 4)
    seen: list[int] = []
    monkeypatch.setattr(Progress, "show", lambda self, run: seen.append(run.newest))
    nabla("train", "xor", "--steps", "30", "--out", "out")
    assert seen[:3] == [4, 8, 12]
    assert [r["step"] for r in rows(tmp_path / "out")] == list(range(1, 31))
    assert "test_loss" in rows(tmp_path / "out")[24]


def test_divergence_keeps_what_was_good_and_fails(nabla: Nabla, tmp_path: Path) -> None:
    (tmp_path / "wild.toml").write_text(wild())
    result = nabla("train", "wild.toml", "--out", "out", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    last = summary["steps"]
    assert (summary["ending"], summary["diverged_at"]) == ("diverged", last + 1)
    assert result.stderr.startswith(f"Step {last + 1}: ")
    assert result.stderr.count("\n") == 1
    assert [r["step"] for r in rows(tmp_path / "out")] == list(range(1, last + 1))
    tensors = read_safetensors(tmp_path / "out" / "weights.safetensors").tensors
    assert all(t.isfinite().all() for t in tensors.values())
    again = nabla("train", "out/experiment.toml", "--out", "again")
    assert again.exit_code == 0, again.output


def test_early_stopping_is_a_good_end_and_a_replay_goes_past_it(
    nabla: Nabla, tmp_path: Path
) -> None:
    changes = {"early_stopping.patience": 2, "evaluate_every": 5, "seed": 3}
    asked = load("xor-single-layer").changed(changes)
    (tmp_path / "mine.toml").write_text(record_text(Record(asked)))
    result = nabla("train", "mine.toml", "--out", "out", "--json")
    summary = json.loads(result.stdout)
    assert (result.exit_code, summary["ending"]) == (0, "early")
    assert summary["steps"] < asked.steps
    text = (tmp_path / "out" / "experiment.toml").read_text()
    further = text.replace(f"steps = {summary['steps']}", f"steps = {summary['steps'] + 30}")
    (tmp_path / "further.toml").write_text(further)
    replayed = json.loads(nabla("train", "further.toml", "--out", "b", "--json").stdout)
    assert replayed["steps"] == summary["steps"] + 30


def test_ctrl_c_writes_what_there_is_and_fails(
    nabla: Nabla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lab.cli.training.BLOCK", 8)
    before = signal.getsignal(signal.SIGINT)

    seen: set[int] = set()

    def ask(self: Progress, run: Run) -> None:
        if run.newest == 16 and 16 not in seen:
            signal.raise_signal(signal.SIGINT)
        seen.add(run.newest)

    monkeypatch.setattr(Progress, "show", ask)
    result = nabla("train", "xor", "--steps", "9000", "--out", "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("Interrupted at step 16 of 9,000; what was done")
    assert len(rows(tmp_path / "out")) == 16
    assert read_record(tmp_path / "out" / "experiment.toml").steps == 16
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_does_not_wait_and_leaves_nothing(
    nabla: Nabla, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def insist(self: Progress, run: Run) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "show", insist)
    result = nabla("train", "xor", "--steps", "9", "--out", "out")
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "Interrupted" in result.stderr


def test_earlier_results_are_replaced_only_when_asked(nabla: Nabla, tmp_path: Path) -> None:
    nabla("train", "xor", "--steps", "5", "--out", "out")
    assert nabla("train", "xor", "--steps", "9", "--out", "out").exit_code == 2
    assert len(rows(tmp_path / "out")) == 5
    result = nabla("train", "xor", "--steps", "9", "--out", "out", "--overwrite")
    assert result.exit_code == 0, result.output
    assert len(rows(tmp_path / "out")) == 9
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES


def test_a_folder_with_anything_else_is_never_replaced(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("1")
    sentence = refused("train", "xor", "--out", "thesis", "--overwrite")
    assert "holds more than earlier results (chapter.txt)" in sentence


def test_an_empty_folder_is_filled(nabla: Nabla, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert nabla("train", "xor", "--steps", "2", "--out", "out").exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == FILES


@pytest.mark.fault("D1")
@pytest.mark.fault("N7")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digit-mlp"], "'digit-mlp' is neither a preset nor a file; did you mean digits-mlp?"),
        (["zzz"], "`nabla presets` lists"),
        (["none.toml"], "none.toml: there is no such file"),
        (["."], "folder"),
        (["xor", "--device", "cuda:99"], "'cuda:99' is not on this machine"),
        (["xor", "--device", "mps"], "'mps' is not on this machine"),
        (["xor", "--device", "banana"], "'banana' is not on this machine"),
        (["xor", "--steps", "-1"], "'--steps': wanted at least 0."),
        (["xor", "--steps", "many"], "'--steps': wanted a whole number."),
        (["xor", "--steps", "1000000000000"], "'--steps': wanted at most"),
        (["xor", "--seed", "-1"], "--seed"),
        (["xor", "--seed", str(2**70)], "seed: wanted"),
        (["xor", "--every", "0"], "--every"),
        (["xor", "--banana"], "--banana"),
        (["xor", "more"], "more"),
        (["big.toml"], "batches.size: wanted at most the"),
        (["bad.toml"], "bad.toml: layers.0: 'os.system' is not known"),
        (["shapes.toml"], "the loss wants"),
        (["absent.toml"], "there is no such file"),
    ],
)
def test_a_wrong_request_is_refused_in_one_sentence(
    arguments: list[str], words: str, refused: Callable[..., str], tmp_path: Path
) -> None:
    texts = {
        "bad": 'layers = ["os.system"]',
        "big": 'layers = ["linear"]\nbatches = {size = 5000}',
        "shapes": 'layers = [{kind = "linear", units = 3}]',
        "absent": 'layers = ["linear"]\ndata = {kind = "csv", path = "no.csv"}',
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text)
    assert words in refused("train", *arguments, "--out", "new/out")


def test_out_must_be_named_and_must_not_be_a_file(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("1")
    assert "--out" in refused("train", "xor")
    assert "is not a folder" in refused("train", "xor", "--out", "file")
    assert refused("train", "xor", "--steps", "1", "--out", "file/x", code=1)


def test_a_disk_that_fills_up_leaves_nothing(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: metrics.Metrics) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(metrics.Metrics, "write_new", full)
    sentence = refused("train", "xor", "--steps", "5", "--out", "out", code=1)
    assert "metrics.jsonl: not saved, the disk is full" in sentence


def test_a_fault_of_our_own_is_one_sentence_too(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Run) -> None:
        raise TypeError("two\nlines")

    monkeypatch.setattr(Run, "step", fail)
    sentence = refused("train", "xor", "--out", "out", code=1)
    assert sentence.startswith(
        "Nabla failed: TypeError: two lines (test_train_command.py, line"
    )


def test_a_lack_of_memory_is_told_as_such(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Run) -> None:
        raise MemoryError

    monkeypatch.setattr(Run, "step", fail)
    assert "not enough memory" in refused("train", "xor", "--out", "out", code=1)


@pytest.mark.fault("D1")
def test_a_file_that_wishes_for_an_absent_device_runs_on_the_cpu_and_keeps_it(
    nabla: Nabla, tmp_path: Path
) -> None:
    asked = experiment({"layers": ["linear"], "data": "iris", "device": "cuda:77"})
    (tmp_path / "mine.toml").write_text(record_text(Record(asked)))
    result = nabla("train", "mine.toml", "--steps", "3", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "wishes for 'cuda:77', which is not on this machine" in result.stderr
    described = tomllib.loads((tmp_path / "out" / "experiment.toml").read_text())
    assert described["device"] == "cuda:77"
    assert described["recorded"]["device"] == "CPU"


def test_what_was_left_out_of_a_table_is_said(nabla: Nabla, tmp_path: Path) -> None:
    lines = ["a,y", *(f"{k},{'xz'[k % 2]}" for k in range(12)), "inf,x"]
    (tmp_path / "table.csv").write_text("\n".join(lines) + "\n")
    text = 'layers = ["linear"]\nsteps = 2\nbatches = {size = 4}\n'
    (tmp_path / "mine.toml").write_text(text + 'data = {kind = "csv", path = "table.csv"}\n')
    result = nabla("train", "mine.toml", "--out", "out")
    assert result.exit_code == 0, result.output
    assert "left out for a missing value: 1 of 13 rows" in result.stderr


def test_a_folder_on_another_disk_is_filled(nabla: Nabla, tmp_path: Path) -> None:
    """As of a volume mounted there: what was written elsewhere could not be moved into it."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk here")
    with tempfile.TemporaryDirectory(dir=shared) as other:
        (tmp_path / "out").symlink_to(other, target_is_directory=True)
        for extra in ([], ["--overwrite"]):
            result = nabla("train", "xor", "--steps", "5", "--out", "out", *extra)
            assert result.exit_code == 0, result.output
            assert sorted(p.name for p in Path(other).iterdir()) == FILES


def test_whole_sets_are_measured_once_after_the_last_step(
    nabla: Nabla, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured, evaluate = [], Run.evaluate
    inner = Trainer.evaluate
    monkeypatch.setattr(Run, "evaluate", lambda run: (measured.clear(), evaluate(run)))
    monkeypatch.setattr(Trainer, "evaluate", lambda t: (measured.append(1), inner(t))[1])
    result = nabla("train", "xor", "--steps", "7", "--out", "out", "--json")
    assert len(measured) == 1
    last = rows(Path("out"))[-1]
    found = json.loads(result.stdout)
    assert {n: found[n] for n in ("test_loss", "accuracy")} == {
        n: last[n] for n in ("test_loss", "accuracy")
    }


def test_memory_that_runs_out_in_a_step_is_not_told_of_a_file(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Run) -> None:
        raise MemoryError

    monkeypatch.setattr(Run, "step", full)
    sentence = refused("train", "xor", "--steps", "5", "--out", "out", code=1)
    assert "make the network or the batches smaller" in sentence
