"""The context menu of a picture, and that of a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

if TYPE_CHECKING:
    from lab.ui.plots import Plot


class PictureMenu(QMenu):
    """Copy and export: the menu of any widget that has ``numbers``; belongs to it."""

    def __init__(self, picture: QWidget) -> None:
        super().__init__(picture)
        self._add("Copy image", self._on_copy)
        self._add("Export picture...", self._on_export_picture)
        self._add("Export numbers (CSV, NPZ)...", self._on_export_numbers)

    def _add(self, text: str, slot: object) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(slot)
        self.addAction(action)
        return action

    def picture(self) -> QWidget:
        """The widget it belongs to."""
        parent = self.parentWidget()
        assert parent is not None
        return parent

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setPixmap(self.picture().grab())

    @Slot()
    def _on_export_picture(self) -> None:
        from lab.ui.export_dialog import export_dialog

        export_dialog(self.picture())

    @Slot()
    def _on_export_numbers(self) -> None:
        from lab.ui.export_dialog import export_dialog

        export_dialog(self.picture(), numbers=True)


class PlotMenu(PictureMenu):
    """Also reset and log axes; made once for each plot, when it is first wanted."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.addSeparator()
        self._add("Reset view", self._on_reset)
        self._log_x = self._add("Log x axis", self._on_log)
        self._log_y = self._add("Log y axis", self._on_log)
        self._log_x.setCheckable(True)
        self._log_y.setCheckable(True)
        self.aboutToShow.connect(self._on_about_to_show)

    def plot(self) -> Plot:
        """The plot it belongs to."""
        from lab.ui.plots import Plot

        parent = self.parentWidget()
        assert isinstance(parent, Plot)
        return parent

    @Slot()
    def _on_about_to_show(self) -> None:
        may_be_log = self.plot().may_be_log()
        self._log_x.setVisible(may_be_log)
        self._log_y.setVisible(may_be_log)
        is_log_x, is_log_y = self.plot().is_log()
        self._log_x.setChecked(is_log_x)
        self._log_y.setChecked(is_log_y)

    @Slot()
    def _on_reset(self) -> None:
        self.plot().reset_view()

    @Slot()
    def _on_log(self) -> None:
        self.plot().set_log(x=self._log_x.isChecked(), y=self._log_y.isChecked())
