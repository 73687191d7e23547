"""Settings and guards for every test."""

from __future__ import annotations

import gc
import itertools
import os
import threading

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True)
def no_thread_left_behind():
    """Fail a test that leaves a thread of the lab alive; one on its way out is waited for."""
    before = set(threading.enumerate())
    yield
    new = [t for t in threading.enumerate() if t not in before and t.name.startswith("lab-")]
    for thread in new:
        thread.join(2)
    alive = [t.name for t in new if t.is_alive()]
    assert not alive, f"threads left behind: {', '.join(alive)}"


_ended = itertools.count(1)


@pytest.fixture(autouse=True)
def garbage_is_collected_between_tests():
    """Collect as the program does: never at a random moment, in a random thread.

    A widget in a cycle that is collected while Qt goes through all widgets, as for a style
    sheet, or by the engine's thread, ends the process.
    """
    gc.disable()
    yield
    gc.collect(2 if next(_ended) % 100 == 0 else 1)
