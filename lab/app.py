"""Builds engine, bridge and window, and runs them: the only module that knows everybody.

The first window is painted with nothing but Qt and the shell. Panels (and with them pyqtgraph
and numpy) come one at a time after that, torch in a thread beside them.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from PySide6.QtCore import QCoreApplication, QEventLoop, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication

from lab import versions
from lab.shell import diagnostics, folders, registry, settings
from lab.shell.main_window import MainWindow
from lab.shell.starts import StartGuard
from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from lab.engine.records import Record
    from lab.shell.faults import Hooks

log = logging.getLogger("lab.app")

SAFE_MODE = (
    "Nabla was closed three times while it opened, so it opened without your layout and your "
    "last run. Open the log folder from the Help menu to see why."
)


def application() -> QApplication:
    """Return the application, made as all of Nabla needs it."""
    made = QApplication.instance()
    if isinstance(made, QApplication):
        return made
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_ShareOpenGLContexts)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Nabla")
    app.setApplicationDisplayName("Nabla")
    app.setDesktopFileName("nabla")
    return app


class Opening(QObject):
    """Brings engine and panels into a window that is already on the screen.

    Each part waits for the event loop, so the window answers in between; ``done`` tells the
    end.
    """

    done = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._waiting: list[str] = []

    @Slot()
    def begin(self) -> None:
        """Import the bridge, which imports numpy and the descriptions, and begin on torch."""
        from lab.ui.bridge import EngineBridge

        self._window.attach(EngineBridge(self._window))
        threading.Thread(target=_import_engine, name="lab-warm-up", daemon=True).start()
        self._waiting = list(registry.names())
        self._later(self._next_panel)

    def _later(self, slot: Any) -> None:
        if not self._window.is_closed:
            QTimer.singleShot(0, self, slot)

    @Slot()
    def _next_panel(self) -> None:
        if self._waiting:
            self._window.desk.add_panel(self._waiting.pop(0))
            self._later(self._next_panel)
        else:
            self.done.emit()


def _import_engine() -> None:
    """Import torch while the person still reads; whoever needs it first waits for this."""
    import lab.engine.run  # noqa: F401 - imported to be there


class Session(QObject):
    """One sitting at the window, from the first paint to the end of the process."""

    def __init__(self, window: MainWindow, folder: Path, file: Path | None) -> None:
        super().__init__(window)
        self._window, self._folder, self._file = window, folder, file
        self._guard = StartGuard(folder)
        self.is_safe = self._guard.begin()
        self._hooks: Hooks | None = None
        self._opening = Opening(window)
        self._opening.done.connect(self._on_opened)
        window.painted.connect(self._on_painted)

    @Slot()
    def _on_painted(self) -> None:
        from lab.shell.garbage import Collector
        from lab.shell.interrupts import Interrupts

        self._tell_known_faults()
        self._collector = Collector(self)
        self._collector.start()
        self._interrupts = Interrupts(self)
        self._interrupts.wanted.connect(self._window.close)
        self._interrupts.install()
        self._opening.begin()

    def _tell_known_faults(self) -> None:
        """Say what of the libraries is known to break, before anything can die of it."""
        said = " ".join(versions.known_bad_pairs())
        if said:
            log.warning(said)
            with suppress(OSError, ValueError, AttributeError):  # pythonw has no stream
                print(said, file=sys.stderr, flush=True)
            self._window.notices.tell("warning", said)

    @Slot()
    def _on_opened(self) -> None:
        from lab.shell.faults import FaultInbox, Hooks

        inbox = FaultInbox(self)
        self._hooks = Hooks(inbox)  # after pyqtgraph, which puts its own hook in place
        self._hooks.install(folders.log_folder() / diagnostics.CRASHES)
        self._window.listen(inbox)
        self._window.open_desk(is_safe=self.is_safe)
        self._open_something()
        self._collector.freeze()
        self._guard.done()
        self._sweep()

    def _sweep(self) -> None:
        """Remove what killed processes have left half written among settings and logs."""
        from lab.files.atomic import sweep_orphans

        for folder in (self._folder, folders.log_folder()):
            sweep_orphans(folder)

    def _open_something(self) -> None:
        files = self._window.files
        if self._file is not None:
            files.open_path(str(self._file))
        elif self.is_safe:
            self._window.notices.tell("warning", SAFE_MODE)
        else:
            self._window.last_run.open(self._folder)

    def end(self) -> None:
        """Put back what was changed in the process."""
        self._guard.done()
        if self._hooks is not None:
            self._hooks.remove()
            self._collector.stop()
            self._interrupts.remove()


def open_window(file: Path | None = None) -> int:
    """Open the window and run until it is closed.

    Where this made the application, the process is left at once after everything was written:
    taking torch and Qt apart costs 1.6 s and can only go wrong. An engine that did not stop
    within two seconds is left so too; destroying a live thread would abort. Where there was an
    application before, the exit code is returned to whoever made it.
    """
    is_ours = QApplication.instance() is None
    folder = folders.settings_folder()
    handler = diagnostics.start_log(folders.log_folder())
    app = application()
    kept = settings.read(folder)
    theme.apply(app, kept.theme)  # type: ignore[arg-type] # checked when it was read
    window = MainWindow(kept, folder, folders.log_folder())
    session = Session(window, folder, file)
    window.show()
    code = app.exec()
    session.end()
    diagnostics.stop_log(handler)
    if is_ours or window.is_busy_at_close:
        leave(code)
    return code


def leave(code: int) -> NoReturn:
    """End the process now; logs and streams are flushed."""
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def screenshot(
    preset: str | Record,
    out: Path,
    workspace: str = "Build",
    theme_name: theme.ThemeName = "light",
    size: tuple[int, int] = (1280, 800),
    scale: float = 1.0,
    steps: int = 100,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a PNG of the real window at a step of a run, offscreen where there is no screen.

    Parameters
    ----------
    preset : str or Record
        A ready experiment's name, or a run that was written down.
    out : Path
        The file; an existing one is replaced only with ``overwrite``.
    workspace, theme_name, size, scale
        What is shown, and how: the picture is ``size * scale`` pixels.
    steps : int
        The step under the cursor; a run that ends before is shown where it ends.

    Raises
    ------
    ExperimentError
        If there is no such preset or workspace, or the run cannot be made.
    SaveError
        If the file cannot be written.
    """
    from lab.shell.pictures import write_picture

    with staged(preset, workspace, theme_name, size, scale, steps) as window:
        return write_picture(window, out, scale=scale, overwrite=overwrite)


