import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication

from lab.ui import theme


@pytest.fixture(autouse=True)
def _light(qapp: QApplication):
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if theme.wish() != "light" or not qapp.styleSheet():
        theme.apply(qapp, "light")


@pytest.fixture
def plot(qtbot):
    from lab.ui.plots import Plot

    made = Plot("Step", "Loss (nats)")
    qtbot.addWidget(made)
    made.resize(480, 320)
    made.show()
    return made
