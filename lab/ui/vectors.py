"""SVG of a widget, and PDF of that SVG.

A plot goes through pyqtgraph's exporter (``scene.render`` into SVG misplaces layers), any other
widget through Qt's generator; svglib and reportlab turn either into PDF, with DejaVu Sans
embedded, as Helvetica has no σ and no subscripts.
"""

from __future__ import annotations

import io
import logging
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QPoint
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgGenerator

from lab.files.errors import SaveError
from lab.ui import theme
from lab.ui.plots import Plot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

PDF_FONT = "DejaVu Sans"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def svg_of(widget: QWidget, target: Path) -> bytes:
    """The widget as SVG, in its present size.

    Raises
    ------
    SaveError
        If the exporter fails, as pyqtgraph's does on some versions of Qt.
    """
    try:
        text = _plot_svg(widget) if isinstance(widget, Plot) else _widget_svg(widget)
    except Exception as error:
        words = f"the SVG could not be made ({type(error).__name__})"
        raise SaveError(target, words, None, "Export a PNG instead") from error
    return _NOT_XML.sub("", text).encode()


def _plot_svg(plot: Plot) -> str:
    from pyqtgraph.exporters import SVGExporter

    exporter = SVGExporter(plot.view.scene())
    exporter.params["background"] = theme.colour("base")
    return bytes(exporter.export(toBytes=True)).decode()


def _widget_svg(widget: QWidget) -> str:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(widget.size())
    generator.setViewBox(widget.rect())
    painter = QPainter(generator)
    painter.fillRect(widget.rect(), theme.colour("base"))
    widget.render(painter, QPoint())
    painter.end()
    return bytes(buffer.data().data()).decode()


def pdf_of(svg: bytes, target: Path) -> bytes:
    """The SVG as a PDF of the same size, its text in DejaVu Sans.

    Raises
    ------
    SaveError
        If svglib cannot read it.
    """
    from reportlab.graphics import renderPDF
    from svglib.svglib import svg2rlg

    _register_font()
    renamed = re.sub(rb'font-family="[^"]*"', f'font-family="{PDF_FONT}"'.encode(), svg)
    logging.getLogger("svglib").setLevel(logging.ERROR)
    drawing = svg2rlg(io.BytesIO(renamed))
    if drawing is None:
        raise SaveError(target, "the PDF could not be made", None, "Export an SVG instead")
    return bytes(renderPDF.drawToString(drawing))


@cache
def _register_font() -> None:
    from svglib.fonts import register_font

    spec = find_spec("ziafont")
    if spec is None or spec.origin is None:
        return
    file = Path(spec.origin).parent / "fonts" / "DejaVuSans.ttf"
    for weight in ("normal", "bold", "600"):
        register_font(PDF_FONT, str(file), weight)
