import ast
import os
import sys
from pathlib import Path

import interpreters
import pytest
from interpreters import Interpreter
from problems import SetupError

PACKAGING = Path(interpreters.__file__).parent
THIS = "{}.{}".format(*sys.version_info)
OLD = Interpreter("old", "3.8", True)
on_posix = pytest.mark.skipif(os.name == "nt", reason="shell scripts stand in for Pythons")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["bootstrap.py", "interpreters.py", "problems.py"])
def test_what_an_old_python_has_to_read_is_written_in_its_syntax(name):
    source = (PACKAGING / name).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    assert "match " not in source


@on_posix
def test_a_shim_that_only_fails_is_passed_over(tmp_path, monkeypatch):
    script(tmp_path / "shims" / "python3.13", "echo no such version >&2; exit 127")
    script(tmp_path / "old" / "python3.12", "echo 3.8 1")
    real = script(tmp_path / "bin" / "python3.11", f'exec "{sys.executable}" "$@"')
    folders = [tmp_path / "shims", tmp_path / "old", tmp_path / "bin"]
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, folders)))
    monkeypatch.setattr(interpreters, "ELSEWHERE", ())
    found = interpreters.best([OLD, *interpreters.others(tmp_path)])
    assert found == Interpreter(str(real), THIS, True)


@on_posix
def test_the_environment_that_is_already_there_comes_first(tmp_path, monkeypatch):
    text = f'exec "{sys.executable}" "$@"'
    own = script(interpreters.python_of(tmp_path / ".venv"), text)
    script(tmp_path / "bin" / "python3.11", text)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert next(interpreters.others(tmp_path)).executable == str(own)


@pytest.mark.parametrize("command", ["/no/such/python", __file__])
def test_what_cannot_be_run_is_no_python(command):
    assert interpreters.asked(command) is None


def test_a_python_without_venv_is_taken_only_if_there_is_no_other():
    bare, whole = Interpreter("bare", "3.11", False), Interpreter("whole", "3.12", True)
    assert interpreters.best([bare, whole]) is whole
    assert interpreters.best([OLD, bare]) is bare


def test_no_fitting_python_is_told_in_one_sentence():
    with pytest.raises(
        SetupError, match=r"needs Python 3\.11, 3\.12 or 3\.13.*python\.org"
    ) as e:
        interpreters.best([OLD])
    assert "\n" not in str(e.value)


def test_the_running_python_is_known_by_its_base(tmp_path):
    found = interpreters.running()
    assert found.version == THIS
    assert interpreters.asked(found.executable) == found
    assert sys.prefix == sys.base_prefix or not found.executable.startswith(sys.prefix)
