"""The dialog that asks how large, in which format and where."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QDir, QObject, QStandardPaths, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lab.files.errors import SaveError
from lab.ui import figures, theme
from lab.ui.controls import Banner, FieldColumn, IntField, Segmented

_BIG_PIXELS = 8_000_000
_PIXELS_A_SECOND = 12_000_000  # 20,000 px wide took 16 s on the reference machine


class Exports(QObject):
    """Tells of every file that a dialog has written: its path."""

    written = Signal(str)


exports = Exports()


class ExportDialog(QDialog):
    """Format, size, file; asks before it replaces anything, says in place what went wrong."""

    exported = Signal(str)

    def __init__(self, widget: QWidget, *, numbers: bool = False) -> None:
        super().__init__(widget)
        self._widget, self._numbers = widget, numbers
        self._may_replace = ""
        self.setWindowTitle("Export numbers" if numbers else "Export picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        formats = figures.NUMBERS if numbers else figures.PICTURES
        self._format = Segmented([f.upper() for f in formats], "Format")
        self._width = IntField("Width", max(widget.width(), 16), least=16, greatest=8192)
        self._scale = Segmented(["1", "2", "3", "4"], "Scale", current="2")
        self._file = QLineEdit(str(_folder() / f"plot.{formats[0]}"))
        self._file.setAccessibleName("File")
        self._browse = QPushButton("Browse...")
        self._estimate = QLabel()
        self._estimate.setProperty("role", "secondary")
        self._banner = Banner("error", "", None, self)
        self._save, self._cancel = QPushButton("Export"), QPushButton("Cancel")
        self._arrange()
        self._connect()
        self._on_size_changed()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setSpacing(theme.GROUP_GAP)
        fields = FieldColumn(220)
        fields.add_field("Format", self._format)
        if not self._numbers:
            self._width.set_suffix("px")
            fields.add_field("Width", self._width, "Width in which the plot is laid out")
            fields.add_field("Scale", self._scale, "Pixels for each of these; text grows too")
        column.addWidget(fields)
        column.addLayout(_row(self._file, self._browse, stretch_first=True))
        column.addWidget(self._estimate)
        column.addWidget(self._banner)
        column.addStretch(1)
        column.addLayout(_row(self._cancel, self._save))
        self._banner.hide()
        self._save.setProperty("role", "primary")
        self._save.setDefault(True)
        self.setMinimumWidth(420)

    def _connect(self) -> None:
        self._format.chosen.connect(self._on_format_chosen)
        self._width.edited.connect(self._on_size_changed)
        self._scale.chosen.connect(self._on_size_changed)
        self._browse.clicked.connect(self._on_browse)
        self._cancel.clicked.connect(self.reject)
        self._save.clicked.connect(self._on_save)
        self._banner.acted.connect(self._on_replace)

    def set_path(self, path: str | Path) -> None:
        """Name the file, as if typed."""
        self._file.setText(str(path))

    def message(self) -> str:
        """What the dialog says went wrong; empty where nothing did."""
        return self._banner.text() if not self._banner.isHidden() else ""

    @Slot(str)
    def _on_format_chosen(self, name: str) -> None:
        path = Path(self._file.text())
        if path.name:
            self._file.setText(str(path.with_suffix(f".{name.lower()}")))
        self._scale.setEnabled(name == "PNG")
        self._on_size_changed()

    @Slot()
    def _on_size_changed(self, _value: object = None) -> None:
        if self._numbers or self._format.current() != "PNG":
            self._estimate.setText("")
            return
        scale = int(self._scale.current())
        width = self._width.value() * scale
        height = round(width * self._widget.height() / max(self._widget.width(), 1))
        words = f"{width:,} × {height:,} pixels"
        if width * height > _BIG_PIXELS:
            words += f", {width * height * 4 / 2**20:,.0f} MB of memory"
            words += f", about {max(1, width * height // _PIXELS_A_SECOND)} s"
        self._estimate.setText(words)

    @Slot()
    def _on_browse(self) -> None:
        kind = self._format.current().lower()
        option = QFileDialog.Option.DontConfirmOverwrite  # asked here, once
        name, _kind = QFileDialog.getSaveFileName(
            self, self.windowTitle(), self._file.text(), f"*.{kind}", "", option
        )
        if name:
            self._file.setText(name)

    @Slot()
    def _on_save(self) -> None:
        try:
            written = self._write(self._file.text() == self._may_replace)
        except SaveError as error:
            self._tell(error)
        else:
            self.exported.emit(str(written))
            exports.written.emit(str(written))
            self.accept()

    def _write(self, overwrite: bool) -> Path:
        path = self._file.text().strip()
        if self._numbers:
            assert isinstance(self._widget, figures.HasNumbers)
            return figures.export_numbers(self._widget, path, overwrite=overwrite)
        return figures.export_picture(
            self._widget,
            path,
            width_px=self._width.value(),
            scale=int(self._scale.current()),
            overwrite=overwrite,
        )

    def _tell(self, error: SaveError) -> None:
        is_there = Path(self._file.text().strip()).is_file()
        self._banner.show_message("error", str(error), "Replace it" if is_there else None)
        self._banner.show()
        column = self.layout()
        if column is not None:  # the message takes as many lines as it needs
            column.activate()
            wanted = column.totalHeightForWidth(self.width())
            self.resize(self.width(), max(self.height(), wanted))

    @Slot()
    def _on_replace(self) -> None:
        self._may_replace = self._file.text()
        self._on_save()


def export_dialog(widget: QWidget, *, numbers: bool = False) -> ExportDialog:
    """Open the dialog for a plot or another widget; the window stays alive behind it."""
    dialog = ExportDialog(widget, numbers=numbers)
    dialog.open()
    return dialog


def _folder() -> Path:
    pictures = QStandardPaths.StandardLocation.PicturesLocation
    folder = QStandardPaths.writableLocation(pictures)
    return Path(folder if folder and Path(folder).is_dir() else QDir.homePath())


def _row(*widgets: QWidget, stretch_first: bool = False) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(theme.GAP)
    if not stretch_first:
        row.addStretch(1)
    for place, widget in enumerate(widgets):
        row.addWidget(widget, 1 if stretch_first and place == 0 else 0)
    return row
