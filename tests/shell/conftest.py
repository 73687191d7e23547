"""A real window on a real engine, without anything kept on the disk."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt

TINY = {
    "title": "Tiny",
    "seed": 3,
    "steps": 400,
    "evaluate_every": 50,
    "data": {"kind": "circle", "samples": 60},
    "batches": {"size": 10},
    "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "sgd", "learning_rate": 0.05},
}


def tiny(**changes):
    from lab.engine.experiment import experiment

    return experiment(TINY | changes)


class Drive:
    """The gestures of a person and what the engine made of them."""

    def __init__(self, qtbot, window):
        self.qtbot, self.window, self.bridge = qtbot, window, window.bridge

    def begin(self, experiment=None):
        """Load a run, and wait for its first look."""
        from lab.engine.records import Record

        before = self.bridge.look.run if self.bridge.look else 0
        self.window.files.open_record(Record(experiment or tiny()), "Tiny")
        self.qtbot.waitUntil(
            lambda: self.bridge.look is not None and self.bridge.look.run > before,
            timeout=30_000,
        )
        return self

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.window, key, modifier)

    def wait(self, step, *, playing=False, phase=0):
        def there():
            look = self.bridge.look
            assert (look.step, look.playing, look.phase) == (step, playing, phase)

        self.qtbot.waitUntil(there, timeout=10_000)

    def run_to(self, step):
        self.bridge.run_to(step)
        self.wait(step)
        return self


@pytest.fixture
def make_window(qtbot, qapp):
    """Make windows as the app does, with the panels the registry holds at that moment."""
    from lab.shell import registry
    from lab.shell.main_window import MainWindow
    from lab.shell.settings import Settings
    from lab.ui import theme
    from lab.ui.bridge import EngineBridge

    made = []

    def make(kept=None, folder=None, log_folder=None, *, is_safe=False):
        theme.apply(qapp, "light")
        window = MainWindow(kept or Settings(), folder, log_folder)
        window.resize(1280, 800)
        with qtbot.waitExposed(window):
            window.show()
        window.attach(EngineBridge(window))
        for name in registry.names():
            window.desk.add_panel(name)
        window.open_desk(is_safe=is_safe)
        made.append(window)
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()


@pytest.fixture
def drive(make_window, qtbot):
    """A window with a run at step 0, and the hands on it."""
    return Drive(qtbot, make_window()).begin()


@pytest.fixture
def window(drive):
    """A window with a run at step 0."""
    return drive.window


@pytest.fixture
def tiny_experiment():
    """A run that takes milliseconds; settings can be changed by name."""
    return tiny
