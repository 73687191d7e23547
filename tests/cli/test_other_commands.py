"""``presets``, ``export``, ``doctor``, ``open``, ``screenshot``, and commands of panels."""

from __future__ import annotations

import json
import sys
import types
from typing import TYPE_CHECKING, Any

import pytest

from lab import __version__
from lab.cli import doctor, screens
from lab.engine.exports import FORMATS
from lab.files.weights import read_pt, read_safetensors
from lab.presets import PRESETS
from lab.shell import registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Nabla = Callable[..., Any]
    Refused = Callable[..., str]


@pytest.fixture
def trained(nabla: Nabla, tmp_path: Path) -> Path:
    assert nabla("train", "xor", "--steps", "5", "--out", "run").exit_code == 0
    return tmp_path / "run"


@pytest.fixture
def no_qt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PySide6", None)


def test_presets_are_listed_a_line_each(nabla: Nabla) -> None:
    lines = nabla("presets").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(PRESETS)
    listed = json.loads(nabla("presets", "--json").stdout)
    assert [p["name"] for p in listed if p["default"]] == ["digits-mlp"]


def test_help_and_version(nabla: Nabla) -> None:
    assert nabla("--version").stdout == f"nabla {__version__}\n"
    text = nabla("--help")
    assert text.exit_code == 0
    for name in ("presets", "train", "export", "doctor", "open", "screenshot"):
        assert f"\n  {name} " in text.stdout
        assert nabla(name, "--help").exit_code == 0


def test_an_unknown_command_is_refused(refused: Refused) -> None:
    assert "trian" in refused("trian")


def test_a_file_alone_is_opened(
    nabla: Nabla, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path | None] = []
    monkeypatch.setattr("lab.cli.window.opened", lambda file: seen.append(file) or 0)
    assert nabla("run/experiment.toml").exit_code == 0
    assert nabla("open", "run/experiment.toml").exit_code == 0
    assert nabla("open").exit_code == 0
    assert nabla().exit_code == 0
    assert [str(f) for f in seen] == ["run/experiment.toml"] * 2 + ["None"] * 2


# Export.


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_is_written(name: str, nabla: Nabla, trained: Path) -> None:
    file = trained.parent / f"network{FORMATS[name].suffix}"
    result = nabla("export", "run", "--format", name, "--out", file.name)
    assert result.exit_code == 0, result.output
    assert file.stat().st_size > 0
    readers: dict[str, Any] = {"safetensors": read_safetensors, "pt": read_pt}
    if name in readers:
        wanted = read_safetensors(trained / "weights.safetensors").tensors
        found = readers[name](file).tensors
        assert all(found[n].equal(t) for n, t in wanted.items())


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--format", "gif", "--out", "a"], "'gif' is not known; choose from safet"),
        (["run", "--format", "pt", "--out", "run/metrics.jsonl"], "is there already"),
        (["none", "--format", "pt", "--out", "a.pt"], "none is not a folder"),
        (["empty", "--format", "pt", "--out", "a.pt"], "experiment.toml: there is no such"),
        (["damaged", "--format", "pt", "--out", "a.pt"], "weights.safetensors"),
        (["run", "--out", "a.pt"], "--format"),
    ],
)
def test_a_wrong_export_is_refused(
    arguments: list[str], words: str, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "damaged").mkdir()
    text = (tmp_path / "run" / "experiment.toml").read_text()
    (tmp_path / "damaged" / "experiment.toml").write_text(text)
    (tmp_path / "damaged" / "weights.safetensors").write_bytes(b"\x07" * 40)
    assert words in refused("export", *arguments)


def test_an_export_into_no_folder_is_refused(refused: Refused, trained: Path) -> None:
    sentence = refused("export", "run", "--format", "pt", "--out", "no/a.pt")
    assert f"--out: the folder {trained.parent / 'no'} does not exist" in sentence


# Doctor.


