"""A reset, and a new seed, can be undone with the history of the run before."""

from __future__ import annotations

import pytest

from lab.engine.seeds import next_seed
from lab.presets import load
from lab.ui.bridge import EngineBridge
from lab.ui.undo import begin_anew


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    made.load(load("xor"))
    qtbot.waitUntil(lambda: made.look is not None, timeout=30_000)
    yield made
    made.close(10)


@pytest.mark.parametrize("new_seed", [False, True])
def test_undoing_a_reset_brings_the_old_run_back(qtbot, bridge, new_seed):
    bridge.run_to(7)
    qtbot.waitUntil(lambda: bridge.look.newest == 7, timeout=10_000)
    first = bridge.look
    begin_anew(bridge, new_seed=new_seed)
    qtbot.waitUntil(lambda: bridge.look.run != first.run, timeout=10_000)
    seed = first.settings.seed
    assert bridge.look.newest == 0
    assert bridge.look.settings.seed == (next_seed(seed) if new_seed else seed)
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: bridge.look.run == first.run, timeout=10_000)
    assert bridge.look.newest == 7
    assert bridge.look.history.row(7) == first.history.row(7)
