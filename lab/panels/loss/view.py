"""The loss panel: quantity, scale and window above, curves, one sentence."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QMenu, QToolButton

from lab.engine.losses import LOSSES
from lab.panels.loss.curves import StepPlot
from lab.panels.loss.model import LARGEST_WINDOW, TABS, LossModel, LossState
from lab.ui.bridge import standing
from lab.ui.controls import IconButton, IntField, Segmented, Toggle
from lab.ui.live import LiveView
from lab.ui.panel import READ_S, PanelSpec

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from lab.engine.news import RunLook
    from lab.panels.loss.curves import StepCurve
    from lab.panels.loss.model import Line, Picture
    from lab.ui.bridge import EngineBridge

GROWN_PX = 3.0
NO_ACCURACY = "Accuracy counts right classes; this run estimates numbers."
_IN_ROW = ("loss", "accuracy", "gradient")
_TOOLTIPS = (
    "How wrong the network is; faint: each step's batch, solid: running mean, dashed: test set",
    "Share of samples that get the right class, over the whole training and test set",
    "Length of the gradient of the objective with respect to all weights, before clipping",
)


class LossView(LiveView):
    """Draws the newest look while it can be seen, and nothing while it cannot."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(bridge, parent)
        self._state, self._model = LossState(), LossModel()
        self._is_drawing = False
        self._drawn: tuple[tuple[object, ...], int] = (), 0
        self._drawn_at = 0.0
        self._make_controls()
        self._make_plot()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self._draw)
        self._draw()

    def _make_controls(self) -> None:
        self.tabs = Segmented([TABS[n].title for n in _IN_ROW], "Quantity")
        self.tabs.set_tooltips(_TOOLTIPS)
        self.log = Toggle("Log", is_on=True)
        self.log.setToolTip("Logarithmic axis: equal distances are equal ratios")
        self.width_of_mean = IntField("Running mean", 15, least=1, greatest=LARGEST_WINDOW)
        self.width_of_mean.setFixedWidth(58)
        self.tabs.chosen.connect(self._on_tab_chosen)
        self.log.toggled_by_hand.connect(self._on_log_toggled)
        self.width_of_mean.edited.connect(self._on_window_edited)
        self.more = IconButton("more", "More for this panel", self)
        self._fill_more()
        self.add_control(self.tabs)
        for control in (self.log, self.width_of_mean, self.more):
            self.add_control(control, at_right=True)

    def _fill_more(self) -> None:
        menu = QMenu(self.more)
        self._steps_action = self._tick(menu, "Values of each step", True)
        self._whole_action = self._tick(menu, "Mean over the whole training set", False)
        self._rate_action = menu.addAction("Learning rate of each step")
        self._rate_action.setCheckable(True)
        self._rate_action.triggered.connect(self._on_rate_toggled)
        menu.addSeparator()
        menu.addAction("Show all steps", self._on_reset)
        self.more.setMenu(menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _tick(self, menu: QMenu, text: str, is_on: bool) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(is_on)
        action.triggered.connect(self._on_ticked)
        return action

    def _make_plot(self) -> None:
        self.plot = StepPlot()
        self.steps = self.plot.add_curve("Each step", 0, is_faint=True)
        self.whole = self.plot.add_curve("Training set", 2, dash="dot", label=True)
        self.test = self.plot.add_curve("Test", 1, dash="dash", label=True)
        self.train = self.plot.add_curve("Training", 0, label=True)
        self.plot.set_log(y=self._state.is_log)
        self.plot.range_changed.connect(self._on_range_changed)
        self.plot.scale_changed.connect(self._on_scale_changed)
        self.set_picture(self.plot)

    @property
    def state(self) -> LossState:
        """What was chosen."""
        return self._state

    # What comes from outside.

    def _would_change(self, look: RunLook) -> bool:
        """Whether a curve grows visibly, or the numbers are old enough to be read anew."""
        state, newest = self._drawn
        if not look.playing or state != standing(look) or look.newest < newest:
            return True
        view = self.plot.current_view()
        grown = view.across(np.array([newest, look.newest], float))
        return monotonic() - self._drawn_at >= READ_S or bool(np.ptp(grown) >= GROWN_PX)

    @Slot()
    def _on_range_changed(self) -> None:
        if not self._is_drawing and self.isVisible():
            self._later.start()

    @Slot()
    def _draw(self) -> None:
        look = self._bridge.look
        if look is None:
            self.set_empty("Nothing is loaded yet.", "Load the digits")
        elif look.newest == 0 and not look.phase:
            self.set_empty("The loss appears with the first step.", "Play")
            self.set_subtitle(self._words(look))
            self.set_reading("")
        elif self._is_without_meaning(look):
            self.set_empty(NO_ACCURACY, "Show the loss")
            self.set_subtitle("")
            self.set_reading("")
        else:
            self._show(look)

    def _is_without_meaning(self, look: RunLook) -> bool:
        return self._state.tab == "accuracy" and not look.data.classes

    def _show(self, look: RunLook) -> None:
        self.train.name = self._train_name()
        self._drawn, self._drawn_at = (standing(look), look.newest), monotonic()
        pixels = max(int(self.plot.box.width()), 50)
        made = self._model.picture(look, self._state, self.plot.span(), pixels)
        self._is_drawing = True
        try:
            self._set(made)
        finally:
            self._is_drawing = False
        self.show_picture()
        self.set_reading(made.reading)
        self.set_subtitle(self._words(look))

    def _train_name(self) -> str:
        """What the solid curve is: values of single steps, or a running mean of how many."""
        tab, window = TABS[self._state.tab], self._state.window
        name = tab.title if tab.test is None else "Training"
        is_mean = tab.step is not None and tab.is_smoothed and window > 1
        return f"{name} (mean of {window})" if is_mean else name

    def _words(self, look: RunLook) -> str:
        """What stands beside the title: the loss, or what is drawn instead of it."""
        if self._state.tab != "loss":
            return TABS[self._state.tab].title.lower()
        return LOSSES[look.settings.loss.kind].title.lower()

    def _set(self, made: Picture) -> None:
        plot = self.plot
        if made.axis != plot.y_axis.words:
            plot.set_axes(y=made.axis)
        names = ("steps", "whole", "test", "train")
        curves: dict[StepCurve, Line] = {getattr(self, n): getattr(made, n) for n in names}
        plot.show_curves(made.cursor, curves)
        plot.events.show(made.edits, made.diverged_at)

    # Gestures.

    def _choose(self, state: LossState) -> None:
        self._state = state
        self._draw()

    @Slot(str)
    def _on_tab_chosen(self, title: str) -> None:
        self._rate_action.setChecked(False)
        self._choose_tab(next(n for n in _IN_ROW if TABS[n].title == title))

    @Slot(bool)
    def _on_rate_toggled(self, is_on: bool) -> None:
        current = next(n for n in _IN_ROW if TABS[n].title == self.tabs.current())
        self._choose_tab("rate" if is_on else current)

    def _choose_tab(self, name: str) -> None:
        self._state = replace(self._state, tab=name)
        self.log.set_on(self._state.is_log)
        self.width_of_mean.setEnabled(TABS[name].is_smoothed and TABS[name].step is not None)
        self._draw()
        self.plot.set_log(y=self._state.is_log)
        self._draw()

    @Slot(bool)
    def _on_log_toggled(self, is_log: bool) -> None:
        self._choose(self._state.with_log(is_log))
        self.plot.set_log(y=is_log)

    @Slot()
    def _on_scale_changed(self) -> None:
        """Take over what the menu of the plot has done."""
        is_log = self.plot.is_log()[1]
        if is_log != self._state.is_log:
            self.log.set_on(is_log)
            self._choose(self._state.with_log(is_log))

    @Slot(object)
    def _on_window_edited(self, window: int) -> None:
        self._choose(replace(self._state, window=window))

    @Slot()
    def _on_ticked(self) -> None:
        steps, whole = self._steps_action.isChecked(), self._whole_action.isChecked()
        self._choose(replace(self._state, shows_steps=steps, shows_whole=whole))

    @Slot()
    def _on_reset(self) -> None:
        self.plot.reset_view()
        self._draw()

    @Slot()
    def _on_empty_pressed(self) -> None:
        if self._bridge.look is None:
            super()._on_empty_pressed()
        elif self._is_without_meaning(self._bridge.look):
            self.tabs.set_current(TABS["loss"].title)
            self._choose_tab("loss")
        else:
            self._bridge.play()


PANEL = PanelSpec(
    name="loss",
    title="Loss",
    make=LossView,
    shortcut="Ctrl+3",
    summary="Loss, accuracy, gradient and learning rate of every step, in training and test.",
)
