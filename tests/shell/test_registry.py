from __future__ import annotations

import subprocess
import sys

import pytest

from lab.shell import registry

HEAVY = ("torch", "sklearn", "scipy", "pandas", "onnx", "transformers")


def modules_after(code: str) -> set[str]:
    listed = f"{code}; import sys; print(' '.join(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_the_registry_alone_imports_neither_qt_nor_torch():
    loaded = modules_after("import lab.shell.registry as r; r.names()")
    assert not loaded & {"PySide6", "torch", "numpy"}


def test_the_shell_and_every_panel_import_nothing_heavy():
    code = "import lab.app, lab.shell.registry as r; [r.load(n) for n in r.names()]"
    loaded = modules_after(code)
    assert "lab.shell.main_window" in loaded
    assert not loaded & set(HEAVY)


def test_the_first_window_needs_qt_and_the_shell_only():
    loaded = modules_after("import lab.app")
    assert not loaded & {"numpy", "pydantic", "pyqtgraph", "torch", "lab.ui.bridge"}


def test_unknown_panels_are_named_in_the_error():
    with pytest.raises(LookupError, match="run, data, loss"):
        registry.load("nothing")


def test_the_panel_of_a_traceback_is_the_innermost_one():
    modules = ("lab.shell.desk", "lab.panels.loss.view", "lab.ui.plots", "numpy.core")
    assert registry.panel_of(modules) == "loss"
    assert registry.panel_of(("lab.shell.desk", "numpy")) is None


def test_commands_of_a_panel_are_found_beside_its_view():
    assert registry.commands("loss") == "lab.panels.loss.commands"


SIXTH = """
from PySide6.QtWidgets import QLabel
from lab.ui.panel import PanelFrame, PanelSpec


class View(PanelFrame):
    def __init__(self, bridge):
        super().__init__()
        self.set_picture(QLabel("a picture"))


PANEL = PanelSpec("sixth", "Sixth sense", View, summary="A panel made for a test")
"""


def test_a_sixth_panel_is_one_folder_and_one_line(tmp_path, monkeypatch, make_window, qtbot):
    (tmp_path / "sixth_panel_of_a_test.py").write_text(SIXTH)
    monkeypatch.syspath_prepend(str(tmp_path))
    line = ("sixth", "sixth_panel_of_a_test")
    monkeypatch.setattr(registry, "PANELS", (*registry.PANELS, line))
    window = make_window()
    action = window.actions_["view.panel.sixth"]
    menu = window.top_bar.titles["View"]
    menu.aboutToShow.emit()
    assert action in menu.actions()
    window.palette_.open()
    window.palette_._field.setText("sixth")
    assert window.palette_.found()[0] == "Sixth sense"
    action.trigger()
    assert "sixth" in window.desk.host.shown
    assert window.desk.panel("sixth").picture().text() == "a picture"
