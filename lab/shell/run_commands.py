"""What drives the run: play, step, phase, reset, seek; each an action with its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from lab.shell.actions import Actions, ActionSpec
from lab.shell.phases import phases_to
from lab.shell.transport import SPEEDS

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from lab.shell.transport import Transport
    from lab.ui.bridge import EngineBridge

TRAINING = ("run.toggle", "run.step", "run.phase", "run.run_to")
SPECS = (
    ActionSpec(
        "run.toggle",
        "Play or pause",
        "Run",
        "Train on from the step shown, or pause",
        ("Space",),
        "play",
    ),
    ActionSpec(
        "run.step",
        "Step",
        "Run",
        "One iteration: forward, loss, backward, update of one batch",
        ("Right", "N"),
        "step-forward",
        repeats=True,
    ),
    ActionSpec(
        "run.step_back",
        "Step back",
        "Run",
        "Go back by one step, exactly, in every panel",
        ("Left",),
        "step-back",
        repeats=True,
    ),
    ActionSpec(
        "run.phase",
        "One phase",
        "Run",
        "Carry out the next phase of the iteration: forward, loss, backward or update",
        ("P",),
        repeats=True,
    ),
    ActionSpec(
        "run.run_to",
        "Run to step...",
        "Run",
        "Play until a step and pause there",
        ("Ctrl+G",),
        begins_group=True,
    ),
    ActionSpec("run.first", "Go to the start", "Run", "Show step 0", ("Ctrl+Home",)),
    ActionSpec(
        "run.last", "Go to the newest step", "Run", "Show the newest step", ("Ctrl+End",)
    ),
    ActionSpec(
        "run.branch",
        "Branch here",
        "Run",
        "Begin a branch at the step shown; what was recorded after it is kept",
        ("Ctrl+B",),
        "branch",
    ),
    ActionSpec(
        "run.reset",
        "Reset",
        "Run",
        "Begin anew from the same initial weights: the same seed gives the same run",
        ("Ctrl+R",),
        "reset",
        begins_group=True,
    ),
    ActionSpec(
        "run.new_seed",
        "New seed",
        "Run",
        "Begin anew from other initial weights",
        ("Ctrl+Shift+R",),
        "seed",
    ),
    ActionSpec(
        "run.cancel",
        "Cancel or pause",
        "Run",
        "Cancel the work under way, or pause",
        ("Esc",),
    ),
)


class RunCommands(QObject):
    """Actions of the Run menu, and the gestures of the transport."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._actions = actions
        self._bridge: EngineBridge | None = None
        self._transport: Transport | None = None
        slots = (
            self._on_toggle,
            self._on_step,
            self._on_step_back,
            self._on_phase,
            self._on_run_to,
            self._on_first,
            self._on_last,
            self._on_branch,
            self._on_reset,
            self._on_new_seed,
            self._on_cancel,
        )
        for spec, slot in zip(SPECS, slots, strict=True):
            actions.add(spec, slot)
        choices = (
            (ActionSpec(f"run.speed.{n}", n, "Run/Speed", f"Train at most at: {n}"), s)
            for n, s in SPEEDS.items()
        )
        actions.add_choices(choices, self._on_speed)
        actions.set_enabled("run.", False)

    def connect_transport(self, transport: Transport) -> None:
        """Carry out the gestures of a transport."""
        self._transport = transport
        transport.phase_pressed.connect(self._on_phase_pressed)
        transport.sought.connect(self.seek)
        transport.run_to_wanted.connect(self._on_run_to_wanted)
        transport.speed_chosen.connect(self._on_speed_chosen)

    def attach(self, bridge: EngineBridge) -> None:
        """Drive this engine; the actions wait for the first run."""
        self._bridge = bridge
        bridge.stood.connect(self._on_looked)
        bridge.board.changed.connect(self._on_board_changed)

    @Slot()
    def _on_board_changed(self) -> None:
        """Let nothing train while another network is drawn that cannot be."""
        if self._bridge is None or self._bridge.look is None:
            return
        reason = self._bridge.board.reason
        if reason:
            self._bridge.pause()
        for name in TRAINING:
            self._actions[name].setEnabled(not reason)
            self._actions.explain(name, reason)
        if self._transport is not None:
            self._transport.phases.setEnabled(not reason)
            self._transport.phases.setToolTip(reason)

    @Slot(object)
    def _on_looked(self, look: object) -> None:
        if not self._actions["run.reset"].isEnabled() and look is not None:
            self._actions.set_enabled("run.", True)
            if self._transport is not None:
                self._transport.set_ready(True)

    @Slot()
    def _on_toggle(self) -> None:
        if self._bridge:
            self._bridge.toggle()

    @Slot()
    def _on_step(self) -> None:
        if self._bridge:
            self._bridge.step()

    @Slot()
    def _on_step_back(self) -> None:
        if self._bridge:
            self._bridge.step_back()

    @Slot()
    def _on_phase(self) -> None:
        if self._bridge:
            self._bridge.phase()

    @Slot(int)
    def _on_phase_pressed(self, target: int) -> None:
        look = self._bridge.look if self._bridge else None
        if self._bridge and look:
            for _ in range(phases_to(target, look.phase)):
                self._bridge.phase()

    @Slot(int)
    def seek(self, step: int) -> None:
        """Put the cursor on a recorded step."""
        look = self._bridge.look if self._bridge else None
        if self._bridge and look:
            self._bridge.seek(min(max(step, 0), look.newest))

    @Slot()
    def _on_first(self) -> None:
        self.seek(0)

    @Slot()
    def _on_last(self) -> None:
        self.seek(2**62)

    @Slot()
    def _on_branch(self) -> None:
        look = self._bridge.look if self._bridge else None
        if self._bridge and look:
            self._bridge.branch(look.step, {})

    @Slot(int)
    def go_to_branch(self, number: int) -> None:
        """Show another branch."""
        if self._bridge:
            self._bridge.switch(number)

    @Slot()
    def _on_run_to(self) -> None:
        if self._transport is not None:
            self._transport.pace.focus_target()

    @Slot(int)
    def _on_run_to_wanted(self, step: int) -> None:
        if self._bridge:
            self._bridge.run_to(step)

    @Slot()
    def _on_reset(self) -> None:
        self._begin_anew(new_seed=False)

    @Slot()
    def _on_new_seed(self) -> None:
        self._begin_anew(new_seed=True)

    def _begin_anew(self, *, new_seed: bool) -> None:
        from lab.ui.undo import begin_anew  # after the first paint: it brings the tables

        if self._bridge:
            begin_anew(self._bridge, new_seed=new_seed)

    @Slot()
    def _on_cancel(self) -> None:
        if self._bridge:
            self._bridge.cancel("export")
            self._bridge.pause()

    @Slot(object)
    def _on_speed(self, action: QAction) -> None:
        self._on_speed_chosen(action.data())

    @Slot(object)
    def _on_speed_chosen(self, speed: float | None) -> None:
        if self._bridge:
            self._bridge.set_speed(speed)
