from __future__ import annotations

import pytest

from lab.ui.bridge import EngineBridge


@pytest.fixture
def bridge(qtbot):
    made = EngineBridge()
    yield made
    made.close(10)


def test_a_unit_brings_its_layer_with_it_and_the_same_again_is_no_news(bridge):
    told = []
    bridge.selected.connect(lambda kind, which: told.append((kind, which)))
    bridge.select("unit", ("layers.2", 3))
    bridge.select("unit", ("layers.2", 3))
    bridge.select("unit", ("layers.2", 4))
    bridge.select("weight", ("layers.0", "weight", 5))
    assert told == [
        ("layer", "layers.2"),
        ("unit", ("layers.2", 3)),
        ("unit", ("layers.2", 4)),
        ("unit", None),  # of another layer than the one selected now
        ("layer", "layers.0"),
        ("weight", ("layers.0", "weight", 5)),
    ]
    assert bridge.selection["unit"] is None
    assert bridge.selection["layer"] == "layers.0"


def test_a_view_made_later_knows_what_was_selected(qtbot, bridge):
    from lab.panels.data.view import DataView

    bridge.select("sample", 7)
    view = DataView(bridge)
    qtbot.addWidget(view)
    assert view.state.sample == 7
