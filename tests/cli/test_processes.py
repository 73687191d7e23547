"""The command line in processes of its own: exit codes, terminals, and no GUI library."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Process = Callable[..., subprocess.CompletedProcess[str]]

NO_SCREEN = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph", "superqt"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
from lab.cli import main
main()
"""

QUICK = """
import sys
from lab.cli import main
try:
    main()
finally:
    print(sorted({"torch", "numpy", "PySide6", "sklearn"} & set(sys.modules)))
"""


def test_numbers_need_no_gui_library(process: Process, tmp_path: Path) -> None:
    for arguments in (
        ["presets"],
        ["train", "xor", "--steps", "4", "--out", "run", "--json"],
        ["export", "run", "--format", "safetensors", "--out", "copy.safetensors"],
    ):
        done = process(*arguments, code=BLOCKED)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert (tmp_path / "copy.safetensors").stat().st_size > 0


def test_without_a_gui_library_the_window_is_one_sentence(process: Process) -> None:
    done = process("open", code=BLOCKED, DISPLAY=":0")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no window without PySide6")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["presets"], ["--help"], ["train", "--help"], ["zzz"]])
def test_what_needs_no_engine_imports_none(arguments: list[str], process: Process) -> None:
    assert process(*arguments, code=QUICK).stdout.splitlines()[-1] == "[]"


def test_a_wrong_request_ends_with_2_and_one_line(process: Process, tmp_path: Path) -> None:
    done = process("train", "zzz", "--out", "out")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_python_dash_m_lab_trains(process: Process, tmp_path: Path) -> None:
    done = process("train", "iris", "--steps", "6", "--out", "out", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["steps"] == 6
    assert len((tmp_path / "out" / "metrics.jsonl").read_text().splitlines()) == 6


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lab", "train", "xor", "--steps", "9", "--out"]
    env = dict(os.environ) | {"PYTHONPATH": os.getcwd()}
    with subprocess.Popen(
        [*command, str(tmp_path / "out")], stderr=theirs, stdout=subprocess.PIPE, env=env
    ) as started:
        os.close(theirs)
        out, _ = started.communicate(timeout=120)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "step 9 of 9  loss " in shown
    assert shown.endswith("\r\x1b[K")
    assert b"step 9 of" not in out


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a screen")
def test_without_a_screen_the_main_job_is_done(process: Process, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('layers = ["linear"]\ndata = "iris"\nsteps = 20\n')
    done = process("open", "mine.toml", **NO_SCREEN)
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("nabla-out-*")
    assert done.stdout.strip() == str(folder)
    assert f"the results go to {folder}" in done.stderr
    left = {p.name for p in folder.iterdir()}
    assert {"metrics.jsonl", "weights.safetensors", "experiment.toml"} <= left
    assert {"loss.png", "loss.svg", "accuracy.png", "accuracy.svg", "window.png"} <= left
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
