"""Weights in and out, the run as a script, and a picture of the window."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from lab.shell.actions import Actions, ActionSpec
from lab.shell.weights_table import WeightsTable

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from PySide6.QtGui import QAction

    from lab.engine.load_weights import Loaded
    from lab.engine.news import Event, RunLook
    from lab.engine.run import Run
    from lab.shell.file_commands import FileCommands
    from lab.shell.notices import Notices
    from lab.shell.status import StatusLine
    from lab.ui.bridge import EngineBridge

EXPORT, COMPARE = "export", "weights"

LOAD = ActionSpec(
    "file.load_weights",
    "Load weights...",
    "File",
    "Take over weights from a file; a table shows first what fits (safetensors, PyTorch)",
    begins_group=True,
)
PICTURE = ActionSpec(
    "file.export_window",
    "Picture of the window...",
    "File/Export",
    "Write the window as it is now as a PNG, twice as fine as on the screen",
)


class WeightsCommands(QObject):
    """The part of the File menu in which something leaves or enters the network."""

    def __init__(
        self,
        actions: Actions,
        files: FileCommands,
        notices: Notices,
        status: StatusLine,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._actions, self._files = actions, files
        self._notices, self._status, self._window = notices, status, parent
        self._bridge: EngineBridge | None = None
        self._asked: Path | None = None  # the file to be read once the shapes are known
        self._taken = "", 0  # whose weights the engine has been given, and on which branch
        self._exports: dict[int, Path] = {}  # under way, by the number of the job
        self._has_run = False
        actions.add(LOAD, self._on_load)
        actions.set_enabled(LOAD.name, False)
        files.weights_wanted.connect(self.open)

    def attach(self, bridge: EngineBridge) -> None:
        """Weights come from and go to this engine's run."""
        from lab.engine.exports import FORMATS
        from lab.ui.export_dialog import exports

        self._bridge = bridge
        exports.written.connect(self._on_written)
        choices = (
            (
                ActionSpec(f"file.export.{f.name}", f"{f.title}...", "File/Export", f.summary),
                f,
            )
            for f in FORMATS.values()
        )
        self._actions.add_choices(choices, self._on_export)
        self._actions.add(PICTURE, self._on_picture)
        self._actions.set_enabled("file.export.", False)
        bridge.stood.connect(self._on_looked)
        bridge.partial.connect(self._on_partial)
        bridge.happened.connect(self._on_happened)

    @Slot(object)
    def _on_looked(self, look: RunLook) -> None:
        file, branch = self._taken
        if file and look.branch != branch and look.edits and look.edits[-1].new == file:
            self._status.tell(f"Weights of {file} are in use, on a branch of their own.")
            self._taken = "", 0
        if not self._has_run:  # a flag of its own: others enable all of the File menu at once
            self._has_run = True
            self._actions.set_enabled("file.export.", True)
            self._actions[LOAD.name].setEnabled(True)

    # -- in -------------------------------------------------------------------------------

    @Slot()
    def _on_load(self) -> None:
        dialog = QFileDialog(
            self._window, "Load weights", "", "Weights (*.safetensors *.pt *.pth)"
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def open(self, path: str) -> None:
        """Ask the worker what the network wants, read in a thread, then show the table."""
        if self._bridge is None or self._bridge.look is None:
            self._notices.tell(
                "warning", "Weights need a network: open a preset or an experiment first."
            )
            return
        self._asked = Path(path)
        self._bridge.submit(COMPARE, _wanted)

    @Slot(str, object)
    def _on_partial(self, channel: str, wanted: Any) -> None:
        if channel == COMPARE and self._asked is not None:
            work = partial(_planned, wanted, self._asked)
            self._files.errand(work, self._on_planned, f"Reading {self._asked.name}...").start()
            self._asked = None

    @Slot(object)
    def _on_planned(self, found: tuple[Path, Loaded]) -> None:
        table = WeightsTable(found[0].name, found[1], self._window)
        table.accepted.connect(self._on_accepted)
        table.open()

    @Slot()
    def _on_accepted(self) -> None:
        table = self.sender()
        if not isinstance(table, WeightsTable) or self._bridge is None:
            return
        if self._bridge.look is not None:
            self._taken = table.file, self._bridge.look.branch
        self._bridge.load_weights(table.loaded.tensors, table.file)

    # -- out ------------------------------------------------------------------------------

    @Slot(object)
    def _on_export(self, action: QAction) -> None:
        chosen = action.data()
        dialog = self._save_dialog(chosen.title, f"*{chosen.suffix}", chosen.suffix)
        dialog.setProperty("format", chosen.name)
        dialog.fileSelected.connect(self._on_export_file)
        dialog.open()

    def _save_dialog(self, title: str, pattern: str, suffix: str) -> QFileDialog:
        dialog = QFileDialog(self._window, f"Export: {title}", "", f"{title} ({pattern})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix.lstrip("."))
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    @Slot(str)
    def _on_export_file(self, path: str) -> None:
        file = Path(path)  # the dialog has asked already whether it may be replaced
        self.export(str(self.sender().property("format")), file, overwrite=file.exists())

    def export(self, name: str, path: Path, *, overwrite: bool = False) -> None:
        """Write the run as it is at the cursor, beside whatever goes on."""
        from lab.engine.export_job import exporting

        if self._bridge is not None:
            self._notices.show_progress(None, f"Writing {path.name}...")
            job = partial(exporting, name, path, overwrite)
            self._exports[self._bridge.submit(f"{EXPORT} {path}", job)] = path

    @Slot()
    def _on_picture(self) -> None:
        dialog = self._save_dialog("Picture", "*.png", ".png")
        dialog.fileSelected.connect(self.export_picture)
        dialog.open()

    @Slot(str)
    def export_picture(self, path: str) -> None:
        """Write the window as a PNG; the dialog has asked whether a file may be replaced."""
        from lab.files.errors import FileError
        from lab.shell.pictures import write_picture

        try:
            write_picture(self._window.window(), Path(path), overwrite=Path(path).exists())
        except FileError as error:
            self._notices.tell("error", str(error))
        else:
            self._status.tell(f"Wrote {Path(path).name}.")

    @Slot(str)
    def _on_written(self, path: str) -> None:
        self._status.tell(f"Wrote {Path(path).name}.")

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.number not in self._exports or not event.is_last:
            return
        path = self._exports.pop(event.number)
        if not self._exports:
            self._notices.hide_progress()
        if event.status.name == "FINISHED":
            self._status.tell(f"Wrote {path.name}.")
        elif event.status.name == "CANCELLED":
            why = "another run or file took its place"
            self._notices.tell(
                "warning", f"{path.name} was not written: {why}. Export it anew."
            )


def _wanted(run: Run) -> Generator[object, None, None]:
    """Tell shapes and type of the network at the cursor; a job of the worker."""
    from lab.engine.networks import parameter_shapes

    yield parameter_shapes(run.bench.network), run.experiment.precision


def _planned(
    wanted: tuple[Mapping[str, tuple[int, ...]], str], file: Path
) -> tuple[Path, Loaded]:
    """Read weights and compare them with what is wanted; runs in a thread."""
    from lab.engine.load_weights import plan

    shapes, precision = wanted
    return file, plan(shapes, file, precision)
