import json
import os
import sys

import environment
import pip_runs
import pytest
import stamp
import system_packages
from interpreters import python_of
from problems import SetupError

on_posix = pytest.mark.skipif(os.name == "nt", reason="a shell script stands in for Python")
FULL, DEV = frozenset({"full"}), frozenset({"full", "dev"})


@pytest.fixture
def finished(project):
    """The small project with an environment that is whole: this Python and one package."""
    if os.name == "nt":
        pytest.skip("a shell script stands in for Python")
    venv = project / ".venv"
    python = python_of(venv)
    packages = venv / "lib" / "python3.11" / "site-packages"
    (packages / "numpy-2.0.dist-info").mkdir(parents=True)
    (packages / "numpy-2.0.dist-info" / "INSTALLER").write_text("pip\n")
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    digest = stamp.digest(project, "{}.{}".format(*sys.version_info))
    stamp.write(venv, stamp.Stamp(digest, DEV, stamp.distributions(venv)))
    return project


def test_a_finished_environment_is_recognised(finished):
    assert environment.is_ready(finished, DEV)
    assert environment.is_ready(finished, FULL)
    assert not environment.is_ready(finished, DEV | {"more"})


def _loses_its_python(project):
    python_of(project / ".venv").unlink()


def _loses_a_package(project):
    folder = next(stamp.site_packages(project / ".venv").iterdir())
    folder.rename(folder.with_name("elsewhere"))


def _gets_other_pins(project):
    (project / "packaging" / "constraints.txt").write_text("numpy==2.1\n")


def _gets_another_dependency(project):
    path = project / "pyproject.toml"
    path.write_text(path.read_text().replace('"tiny-part==1.0"', '"tiny-part>=1.0"'))


def _gets_half_a_stamp(project):
    path = project / ".venv" / stamp.NAME
    path.write_text(path.read_text()[:-9])


def _gets_a_foreign_stamp(project):
    (project / ".venv" / stamp.NAME).write_text(json.dumps(["not", "ours"]))


@pytest.mark.parametrize(
    "happens",
    [
        _loses_its_python,
        _loses_a_package,
        _gets_other_pins,
        _gets_another_dependency,
        _gets_half_a_stamp,
        _gets_a_foreign_stamp,
    ],
)
def test_a_broken_or_outdated_environment_is_not(finished, happens):
    assert environment.is_ready(finished, DEV)
    happens(finished)
    assert not environment.is_ready(finished, DEV)


def test_an_environment_without_its_python_is_made_anew(finished, tmp_path):
    _loses_its_python(finished)
    base = tmp_path / "base-python"
    base.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\n')
    base.chmod(0o755)
    environment._make_or_keep(finished / ".venv", str(base))
    asked = (tmp_path / "asked").read_text().strip()
    assert asked == f"-I -m venv --clear {finished / '.venv'}"


@on_posix
def test_an_environment_that_cannot_be_made_is_told_with_the_reason(project, tmp_path):
    base = tmp_path / "base-python"
    base.write_text("#!/bin/sh\necho Error: read-only file system >&2\nexit 1\n")
    base.chmod(0o755)
    with pytest.raises(SetupError, match=r"could not be made \(Error: read-only"):
        environment._make_or_keep(project / ".venv", str(base))


def test_a_moved_checkout_is_not(finished, tmp_path):
    moved = finished.rename(tmp_path / "moved")
    assert not environment.is_ready(moved, DEV)


def test_an_older_extra_stays_when_another_is_added(finished, monkeypatch):
    filled = []
    monkeypatch.setattr(environment, "require_space", lambda *_: None)
    monkeypatch.setattr(environment, "_make_or_keep", lambda *_: None)
    monkeypatch.setattr(environment, "_fill", lambda root, extras: filled.append(extras))
    environment.make(finished, frozenset({"onnx"}), sys.executable)
    assert filled == [DEV | {"onnx"}]
    assert environment.is_ready(finished, DEV | {"onnx"})


