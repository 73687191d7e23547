"""All marks of a plot painted by one item, in the pixels of the plot.

Why not an item of pyqtgraph for each: the scene asks every item for its bounds, its transform
and its pixel vectors in every frame, in Python, which is most of the time of a frame. Axes,
ranges and the mouse stay with pyqtgraph.
"""

from __future__ import annotations

from bisect import insort
from functools import partial
from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QRectF

from lab.ui.mark import View
from lab.ui.paint_guard import guarded

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

    from lab.ui.mark import Frame, Mark


class Canvas(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Lies over a view box and paints marks in the order of their ``z``."""

    def __init__(self, box: pg.ViewBox, frame: Frame) -> None:
        super().__init__(box)
        self._box, self._frame = box, frame
        self._marks: list[Mark] = []

    def add(self, mark: Mark) -> None:
        """Paint a mark from now on, over those of the same ``z``."""
        insort(self._marks, mark, key=lambda m: m.z)
        self.update()

    def remove(self, mark: Mark) -> None:
        """Paint it no more."""
        self._marks.remove(mark)
        self.update()

    def view(self) -> View:
        """What is seen at this moment."""
        (x0, x1), (y0, y1) = self._box.viewRange()
        size, frame = self._box.rect(), self._frame
        return View(
            float(x0), float(x1), float(y0), float(y1), size.width(), size.height(),
            bool(self._box.yInverted()), frame.log_x, frame.log_y, frame.cursor,
        )  # fmt: skip

    def boundingRect(self) -> QRectF:
        """The whole box."""
        return QRectF(self._box.rect())

    def paint(
        self,
        painter: QPainter,
        _option: QStyleOptionGraphicsItem,
        _widget: QWidget | None = None,
    ) -> None:
        """Paint what is visible; a mark that fails falls silent and spoils no other."""
        view = self.view()
        for mark in self._marks:
            if mark.is_visible:
                guarded(mark, painter, partial(mark.paint, painter, view))
