"""The File menu: what to begin with, files to open, and where a run is written down."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from lab.presets import PRESETS
from lab.shell import drops
from lab.shell.actions import Actions, ActionSpec
from lab.shell.errands import Errand
from lab.shell.file_specs import OPEN_FILTER, SPECS
from lab.shell.saving import Saver

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QAction

    from lab.engine.news import Event
    from lab.engine.records import Record
    from lab.shell.notices import Notices
    from lab.shell.settings import Settings
    from lab.shell.status import StatusLine
    from lab.ui.bridge import EngineBridge


class FileCommands(QObject):
    """Actions of the File menu. Files are read in threads; the window never waits for a disk.

    ``loading`` tells that a run was asked for, in words.
    """

    start_page_wanted = Signal()
    loading = Signal(str)
    weights_wanted = Signal(str)

    def __init__(
        self,
        actions: Actions,
        settings: Settings,
        notices: Notices,
        status: StatusLine,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._actions, self._settings = actions, settings
        self._notices, self._status, self._window = notices, status, parent
        self._bridge: EngineBridge | None = None
        self._wish = 0
        self._saver = Saver(settings, status, self)
        self._plays_when_loaded = False
        self._add_actions()

    def _add_actions(self) -> None:
        slots = (
            self._on_new,
            self.ask_to_open,
            self._on_open_folder,
            self._on_save,
            self._window.close,
        )
        for spec, slot in zip(SPECS, slots, strict=True):
            self._actions.add(spec, slot)
        choices = (
            (ActionSpec(f"file.preset.{p.name}", p.title, "File/Preset", p.summary), p.name)
            for p in PRESETS.values()
        )
        self._actions.add_choices(choices, self._on_preset)
        self._actions.set_enabled("file.", False)
        self._actions["file.quit"].setEnabled(True)

    def attach(self, bridge: EngineBridge) -> None:
        """Runs begin on this engine."""
        self._bridge = bridge
        self._actions.set_enabled("file.", True)
        self._actions["file.save"].setEnabled(False)
        self._saver.attach(bridge)
        bridge.stood.connect(self._on_looked)
        bridge.happened.connect(self._on_happened)

    @Slot(object)
    def _on_looked(self, _look: object) -> None:
        if not self._actions["file.save"].isEnabled():
            self._actions["file.save"].setEnabled(True)

    # -- beginning ------------------------------------------------------------------------

    @Slot()
    def _on_new(self) -> None:
        self.start_page_wanted.emit()

    @Slot(object)
    def _on_preset(self, action: QAction) -> None:
        self.open_preset(action.data())

    @Slot(str)
    def open_preset(self, name: str, *, play: bool = True) -> None:
        """Begin a ready experiment, and play it."""
        from lab import presets

        if self._bridge is None:
            return
        experiment = presets.load(name)
        self._begin(experiment.title, play)
        self._bridge.load(experiment)

    def open_record(self, record: Record, title: str, *, play: bool = False) -> None:
        """Begin a run that was written down, with the edits made then."""
        if self._bridge is None:
            return
        self._begin(title, play)
        self._bridge.load(record.experiment, record.edits)

    def _begin(self, title: str, play: bool) -> None:
        assert self._bridge is not None
        self._plays_when_loaded = play
        self._wish += 1  # what an errand reads from now on is no longer wanted
        self._bridge.undo_stack.clear()
        engine = "" if self._bridge.look else "Loading the engine. "
        self.loading.emit(f"{engine}Preparing \u201c{title}\u201d...")

    # -- opening files --------------------------------------------------------------------

    @Slot()
    def ask_to_open(self) -> None:
        """Let the person choose a file."""
        dialog = self._dialog("Open", OPEN_FILTER)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.open_path)
        dialog.open()

    @Slot()
    def _on_open_folder(self) -> None:
        dialog = self._dialog("Open a folder of images", "")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.open_folder)
        dialog.open()

    def _dialog(self, title: str, name_filter: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, "", name_filter)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    @Slot(str)
    def open_path(self, path: str) -> None:
        """Open a file by what its name says it is."""
        kind = drops.kind_of(Path(path))
        if kind is None:
            self._notices.tell("warning", drops.refusal([path]))
        else:
            self._open(Path(path), kind)

    @Slot(str)
    def open_folder(self, path: str) -> None:
        """Open a folder of images, one folder a class."""
        self._open(Path(path), "images")

    def drop(self, paths: Sequence[str]) -> None:
        """Open the first of some files that can be opened, and say which were not."""
        drop = drops.chosen(paths)
        if drop is None:
            self._notices.tell("warning", drops.refusal(paths))
            return
        self._open(drop.path, drop.kind)
        self._status.tell(drop.others)

    def _open(self, path: Path, kind: str) -> None:
        if self._bridge is None:
            return
        if kind == "weights":
            self.weights_wanted.emit(str(path))
            return
        self._wish += 1
        work = partial(_read, path, kind, self._wish)
        errand = self.errand(work, self._on_read, f"Reading {path.name}...")
        errand.start()

    def errand(
        self, work: Callable[[], object], done: Callable[..., object], words: str
    ) -> Errand:
        """Return work for a thread, announced by ``words``; what fails is told."""
        errand = Errand(work, self)
        errand.done.connect(self._on_errand_done)
        errand.failed.connect(self._on_errand_failed)
        errand.done.connect(done)
        self._notices.show_progress(None, words)
        return errand

    @Slot(object)
    def _on_errand_done(self, _value: object) -> None:
        self._notices.hide_progress()

    @Slot(str)
    def _on_errand_failed(self, words: str) -> None:
        self._notices.hide_progress()
        self._notices.tell("warning", words)

    @Slot(object)
    def _on_read(self, found: tuple[int, Path, Record]) -> None:
        wish, path, record = found
        if wish == self._wish:  # the person has not asked for something else meanwhile
            self._settings.opened(str(path))
            self.open_record(record, path.name)

    # -- saving ---------------------------------------------------------------------------

    @Slot()
    def _on_save(self) -> None:
        dialog = self._dialog("Save experiment", "Experiments (*.toml)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("toml")
        dialog.selectFile(f"{self._saver.title()}.toml")
        dialog.fileSelected.connect(self.save)
        dialog.open()

    @Slot(str)
    def save(self, path: str) -> None:
        """Write the run down; the dialog has asked already whether a file may be replaced."""
        self._saver.save(path)

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        status = type(event.status)
        if event.channel == "run" and event.status in (
            status.LOADED,
            status.REFUSED,
            status.FAILED,
        ):
            plays, self._plays_when_loaded = self._plays_when_loaded, False
            if plays and event.status is status.LOADED and self._bridge:
                self._bridge.play()


def _read(path: Path, kind: str, wish: int) -> tuple[int, Path, Record]:
    """Read what a file holds; runs in a thread."""
    from lab.engine.records import Record, read_record
    from lab.shell.proposals import proposed

    if kind == "experiment":
        return wish, path, read_record(path)
    return wish, path, Record(proposed(path, kind))
