from __future__ import annotations

import pytest

from lab.ui.bridge import EngineBridge


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    yield made
    made.close(10)