def test_doctor_finds_this_machine_sound(nabla: Nabla) -> None:
    result = nabla("doctor", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["is_sound"]) == (0, True), result.output
    names = {f["name"] for f in found["findings"]}
    assert {"Nabla", "Python", "torch", "PySide6", "Screen", "OpenGL", "Devices"} <= names


def test_doctor_fails_over_a_known_fault_and_says_what_to_do(
    nabla: Nabla, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "known_bad_pairs", lambda: ["PySide6 7 bites; install 6.9.3."])
    monkeypatch.setattr(screens, "probe", lambda: ("xcb", "4.5"))
    result = nabla("doctor")
    assert result.exit_code == 1
    assert "broken" in result.stdout
    assert "PySide6 7 bites; install 6.9.3." in result.stdout


def test_doctor_tells_that_qt_does_not_start(
    nabla: Nabla, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(screens.PLATFORM, "nonsense")
    result = nabla("doctor", "--json")
    (screen,) = (f for f in json.loads(result.stdout)["findings"] if f["name"] == "Screen")
    assert result.exit_code == 1
    assert "plugin" in screen["problem"]


# The commands that draw.


@pytest.mark.usefixtures("no_qt")
def test_without_qt_what_draws_fails_in_one_sentence(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    for request in ([], ["open"], ["screenshot", "--preset", "xor", "--out", "a.png"]):
        assert "without PySide6 and pyqtgraph" in refused(*request, code=1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--preset", "zzz", "--out", "a.png"], "--preset: 'zzz' is not known; choose from"),
        (["--preset", "xor", "--out", "a.jpg"], "a picture is written as .png, not as 'a.jpg'"),
        (["--preset", "xor", "--out", "there.png"], "is there already"),
        (["--preset", "xor", "--out", "no/a.png"], "does not exist"),
        (["--preset", "xor", "--out", "a.png", "--theme", "pink"], "--theme"),
        (["--preset", "xor", "--out", "a.png", "--workspace", "Attic"], "choose from"),
        (["--preset", "xor", "--out", "a.png", "--size", "big"], "--size"),
        (["--preset", "xor", "--out", "a.png", "--size", "0x5"], "--size"),
        (["--preset", "xor", "--out", "a.png", "--size", "50000x9"], "--size"),
        (["--preset", "xor", "--out", "a.png", "--scale", "nan"], "--scale"),
        (["--preset", "xor", "--out", "a.png", "--scale", "8"], "--size"),
        (["--preset", "xor", "--out", "a.png", "--steps", "-1"], "--steps"),
        (["--out", "a.png"], "--preset"),
    ],
)
def test_a_wrong_screenshot_is_refused(
    arguments: list[str], words: str, refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "there.png").write_bytes(b"1")
    assert words in refused("screenshot", *arguments)


def test_opening_a_file_there_is_not_is_refused(refused: Refused) -> None:
    assert "none.toml: there is no such file" in refused("open", "none.toml")


# Commands that panels bring along.


def test_a_panel_brings_its_own_command_without_its_view(
    nabla: Nabla, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "fake_panel"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "view.py").write_text("raise AssertionError('the view was imported')")
    (package / "commands.py").write_text(
        "def register(app):\n"
        "    @app.command('count')\n"
        "    def count(number: int) -> None:\n"
        "        print(number + 1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    panels = (*registry.PANELS, ("fake", "fake_panel.view"), ("bare", "no_such_package.view"))
    monkeypatch.setattr(registry, "PANELS", panels)
    assert nabla("count", "41").stdout == "42\n"
    assert "count" in nabla("--help").stdout


def test_no_panel_command_is_no_command(
    refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("fake_panel_2")
    monkeypatch.setitem(sys.modules, "fake_panel_2", module)
    monkeypatch.setattr(registry, "PANELS", (("fake", "fake_panel_2.view"),))
    assert "count" in refused("count", "41")
