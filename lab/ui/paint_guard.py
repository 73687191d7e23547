"""What cannot be painted falls silent instead of failing in every frame.

Why: an exception inside ``paint`` leaves the painter in an unknown state and comes back sixty
times a second; on Qt 6.10 and newer the next healthy plot then crashes (pyqtgraph 0.14). The
guard restores the painter, keeps what failed from being painted until it gets new data, and
tells it once.
"""

from __future__ import annotations

import logging
import traceback
from functools import wraps
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPainter

_LOG = logging.getLogger(__name__)
_GUARDED = (pg.AxisItem, pg.LegendItem)


class PaintFaults(QObject):
    """Tells, once for each, that something could not be painted: a sentence."""

    failed = Signal(str)


faults = PaintFaults()


def guarded(owner: Any, painter: QPainter, paint: Callable[[], None]) -> None:
    """Paint on behalf of ``owner``, unless that failed before."""
    if has_failed(owner):
        return
    painter.save()
    try:
        paint()
    except Exception as error:
        owner._paint_failed = True
        _tell(owner, error)
    finally:
        painter.restore()


def guard(item_class: Any) -> None:
    """Wrap the ``paint`` of a class of items; a second call changes nothing."""
    original = item_class.__dict__.get("paint")
    if original is None or getattr(original, "is_guard", False):
        return

    @wraps(original)
    def paint(self: Any, painter: Any, *args: Any) -> None:
        guarded(self, painter, lambda: original(self, painter, *args))

    paint.is_guard = True  # type: ignore[attr-defined]  # a mark on a function
    item_class.paint = paint


def forgive(owner: Any) -> None:
    """Let something be painted again, because it has new data."""
    owner._paint_failed = False


def has_failed(owner: Any) -> bool:
    """Whether its last painting failed."""
    return bool(getattr(owner, "_paint_failed", False))


def _tell(owner: object, error: Exception) -> None:
    words = f"{type(owner).__name__} could not be drawn: {type(error).__name__}: {error}"[:500]
    _LOG.error("%s\n%s", words, "".join(traceback.format_exception(error)))
    traceback.clear_frames(error.__traceback__)  # frames would keep arrays alive
    faults.failed.emit(words)


def install() -> None:
    """Guard the items of pyqtgraph that plots are made of."""
    for item_class in _GUARDED:
        guard(item_class)
