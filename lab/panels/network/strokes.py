"""Painting the weights: curves in the signed map, wider where they are stronger.

Curves are made once for a set of weights, in the lengths of the layout, and stroked with pens
that do not zoom: looking from elsewhere costs no more than the stroking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QTransform

from lab.panels.network.edges import strongest
from lab.ui import theme
from lab.ui.colours import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt
    from PySide6.QtGui import QPainter

    from lab.panels.network.camera import Camera
    from lab.panels.network.edges import Fan

    Floats = npt.NDArray[np.float64]

THINNEST, WIDEST = 0.7, 4.2
SHADES = 24
MOST_WIDE = 80
"""Curves stroked one by one: Qt is slow at wide ones, and strokes hairlines all at once."""
FAINT = 0.25
FAINT_KEY = 1000
STRENGTH, FAINTLY = 4, 5
"""Columns of an array of curves, behind their ends."""


def strokes(
    fans: list[Fan], scale: float, chosen: tuple[str, int] | None = None
) -> list[tuple[QPainterPath, QPen]]:
    """Return the curves of weights, the weakest first, ``scale`` being the strongest colour.

    With a unit chosen all are faint but those that run into it.
    """
    least = strongest(fans)
    found = [_curves(f, scale, least, chosen) for f in fans]
    if not found:
        return []
    curves = np.concatenate(found)  # (E, 6)
    order = np.lexsort((np.abs(curves[:, STRENGTH]), 1 - curves[:, FAINTLY]))
    curves = curves[order]
    few = max(len(curves) - MOST_WIDE, 0)
    return [*_hairlines(curves[:few]), *map(_wide, curves[few:].tolist())]


def _curves(fan: Fan, scale: float, least: float, chosen: tuple[str, int] | None) -> Floats:
    """Return the curves of a fan, (E, 6): its ends, how strong it is from −1 to 1, if faint."""
    rows, columns = np.nonzero(np.abs(fan.weights) >= least)
    strength = np.clip(fan.weights[rows, columns] / scale, -1, 1)
    faintly = np.zeros(len(rows))
    if chosen is not None:
        faintly[:] = chosen[0] != fan.path
        faintly[rows != chosen[1]] = 1
    x0, x1 = np.full(len(rows), fan.x0), np.full(len(rows), fan.x1)
    return np.stack([x0, fan.y0[columns], x1, fan.y1[rows], strength, faintly], axis=1)


def _along(path: QPainterPath, x0: float, y0: float, x1: float, y1: float) -> None:
    middle = (x0 + x1) / 2
    path.moveTo(x0, y0)
    path.cubicTo(middle, y0, middle, y1, x1, y1)


def _hairlines(curves: Floats) -> Iterator[tuple[QPainterPath, QPen]]:
    """Yield one path a shade: those of a shade are stroked together."""
    keys = np.round(curves[:, STRENGTH] * SHADES).astype(int) + FAINT_KEY * curves[
        :, FAINTLY
    ].astype(int)
    shades = sorted(set(keys.tolist()), key=_rank)
    for key in shades:
        path = QPainterPath()
        for ends in curves[keys == key, :STRENGTH].tolist():
            _along(path, *ends)
        shade, is_faint = _parted(key)
        yield path, _pen(ink(shade / SHADES, is_faint), 1.0)


def _parted(key: int) -> tuple[int, bool]:
    """Return the shade and whether it is faint of what stands for both."""
    return (key - FAINT_KEY, True) if key > FAINT_KEY // 2 else (key, False)


def _rank(key: int) -> tuple[bool, int]:
    shade, is_faint = _parted(key)
    return not is_faint, abs(shade)


def _wide(curve: list[float]) -> tuple[QPainterPath, QPen]:
    *ends, strength, faintly = curve
    path = QPainterPath()
    _along(path, *ends)
    width = THINNEST + (WIDEST - THINNEST) * abs(strength)
    return path, _pen(ink(strength, bool(faintly)), width)


def _pen(colour: QColor, width: float) -> QPen:
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


def paint_strokes(
    painter: QPainter, found: list[tuple[QPainterPath, QPen]], camera: Camera
) -> None:
    """Paint curves as they are seen from a camera."""
    painter.save()
    painter.setTransform(QTransform(camera.scale, 0, 0, camera.scale, camera.x, camera.y), True)
    for path, pen in found:
        painter.strokePath(path, pen)
    painter.restore()


def ink(strength: float, is_faint: bool = False) -> QColor:
    """Return the colour of a weight from −1 to 1; zero is seen too, if only just."""
    place = 0.12 + 0.88 * min(abs(strength), 1.0)
    row = table("signed")[round(127.5 + 127.5 * (place if strength >= 0 else -place))]
    made = QColor(*(int(c) for c in row))
    made.setAlphaF(FAINT if is_faint else 1.0)
    return made


def paint_ways(
    painter: QPainter, starts: Iterable[QPointF], ends: Iterable[QPointF], pen: QPen
) -> None:
    """Paint a curve from every start to every end."""
    path = QPainterPath()
    for start in starts:
        for end in ends:
            _along(path, start.x(), start.y(), end.x(), end.y())
    painter.strokePath(path, pen)


def line_pen(role: str = "line", width: float = 1.5) -> QPen:
    """Return a pen of a colour of the window."""
    return QPen(theme.colour(role), width)
