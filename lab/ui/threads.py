"""The assertion that a widget is touched by its own thread only.

Qt does not check it: a label set from a worker corrupts the heap, minutes before the crash.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from PySide6.QtCore import QCoreApplication, QThread

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")


def is_gui_thread() -> bool:
    """Whether the caller runs in the thread of the window (true where there is no window)."""
    app = QCoreApplication.instance()
    return app is None or QThread.currentThread() == app.thread()


def in_gui_thread(method: Callable[P, R]) -> Callable[P, R]:
    """Let a method assert its thread; under ``python -O`` the method stays as it is."""
    if not __debug__:
        return method

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        assert is_gui_thread(), (
            f"{method.__qualname__}: called from another thread than the window's"
        )
        return method(*args, **kwargs)

    return guarded
