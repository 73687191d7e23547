"""Errors that nobody caught: told once, in the window, from the window's own thread.

The hooks run on whichever thread failed: they format text, let go of the frames (which would
keep tensors alive) and put the text into a queue. A timer of the window takes it from there.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
import traceback
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    Signal,
    Slot,
    qInstallMessageHandler,
)

from lab.shell.registry import panel_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

log = logging.getLogger("lab.shell")

LOOK_MS = 200
MOST_A_MINUTE = 20
MOST_A_PANEL = 3
LONGEST = 64 * 1024  # characters of a traceback


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as text: a sentence, the whole story, and the panel it came from."""

    summary: str
    detail: str
    key: tuple[str, str, int]
    panel: str | None = None


def fault_of(
    kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
) -> Fault:
    """Turn an exception into text, and let go of its frames; runs on any thread."""
    frames = traceback.extract_tb(trace)
    modules = tuple(_modules(trace))
    detail = "".join(traceback.format_exception(kind, error, trace))[-LONGEST:]
    last = frames[-1] if frames else None
    key = (kind.__name__, last.filename if last else "", (last.lineno or 0) if last else 0)
    panel = panel_of(modules)
    where = f"the panel {panel}" if panel else "the program"
    words = " ".join(str(error).split())[:200] or "no further words"
    summary = f"Something went wrong in {where}: {words} ({kind.__name__}). The rest goes on."
    traceback.clear_frames(trace)
    return Fault(summary, detail, key, panel)


def _modules(trace: TracebackType | None) -> list[str]:
    found = []
    while trace is not None:
        found.append(str(trace.tb_frame.f_globals.get("__name__", "")))
        trace = trace.tb_next
    return found


class FaultInbox(QObject):
    """Takes faults from the queue; tells each kind once, and counts those of a panel.

    ``told`` carries a fault that the person has not seen yet; ``panel_failed`` the name of a
    panel whose third error this was, and the fault.
    """

    told = Signal(object)
    panel_failed = Signal(str, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue: SimpleQueue[Fault] = SimpleQueue()
        self._seen: Counter[tuple[str, str, int]] = Counter()
        self._times: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._of_panel: Counter[str] = Counter()
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self.take)
        self._timer.start()

    def put(self, fault: Fault) -> None:
        """Leave a fault to be told; from any thread."""
        self._queue.put(fault)

    def forgive(self, panel: str) -> None:
        """Count the errors of a panel from the beginning: it was made anew."""
        self._of_panel[panel] = 0
        self._seen.clear()

    @Slot()
    def take(self) -> None:
        """Tell what has come."""
        _forget_last()
        with suppress(Empty):
            while True:
                self._tell(self._queue.get_nowait())

    def _tell(self, fault: Fault) -> None:
        self._seen[fault.key] += 1
        if self._seen[fault.key] == 1:
            log.error("%s\n%s", fault.summary, fault.detail)
        if fault.panel:
            self._of_panel[fault.panel] += 1
            if self._of_panel[fault.panel] == MOST_A_PANEL:
                self.panel_failed.emit(fault.panel, fault)
                return
        if self._seen[fault.key] == 1 and self._may_tell():
            self.told.emit(fault)

    def _may_tell(self) -> bool:
        now = time.monotonic()
        if len(self._times) == MOST_A_MINUTE and now - self._times[0] < 60:
            return False
        self._times.append(now)
        return True


def _forget_last() -> None:
    """Let go of what Python keeps of the last exception it printed."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            delattr(sys, name)


class Hooks:
    """The hooks of the process; ``remove`` puts back what was there."""

    def __init__(self, inbox: FaultInbox) -> None:
        self._inbox = inbox
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        self._qt_before: Any = None
        self._log: Any = None

    def install(self, crash_log: Path | None = None) -> None:
        """Listen to everything that nobody catches; call after pyqtgraph was imported."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        sys.unraisablehook = self._on_unraisable
        self._qt_before = qInstallMessageHandler(self._on_qt_message)
        if crash_log is not None:
            with suppress(OSError):
                self._log = crash_log.open("a", encoding="utf-8")
                faulthandler.enable(self._log)

    def remove(self) -> None:
        """Put back what was there before."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(self._qt_before)
        if self._log is not None:
            faulthandler.disable()
            self._log.close()
            self._log = None

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            self._inbox.put(fault_of(kind, error, trace))

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            self._inbox.put(fault_of(args.exc_type, args.exc_value, args.exc_traceback))

    def _on_unraisable(self, args: sys.UnraisableHookArgs) -> None:
        self._inbox.put(fault_of(args.exc_type, args.exc_value, args.exc_traceback))

    def _on_qt_message(
        self, kind: QtMsgType, context: QMessageLogContext, message: str
    ) -> None:
        levels = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO}
        log.log(levels.get(kind, logging.WARNING), "Qt: %s (%s)", message, context.category)  # type: ignore[attr-defined] # stubs lack it
