"""The inspector's picture: the walk, the tensor chosen, the number in question, in one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lab.panels.inspector.card import Card
from lab.panels.inspector.choices import BATCH, LOOKS, ONE
from lab.panels.inspector.neuron import Neuron, NeuronPlot
from lab.panels.inspector.tensor_view import TensorView
from lab.panels.inspector.walk import Walk
from lab.ui import theme
from lab.ui.controls import Choice, ElidedLabel, Segmented, Toggle

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from lab.engine.data import Data

NARROW = 560
HEAD_ROOM = 40
"""What stays in sight above a number: the names of the columns, or the row before."""


class Page(QWidget):
    """A row of controls that stays, and below it all that scrolls."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = Segmented(LOOKS, "How a tensor is shown")
        self.whose = Choice([ONE, BATCH], "Whose pass")
        self.numbers = Toggle("Numbers", True)
        self.play = QPushButton("Play back", self)
        self.way = ElidedLabel("", self)
        self.walk, self.tensor, self.card = Walk(), TensorView(), Card()
        self.neuron = QLabel("", self)
        self.plot: NeuronPlot | None = None
        self.area = QScrollArea(self)
        self._explain_controls()
        self._arrange()

    def _explain_controls(self) -> None:
        self.look.setToolTip("The tensor chosen as a map, as a histogram, as numbers")
        self.whose.setToolTip(
            "One sample as in evaluation, or the batch of the step as in training"
        )
        self.numbers.setToolTip("Write the numbers into the cells where there is room")
        self.play.setToolTip("Follow δ back from the loss to the input, layer by layer")
        self.play.setFixedHeight(theme.CONTROL_HEIGHT)
        self.whose.setFixedWidth(112)
        self.play.hide()
        self.way.hide()

    def _arrange(self) -> None:
        controls = QHBoxLayout()
        controls.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 6)
        controls.setSpacing(theme.GAP)
        for widget in (self.whose, self.look, self.numbers):
            controls.addWidget(widget)
        controls.addStretch(1)
        controls.addWidget(self.play)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(controls)
        column.addWidget(self.way)
        column.addWidget(self.area, 1)
        self.way.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 4)
        self.area.setWidget(self._content())
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def _content(self) -> QWidget:
        content = QWidget()
        content.setBackgroundRole(QPalette.ColorRole.Base)
        self.area.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 8)
        inside.setSpacing(6)
        for widget in (self.walk, self.tensor, self.card):
            inside.addWidget(widget)
        inside.addStretch(1)
        self.card.aside.addWidget(self.neuron)
        self.neuron.hide()
        self.tensor.hide()
        return content

    def show_neuron(self, neuron: Neuron | None, data: Data, sample: int | None) -> None:
        """Draw a neuron's line over the data, or take it away; the plot is made when wanted."""
        if neuron is None:
            self.neuron.hide()
            if self.plot is not None:
                self.plot.hide()
            return
        if self.plot is None:
            self.plot = NeuronPlot()
            self.card.aside.addWidget(self.plot)
        self.neuron.setText(f"The line w·x + b = 0 of unit {neuron.unit + 1} over the data")
        self.neuron.setProperty("role", "secondary")
        self.neuron.show()
        self.plot.show()
        self.plot.show_neuron(neuron, data, sample)

    def bring_into_sight(self, top: float | None = None) -> None:
        """Scroll until the explanation can be read, but not past the number at ``top``."""
        inside = self.area.widget()
        layout = inside.layout()
        if layout is not None:
            layout.activate()
        card = self.card.mapTo(inside, QPoint(0, 0)).y()
        bar, height = self.area.verticalScrollBar(), self.area.viewport().height()
        bottom = card + self.card.sizeHint().height()
        wanted = min(bottom - height, card)
        if top is not None:
            wanted = min(wanted, int(top) - HEAD_ROOM)
        bar.setValue(max(wanted, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        self.card.set_room(self.width())
        self.numbers.setVisible(self.width() >= NARROW)
