"""What views, words and listeners are told, and in which order."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from lab.engine.experiment import experiment
from lab.engine.news import Status
from lab.ui.bridge import EngineBridge

TINY = {
    "steps": 500,
    "data": {"kind": "circle", "samples": 60},
    "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "sgd", "learning_rate": 0.05},
}


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    with qtbot.waitSignal(made.happened, check_params_cb=lambda e: e.status is Status.LOADED):
        made.load(experiment(TINY))
    yield made
    made.close(10)


def test_views_have_drawn_what_an_event_speaks_of_before_it_is_told(qtbot, bridge):
    views, told = [QWidget() for _ in range(4)], []
    for view in views:
        qtbot.addWidget(view)
        view.show()
        bridge.turn_of(view).looked.connect(lambda look: told.append(look.newest))
    bridge.happened.connect(lambda event: told.append(event.status))
    bridge.run_to(50)
    qtbot.waitUntil(lambda: Status.FINISHED in told)
    before = told[: told.index(Status.FINISHED)]
    assert before[-4:] == [50] * 4


def test_an_edit_is_told_at_once_however_slowly_training_goes(qtbot, bridge):
    bridge.set_speed(0.05)  # a step in twenty seconds
    bridge.play()
    qtbot.waitUntil(lambda: bridge.look.playing)
    with qtbot.waitSignal(
        bridge.stood, timeout=5_000, check_params_cb=lambda look: len(look.edits) == 1
    ) as told:
        bridge.edit({"optimizer.learning_rate": 0.5})
    assert told.args[0].settings.value("optimizer.learning_rate") == 0.5
