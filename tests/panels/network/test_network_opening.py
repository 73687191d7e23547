"""Networks from files: weights with their description, and modules only once allowed."""

from __future__ import annotations

import numpy as np
import pytest

from lab.engine import exports
from lab.engine.foreign import is_allowed
from lab.engine.records import record_of
from lab.engine.run import Run
from lab.panels.network.opening import Read
from lab.panels.network.view import NetworkView
from lab.presets import load

WAIT = 60_000
CODE = """
from pathlib import Path
from torch import nn
Path(__file__).with_suffix(".ran").write_text("ran")

class Plain(nn.Sequential):
    "A chain."
    def __init__(self, width=3):
        super().__init__(nn.Linear(2, width), nn.Tanh(), nn.Linear(width, 1))

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(2, 4)
        self.b = nn.Linear(4, 1)
    def forward(self, x):
        return self.b(self.a(x).sin())
"""


@pytest.fixture
def view(qtbot, bridge):
    made = NetworkView(bridge)
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.show()
    bridge.load(load("spiral"))
    qtbot.waitUntil(lambda: bridge.look is not None, timeout=WAIT)
    return made


@pytest.fixture
def code(tmp_path):
    file = tmp_path / "net.py"
    file.write_text(CODE)
    return file


def write(run, file):
    exports.export(record_of(run), exports.snapshot(run.trainer), "safetensors", file)


def layers(bridge):
    return [part.kind for part in bridge.look.settings.layers]


def test_a_network_comes_back_from_its_weights(qtbot, bridge, view, tmp_path):
    small = [{"kind": "linear", "units": 5}, "relu", "linear"]
    run = Run(load("spiral").changed({"layers": small}))
    run.advance(7)
    file = tmp_path / "small.safetensors"
    write(run, file)
    view.opening.open(str(file))
    qtbot.waitUntil(lambda: layers(bridge) == ["linear", "relu", "linear"], timeout=WAIT)
    qtbot.waitUntil(lambda: view.seen is not None, timeout=WAIT)
    np.testing.assert_array_equal(
        view.seen.weights["layers.0", "weight"], run.trainer.network[0].weight.detach().numpy()
    )
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: len(layers(bridge)) == 5, timeout=WAIT)


def test_a_network_that_does_not_fit_is_drawn_with_what_is_wrong(qtbot, bridge, view, tmp_path):
    run = Run(load("digits-cnn"))
    file = tmp_path / "cnn.safetensors"
    write(run, file)
    view.opening.open(str(file))
    qtbot.waitUntil(lambda: bridge.board.layers is not None, timeout=WAIT)
    assert view.scene.draft.problems[0].path == "layers.0"
    assert "image" in view.scene.draft.problems[0].text
    assert bridge.look.settings.layers == load("spiral").layers


def test_code_runs_only_once_a_person_has_said_so(qtbot, bridge, view, code):
    ran = code.with_suffix(".ran")
    view.opening.open(str(code))
    dialog = view.opening.dialog
    assert (
        "runs the Python code of net.py" in dialog.findChildren(type(dialog._takes))[0].text()
    )
    assert dialog.module.choices() == ("Plain", "Own")
    assert not ran.exists()
    dialog.reject()
    assert not ran.exists()
    assert not is_allowed(code)
    view.opening.open(str(code))
    view.opening.dialog.keywords.setText("width=7")
    view.opening.dialog.accept()
    qtbot.waitUntil(lambda: layers(bridge) == ["linear", "tanh", "linear"], timeout=WAIT)
    assert ran.exists()
    assert bridge.look.settings.layers[0]["units"] == 7
    assert "exactly 3 layers" in view._banner.text()


def test_a_module_with_a_way_of_its_own_is_one_layer(qtbot, bridge, view, code):
    view.opening.open(str(code))
    dialog = view.opening.dialog
    dialog.module.set_current("Own")
    dialog.accept()
    qtbot.waitUntil(lambda: layers(bridge) == ["module"], timeout=WAIT)
    bridge.run_to(3)
    qtbot.waitUntil(lambda: bridge.look.step == 3 and not bridge.look.playing, timeout=WAIT)
    assert "one layer that runs its own code" in view._banner.text()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.py", "x = 1\n", "no class of torch.nn.Module"),
        ("broken.py", "def (:\n", "no Python"),
        ("broken.safetensors", "nonsense", "broken.safetensors"),
        ("gone.safetensors", None, "gone.safetensors"),
    ],
)
def test_what_cannot_be_opened_is_said_and_nothing_changes(
    qtbot, bridge, view, tmp_path, name, content, words
):
    file = tmp_path / name
    if content is not None:
        file.write_text(content)
    before = bridge.look.run
    view.opening.open(str(file))
    qtbot.waitUntil(
        lambda: view._banner is not None and words in view._banner.text(), timeout=WAIT
    )
    assert "Error" not in view._banner.text()
    assert bridge.look.run == before


def test_a_file_read_meanwhile_keeps_its_own_name(qtbot, bridge, view, tmp_path, code):
    run = Run(load("spiral").changed({"layers": [{"kind": "linear", "units": 5}, "linear"]}))
    file = tmp_path / "small.safetensors"
    write(run, file)
    view.opening.open(str(file))
    view.opening.open(str(code))  # its dialog comes up while the first is being read
    qtbot.waitUntil(lambda: layers(bridge) == ["linear", "linear"], timeout=WAIT)
    assert view._banner.text().startswith("small.safetensors: ")
    assert bridge.undo_stack.undoText() == "open small.safetensors"
    view.opening.dialog.reject()


def test_the_file_that_was_listed_is_the_one_that_runs(qtbot, bridge, view, tmp_path, code):
    other = tmp_path / "other.py"
    other.write_text(CODE)
    view.opening.open(str(code))
    first = view.opening.dialog
    view.opening.open(str(other))
    assert not first.isVisible()
    view.opening.dialog.accept()
    qtbot.waitUntil(lambda: layers(bridge) == ["linear", "tanh", "linear"], timeout=WAIT)
    assert is_allowed(other)
    assert not is_allowed(code)
    assert view._banner.text().startswith("other.py: ")


def test_a_file_that_changed_since_it_was_listed_is_refused(bridge, view, code):
    view.opening.open(str(code))
    code.write_text(CODE + "\n# something else\n")
    view.opening.dialog.accept()
    assert "has changed since its modules were listed" in view._banner.text()
    assert not is_allowed(code)
    assert not code.with_suffix(".ran").exists()


def test_without_a_run_it_is_said_that_there_is_none(qtbot, bridge, code):
    made = NetworkView(bridge)
    qtbot.addWidget(made)
    said = []
    made.opening.failed.connect(said.append)
    made.opening.open(str(code))
    made.opening.dialog.accept()
    made.opening._on_partial("open network", Read(code, None))
    assert [words.partition(";")[0] for words in said] == [
        "net.py: there is no run yet that it could take the place of"
    ] * 2
    assert not is_allowed(code)
