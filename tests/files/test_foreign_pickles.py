from __future__ import annotations

import io
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lab.files import pickle_child, pickles, weights
from lab.files.errors import LoadError
from lab.files.limits import LIMITS
from lab.files.pickles import PickleReader
from lab.files.weights import read_pt, write_pt

ROOT = Path(__file__).parents[2]


class Harmful:
    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


@pytest.fixture(scope="module")
def reader():
    with PickleReader() as warm:
        yield warm


def saved(content, **options):
    buffer = io.BytesIO()
    torch.save(content, buffer, **options)
    return buffer.getvalue()


def rezipped(data, change, **options):
    """Change the entries of a zip: ``change(name, content)`` gives the new content or None."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", **options) as new,
    ):
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def scripted():
    buffer = io.BytesIO()
    module = torch.nn.Linear(2, 2)
    with pytest.warns(DeprecationWarning, match="jit"):
        torch.jit.save(torch.jit.script(module), buffer)
    return buffer.getvalue()


def corpus(canary):
    good = saved({"w": torch.ones(3)})
    legacy = {"_use_new_zipfile_serialization": False}
    expanded = torch.ones(1).expand(10**11)
    return {
        "os.system zip": saved({"w": Harmful(canary)}),
        "os.system legacy": saved({"w": Harmful(canary)}, **legacy),
        "os.system raw": pickle.dumps(Harmful(canary)),
        "os.system raw, protocol 0": pickle.dumps(Harmful(canary), protocol=0),
        "whole module": saved(torch.nn.Linear(2, 2)),
        "a tensor": saved(torch.ones(3)),
        "a list": saved([torch.ones(3)]),
        "no tensors": saved({"epoch": 3}),
        "TorchScript": scripted(),
        "empty": b"",
        "text": b"just some words\n",
        "PNG": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "half": good[: len(good) // 2],
        "half legacy": saved({"w": torch.ones(300)}, **legacy)[:-600],
        "no data.pkl": rezipped(good, lambda n, c: None if n.endswith("data.pkl") else c),
        "short storage": rezipped(good, lambda n, c: c[:4] if "/data/" in n else c),
        "no storage": rezipped(good, lambda n, c: None if "/data/" in n else c),
        "garbled pickle": rezipped(good, lambda n, c: c[::-1] if n.endswith(".pkl") else c),
        "compressed": rezipped(good, lambda n, c: c, compression=zipfile.ZIP_DEFLATED),
        "deflated bomb": rezipped(
            good,
            lambda n, c: bytes(100_000_000) if "/data/" in n else c,
            compression=zipfile.ZIP_DEFLATED,
        ),
        "expanded": saved({"w": expanded}),
        "expanded legacy": saved({"w": expanded}, **legacy),
        "sparse": saved({"w": torch.eye(3).to_sparse()}),
        "meta": saved({"w": torch.empty(10**12, device="meta")}),
        "complex128": saved({"w": torch.ones(2, dtype=torch.complex128)}),
        "long name": saved({"w" * 600: torch.ones(2)}),
    }


CASES = [
    *("os.system zip", "os.system legacy", "os.system raw", "os.system raw, protocol 0"),
    *(
        "whole module",
        "a tensor",
        "a list",
        "no tensors",
        "TorchScript",
        "empty",
        "text",
        "PNG",
    ),
    *("half", "half legacy", "no data.pkl", "short storage", "no storage", "garbled pickle"),
    *("compressed", "deflated bomb", "expanded", "expanded legacy", "sparse", "meta"),
    *("complex128", "long name"),
]
WORDS = {
    "os.system zip": "it asks for posix.system",
    "os.system raw": "a Python pickle, which is not opened",
    "whole module": "it asks for torch.nn.modules.linear.Linear",
    "a tensor": "a Tensor, not a table of tensors",
    "TorchScript": "a TorchScript program",
    "empty": "the file is empty",
    "PNG": "a PNG picture",
    "no data.pkl": "no table of tensors",
    "expanded": r"more numbers than the file holds \('w'\)",
    "sparse": "no plain tensor",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    canary = tmp_path_factory.mktemp("canary") / "canary"
    made = corpus(canary)
    assert set(made) == set(CASES)
    return made, canary


@pytest.mark.fault("F20")
@pytest.mark.parametrize("case", CASES)
def test_what_is_no_table_of_tensors_is_refused_and_never_executed(
    tmp_path, reader, files, case
):
    content, canary = files
    path = tmp_path / "w.pt"
    path.write_bytes(content[case])
    with pytest.raises(LoadError, match=WORDS.get(case)) as caught:
        reader.read(path)
    assert not canary.exists()
    assert "weights_only" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.fault("F20")
def test_the_harmful_file_is_harmful(tmp_path):
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Harmful(canary)))
    assert canary.exists()


def test_a_state_dict_comes_back(tmp_path):
    path = tmp_path / "w.pt"
    state = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()
    write_pt(path, state)
    assert torch.load(path, weights_only=True).keys() == state.keys()
    back = read_pt(path).tensors
    assert back.keys() == state.keys()
    assert all(torch.equal(back[name], value) for name, value in state.items())


@pytest.mark.parametrize("is_zip", [True, False])
def test_checkpoints_are_read_and_what_was_left_out_is_said(tmp_path, reader, is_zip):
    tied = torch.randn(3, 3)
    state = {"a": tied, "b": tied, "c": tied.t(), "d": torch.nn.Parameter(tied)}
    content = {"epoch": 3, "model_state_dict": {**state, "note": "x"}}
    path = tmp_path / "w.pt"
    path.write_bytes(saved(content, _use_new_zipfile_serialization=is_zip))
    read = reader.read(path)
    assert read.metadata == {"taken_from": "model_state_dict", "left_out": "note"}
    assert all(torch.equal(read.tensors[name], value) for name, value in state.items())


def test_a_child_that_dies_rejects_its_file_and_the_next_is_read(tmp_path, reader, monkeypatch):
    path = tmp_path / "w.pt"
    write_pt(path, {"w": torch.ones(3)})
    reader.read(path)
    reader._child.kill()
    reader._child.wait(timeout=10)
    monkeypatch.setattr(reader._child, "poll", lambda: None)
    with pytest.raises(LoadError, match="the file is rejected"):
        reader.read(path)
    assert reader.read(path).tensors["w"].tolist() == [1, 1, 1]


def test_a_child_that_hangs_is_ended(tmp_path, monkeypatch):
    sleeper = tmp_path / "sleeper.py"
    sleeper.write_text(
        "import sys\nprint('\\1', end='', flush=True)\nsys.stdin.buffer.read(1)\n"
    )
    sleeper.write_text(sleeper.read_text() + "import threading\nthreading.Event().wait()\n")
    monkeypatch.setattr(pickles, "_PROGRAM", sleeper)
    monkeypatch.setattr(pickles, "LIMITS", replace(LIMITS, child_seconds=0.2))
    write_pt(tmp_path / "w.pt", {"w": torch.ones(3)})
    with pytest.raises(LoadError, match="took too long"):
        read_pt(tmp_path / "w.pt")


def test_a_child_that_does_not_start_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(pickles, "_PROGRAM", tmp_path / "missing.py")
    write_pt(tmp_path / "w.pt", {"w": torch.ones(3)})
    with pytest.raises(LoadError, match="did not start"):
        read_pt(tmp_path / "w.pt")


@pytest.mark.parametrize("version", ["2.9.1", "1.13.0+cpu", "2.0"])
def test_an_unsafe_torch_opens_nothing(tmp_path, monkeypatch, version):
    write_pt(tmp_path / "w.pt", {"w": torch.ones(3)})
    monkeypatch.setattr(torch, "__version__", version)
    with pytest.raises(LoadError, match="CVE-2026-24747"):
        read_pt(tmp_path / "w.pt")


def test_a_file_above_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_pt(tmp_path / "w.pt", {"w": torch.ones(1000)})
    monkeypatch.setattr(weights, "memory_available", lambda: 1000)
    with pytest.raises(LoadError, match="more than the 500 bytes"):
        read_pt(tmp_path / "w.pt")


def test_views_of_one_storage_count_against_the_budget(tmp_path, reader, monkeypatch):
    path = tmp_path / "w.pt"
    storage = torch.ones(10_000)
    path.write_bytes(saved({f"w{k}": storage for k in range(100)}))
    assert len(reader.read(path).tensors) == 100
    monkeypatch.setattr(pickles, "weights_budget", lambda: 1_000_000)
    with pytest.raises(LoadError, match="more memory than allowed"):
        reader.read(path)


def test_the_child_can_neither_write_nor_grow(tmp_path):
    if not Path("/proc/self/statm").exists():
        pytest.skip("this system bounds no process")
    script = (
        "import runpy, sys\n"
        "child = runpy.run_path(sys.argv[1])\n"
        "child['bound'](50_000_000, 10)\n"
        "open(sys.argv[2], 'wb').close()\n"
        "for act in (lambda: open(sys.argv[2], 'wb', 0).write(b'x'), lambda: bytes(10**9)):\n"
        "    try:\n        act()\n"
        "    except Exception as error:\n        print(type(error).__name__)\n"
    )
    command = [sys.executable, "-I", "-c", script, pickle_child.__file__, str(tmp_path / "a")]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert done.stdout.split() == ["OSError", "MemoryError"]
    assert (tmp_path / "a").read_bytes() == b""


def test_the_child_answers_in_one_process_too(monkeypatch):
    data = saved({"w": torch.ones(3)})
    requests = io.BytesIO(struct.pack("<QQQ", len(data), 1000, 2**40) + data)
    answers = io.BytesIO()
    monkeypatch.setattr(pickle_child, "bound", lambda memory, seconds: None)
    pickle_child.serve(requests, answers, 60)
    ready, good, length = struct.unpack("<BBQ", answers.getvalue()[:10])
    assert (ready, good) == (1, 1)
    assert length == len(answers.getvalue()) - 10
    with pytest.raises(pickle_child.Refused, match="more memory"):
        pickle_child.answer(data, 11)
    assert b"more memory" in pickle_child.refusal(MemoryError())


@pytest.mark.fault("F20")
def test_no_way_to_unpickle_exists_in_the_program():
    unsafe = re.compile(
        r"weights_only\s*=\s*False|\bpickle\.loads?\(|Unpickler\(|allow_pickle\s*=\s*True"
        r"|mmap\s*=\s*True|mmap_mode|\beval\(|\bexec\(|extractall"
    )
    for source in (ROOT / "lab" / "files").rglob("*.py"):
        assert not unsafe.search(source.read_text(encoding="utf-8")), source
    for source in (ROOT / "lab").rglob("*.py"):
        text = source.read_text(encoding="utf-8")
        for call in re.findall(r"torch\.load\(.*", text):
            assert "weights_only=True" in call, source
