"""Pictures and numbers out of the program: PNG, SVG, PDF, CSV, NPZ.

Each file is built in memory, written whole or not at all, and read back before it takes its
name. Why not pyqtgraph's ImageExporter: at high resolution it leaves the text of legends and
the pens unscaled; the widget painted through a scaled painter has neither fault.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from PySide6.QtCore import QSize
from PySide6.QtGui import QImage

from lab.files.atomic import atomic_write
from lab.files.errors import SaveError
from lab.ui.rasters import png_of, resized
from lab.ui.vectors import pdf_of, svg_of

if TYPE_CHECKING:
    import numpy as np
    from PySide6.QtWidgets import QWidget

PictureFormat = Literal["png", "svg", "pdf"]
NumberFormat = Literal["csv", "npz"]
PICTURES = ("png", "svg", "pdf")
NUMBERS = ("csv", "npz")

LEAST_WIDTH, GREATEST_WIDTH = 16, 8192
MOST_PIXELS = 64_000_000
SCALES = (1, 2, 3, 4)


@runtime_checkable
class HasNumbers(Protocol):
    """Whatever can say what numbers are behind it: a plot, or a panel's own widget."""

    def numbers(self) -> dict[str, np.ndarray[Any, Any]]:
        """All arrays by name."""


def export_picture(
    widget: QWidget,
    path: str | Path,
    *,
    width_px: int | None = None,
    scale: int = 1,
    overwrite: bool = False,
) -> Path:
    """Write a plot, or any other widget, as a picture; the suffix says in which format.

    Parameters
    ----------
    path : str or path
        ``.png``, ``.svg`` or ``.pdf``; without a suffix ``.png`` is added.
    width_px : int, optional
        Width 16 to 8192 in which the widget is laid out (as it stands, if left out); the height
        keeps its proportion.
    scale : int
        Pixels of a PNG for each of these, 1 to 4: everything is larger, text too.
    overwrite : bool
        Whether a file of that name may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    SaveError
        One sentence: unknown suffix, bad size, no folder, file there already, disk full.
    """
    target = with_suffix(path, PICTURES)
    size = picture_size(target, widget, width_px, scale)
    kind = target.suffix[1:].lower()
    if kind == "png":
        data = png_of(widget, size, scale)
        return _written(target, data, overwrite, kind, size * scale)
    with resized(widget, size):
        svg = svg_of(widget, target)
    return _written(
        target, svg if kind == "svg" else pdf_of(svg, target), overwrite, kind, size
    )


def export_numbers(plot: HasNumbers, path: str | Path, *, overwrite: bool = False) -> Path:
    """Write the numbers behind a plot; the suffix says in which format.

    A CSV has one column an array; a colour map becomes three columns, one row a cell. An NPZ
    holds the arrays as they are.

    Raises
    ------
    SaveError
        One sentence: unknown suffix, nothing drawn, no such folder, file there already.
    """
    from lab.files.numbers import write_csv, write_npz

    target = with_suffix(path, NUMBERS)
    arrays = plot.numbers()
    if not arrays:
        raise SaveError(
            target, "nothing is drawn yet, so there are no numbers", None, "Play first"
        )
    if target.suffix.lower() == ".npz":
        write_npz(target, arrays, overwrite=overwrite)
    else:
        write_csv(target, columns_of(arrays), overwrite=overwrite)
    return target


def columns_of(arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays as columns: a map cell by cell, with its two coordinates beside it."""
    return {name: _along_cells(name, array, arrays) for name, array in arrays.items()}


def _along_cells(
    name: str, array: np.ndarray[Any, Any], arrays: dict[str, np.ndarray[Any, Any]]
) -> np.ndarray[Any, Any]:
    """A map row by row; its columns' and rows' centres repeated to stand beside each cell."""
    import numpy as np

    if array.ndim == 2:
        return array.ravel()
    for owner, cells in arrays.items():
        if cells.ndim == 2 and name.startswith(f"{owner}: "):
            first = next(n for n in arrays if n.startswith(f"{owner}: "))
            height, width = cells.shape
            return np.tile(array, height) if name == first else np.repeat(array, width)
    return array


def with_suffix(path: str | Path, known: tuple[str, ...]) -> Path:
    """The path with a suffix that is known; the first is added where there is none.

    Raises
    ------
    SaveError
        If it has another suffix, or no name.
    """
    target = Path(path)
    if not target.name or "\0" in str(path):
        raise SaveError(str(path) or "picture", "the file has no name", None, "Give it one")
    if not target.suffix:
        return target.with_name(f"{target.name}.{known[0]}")
    if target.suffix[1:].lower() not in known:
        offer = ", ".join(f".{k}" for k in known)
        raise SaveError(target, f"{target.suffix} is not a format here", None, f"Use {offer}")
    return target


def picture_size(target: Path, widget: QWidget, width_px: int | None, scale: int) -> QSize:
    """The size in which a widget is laid out for export.

    Raises
    ------
    SaveError
        If the width or the scale is out of range, or the picture above 64 megapixels.
    """
    now = _size_now(widget)
    width = now.width() if width_px is None else width_px
    if not isinstance(width, int) or not LEAST_WIDTH <= width <= GREATEST_WIDTH:
        wanted = f"from {LEAST_WIDTH} to {GREATEST_WIDTH:,} pixels"
        raise SaveError(
            target, f"the width {width} cannot be drawn", None, f"Choose one {wanted}"
        )
    if scale not in SCALES:
        raise SaveError(
            target, f"the scale {scale} cannot be drawn", None, "Choose 1, 2, 3 or 4"
        )
    size = QSize(width, max(1, round(width * now.height() / now.width())))
    pixels = size.width() * size.height() * scale**2
    if pixels > MOST_PIXELS:
        what = f"{pixels / 1e6:.0f} megapixels are more than {MOST_PIXELS // 10**6}"
        raise SaveError(target, what, None, "Choose a smaller width or scale")
    return size


def _size_now(widget: QWidget) -> QSize:
    size = widget.size()
    return size if size.width() > 0 and size.height() > 0 else QSize(640, 400)


def _written(target: Path, data: bytes, overwrite: bool, kind: str, size: QSize) -> Path:
    def verify(written: Path) -> None:
        _verify(written.read_bytes(), kind, size, target)

    return atomic_write(
        target,
        lambda stream: _write_all(stream, data),
        overwrite=overwrite,
        verify=verify,
        need=len(data),
    )


def _write_all(stream: Any, data: bytes) -> None:
    stream.write(data)


def _verify(data: bytes, kind: str, size: QSize, target: Path) -> None:
    """Read back: a PNG decodes at its size, an SVG parses, a PDF has beginning and end."""
    if kind == "png":
        is_whole = QImage.fromData(data).size() == size
    elif kind == "svg":
        is_whole = _parses(data)
    else:
        is_whole = data.startswith(b"%PDF") and data.rstrip().endswith(b"%%EOF")
    if not is_whole:
        raise SaveError(
            target, "the picture could not be read back", None, "Try another format"
        )


def _parses(data: bytes) -> bool:
    from xml.etree import ElementTree

    try:
        return ElementTree.fromstring(data).tag.endswith("svg")
    except ElementTree.ParseError:
        return False


__all__ = ["HasNumbers", "export_numbers", "export_picture"]
