"""A widget as the pixels of a PNG, in any size, without the screen noticing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QCoreApplication, QEvent, QIODevice, QPoint, QSize
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def resized(widget: QWidget, size: QSize) -> Generator[None, None, None]:
    """Lay a widget out in another size for a moment; nothing of it is seen on the screen.

    The screen is painted by events, and none is handled meanwhile. The widget is painted once
    into nothing, as axes learn only then how wide their numbers are.
    """
    old = widget.size()
    try:
        widget.resize(size.expandedTo(widget.minimumSize()))
        widget.grab()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        yield
    finally:
        widget.resize(old)


def png_of(widget: QWidget, size: QSize, scale: int) -> bytes:
    """The widget painted through a scaled painter, as the bytes of a PNG.

    A width below what the widget needs is drawn larger and scaled down as a whole.
    """
    image = QImage(size * scale, QImage.Format.Format_RGB32)
    image.fill(theme.colour("base"))
    with resized(widget, size):
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.scale(image.width() / widget.width(), image.height() / widget.height())
        flags = QWidget.RenderFlag.DrawChildren | QWidget.RenderFlag.DrawWindowBackground
        widget.render(painter, QPoint(), QRegion(widget.rect()), flags)
        painter.end()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub wants bytes
    return bytes(buffer.data().data())
