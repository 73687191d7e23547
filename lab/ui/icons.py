"""Icons: small SVG files of our own, in the colours of the theme.

Why not qtawesome: its import and first icon took 290 to 540 ms, a QSvgRenderer with a file of
ours 26 to 33 ms (same machine, same run); the first window is to be painted within three times
the 170 ms of a bare one.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lab import resources
from lab.ui import theme

_SIDES = (16, 20, 24, 32, 48)


def names() -> tuple[str, ...]:
    """The icons there are."""
    parts = ("-light", "-dark")
    return tuple(
        sorted(
            f.stem for f in resources.path("icons").glob("*.svg") if not f.stem.endswith(parts)
        )
    )


def icon(name: str, role: str = "secondary") -> QIcon:
    """An icon in one of the palette's colours (``text``, ``secondary``, ``on_accent``, ...).

    It keeps the colours of this moment: ask again when ``theme.changed`` is told.

    Raises
    ------
    ValueError
        If there is no such icon.
    """
    return _icon(name, getattr(theme.current(), role))


@cache
def _icon(name: str, colour: str) -> QIcon:
    made = QIcon()
    for side in _SIDES:
        made.addPixmap(pixmap(name, colour, side))
    return made


def pixmap(name: str, colour: str, side: int) -> QPixmap:
    """The icon drawn as a square of ``side`` device pixels in a colour ``#RRGGBB``."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    drawn = QPixmap(side, side)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    return drawn


@cache
def _source(name: str) -> str:
    file = resources.path("icons") / f"{name}.svg"
    if not file.is_file():
        raise ValueError(f"name: wanted one of {', '.join(names())}; got {name!r}")
    return file.read_text(encoding="utf-8")