def pictures(
    folder: Path, preset: str | Record, steps: int = 100, *, overwrite: bool = False
) -> list[Path]:
    """Write the window and every plot in it into a folder: PNG, and the numbers as CSV.

    Raises what `screenshot` raises.
    """
    from lab.shell.pictures import write_picture, write_plots

    with staged(preset, "Build", "light", (1280, 800), 2.0, steps) as window:
        whole = write_picture(window, folder / "window.png", overwrite=overwrite)
        parts = [
            write_plots(widget, folder, name, overwrite=overwrite)
            for name in window.desk.host.shown
            if (widget := window.desk.panel(name)) is not None
        ]
    return [whole, *(path for part in parts for path in part)]


@contextmanager
def staged(
    preset: str | Record,
    workspace: str,
    theme_name: theme.ThemeName,
    size: tuple[int, int],
    scale: float,
    steps: int,
) -> Iterator[MainWindow]:
    """Hold a window of its own, without settings, at a step of a run, and close it after."""
    from lab.engine.kinds import ExperimentError
    from lab.shell.shots import Shot

    record = _record(preset)
    _prepare_platform(scale)
    theme.apply(application(), theme_name)
    window = MainWindow(settings.Settings(theme=theme_name, workspace=workspace))
    try:
        window.resize(*size)
        window.show()
        opening, loop = Opening(window), QEventLoop(window)
        opening.done.connect(loop.quit)
        opening.begin()
        loop.exec()
        window.open_desk()
        if workspace not in window.desk.names:
            known = ", ".join(window.desk.names)
            raise ExperimentError(f"workspace: wanted one of {known}; got {workspace!r}.")
        shot = Shot(window, record, steps)
        shot.wait()
        if shot.trouble:
            raise ExperimentError(shot.trouble)
        yield window
    finally:
        window.close()
        window.deleteLater()


def _record(preset: str | Record) -> Record:
    from lab import presets
    from lab.engine.records import Record

    return Record(presets.load(preset)) if isinstance(preset, str) else preset


def _prepare_platform(scale: float) -> None:
    """Choose screen and scale; an application that runs already keeps its own."""
    if QApplication.instance() is not None:
        return
    has_screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_screen:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if scale != 1:
        os.environ["QT_SCALE_FACTOR"] = f"{scale:g}"
