"""Networks from files, read beside the training; code runs only once a person said so."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QVBoxLayout,
)

from lab.engine.kinds import ExperimentError
from lab.engine.news import Status
from lab.files.errors import LoadError
from lab.ui import theme
from lab.ui.choices import Choice
from lab.ui.drafts import edit_network
from lab.ui.finding import finding, known_draft
from lab.ui.undo import begin_from

if TYPE_CHECKING:
    from collections.abc import Generator

    from PySide6.QtWidgets import QWidget

    from lab.engine.foreign import Listing
    from lab.engine.foreign_building import Asked
    from lab.engine.imports import Opened
    from lab.engine.news import Event
    from lab.engine.run import Run
    from lab.ui.bridge import EngineBridge

CHANNEL = "open network"
PATTERN = "Networks (*.safetensors *.py)"
NO_RUN = (
    "there is no run yet that it could take the place of; load data first, and open it again."
)


class Read(NamedTuple):
    """A file, and what came of it: another may have been asked for in the meantime."""

    file: Path
    opened: Opened


class Opening(QObject):
    """Opens a file as the network; ``told`` says what came of it, ``failed`` why not."""

    told = Signal(str)
    failed = Signal(str)

    def __init__(self, bridge: EngineBridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.dialog: CodeDialog | None = None
        bridge.partial.connect(self._on_partial)
        bridge.happened.connect(self._on_happened)

    @property
    def _widget(self) -> QWidget:
        """The view: its parent, of which a reference of one's own would be a cycle."""
        return cast("QWidget", self.parent())

    @Slot()
    def ask(self) -> None:
        """Ask for a file."""
        dialog = QFileDialog(self._widget, "Open a network", "", PATTERN)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(self.open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def open(self, path: str) -> None:
        """Open a file: weights with their description, or a module after a warning."""
        file = Path(path)
        if file.suffix.lower() == ".py":
            self._ask_for_class(file)
        else:
            self._bridge.submit(CHANNEL, partial(_reading, file))

    def _ask_for_class(self, file: Path) -> None:
        from lab.engine.foreign import modules_in

        try:
            listing = modules_in(file)
        except LoadError as error:
            self.failed.emit(str(error))
            return
        if not listing.found:
            self.failed.emit(f"{file.name} defines no class of torch.nn.Module.")
            return
        if self.dialog is not None:
            self.dialog.reject()
        self.dialog = CodeDialog(file, listing, self._widget)
        self.dialog.accepted.connect(self._on_code_accepted)
        self.dialog.finished.connect(self._on_dialog_finished)
        self.dialog.open()

    @Slot()
    def _on_code_accepted(self) -> None:
        from lab.engine.foreign import allow

        dialog, look = self.dialog, self._bridge.look
        if dialog is None:
            return
        if look is None:
            self.failed.emit(f"{dialog.file.name}: {NO_RUN}")
            return
        try:
            allow(dialog.file, dialog.digest)
        except LoadError as error:
            self.failed.emit(str(error))
            return
        ends = look.data.shape, look.data.encoding.outputs, look.settings.seed
        asked = dialog.file, dialog.name(), dialog.arguments()
        self._bridge.submit(CHANNEL, partial(_running, *asked, *ends))

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    @Slot(str, object)
    def _on_partial(self, channel: str, found: Any) -> None:
        if channel != CHANNEL:
            return
        read: Read = found
        look, name, opened = self._bridge.look, read.file.name, read.opened
        if look is None:
            self.failed.emit(f"{name}: {NO_RUN}")
            return
        try:
            draft, missing = known_draft(look.settings, look.data, opened.layers)
            if missing:
                self._bridge.submit(CHANNEL, partial(_knowing, missing, read))
                return
            if draft.is_sound:
                begin_from(self._bridge, opened.layers, opened.tensors, name)
            else:
                edit_network(self._bridge, opened.layers, f"open {name}")
        except ExperimentError as error:
            self.failed.emit(str(error))
        else:
            self.told.emit(f"{name}: {opened.words}")

    @Slot(object)
    def _on_happened(self, event: Event) -> None:
        if event.channel == CHANNEL and event.status in (Status.FAILED, Status.REFUSED):
            self.failed.emit(event.text)


def _reading(path: Path, run: Run) -> Generator[object, None, object]:
    """Read a file in a thread of its own."""
    from lab.engine.imports import opened

    return _aside(path, partial(opened, path))


def _running(
    path: Path,
    name: str,
    arguments: str,
    shape: tuple[int, ...],
    outputs: int,
    seed: int,
    run: Run,
) -> Generator[object, None, object]:
    """Build a module of a file that was allowed, in a thread of its own."""
    from lab.engine.imports import opened_module

    return _aside(path, partial(opened_module, path, name, arguments, shape, outputs, seed))


def _knowing(
    missing: tuple[Asked, ...], read: Read, run: Run
) -> Generator[object, None, object]:
    """Find what its modules make of the data there are now, and come back with it."""
    yield from finding(missing, run)
    yield read
    return None


def _aside(path: Path, work: partial[Opened]) -> Generator[object, None, object]:
    from lab.engine.jobs import aside

    waiting = aside(work)
    yield waiting
    try:
        found = waiting.result()
    except LoadError as error:
        raise ExperimentError(str(error)) from None
    yield Read(path, found)
    return None


class CodeDialog(QDialog):
    """Asks which module of a file is meant, and says that opening it runs the file's code.

    ``file`` and ``digest`` say which bytes it speaks of.
    """

    def __init__(self, file: Path, listing: Listing, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open a module")
        self.file, self.digest = file, listing.digest
        self._found = {one.name: one for one in listing.found}
        self.module = Choice(list(self._found), "Module")
        self.keywords = QLineEdit()
        self.keywords.setAccessibleName("Arguments")
        self.keywords.setPlaceholderText("such as width=16, bias=True")
        self._takes = QLabel()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.run = buttons.addButton("Run its code", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setSpacing(theme.GAP)
        column.addWidget(_warning(file))
        for part in (QLabel("Module"), self.module, self._takes, self.keywords, buttons):
            column.addWidget(part)
        self._takes.setTextFormat(Qt.TextFormat.PlainText)
        self._takes.setWordWrap(True)
        self.module.chosen.connect(self._on_module_chosen)
        self._on_module_chosen(self.module.current())
        self.setMinimumWidth(420)

    def name(self) -> str:
        """The class that was chosen."""
        return self.module.current()

    def arguments(self) -> str:
        """What its constructor is to get."""
        return self.keywords.text().strip()

    @Slot(str)
    def _on_module_chosen(self, name: str) -> None:
        one = self._found[name]
        takes = f"It takes: {one.arguments}." if one.arguments else "It takes no arguments."
        self._takes.setText(f"{one.summary}\n{takes}".strip())


def _warning(file: Path) -> QLabel:
    words = QLabel(
        f"This runs the Python code of {file.name}, which may do anything that you may do on "
        "this computer. Go on only if you trust where it comes from."
    )
    words.setTextFormat(Qt.TextFormat.PlainText)
    words.setWordWrap(True)
    return words
