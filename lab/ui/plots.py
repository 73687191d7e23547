"""The plot of every panel: axes with units, few ticks, a faint grid, and live marks.

A panel makes marks once (``add_line``, ``add_scatter``, ``add_image``) and calls ``set`` on
them as often as it likes; what is drawn is reduced to the pixels, ranges move in steps and at
most twice a second, and colours follow the theme.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QTimer, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lab.ui import gate, paint_guard, theme
from lab.ui.axes import Axis
from lab.ui.canvas import Canvas
from lab.ui.images import ImageMark
from lab.ui.labels import Legend
from lab.ui.lines import Dash, LineMark
from lab.ui.mark import Frame, Mark, News
from lab.ui.overlays import Overlay
from lab.ui.plot_mouse import PlotMouse
from lab.ui.ranging import Span, stepped, union
from lab.ui.readout import numbers_of
from lab.ui.rules import CursorMark
from lab.ui.scales import ColourScale
from lab.ui.scatters import ScatterMark
from lab.ui.threads import in_gui_thread

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy as np
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QResizeEvent

    from lab.ui.colours import MapName
    from lab.ui.mark import View
    from lab.ui.plot_menu import PlotMenu
    from lab.ui.symbols import Symbol

M = TypeVar("M", bound=Mark)

pg.setConfigOptions(antialias=False, imageAxisOrder="row-major", exitCleanup=False)
paint_guard.install()

AUTORANGE_S = 0.5
_GRACE_MS = 60
"""A range that is due waits so long for the next frame, which then sets it on its way."""


class Plot(QWidget):
    """A pair of axes and what is drawn in them.

    Parameters
    ----------
    x, y : str
        Name and unit of the axes, ``Loss (nats)``; plain text.
    equal_aspect : bool
        Both axes are the same space: a circle stays a circle.
    y_down : bool
        y grows downwards, as the rows of a matrix do.
    legend : bool
        Names inside the plot, movable; labels at the time cursor do without.
    tight_x : bool
        No room left of the first and right of the last value, as for steps.
    may_be_log : bool
        A person may make the axes logarithmic; never so over a map or with equal aspect.
    """

    clicked = Signal(float, float)
    hovered = Signal(float, float)
    range_changed = Signal()
    scale_changed = Signal()

    def __init__(
        self,
        x: str = "",
        y: str = "",
        *,
        equal_aspect: bool = False,
        y_down: bool = False,
        legend: bool = False,
        tight_x: bool = False,
        may_be_log: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.marks: list[Mark] = []
        self.frame, self._news = Frame(), News(self)
        self.tells_x = True  # whether the place along x is told under the mouse
        self._is_auto, self._tight_x, self._last_fit = True, tight_x, -1.0
        self._has_data, self._may_be_log = False, may_be_log and not equal_aspect
        self._scale: ColourScale | None = None
        self._equal_aspect, self._room = equal_aspect, QPointF(0, 0)
        self._make_scene(equal_aspect, y_down)
        self._make_furniture(legend)
        self._make_timers()
        self._connect()
        self.set_axes(x, y)
        self.setMinimumSize(*theme.PLOT_MINIMUM)
        self._recolour()

    # -- making -------------------------------------------------------------------------

    def _make_scene(self, equal_aspect: bool, y_down: bool) -> None:
        self.view = pg.GraphicsLayoutWidget(self)
        self.view.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
        self.view.ci.layout.setContentsMargins(8, 8, 20, 4)
        self.view.ci.layout.setSpacing(2)
        self.x_axis, self.y_axis = Axis("bottom"), Axis("left")
        self.item = pg.PlotItem(axisItems={"bottom": self.x_axis, "left": self.y_axis})
        self.view.addItem(self.item, row=0, col=0)
        self.box = self.item.getViewBox()
        self.item.setMenuEnabled(False)
        self.item.hideButtons()
        self.box.disableAutoRange()
        self.box.setAspectLocked(equal_aspect)
        self.box.invertY(y_down)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)

    def _make_furniture(self, legend: bool) -> None:
        self.canvas = Canvas(self.box, self.frame)
        self.time_rule = CursorMark(self.marks)
        self._furnish(self.time_rule)
        self._legend = Legend(self.item) if legend else None
        self._note = Overlay(self)
        self._mouse = PlotMouse(self)

    def _make_timers(self) -> None:
        self._fit_timer = QTimer(self)
        self._fit_timer.setSingleShot(True)
        self._fit_timer.timeout.connect(self._fit)

    def _connect(self) -> None:
        self._news.changed.connect(self._on_data_changed)
        self.box.sigRangeChangedManually.connect(self._on_range_taken)
        self.box.sigRangeChanged.connect(self._on_range_changed)
        self.box.sigResized.connect(self._on_box_resized)
        self._mouse.clicked.connect(self.clicked)
        self._mouse.hovered.connect(self.hovered)
        theme.changed.connect(self._on_theme_changed)

    # -- what panels call ---------------------------------------------------------------

    @in_gui_thread
    def set_axes(self, x: str | None = None, y: str | None = None) -> None:
        """Name and unit of the axes, as plain text; None leaves one as it is."""
        if x is not None:
            self.x_axis.set_words(x)
        if y is not None:
            self.y_axis.set_words(y)

    @in_gui_thread
    def add_line(
        self,
        name: str,
        series: int = 0,
        *,
        dash: Dash = "solid",
        width: float = 1,
        is_faint: bool = False,
        label: bool = False,
    ) -> LineMark:
        """Add a curve; with ``label`` its name and value stand beside the time cursor."""
        mark = LineMark(name, series, dash=dash, width=width, is_faint=is_faint, label=label)
        return self.add(mark)

    @in_gui_thread
    def add_scatter(
        self,
        name: str,
        series: int = 0,
        *,
        symbol: Symbol = "circle",
        size: float = 7,
        is_filled: bool = True,
        is_class: bool = False,
    ) -> ScatterMark:
        """Add points; with ``is_class`` the series is a label and has the label's colour."""
        mark = ScatterMark(
            name, series, symbol=symbol, size=size, is_filled=is_filled, is_class=is_class
        )
        return self.add(mark)

    @in_gui_thread
    def add_image(
        self, name: str, colour_map: MapName = "sequential", *, scale: bool = True
    ) -> ImageMark:
        """Add a colour map with its scale beside it; the name says what the colours mean."""
        mark = self.add(ImageMark(name, colour_map))
        if scale and self._scale is None:
            self._scale = ColourScale(name, colour_map)
            self.view.addItem(self._scale, row=1, col=0)
        return mark

    @in_gui_thread
    def add(self, mark: M) -> M:
        """Paint a mark of whatever kind from now on, and return it."""
        self.marks.append(mark)
        self._furnish(mark)
        if isinstance(mark, ImageMark):
            self._show_grid()
        if self._legend is not None:
            self._legend.add(mark)
        return mark

    @contextmanager
    def at_once(self) -> Generator[None, None, None]:
        """Follow the data once for all that is set inside."""
        was_blocked = self._news.blockSignals(True)
        try:
            yield
        finally:
            self._news.blockSignals(was_blocked)
        self._on_data_changed()

    @in_gui_thread
    def remove(self, mark: Mark) -> None:
        """Take a mark away."""
        self.marks.remove(mark)
        self.canvas.remove(mark)
        self._on_data_changed()

    @in_gui_thread
    def time_cursor(self, step: float | None) -> None:
        """Stand at a step: a line in the text colour, the future beyond it faint; None: none.

        Raises
        ------
        ValueError
            If the step is not finite.
        """
        self.frame.cursor = None if step is None else gate.position(step, "step")
        self.canvas.update()

    @in_gui_thread
    def set_log(self, *, x: bool | None = None, y: bool | None = None) -> None:
        """Make an axis logarithmic or linear; what is not above zero becomes a gap.

        Raises
        ------
        ValueError
            If this plot's axes cannot be logarithmic; see `may_be_log`.
        """
        if (x or y) and not self.may_be_log():
            raise ValueError("x, y: the axes of this plot cannot be logarithmic")
        self.frame.log_x = self.frame.log_x if x is None else x
        self.frame.log_y = self.frame.log_y if y is None else y
        self.x_axis.setLogMode(x=self.frame.log_x)
        self.y_axis.setLogMode(y=self.frame.log_y)
        self.reset_view()
        self.scale_changed.emit()

    @in_gui_thread
    def may_be_log(self) -> bool:
        """Whether the axes may be logarithmic."""
        has_map = any(isinstance(m, ImageMark) for m in self.marks)
        return self._may_be_log and not has_map

    @in_gui_thread
    def is_log(self) -> tuple[bool, bool]:
        """Whether x and y are logarithmic."""
        return self.frame.log_x, self.frame.log_y

    @in_gui_thread
    def hide_readout(self) -> None:
        """Take the values under the mouse away, until it moves again."""
        self._mouse.hide_readout()

    @in_gui_thread
    def reset_view(self) -> None:
        """Show everything again, and follow the data from now on."""
        self._is_auto = True
        self._fit(is_fresh=True)

    @in_gui_thread
    def set_range(self, x: Span | None = None, y: Span | None = None) -> None:
        """Fix a range, in the axes' own scales (exponents of ten where logarithmic).

        Raises
        ------
        ValueError
            If an end is not finite or they are not in order.
        """
        self._is_auto = False
        if x is not None:
            self.box.setXRange(*gate.checked_levels(x), padding=0)
        if y is not None:
            self.box.setYRange(*gate.checked_levels(y), padding=0)

    @in_gui_thread
    def view_range(self) -> tuple[Span, Span]:
        """The ranges of x and y that are seen, in the axes' own scales."""
        (x0, x1), (y0, y1) = self.box.viewRange()
        return (float(x0), float(x1)), (float(y0), float(y1))

    @in_gui_thread
    def current_view(self) -> View:
        """What is seen at this moment, as marks are told when they paint."""
        return self.canvas.view()

    @in_gui_thread
    def show_note(self, sentence: str) -> None:
        """A sentence over the picture, such as "No data yet"; empty text takes it away."""
        self._note.say(sentence)
        self._note.stand_in_the_middle()

    @in_gui_thread
    def numbers(self) -> dict[str, np.ndarray[Any, Any]]:
        """Everything behind the picture, by name: whole arrays, not the reduced ones."""
        return numbers_of(self.marks, self.x_axis.words or "x", self.y_axis.words or "y")

    def _show_grid(self) -> None:
        has_image = any(isinstance(m, ImageMark) for m in self.marks)
        self.y_axis.setGrid(False if has_image else 70)  # a grid would lie over the map

    # -- following ----------------------------------------------------------------------

    def _furnish(self, mark: Mark) -> None:
        """Paint a mark that is not of the data."""
        mark.attach(self.frame, self._news)
        self.canvas.add(mark)

    @Slot()
    def _on_data_changed(self) -> None:
        wait = AUTORANGE_S - (time.monotonic() - self._last_fit)
        if wait <= 0:
            self._fit_timer.stop()
            self._fit()
        elif not self._fit_timer.isActive():
            self._fit_timer.start(int(wait * 1000) + _GRACE_MS)
        self.canvas.update()
        self._update_scale()

    def _update_scale(self) -> None:
        image = next((m for m in self.marks if isinstance(m, ImageMark)), None)
        if image is not None and self._scale is not None:
            self._scale.set_levels(image.levels, image.gaps, image.strength)

    @Slot()
    def _fit(self, is_fresh: bool = False) -> None:
        seen = [m for m in self.marks if m.is_visible]
        images = [m.bounds() for m in seen if isinstance(m, ImageMark)]
        box = union(images) or union(m.bounds() for m in seen)
        if box is None or not self._is_auto:
            return
        self._last_fit = time.monotonic()
        if union(images) is not None:
            x, y = (box[0], box[1]), (box[2], box[3])
            if self._equal_aspect:
                self._match_aspect(x, y)
        else:
            is_first = not self._has_data
            old_x, old_y = (None, None) if is_fresh or is_first else self.view_range()
            x = stepped((box[0], box[1]), old_x, is_tight=self._tight_x)
            y = stepped((box[2], box[3]), old_y)
        self._has_data = True
        self.box.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=True)

    def _match_aspect(self, x: Span, y: Span) -> None:
        """Leave the room at the sides empty, so that the axes end where the map ends."""
        room = self._room
        width, height = self.box.width() + 2 * room.x(), self.box.height() + 2 * room.y()
        if min(width, height) <= 0:
            return
        ratio = (x[1] - x[0]) / (y[1] - y[0])
        self._room = QPointF(
            max(0.0, (width - height * ratio) / 2), max(0.0, (height - width / ratio) / 2)
        )
        left, top = self._room.x(), self._room.y()
        self.item.layout.setContentsMargins(left, top, left, top)
        if self._scale is not None:
            self._scale.set_inset(left)

    @Slot()
    def _on_box_resized(self) -> None:
        if self._equal_aspect:
            self._fit()

    @Slot()
    def _on_range_taken(self) -> None:
        self._is_auto = False

    @Slot()
    def _on_range_changed(self) -> None:
        self.canvas.update()
        self.range_changed.emit()

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self._recolour()

    def _recolour(self) -> None:
        self.view.setBackground(theme.current().base)
        for axis in (self.x_axis, self.y_axis):
            axis.recolour()
        self._show_grid()
        self.canvas.update()
        if self._legend is not None:
            self._legend.recolour()
        if self._scale is not None:
            self._scale.update()

    @in_gui_thread
    def menu(self) -> PlotMenu:
        """The context menu."""
        return self._mouse.menu()

    def leaveEvent(self, event: QEvent) -> None:
        """Without the mouse there is no place to tell of."""
        self._mouse.hide_readout()
        super().leaveEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the note in the middle."""
        super().resizeEvent(event)
        self._note.stand_in_the_middle()
