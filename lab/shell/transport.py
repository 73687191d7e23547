"""The transport: play, step, phases, where the run stands, how fast it goes, on what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.shell.bands import TRANSPORT, ActionButton, Band, PlayButton
from lab.shell.phases import Phases
from lab.shell.scrubber import Scrubber
from lab.ui import theme
from lab.ui.choices import Choice
from lab.ui.fields import IntField

if TYPE_CHECKING:
    from lab.engine.news import RunLook
    from lab.shell.actions import Actions

SPEEDS: dict[str, float | None] = {
    "1 step/s": 1.0,
    "5 steps/s": 5.0,
    "25 steps/s": 25.0,
    "100 steps/s": 100.0,
    "1,000 steps/s": 1000.0,
    "Full": None,
}


class Transport(Band):
    """Always visible, as in a media player; it shows looks and tells gestures."""

    phase_pressed = Signal(int)
    sought = Signal(int)
    run_to_wanted = Signal(int)
    speed_chosen = Signal(object)

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(TRANSPORT, "top", parent)
        self.play = PlayButton(actions["run.toggle"], self)
        self.phases = Phases(self)
        self.scrubber = Scrubber(self)
        self.readout = Readout(self)
        self.pace = Pace(self)
        self.place = Place(self)
        self._arrange(actions)
        self.phases.pressed.connect(self.phase_pressed)
        self.scrubber.sought.connect(self.sought)
        self.pace.run_to_wanted.connect(self.run_to_wanted)
        self.pace.speed_chosen.connect(self.speed_chosen)
        self.set_ready(False)

    def _arrange(self, actions: Actions) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 1, theme.MARGIN, 0)
        row.setSpacing(theme.GRID)
        for name, icon_name in (("run.reset", "reset"), ("run.new_seed", "seed")):
            row.addWidget(ActionButton(actions[name], icon_name, self))
        row.addWidget(ActionButton(actions["run.step_back"], "step-back", self))
        row.addWidget(self.play)
        row.addWidget(ActionButton(actions["run.step"], "step-forward", self))
        row.addSpacing(theme.GAP)
        row.addWidget(self.phases)
        row.addSpacing(theme.GAP)
        row.addWidget(self.readout)
        row.addWidget(self.scrubber, 1)
        row.addSpacing(theme.GAP)
        row.addWidget(self.pace)
        row.addSpacing(theme.GAP)
        row.addWidget(Line(self))
        row.addSpacing(theme.GRID)
        row.addWidget(self.place)

    def set_ready(self, is_ready: bool) -> None:
        """Whether there is a run to drive."""
        for widget in (self.phases, self.scrubber, self.pace):
            widget.setEnabled(is_ready)

    def show_look(self, look: RunLook) -> None:
        """Show where the run stands."""
        self.play.set_playing(look.playing)
        self.phases.show_reached(look.phase, look.step > 0)
        self.readout.show_look(look)
        self.scrubber.show_look(look)
        self.pace.show_look(look)
        self.place.show_look(look)


class Line(QWidget):
    """A thin line between two groups."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFixedSize(1, 44)

    def paintEvent(self, _event: object) -> None:
        """One pixel of the colour of lines."""
        from PySide6.QtGui import QPainter

        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("line"))
        painter.end()


class Readout(QWidget):
    """Step 248 / of 600, recorded."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._step = _label(self, "reading")
        self._newest = _label(self, "caption")
        self._step.setFont(theme.number_font("reading", bold=True))
        self._newest.setFont(theme.number_font("caption"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(0)
        column.addWidget(self._step)
        column.addWidget(self._newest)
        self.setFixedWidth(128)
        self.setToolTip("The step every view shows, and how many are recorded")

    def show_look(self, look: RunLook) -> None:
        """Say the step and what is recorded."""
        self._step.setText(f"Step {look.step:,}")
        self._newest.setText(f"of {look.newest:,} recorded")

    def text(self) -> str:
        """Both lines."""
        return f"{self._step.text()} {self._newest.text()}".strip()


class Pace(QWidget):
    """How fast to go, and how far."""

    run_to_wanted = Signal(int)
    speed_chosen = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._speed = Choice(tuple(SPEEDS), "Speed", current="Full", parent=self)
        self._speed.setFixedWidth(124)
        self._speed.setToolTip("Most steps a second; Full is as fast as the machine can")
        self._speed.chosen.connect(self._on_speed_chosen)
        self._target = IntField("Run to step", 0, greatest=10**9, parent=self)
        self._target.setFixedWidth(124)
        self._target.setToolTip("Play until this step and pause there: type it, press Enter")
        self._target.returnPressed.connect(
            self._on_target_entered, Qt.ConnectionType.QueuedConnection
        )  # the field takes the number over just after it tells of the key
        self._run: int | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GAP)
        grid.setVerticalSpacing(4)
        for row, (text, field) in enumerate((("Speed", self._speed), ("Run to", self._target))):
            label = _label(self, "secondary")
            label.setText(text)
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)

    def show_look(self, look: RunLook) -> None:
        """Show the speed in force; a new run proposes its own horizon."""
        name = next((n for n, s in SPEEDS.items() if s == look.speed), "Full")
        if name != self._speed.current():
            self._speed.set_current(name)
        if look.run != self._run:
            self._run = look.run
            self._target.set_value(look.horizon)

    @Slot(str)
    def _on_speed_chosen(self, name: str) -> None:
        self.speed_chosen.emit(SPEEDS[name])

    @Slot()
    def _on_target_entered(self) -> None:
        self.run_to_wanted.emit(self._target.value())

    def focus_target(self) -> None:
        """Let the person type the step to run to."""
        self._target.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._target.selectAll()


class Place(QWidget):
    """On what the run runs, in which precision, how fast."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._device, self._precision = _label(self, "text"), _label(self, "caption")
        self._rate, self._unit = _label(self, "text"), _label(self, "caption")
        self._device.setFont(theme.font(bold=True))
        self._rate.setFont(theme.number_font(bold=True))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 8, 0, 8)
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(4)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        grid.addWidget(self._device, 0, 0)
        grid.addWidget(self._precision, 0, 1, right)
        grid.addWidget(self._rate, 1, 0)
        grid.addWidget(self._unit, 1, 1, right)
        self.setFixedWidth(112)

    def show_look(self, look: RunLook) -> None:
        """Say it; the rate only while steps are being made."""
        title = self.fontMetrics().elidedText(look.device, Qt.TextElideMode.ElideRight, 56)
        self._device.setText(title)
        self._precision.setText(look.precision)
        self._rate.setText(f"{look.steps_per_second:,.0f}" if look.playing else "\u2013")
        self._unit.setText("steps/s")
        self.setToolTip(f"{look.device}, {look.precision}")


def _label(parent: QWidget, role: str) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label
