"""A widget as a PNG file: drawn at a scale, written whole or not at all, read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint
from PySide6.QtGui import QImage, QPixmap

from lab.files.atomic import write_bytes
from lab.files.errors import SaveError

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QWidget

SCALE = 2.0
MOST_PIXELS = 64_000_000


def picture(widget: QWidget, scale: float = SCALE) -> QImage:
    """Draw a widget with ``scale`` pixels to each of its own (64 million at most)."""
    size = widget.size() * scale
    if size.width() * size.height() > MOST_PIXELS:
        scale = (MOST_PIXELS / (widget.width() * widget.height())) ** 0.5
        size = widget.size() * scale
    drawn = QPixmap(size)
    drawn.setDevicePixelRatio(scale)
    widget.render(drawn, QPoint(0, 0))
    return drawn.toImage()


def write_picture(
    widget: QWidget, path: Path, *, scale: float = SCALE, overwrite: bool = False
) -> Path:
    """Write a widget as a PNG.

    Raises
    ------
    SaveError
        If it cannot be written; an old file is untouched then.
    """
    image = picture(widget, scale)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if image.isNull() or not image.save(buffer, "PNG"):  # type: ignore[call-overload] # stubs lack it
        raise SaveError(path, "not saved, the picture could not be drawn", None, "Try smaller")
    data = bytes(buffer.data().data())
    if QImage.fromData(data).size() != image.size():
        raise SaveError(path, "not saved, the picture could not be read back", None, "Retry")
    return write_bytes(path, data, overwrite=overwrite)


def write_plots(
    panel: QWidget, folder: Path, name: str, *, overwrite: bool = False
) -> list[Path]:
    """Write every plot of a panel as PNG, and its numbers as CSV, as ``loss-1.png`` and so on.

    Plots that draw nothing, or that no one can see, are left out.
    """
    from lab.ui.figures import export_numbers, export_picture
    from lab.ui.plots import Plot

    written: list[Path] = []
    drawn = [p for p in panel.findChildren(Plot) if p.isVisibleTo(panel) and p.numbers()]
    for number, plot in enumerate(drawn, start=1):
        stem = folder / f"{name}-{number}"
        written.append(export_picture(plot, stem.with_suffix(".png"), overwrite=overwrite))
        written.append(export_numbers(plot, stem.with_suffix(".csv"), overwrite=overwrite))
    return written
