from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lab.files.errors import FileError, LoadError, SaveError, printable, quoted, reading
from lab.files.limits import in_words
from lab.files.sources import kind_of, opened, read_bytes


def test_an_error_is_one_sentence_with_name_place_and_advice():
    error = LoadError("/some/where/iris.csv", "a number is missing", "line 3", "Add it.")
    assert str(error) == "iris.csv: a number is missing (line 3). Add it."
    assert str(SaveError("a.bin", "not saved")) == "a.bin: not saved."
    assert (error.what, error.where, error.hint) == ("a number is missing", "line 3", "Add it.")
    assert isinstance(error, FileError)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_hostile_name_cannot_break_the_line():
    name = "a\n\u202eb\udce9.csv"
    assert str(LoadError(name, "no")) == "a\\n\\u202eb\\udce9.csv: no."
    assert quoted("x" * 200) == "'" + "x" * 80 + "…'"
    assert printable("ä\0") == "ä\\x00"


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), RecursionError(), AssertionError(), OSError("a parser's"), KeyError(1)],
)
def test_whatever_a_parser_raises_becomes_one_class(error):
    with (
        pytest.raises(LoadError, match="cannot be parsed"),
        reading("f", "it cannot be parsed"),
    ):
        raise error


def test_a_lack_of_memory_is_told_as_such():
    with pytest.raises(LoadError, match="not enough memory"), reading("f", "x"):
        raise MemoryError


def _pipe(folder):
    os.mkfifo(folder / "pipe")
    return folder / "pipe"


def _loop(folder):
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def _empty(folder):
    (folder / "empty").touch()
    return folder / "empty"


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (lambda f: f / "missing", "no such file"),
        (lambda f: f, "a folder, not a file"),
        (_pipe, "a pipe, not a file"),
        (_loop, "leads in a circle"),
        (_empty, "the file is empty"),
        (lambda f: "/dev/zero", "a device"),
        (lambda f: f / ("x" * 5000), "too long"),
        (lambda f: str(f) + "/a\0b", "NUL"),
    ],
)
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, place, words):
    path = place(tmp_path)
    with pytest.raises(LoadError, match=words):
        read_bytes(path, 1000)


def test_a_file_above_its_limit_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "big"
    with path.open("wb") as stream:
        stream.truncate(5 * 2**30)
    with pytest.raises(LoadError, match=r"5\.0 GiB, more than the 1\.0 KiB allowed"):
        read_bytes(path, 1024)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x" * 100)
    with pytest.raises(LoadError, match="changed while"), opened(path, 1000):
        os.truncate(path, 50)


def test_a_link_to_a_file_is_followed_and_threads_stay(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "b").symlink_to("a")
    before = threading.active_count()
    assert read_bytes(tmp_path / "b", 10) == b"x"
    assert threading.active_count() == before


def test_kinds_are_recognised_by_their_first_bytes():
    assert kind_of(b"\x1f\x8b\x08") == "a gzip archive"
    assert kind_of(b"a,b,c\n") is None
    assert [in_words(n) for n in (5, 1536, 3 * 2**40)] == ["5 bytes", "1.5 KiB", "3072.0 GiB"]


def test_the_layer_loads_no_window_and_no_torch():
    folder = Path(__file__).parents[2]
    modules = [f"lab.files.{file.stem}" for file in (folder / "lab" / "files").glob("*.py")]
    heavy = {"torch", "PySide6", "sklearn", "scipy", "pandas", "lab.engine"}
    script = f"import sys, {', '.join(modules)}; print(sorted({heavy} & set(sys.modules)))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_error_of_the_system_that_is_not_in_the_table_keeps_its_words():
    with pytest.raises(LoadError, match="Interrupted system call"), reading("f", "x"):
        raise OSError(4, "Interrupted system call")
