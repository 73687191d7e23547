"""Painting columns, headers, links and skips; what is painted where comes from the layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainterPath, QPen

from lab.engine.layers import ACTIVATION, DROPOUT, LAYERS
from lab.numerals import shown
from lab.panels.network.edges import way
from lab.panels.network.layout import INPUT
from lab.panels.network.scene import bias_words, unit_name
from lab.panels.network.strokes import line_pen, paint_ways
from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage, QPainter

    from lab.panels.network.camera import Camera
    from lab.panels.network.edges import Fan
    from lab.panels.network.layout import Column, Skip
    from lab.panels.network.model import NetworkState, Seen
    from lab.panels.network.scene import Scene

HEAD = 60
"""Height of the three lines above the columns, in pixels; they do not zoom."""
WIDE, NARROW, LEAST = 76.0, 34.0, 12.0
"""Room a header needs for all its lines, for its first, for the bare number."""
LEAST_LOSS = 56
ROOM_TO_WRITE = 76
"""Pixels that curves are long before their weights are written on them."""
LIFTED = 48
"""How far above a link the words about it stand, which may be wider than it is long."""
LAST_LINE = 2
CENTRE = Qt.AlignmentFlag.AlignCenter


@dataclass(slots=True)
class Canvassed:
    """What is painted now: the scene, from where it is seen, and what is known of it."""

    scene: Scene
    camera: Camera
    state: NetworkState
    seen: Seen | None = None
    images: dict[str, list[QImage]] = field(default_factory=dict)
    loss_words: tuple[str, str] = ("", "")

    def square(self, column: Column, index: int) -> QRectF:
        """Return where a unit, a map or a box is painted."""
        x, y = self.camera.to_pixel(column.x, column.middle(index))
        side = column.side * self.camera.scale
        return QRectF(x - side / 2, y - side / 2, side, side)

    def head(self, place: int) -> QRectF:
        """Return where the header of a column is painted."""
        column = self.scene.layout.columns[place]
        x = self.camera.to_pixel(column.x, 0)[0]
        width = self.camera.scale * (column.width + 26)
        return QRectF(x - width / 2, 4, width, HEAD - 6)


def paint_ground(painter: QPainter, area: QRectF) -> None:
    """Paint the ground with a faint grid of dots."""
    painter.fillRect(area, theme.colour("base"))
    painter.setPen(QPen(theme.colour("line", 110), 1))
    step = 24
    for y in range(HEAD + step // 2, int(area.height()), step):
        painter.drawPoints([QPointF(x, y) for x in range(step // 2, int(area.width()), step)])


# Links.


def paint_bands(painter: QPainter, now: Canvassed) -> None:
    """Paint the links whose weights are not drawn one by one, and all that are wrong."""
    for place, link in enumerate(now.scene.layout.links):
        problem = now.scene.problem_into(place + 1)
        drawn = link.is_full and now.seen is not None
        if problem or not drawn:
            role, width = ("error", 2.5) if problem else ("line", 1.5)
            left, right = (now.scene.layout.columns[n] for n in (link.left, link.right))
            starts, ends = list(_ends(now, left, 1)), list(_ends(now, right, -1))
            is_fan = len(starts) > 1 and len(ends) > 1
            if is_fan and not problem and _is_one_by_one(left, right):
                _paint_rows(painter, starts, ends)
                continue
            middle = [QPointF((starts[0].x() + ends[0].x()) / 2, _middle(now))]
            if is_fan:
                paint_ways(painter, starts, middle, line_pen(role, width))
                starts = middle
            paint_ways(painter, starts, ends, line_pen(role, width))


def paint_problems(painter: QPainter, now: Canvassed) -> None:
    """Write over everything else what is wrong with a link."""
    for place, link in enumerate(now.scene.layout.links):
        problem = now.scene.problem_into(place + 1)
        if problem:
            left, right = (now.scene.layout.columns[n] for n in (link.left, link.right))
            start, end = next(_ends(now, left, 1)), next(_ends(now, right, -1))
            middle = QPointF((start.x() + end.x()) / 2, _middle(now) - LIFTED)
            _paint_pill(painter, middle, problem.short, "error")


def _is_one_by_one(left: Column, right: Column) -> bool:
    """Whether each unit depends on the one beside it alone, as through an activation."""
    kind = LAYERS[right.block.main.kind] if right.block is not None else None
    same = left.mode == right.mode and left.count == right.count
    return same and kind is not None and kind.role in (ACTIVATION, DROPOUT)


def _paint_rows(painter: QPainter, starts: list[QPointF], ends: list[QPointF]) -> None:
    painter.setPen(line_pen("line", 1.5))
    for start, end in zip(starts, ends, strict=True):
        painter.drawLine(start, end)


def _ends(now: Canvassed, column: Column, side: int) -> Iterator[QPointF]:
    for index in range(column.count if column.mode in ("units", "maps") else 1):
        square = now.square(column, index)
        x = square.center().x() + side * square.width() / 2
        yield QPointF(x, square.center().y())


def _middle(now: Canvassed) -> float:
    return now.camera.to_pixel(0, 0)[1]


def paint_skips(painter: QPainter, now: Canvassed) -> None:
    """Paint the ways around blocks, each ending in its sum."""
    for skip in now.scene.layout.skips:
        wrong = next((p for p in now.scene.draft.problems_of(skip.path)), None)
        role = "error" if wrong else "secondary"
        if not wrong and now.state.layer == skip.path:
            role = "accent"
        start, end, low = skip_ends(now, skip)
        painter.strokePath(_bow(start, end, low), line_pen(role, 2.5 if wrong else 1.5))
        _paint_sum(painter, end, role)
        if wrong:
            _paint_pill(painter, QPointF((start.x() + end.x()) / 2, low), wrong.short, "error")


def skip_ends(now: Canvassed, skip: Skip) -> tuple[QPointF, QPointF, float]:
    """Return where a skip begins, where its sum is, and how low it runs."""
    columns, camera = now.scene.layout.columns, now.camera
    before, last = columns[skip.first - 1], columns[skip.last]
    layout = now.scene.layout
    x0, top = camera.to_pixel(before.x + before.side / 2 + 8, layout.half + 6)
    x1 = camera.to_pixel(last.x + last.side / 2 + 14, 0)[0]
    low = camera.to_pixel(0, layout.low(skip))[1]
    return QPointF(x0, top), QPointF(x1, top), low


def _bow(start: QPointF, end: QPointF, low: float) -> QPainterPath:
    path = QPainterPath(start)
    round_ = min(14.0, max(low - start.y(), 1.0), max((end.x() - start.x()) / 2, 1.0))
    path.lineTo(start.x(), low - round_)
    path.quadTo(start.x(), low, start.x() + round_, low)
    path.lineTo(end.x() - round_, low)
    path.quadTo(end.x(), low, end.x(), low - round_)
    path.lineTo(end)
    return path


def _paint_sum(painter: QPainter, middle: QPointF, role: str) -> None:
    painter.setPen(line_pen(role, 1.5))
    painter.setBrush(theme.colour("base"))
    painter.drawEllipse(middle, 8, 8)
    painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
    painter.drawLine(middle - QPointF(0, 4), middle + QPointF(0, 4))


def _paint_pill(painter: QPainter, middle: QPointF, words: str, role: str = "text") -> QRectF:
    painter.setFont(theme.font("caption"))
    width = QFontMetricsF(painter.font()).horizontalAdvance(words) + 12
    area = QRectF(middle.x() - width / 2, middle.y() - 9, width, 18)
    painter.setPen(line_pen(role if role == "error" else "line", 1))
    painter.setBrush(theme.colour("base"))
    painter.drawRoundedRect(area, 4, 4)
    painter.setPen(theme.colour(role))
    painter.drawText(area, CENTRE, words)
    return area


# Columns.


def paint_columns(painter: QPainter, now: Canvassed, area: QRectF) -> None:
    """Paint every column that can be seen."""
    for column in now.scene.layout.columns:
        x = now.camera.to_pixel(column.x, 0)[0]
        half = column.width * now.camera.scale
        if area.left() - half <= x <= area.right() + half:
            if column.mode == "loss":
                _paint_loss(painter, now, column)
            else:
                _paint_units(painter, now, column)


def _paint_units(painter: QPainter, now: Canvassed, column: Column) -> None:
    images = now.images.get(column.path, [])
    problem = now.scene.problem_at(column)
    for index in range(column.count):
        square = now.square(column, index)
        if index < len(images):
            painter.drawImage(square, images[index])
        else:
            painter.fillRect(square, theme.colour("hover"))
        is_selected = _is_selected(now, column, index)
        role = "error" if problem else "accent" if is_selected else "secondary"
        painter.setPen(line_pen(role, 2.5 if problem or is_selected else 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if square.width() >= 5 or is_selected:
            painter.drawRect(square)
    _paint_labels(painter, now, column)
    if column.mode == "box" and not images:
        _paint_shape(painter, now, column)


def _is_selected(now: Canvassed, column: Column, index: int) -> bool:
    unit, block = now.state.unit, column.block
    if unit is None or block is None or column.mode != "units":
        return False
    return unit[0] in block.paths and unit[1] == index


def _paint_shape(painter: QPainter, now: Canvassed, column: Column) -> None:
    square = now.square(column, 0)
    if square.width() >= NARROW:
        words = "×".join(map(str, column.shape)) if column.shape else "?"
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.colour("secondary"))
        painter.drawText(square, CENTRE, words)


def _paint_labels(painter: QPainter, now: Canvassed, column: Column) -> None:
    """Write below each unit its name or its bias, where there is room."""
    scale = now.camera.scale
    if column.mode != "units" or (column.pitch - column.side) * scale < 16:
        return
    painter.setFont(theme.number_font("caption"))
    for index in range(column.count):
        painter.setPen(theme.colour("text"))
        painter.drawText(label_of(now, column, index), CENTRE, _label(now, column, index))


def label_of(now: Canvassed, column: Column, index: int) -> QRectF:
    """Return where the words below a unit are written."""
    square = now.square(column, index)
    return QRectF(square.center().x() - 46, square.bottom() + 1, 92, 17)


def _label(now: Canvassed, column: Column, index: int) -> str:
    if column.path == INPUT:
        return unit_name(now.scene, column, index)
    biases = now.seen.weights.get((column.path, "bias")) if now.seen else None
    if biases is None or not now.state.shows_bias or index >= len(biases):
        return ""
    return bias_words(index, float(biases[index]))


def _paint_loss(painter: QPainter, now: Canvassed, column: Column) -> None:
    centre = QPointF(*now.camera.to_pixel(column.x, 0))
    scale = min(now.camera.scale, 1.0)
    width, height = max(96 * scale, LEAST_LOSS), max(72 * scale, 24)
    area = QRectF(centre.x() - width / 2, centre.y() - height / 2, width, height)
    painter.setPen(line_pen("line", 1))
    painter.setBrush(theme.colour("window"))
    painter.drawRoundedRect(area, theme.RADIUS, theme.RADIUS)
    value, words = now.loss_words
    painter.setPen(theme.colour("text"))
    if scale < 0.7:
        painter.setFont(theme.number_font("caption"))
        painter.drawText(area, CENTRE, value)
        return
    painter.setFont(theme.number_font("reading"))
    painter.drawText(area.adjusted(2, 6, -2, -22), CENTRE, value)
    painter.setFont(theme.font("caption"))
    painter.setPen(theme.colour("secondary"))
    painter.drawText(area.adjusted(2, 36, -2, -4), CENTRE, words)


def paint_chosen(painter: QPainter, now: Canvassed, fans: list[Fan]) -> None:
    """Paint the curve of the selected weight in the accent, with its value."""
    chosen = now.state.weight
    fan = next((f for f in fans if chosen is not None and f.path == chosen[0]), None)
    if fan is None or chosen is None or chosen[1] != "weight":
        return
    row, column = divmod(chosen[2], fan.weights.shape[1])
    if row >= len(fan.weights):
        return
    start = QPointF(*now.camera.to_pixel(fan.x0, float(fan.y0[column])))
    end = QPointF(*now.camera.to_pixel(fan.x1, float(fan.y1[row])))
    paint_ways(painter, [start], [end], line_pen("accent", 3.0))
    middle = QPointF((start.x() + end.x()) / 2, (start.y() + end.y()) / 2)
    _paint_pill(painter, middle, shown(float(fan.weights[row, column]), 3))


def paint_weights(painter: QPainter, now: Canvassed, fans: list[Fan]) -> None:
    """Write the weights of the selected unit on their curves, as many as have room."""
    unit = now.state.unit
    fan = next((f for f in fans if unit is not None and f.path == unit[0]), None)
    if fan is None or unit is None or unit[1] >= len(fan.weights):
        return
    if (fan.x1 - fan.x0) * now.camera.scale < ROOM_TO_WRITE:
        return
    row, taken = unit[1], list[QRectF]()
    order = sorted(range(fan.weights.shape[1]), key=lambda c: -abs(fan.weights[row, c]))
    for column in order:
        across, share = way(0.42)
        x = fan.x0 + float(across) * (fan.x1 - fan.x0)
        y = fan.y0[column] + float(share) * (fan.y1[row] - fan.y0[column])
        middle = QPointF(*now.camera.to_pixel(x, float(y)))
        if all(abs(middle.y() - t.center().y()) >= 20 for t in taken):
            value = float(fan.weights[row, column])
            words = ("+" if value > 0 else "") + shown(value, 3)
            taken.append(_paint_pill(painter, middle, words))


# Headers.


def paint_headers(painter: QPainter, now: Canvassed, area: QRectF) -> None:
    """Write above each column what it is; fewer words the less room there is."""
    for place, words in enumerate(now.scene.headers):
        head = now.head(place)
        if head.right() >= area.left() and head.left() <= area.right():
            _paint_header(painter, now, place, head, words)


def _paint_header(
    painter: QPainter, now: Canvassed, place: int, head: QRectF, words: tuple[str, str, str]
) -> None:
    column = now.scene.layout.columns[place]
    problem = now.scene.problem_at(column)
    is_selected = column.block is not None and now.state.layer in column.block.paths
    role = "error" if problem else "accent_text" if is_selected else "text"
    title, way_, cost = words
    name = column.block.kind if column.block is not None else ""
    if head.width() < LEAST:
        return
    is_wide = head.width() >= WIDE
    short = title.removeprefix("Layer ")
    _paint_line(painter, head, 0, title if is_wide else short, role, is_bold=True)
    if not is_wide and head.width() >= NARROW:
        _paint_line(painter, head, 1, name, role)
    if is_wide:
        _paint_line(painter, head, 1, way_, "secondary")
        wrong = problem.short if problem else ""
        _paint_line(painter, head, 2, wrong or cost, "error" if wrong else "secondary")


def _paint_line(
    painter: QPainter, head: QRectF, line: int, words: str, role: str, *, is_bold: bool = False
) -> None:
    font = theme.font("text" if line == 0 else "caption")
    font.setBold(is_bold)
    painter.setFont(font)
    painter.setPen(theme.colour(role))
    row = QRectF(head.left(), head.top() + 17 * line + (2 if line else 0), head.width(), 18)
    metrics = QFontMetricsF(font)
    if metrics.horizontalAdvance(words) > row.width():
        words = words.replace("parameters", "params")
    if line == LAST_LINE and metrics.horizontalAdvance(words) > row.width():
        words = words.partition(",")[0]  # the shapes alone
    elided = metrics.elidedText(words, Qt.TextElideMode.ElideRight, row.width())
    painter.drawText(row, CENTRE, elided)
