"""Whatever stands in the registry opens, draws, exports and closes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QSlider

from lab import presets
from lab.shell import registry
from lab.ui.panel import PanelFrame, PanelSpec

CONTROLS = (QAbstractButton, QSlider, QComboBox, QLineEdit)
PRESETS = ("playground", "digits-mlp", "curve-fit", "iris")


def trained(qtbot, bridge, preset, steps):
    bridge.load(presets.load(preset))
    bridge.run_to(steps)

    def is_there():
        assert bridge.look is not None
        assert (bridge.look.step, bridge.look.playing) == (steps, False)

    qtbot.waitUntil(is_there, timeout=60_000)


@pytest.mark.parametrize("name", registry.names())
def test_a_panel_opens_draws_exports_and_closes(qtbot, bridge, tmp_path, name):
    from lab.shell.pictures import write_plots

    spec = registry.load(name)
    assert isinstance(spec, PanelSpec)
    assert spec.name == name
    assert spec.summary
    view = spec.make(bridge)
    view.resize(560, 620)
    qtbot.addWidget(view)
    with qtbot.waitExposed(view):
        view.show()
    assert not view.grab().toImage().isNull()  # nothing to show yet, and that is shown
    for preset in PRESETS:
        trained(qtbot, bridge, preset, 5)
        with qtbot.waitSignal(bridge.looked, timeout=10_000):
            bridge.seek(3)
        assert isinstance(view, PanelFrame)
        assert view.reading(), preset
        assert not view.grab().toImage().isNull()
        (tmp_path / preset).mkdir()
        for file in write_plots(view, tmp_path / preset, name):
            assert file.suffix != ".png" or not QImage(str(file)).isNull()
            assert file.stat().st_size > 0
    view.close()
    view.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.mark.parametrize("name", registry.names())
def test_every_control_of_a_panel_has_a_name_and_says_what_it_means(qtbot, bridge, name):
    view = registry.load(name).make(bridge)
    qtbot.addWidget(view)
    trained(qtbot, bridge, "playground", 2)
    view.show()
    found = [w for w in view.findChildren(CONTROLS[0]) if w.isVisibleTo(view)]
    for kind in CONTROLS[1:]:
        found += [w for w in view.findChildren(kind) if w.isVisibleTo(view)]
    nameless = [type(w).__name__ for w in found if not (w.accessibleName() or _words(w))]
    assert not nameless


def _words(widget) -> str:
    inner = widget.parentWidget().accessibleName() if widget.parentWidget() else ""
    return (widget.text() if isinstance(widget, QAbstractButton) else "") or inner