def test_an_installation_cut_short_leaves_no_stamp(finished, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "require_space", lambda *_: None)
    monkeypatch.setattr(environment, "_fill", killed)
    monkeypatch.setattr(environment, "_make_or_keep", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        environment.make(finished, DEV, sys.executable)
    assert stamp.read(finished / ".venv") is None


def test_what_a_killed_pip_left_is_removed(finished):
    packages = stamp.site_packages(finished / ".venv")
    (packages / "torch-2.13.0.dist-info").mkdir()
    (packages / "~umpy").mkdir()
    environment._drop_half_installed(finished / ".venv")
    assert {folder.name for folder in packages.iterdir()} == {"numpy-2.0.dist-info"}


def test_too_little_space_is_told_with_both_figures(project):
    with pytest.raises(SetupError, match=r"needs \d+\.\d GB in .* and 0\.2 GB are free"):
        environment.require_space(project, DEV, free=lambda _: 0.2e9)
    environment.require_space(project, DEV, free=lambda _: 20e9)


def test_what_is_there_already_needs_no_space_again(project):
    (project / ".venv").mkdir()
    with (project / ".venv" / "large").open("wb") as file:
        file.truncate(12 * 10**9)  # a sparse file: it takes no room
    environment.require_space(project, DEV, free=lambda _: 0.4e9)


def test_the_real_pins_name_what_must_be_respected(pytestconfig):
    pins = pytestconfig.rootpath / "packaging" / "constraints.txt"
    assert environment.pinned("torch", pins) == "2.13.0"
    assert environment.pinned("PySide6_Essentials", pins) == "6.9.3"
    assert environment.pinned("no-such-thing", pins) is None


@pytest.fixture
def asked_for(monkeypatch, tmp_path):
    """Let pip find only what is in a set; return what it was asked for, in order."""

    def answer(*known):
        calls = []

        def install(root, *arguments):
            calls.append(arguments)
            if arguments[-1] not in known:
                text = f"ERROR: No matching distribution found for {arguments[-1]}"
                raise pip_runs.PipFailed(text, tmp_path / "pip.log")

        monkeypatch.setattr(environment, "_install", install)
        return calls

    monkeypatch.setattr(environment.sys, "platform", "linux")
    monkeypatch.setattr(environment, "has_nvidia", lambda: False)
    return answer


def test_the_cpu_build_at_hand_is_taken(asked_for, tmp_path):
    calls = asked_for("torch==2.13.0+cpu")
    environment._install_torch(tmp_path, "2.13.0")
    assert calls == [("--no-deps", "torch==2.13.0+cpu")]


def test_where_there_is_no_cpu_build_the_ordinary_one_is_taken(asked_for, tmp_path):
    calls = asked_for("torch==2.13.0")
    environment._install_torch(tmp_path, "2.13.0")
    assert [call[-1] for call in calls] == ["torch==2.13.0+cpu"] * 2 + ["torch==2.13.0"]
    assert environment.CPU_INDEX in calls[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        (
            "Could not fetch URL http://h/simple/numpy/: connection error: x",
            "download of numpy",
        ),
        ("ReadTimeoutError: HTTPSConnectionPool", "A download failed"),
        (
            "ERROR: No matching distribution found for torch==9",
            "no build of torch==9 for this machine",
        ),
        ("ERROR: cannot do it\nERROR: see above", "Installing failed (cannot do it)"),
        ("", "no reason given"),
    ],
)
def test_each_failure_of_pip_becomes_one_sentence(text, said, tmp_path):
    sentence = pip_runs.sentence(text, tmp_path / "pip.log")
    assert said in sentence
    assert "\n" not in sentence


def test_a_page_that_an_index_lacks_is_no_network_failure(tmp_path):
    text = "Could not fetch URL http://h/simple/x/: 404 Client Error: Not Found\n"
    text += "ERROR: No matching distribution found for x"
    assert "no build of x for this machine" in pip_runs.sentence(text, tmp_path / "pip.log")


def test_without_apt_the_missing_libraries_become_a_hint(monkeypatch):
    import commands

    monkeypatch.setattr(system_packages, "is_debian_like", lambda: False)
    assert "libgl1" in commands._provided(["libgl1"])
    assert commands._provided([]) == ""
