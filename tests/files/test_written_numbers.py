from __future__ import annotations

import csv
import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.files import numbers, texts
from lab.files.errors import LoadError, SaveError
from lab.files.numbers import (
    JsonLines,
    read_jsonl,
    read_text,
    read_toml,
    write_csv,
    write_npz,
    write_text,
    write_toml,
)
from lab.files.tables import read_table


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_columns_are_written_with_every_digit_and_padded(tmp_path):
    path = tmp_path / "a.csv"
    values = np.array([0.1, 1 / 3, -1e-300, np.nan, np.inf])
    write_csv(path, {"step": np.arange(3), "loss": values, "on": np.array([True, False])})
    read = rows_of(path)
    assert read[0] == ["step", "loss", "on"]
    assert [row[0] for row in read[1:]] == ["0", "1", "2", "", ""]
    assert [row[2] for row in read[1:]] == ["True", "False", "", "", ""]
    np.testing.assert_array_equal([float(row[1]) for row in read[1:]], values)


def test_a_float32_column_keeps_its_exact_values(tmp_path):
    values = np.array([0.1, 0.2], np.float32)
    write_csv(tmp_path / "a.csv", {"a": values})
    found = [float(row[0]) for row in rows_of(tmp_path / "a.csv")[1:]]
    np.testing.assert_array_equal(found, values.astype(float))


WORDS = [
    "=1+1",
    "+a",
    "-a",
    "@a",
    "\ta",
    'say "x"',
    "two\nlines",
    "a,b",
    "",
    "ü",
    "\ra",
    "a\0b",
]


def test_words_are_quoted_and_kept(tmp_path):
    write_csv(tmp_path / "a.csv", {"=word": np.array(WORDS, object), "n": np.arange(-6, 6)})
    read = rows_of(tmp_path / "a.csv")
    assert read[0] == ["=word", "n"]
    assert [row[0] for row in read[1:]] == [word.replace("\0", "\\0") for word in WORDS]


def test_formulas_can_be_disarmed_for_spreadsheets_and_numbers_stay(tmp_path):
    columns = {"=word": np.array(WORDS, object), "n": np.arange(-6, 6)}
    write_csv(tmp_path / "a.csv", columns, for_spreadsheets=True)
    read = rows_of(tmp_path / "a.csv")
    assert read[0][0] == "'=word"
    assert [row[0] for row in read[1:6]] == ["'=1+1", "'+a", "'-a", "'@a", "'\ta"]
    assert read[1][1] == "-6"


def test_a_long_column_crosses_the_chunks(tmp_path):
    write_csv(tmp_path / "a.csv", {"a": np.arange(25_001), "b": np.arange(10_000)})
    read = rows_of(tmp_path / "a.csv")
    assert [int(row[0]) for row in read[1:]] == list(range(25_001))
    assert read[10_000] == ["9999", "9999"]
    assert read[10_001] == ["10000", ""]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2))
def test_what_is_written_our_own_reader_reads_to_the_bit(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path, {"value": np.array(values), "k": np.arange(len(values))})
    found = read_table(path, header=True, delimiter=",", decimal=".").column("value")
    np.testing.assert_array_equal(found.values, values)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": np.zeros((2, 2))}, r"shape is \(2, 2\).*column 'a'"),
        ({"a": np.array(["\ud800"], object)}, "is no character"),
    ],
)
def test_what_is_no_column_leaves_nothing(tmp_path, columns, words):
    with pytest.raises(SaveError, match=words):
        write_csv(tmp_path / "a.csv", columns)
    assert names(tmp_path) == []


def test_a_disk_that_changes_the_numbers_is_noticed(tmp_path, monkeypatch):
    real = os.fsync

    def fsync(handle):
        real(handle)
        for file in tmp_path.glob(".nabla-*"):
            file.write_bytes(file.read_bytes().replace(b"1.5", b"7.5"))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(SaveError, match="not what was written"):
        write_csv(tmp_path / "a.csv", {"a": np.array([1.5])})
    assert names(tmp_path) == []


