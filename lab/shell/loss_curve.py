"""The loss of all recorded steps as a band of pixels, drawn once for many frames."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from lab.shell.ruler import Heights, thinned
from lab.ui import theme

if TYPE_CHECKING:
    from lab.engine.news import RunLook

CURVE_S = 0.5
GROWN = 0.02
"""A part of the curve that is seen to be missing: it is read at once then."""
POINT_PX = 2


class LossCurve:
    """Mean and spikes over the steps; the past filled in the accent, the future grey."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float]] = []  # step, mean, highest
        self._pictures: dict[bool, QPixmap] = {}
        self._read_at = 0.0
        self._heights = Heights(())
        self._drawn: tuple[int, int, int, int, int] | None = None

    @property
    def is_log(self) -> bool:
        """Whether heights are logarithms."""
        return self._heights.is_log

    def forget_pictures(self) -> None:
        """Draw anew at the next painting, in the colours of that moment."""
        self._pictures = {}

    def read(self, look: RunLook, width: float, height: float) -> None:
        """Read the curve anew, while training goes on only a few times a second."""
        key = (look.run, look.branch, look.newest, round(width), round(height))
        is_growing = look.playing and self._drawn is not None and key[:2] == self._drawn[:2]
        if key == self._drawn or (is_growing and not self._is_due(look.newest)):
            return
        self._drawn, self._read_at = key, monotonic()
        pixels = max(int(width) // POINT_PX, 20)
        parts = look.history.envelope("loss", 1, look.newest, pixels) if look.newest else []
        self._rows = thinned(parts, pixels)
        self._heights = Heights([v for _row, mean, high in self._rows for v in (mean, high)])
        self._pictures = {}

    def _is_due(self, newest: int) -> bool:
        drawn = self._drawn[2] if self._drawn else 0
        return newest - drawn > GROWN * newest or monotonic() - self._read_at >= CURVE_S

    def paint(self, painter: QPainter, room: QRectF, newest: int, is_past: bool) -> None:
        """Lay the curve as it was last drawn under the steps it speaks of."""
        if not self._rows or self._drawn is None:
            return
        if is_past not in self._pictures:
            ratio = painter.device().devicePixelRatioF()
            self._pictures[is_past] = self._picture(room, is_past, ratio)
        width = room.width() * self._drawn[2] / max(newest, 1)
        made = self._pictures[is_past]
        painter.drawPixmap(
            QRectF(room.left(), 0, width, room.bottom()), made, QRectF(made.rect())
        )

    def _picture(self, room: QRectF, is_past: bool, ratio: float) -> QPixmap:
        """Draw mean and spikes over the whole width."""
        made = QPixmap((QSizeF(room.width(), room.bottom()) * ratio).toSize())
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        mean, high = self._places(room, 1), self._places(room, 2)
        floor = [QPointF(mean[-1].x(), room.bottom()), QPointF(mean[0].x(), room.bottom())]
        ink = "accent" if is_past else "secondary"
        painter = QPainter(made)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for upper, alpha in ((high, 45), (mean, 60)):  # spikes stand out, faintly
            painter.setBrush(theme.colour(ink, alpha if is_past else alpha // 2))
            painter.drawPolygon(QPolygonF([*upper, *floor]))
        painter.setPen(QPen(theme.colour(ink, 255 if is_past else 130), 1))
        painter.drawPolyline(QPolygonF(mean))
        painter.end()
        return made

    def _places(self, room: QRectF, column: int) -> list[QPointF]:
        """Where the values of a column stand."""
        last, of = self._rows[-1][0], self._heights.of
        return [
            QPointF(
                room.width() * row[0] / last, room.bottom() - room.height() * of(row[column])
            )
            for row in self._rows
        ]
