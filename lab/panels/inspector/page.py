"""The inspector's picture: the walk, the tensor chosen, the number in question, in one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
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
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QResizeEvent

    from lab.engine.data import Data

NARROW = 560
HEAD_ROOM, SHARE = 60, 0.5
"""What stays in sight about a number; the walk's share where not all has room."""


class Page(QWidget):
    """A row of controls; the walk; below it the tensor and the number, parted by a handle."""

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
        self.area, self.below = QScrollArea(self), QScrollArea(self)
        self._splitter = QSplitter(Qt.Orientation.Vertical, self)
        self._is_parted_by_hand = False
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
        column.addWidget(self._splitter, 1)
        self.way.setContentsMargins(theme.MARGIN, 0, theme.MARGIN, 4)
        self._fill(self.area, self.walk)
        self._fill(self.below, self.tensor, self.card)
        self.card.aside.addWidget(self.neuron)
        self.neuron.hide()
        self.tensor.hide()
        self._splitter.setChildrenCollapsible(False)
        self._splitter.splitterMoved.connect(self._on_parted)

    def _fill(self, area: QScrollArea, *widgets: QWidget) -> None:
        """Put widgets below one another into one half of the page."""
        content = QWidget()
        content.setBackgroundRole(QPalette.ColorRole.Base)
        area.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        inside = QVBoxLayout(content)
        inside.setContentsMargins(0, 0, 0, 4)
        inside.setSpacing(6)
        for widget in widgets:
            inside.addWidget(widget)
        inside.addStretch(1)
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumHeight(72)
        self._splitter.addWidget(area)

    def part(self) -> None:
        """Give both halves what they need; where that is too much, the walk a bit more."""
        if self._is_parted_by_hand:
            return
        whole = self._splitter.height() - self._splitter.handleWidth()
        wanted = self.walk.minimumHeight() + 10
        below = self._height_below()
        walk = wanted if wanted + below <= whole else max(whole - below, round(SHARE * whole))
        walk = min(walk, wanted)
        self._splitter.setSizes([walk, whole - walk])

    def _height_below(self) -> int:
        inside = self.below.widget().layout()
        if inside is None:
            return 0
        inside.activate()
        width = self.below.viewport().width()
        tall = inside.heightForWidth(width) if inside.hasHeightForWidth() else 0
        return max(tall, inside.sizeHint().height())

    @Slot(int, int)
    def _on_parted(self, _place: int, _index: int) -> None:
        self._is_parted_by_hand = True

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

    def bring_into_sight(self, place: QPointF | None = None) -> None:
        """Scroll to the explanation, and to the number at a place of the walk."""
        self.part()
        inside = self.below.widget().layout()
        if inside is not None:
            inside.activate()
        room = self.below.viewport().height()
        if self.card.y() + self.card.height() > room:
            self.below.verticalScrollBar().setValue(self.card.y())
        if place is not None:
            self.area.ensureVisible(int(place.x()), int(place.y()), 0, HEAD_ROOM)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what there is no room for."""
        super().resizeEvent(event)
        self.card.set_room(self.width())
        self.part()
        self.numbers.setVisible(self.width() >= NARROW)