def test_arrays_come_back(tmp_path):
    arrays = {"x": np.random.default_rng(0).normal(size=(3, 4)), "names": np.array(["a", "bb"])}
    arrays |= {"file": np.array(np.nan), "none": np.empty((0, 2), np.int8), "a/b": np.arange(3)}
    write_npz(tmp_path / "a.npz", arrays)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert found.files == list(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(found[name], array, strict=True)


def test_objects_are_no_numbers(tmp_path):
    with pytest.raises(SaveError, match="holds objects"):
        write_npz(tmp_path / "a.npz", {"a": np.array([{}], object)})
    assert names(tmp_path) == []


def test_lines_are_published_at_the_end_and_read_back(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with JsonLines(path) as lines:
        for step in range(1, 1001):
            lines.write({"step": step, "loss": np.float32(1 / step), "w": np.arange(2)})
            assert not path.exists()
        lines.write({"loss": float("nan"), "deep": {"a": (np.inf, "ü\n", None, True)}})
    read = read_jsonl(path)
    assert len(read) == 1001
    assert read[0] == {"step": 1, "loss": 1.0, "w": [0, 1]}
    assert read[-1] == {"loss": None, "deep": {"a": [None, "ü\n", None, True]}}


def test_lines_that_end_in_an_error_leave_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), JsonLines(tmp_path / "a.jsonl") as lines:
        lines.write({"step": 1 / lines.lines})
    with (
        pytest.raises(SaveError, match=r"has no JSON \(line 1\)"),
        JsonLines(tmp_path / "a") as lines,
    ):
        lines.write({"step": object()})
    with pytest.raises(SaveError, match="has no JSON"), JsonLines(tmp_path / "a") as lines:
        lines.write({"step": "\ud800"})
    assert names(tmp_path) == []


def test_lines_are_never_published_over_a_file_unasked(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("old")
    with pytest.raises(SaveError, match="exists already"):
        JsonLines(path)
    with JsonLines(path, overwrite=True) as lines:
        lines.write({})
    assert read_jsonl(path) == [{}]


def test_lines_lost_by_the_disk_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(texts.json, "loads", lambda line: [])
    with (
        pytest.raises(SaveError, match="not what was written"),
        JsonLines(tmp_path / "a") as lines,
    ):
        lines.write({})
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1}\n{"a"', r"no JSON \(line 2\)"),
        (b"{}\n[]\n", r"no JSON object \(line 2\)"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a": \xff}', "no JSON"),
        (b"", "empty"),
    ],
)
def test_broken_lines_are_named(tmp_path, content, words):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(LoadError, match=words):
        read_jsonl(tmp_path / "a")


def test_a_description_comes_back(tmp_path):
    path = tmp_path / "experiment.toml"
    mapping = {
        "seed": 3,
        "rate": 1e-3,
        "bad": float("nan"),
        "layers": [{"width": 4}, {}],
        "ü": "\n",
    }
    write_toml(path, mapping)
    read = read_toml(path)
    assert np.isnan(read.pop("bad"))
    assert read == {key: value for key, value in mapping.items() if key != "bad"}


@pytest.mark.parametrize("value", [None, object(), {1: 2}, {"a": [None]}, "\ud800"])
def test_what_toml_cannot_say_is_refused(tmp_path, value):
    with pytest.raises(SaveError):
        write_toml(tmp_path / "a.toml", {"key": value})
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = \n", r"not TOML: .*\(line 2, column 5\)"),
        (b"a = 1\na = 2\n", "line 2"),
        (b"a = 1\nb = '\xff'", r"not UTF-8 text \(line 2\)"),
        (b"a = " + b"[" * 50_000, "not TOML"),
        (b"a = " + b"9" * 5_000, "not TOML"),
        (b"x" * 2_000_000, "more than the 1.0 MiB"),
        (b"", "empty"),
    ],
)
def test_broken_descriptions_are_named_with_their_line(tmp_path, content, words):
    (tmp_path / "a.toml").write_bytes(content)
    with pytest.raises(LoadError, match=words):
        read_toml(tmp_path / "a.toml")


def test_text_comes_back_and_bad_text_is_refused(tmp_path):
    write_text(tmp_path / "a.py", "ü\r\n\n")
    assert read_text(tmp_path / "a.py") == "ü\r\n\n"
    with pytest.raises(SaveError, match="no character"):
        write_text(tmp_path / "b.py", "\ud800")
    (tmp_path / "c").write_bytes(b"\xff\xff")
    with pytest.raises(LoadError, match="not UTF-8"):
        read_text(tmp_path / "c")


WRITERS = {
    "csv": lambda path: write_csv(path, {"a": np.arange(3)}, overwrite=True),
    "npz": lambda path: write_npz(path, {"a": np.arange(3)}, overwrite=True),
    "toml": lambda path: write_toml(path, {"a": 1}, overwrite=True),
    "text": lambda path: write_text(path, "a", overwrite=True),
    "lines": lambda path: JsonLines(path, overwrite=True).close(),
}


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("writer", WRITERS)
def test_no_writer_loses_the_old_file_on_a_full_disk(tmp_path, monkeypatch, writer, call):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "a").write_text("old")
    monkeypatch.setattr(os, call, full)
    with pytest.raises(SaveError, match="the disk is full"):
        WRITERS[writer](tmp_path / "a")
    assert (tmp_path / "a").read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_every_output_goes_through_the_one_writer():
    for module in (numbers, texts):
        source = Path(module.__file__).read_text(encoding="utf-8")
        for forbidden in ('"w"', '"wb"', "write_bytes(path.", "np.save"):
            allowed = source.count('ZipFile(stream, "w")') + source.count('.npy", "w"')
            assert source.count(forbidden) == (allowed if forbidden == '"w"' else 0)
