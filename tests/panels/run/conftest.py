"""A Run panel on a real engine, and the hands of a person on its form."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lab.engine.experiment import experiment
from lab.panels.run.view import RunView
from lab.ui import theme
from lab.ui.controls import Choice, IntField, NumberField

LONG_MS = 30_000

SMALL = {
    "title": "Small",
    "seed": 5,
    "steps": 300,
    "data": {"kind": "circle", "samples": 60},
    "batches": {"size": 10},
    "layers": [
        {"kind": "linear", "units": 6},
        "tanh",
        {"kind": "dropout", "p": 0.25},
        {"kind": "residual", "layers": ["tanh", {"kind": "dropout", "p": 0.125}]},
        "linear",
    ],
    "optimizer": {"kind": "sgd", "learning_rate": 0.05},
}


class Desk:
    """The panel, its bridge, and gestures on its fields."""

    def __init__(self, qtbot, bridge, view):
        self.qtbot, self.bridge, self.view = qtbot, bridge, view

    @property
    def look(self):
        return self.bridge.look

    @property
    def banner(self):
        banner = self.view._banner
        return banner if banner is not None and banner.isVisible() else None

    def until(self, is_so):
        self.qtbot.waitUntil(is_so, timeout=LONG_MS)

    def load(self, described=None, *, adapt=False):
        before = self.look.run if self.look else 0
        self.bridge.load(experiment(described or SMALL), adapt=adapt)
        self.until(lambda: self.look is not None and self.look.run > before)
        self.until(lambda: not self.view.is_empty())
        return self

    def run_to(self, step):
        self.bridge.run_to(step)
        self.until(lambda: self.look.step == step and not self.look.playing)

    def field(self, path):
        return self.view.form.fields[path]

    def put(self, path, value):
        """Type a number, choose a name or click a tick, as a person does."""
        made = self.field(path)
        if isinstance(made, NumberField | IntField):
            made.selectAll()
            self.qtbot.keyClicks(made, str(value))
            self.qtbot.keyClick(made, Qt.Key.Key_Return)
        elif isinstance(made, Choice):
            place = made.findText(value)
            assert place >= 0, f"{value} is not offered"
            made.setCurrentIndex(place)
            made.activated.emit(place)
        else:
            self.qtbot.keyClick(made, Qt.Key.Key_Space)

    def wait_for(self, path, value):
        def is_in_force():
            told = self.banner.text() if self.banner else ""
            assert self.look.settings.value(path) == value, f"{path}: {value} wanted. {told}"

        self.until(is_in_force)


@pytest.fixture
def desk(qtbot, qapp, bridge):
    theme.apply(qapp, "light")
    view = RunView(bridge)
    qtbot.addWidget(view)
    view.resize(280, 760)
    with qtbot.waitExposed(view):
        view.show()
    return Desk(qtbot, bridge, view)


@pytest.fixture
def plants(tmp_path):
    """A table with a category, a constant, a gap, and a code that looks like a number."""
    rows = ["length,colour,zone,batch,species"]
    for i in range(60):
        length = "" if i == 7 else f"{1 + i % 3 + i / 100:.2f}"
        rows.append(
            f"{length},{'red' if i % 2 else 'blue'},{1 + i % 4},7,{'elm' if i % 3 else 'oak'}"
        )
    path = tmp_path / "plants.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
