"""An item that cannot be painted falls silent instead of failing in every frame.

Why: an exception inside ``paint`` leaves the painter in an unknown state and comes back sixty
times a second; on Qt 6.10 and newer the next healthy plot then crashes (pyqtgraph 0.14). The
guard restores the painter, hides what failed from painting until it gets new data, and tells
it once.
"""

from __future__ import annotations

import logging
import traceback
from functools import wraps
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QObject, Signal

_LOG = logging.getLogger(__name__)
_GUARDED = (
    pg.ImageItem,
    pg.PlotCurveItem,
    pg.ScatterPlotItem,
    pg.AxisItem,
    pg.InfiniteLine,
    pg.TextItem,
    pg.LegendItem,
    pg.BarGraphItem,
    pg.ErrorBarItem,
    pg.IsocurveItem,
    pg.GraphItem,
    pg.LinearRegionItem,
)


class PaintFaults(QObject):
    """Tells, once for each, that an item could not be painted: a sentence."""

    failed = Signal(str)


faults = PaintFaults()


def guard(item_class: Any) -> None:
    """Wrap the ``paint`` of a class of items; a second call changes nothing."""
    original = item_class.__dict__.get("paint")
    if original is None or getattr(original, "is_guard", False):
        return

    @wraps(original)
    def paint(self: Any, painter: Any, *args: Any) -> None:
        if getattr(self, "_paint_failed", False):
            return
        painter.save()
        try:
            original(self, painter, *args)
        except Exception as error:
            self._paint_failed = True
            _tell(self, error)
        finally:
            painter.restore()

    paint.is_guard = True  # type: ignore[attr-defined]  # a mark on a function
    item_class.paint = paint


def forgive(item: Any) -> None:
    """Let an item be painted again, because it has new data."""
    item._paint_failed = False


def has_failed(item: Any) -> bool:
    """Whether the item's last painting failed."""
    return bool(getattr(item, "_paint_failed", False))


def _tell(item: object, error: Exception) -> None:
    words = f"{type(item).__name__} could not be drawn: {type(error).__name__}: {error}"[:500]
    _LOG.error("%s\n%s", words, "".join(traceback.format_exception(error)))
    traceback.clear_frames(error.__traceback__)  # frames would keep arrays alive
    faults.failed.emit(words)


def install() -> None:
    """Guard all the items that plots are made of."""
    for item_class in _GUARDED:
        guard(item_class)
