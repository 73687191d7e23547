"""What the mouse does in a plot: values under it, places clicked, the context menu."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, Signal, Slot

from lab.ui.overlays import Overlay
from lab.ui.plot_menu import PlotMenu
from lab.ui.readout import words_at

if TYPE_CHECKING:
    from lab.ui.plots import Plot


class PlotMouse(QObject):
    """Watches the scene of a plot; belongs to it and is reached through ``parent``."""

    clicked = Signal(float, float)
    hovered = Signal(float, float)

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._readout = Overlay(plot)
        self._menu: PlotMenu | None = None
        scene = plot.view.scene()
        scene.sigMouseMoved.connect(self._on_moved)
        scene.sigMouseClicked.connect(self._on_clicked)
        plot.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        plot.view.customContextMenuRequested.connect(self._on_menu_wanted)

    def menu(self) -> PlotMenu:
        """The context menu, made when it is first wanted."""
        if self._menu is None:
            self._menu = PlotMenu(self._plot())
        return self._menu

    def hide_readout(self) -> None:
        """Take the values away, for a picture without the mouse."""
        self._readout.hide()

    def _plot(self) -> Plot:
        from lab.ui.plots import Plot

        plot = self.parent()
        assert isinstance(plot, Plot)
        return plot

    @Slot(QPointF)
    def _on_moved(self, place: QPointF) -> None:
        plot = self._plot()
        if not plot.box.sceneBoundingRect().contains(place):
            self._readout.hide()
            return
        point = plot.box.mapSceneToView(place)
        where = (point.x(), point.y())
        pixel = plot.box.viewPixelSize()
        axes = plot.x_axis.words, plot.y_axis.words
        said = words_at(plot.marks, plot.frame, where, pixel, *axes)
        self._readout.say(said if plot.tells_x else said.partition("\n")[2])
        self._readout.stand_at(place.toPoint())
        self.hovered.emit(*where)

    @Slot(object)
    def _on_clicked(self, event: Any) -> None:
        plot = self._plot()
        inside = plot.box.sceneBoundingRect().contains(event.scenePos())
        if event.button() != Qt.MouseButton.LeftButton or not inside:
            return
        if event.double():
            plot.reset_view()
        point = plot.box.mapSceneToView(event.scenePos())
        self.clicked.emit(point.x(), point.y())

    @Slot(QPoint)
    def _on_menu_wanted(self, place: QPoint) -> None:
        self._readout.hide()
        self.menu().popup(self._plot().view.mapToGlobal(place))
