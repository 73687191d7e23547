"""The four phases of one iteration: which one is reached, and a click that goes on to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from lab.ui import theme
from lab.ui.choices import Segmented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

PHASES = ("Forward", "Loss", "Backward", "Update")
MEANINGS = (
    "Forward: the batch goes through the network, y = f(x; w)",
    "Loss: one number says how wrong the answers are, L(y, target)",
    "Backward: the gradient of the loss by every weight, \u2202L/\u2202w",
    "Update: the optimizer moves the weights; the iteration is complete",
)


def phases_to(target: int, reached: int) -> int:
    """Return how many phases to carry out so that phase ``target`` (1 to 4) is the last.

    ``reached`` counts the phases of the iteration in progress, 0 to 3. A target that lies
    behind is that of the next iteration.

    >>> phases_to(3, 1), phases_to(1, 1), phases_to(4, 0)
    (2, 4, 4)
    """
    return target - reached if target > reached else 4 - reached + target


class Phases(QWidget):
    """A row of four; the phases done in this iteration are tinted, the last one outlined."""

    pressed = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._row = _Row(PHASES, "Phase of the iteration", parent=self)
        self._row.set_tooltips(MEANINGS)
        self._row.pressed.connect(self.pressed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._row)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(self._row.sizeHint().width())
        self.show_reached(0, False)

    def show_reached(self, phase: int, has_stepped: bool) -> None:
        """Show the phase reached: 1 to 3 within an iteration, 0 between two of them."""
        self._row.show_reached(phase or (4 if has_stepped else 0))

    def reached(self) -> str:
        """The phase that was carried out last, or "" before the first step."""
        return self._row.current()


class _Row(Segmented):
    """Segments of which none may be current: before the first step nothing is reached."""

    pressed = Signal(int)

    def __init__(self, choices: Sequence[str], name: str, *, parent: QWidget) -> None:
        super().__init__(choices, name, parent=parent)
        self._reached = 0
        self._group.buttonClicked.disconnect(self._on_button_clicked)
        self._group.buttonClicked.connect(self._on_phase_clicked)

    def show_reached(self, place: int) -> None:
        """Mark phase ``place`` (1 to 4; 0 for none)."""
        if place == self._reached and self._group.exclusive() == bool(place):
            return
        self._reached = place
        self._group.setExclusive(False)
        for number, button in enumerate(self._group.buttons(), start=1):
            button.setChecked(number == place)
            button.update()
        self._group.setExclusive(bool(place))
        self.setAccessibleDescription(f"Reached: {self.current() or 'nothing yet'}")
        self.update()

    def _on_phase_clicked(self, button: object) -> None:
        place = self._group.buttons().index(button) + 1  # type: ignore[arg-type] # one of them
        reached, self._reached = self._reached, -1
        self.show_reached(reached)  # the click is a wish; the look will tell what came of it
        self.pressed.emit(place)

    def sizeHint(self) -> QSize:
        """As wide as the texts need, as high as a control."""
        return QSize(super().sizeHint().width(), theme.CONTROL_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tint what is done of the iteration in progress, up to the phase reached."""
        super().paintEvent(event)
        buttons = self._group.buttons()
        if not 1 < self._reached < len(buttons):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.PenStyle.NoPen))
        painter.setBrush(theme.colour("accent", 28))
        edge = buttons[self._reached - 1].x()
        area = QRectF(1, 1, edge, self.height() - 2)
        painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
        painter.end()
