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
    Curve = tuple[float, float, float, float, float, bool]

THINNEST, WIDEST = 0.7, 4.2
SHADES = 24
MOST_WIDE = 150
"""Curves stroked one by one: Qt is slow at wide ones, and strokes hairlines all at once."""
FAINT = 0.25


def strokes(
    fans: list[Fan], scale: float, chosen: tuple[str, int] | None = None
) -> list[tuple[QPainterPath, QPen]]:
    """Return the curves of weights, the weakest first, ``scale`` being the strongest colour.

    With a unit chosen all are faint but those that run into it.
    """
    least = strongest(fans)
    curves = [c for f in fans for c in _curves(f, scale, least, chosen)]
    curves.sort(key=lambda c: (not c[5], abs(c[4])))
    few = max(len(curves) - MOST_WIDE, 0)
    return [*_hairlines(curves[:few]), *map(_wide, curves[few:])]


def _curves(
    fan: Fan, scale: float, least: float, chosen: tuple[str, int] | None
) -> Iterator[Curve]:
    """Yield the curves of a fan: where each ends, how strong it is from −1 to 1, if faint."""
    for row, column in zip(*np.nonzero(np.abs(fan.weights) >= least), strict=True):
        strength = float(fan.weights[row, column]) / scale
        is_faint = chosen is not None and chosen != (fan.path, int(row))
        y0, y1 = float(fan.y0[column]), float(fan.y1[row])
        yield fan.x0, y0, fan.x1, y1, min(max(strength, -1.0), 1.0), is_faint


def _along(path: QPainterPath, x0: float, y0: float, x1: float, y1: float) -> None:
    bend = (x1 - x0) / 2
    path.moveTo(x0, y0)
    path.cubicTo(x0 + bend, y0, x1 - bend, y1, x1, y1)


def _hairlines(curves: list[Curve]) -> Iterator[tuple[QPainterPath, QPen]]:
    paths: dict[tuple[bool, int], QPainterPath] = {}
    for *ends, strength, is_faint in curves:
        key = is_faint, round(strength * SHADES)
        _along(paths.setdefault(key, QPainterPath()), *ends)
    for (is_faint, shade), path in sorted(paths.items(), key=_weight):
        yield path, _pen(ink(shade / SHADES, is_faint), 1.0)


def _weight(item: tuple[tuple[bool, int], QPainterPath]) -> tuple[bool, int]:
    (is_faint, shade), _ = item
    return not is_faint, abs(shade)


def _wide(curve: Curve) -> tuple[QPainterPath, QPen]:
    *ends, strength, is_faint = curve
    path = QPainterPath()
    _along(path, *ends)
    width = THINNEST + (WIDEST - THINNEST) * abs(strength)
    return path, _pen(ink(strength, is_faint), width)


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
