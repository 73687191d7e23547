"""The walk through the network: every tensor of a stop, small, in the order of the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.engine.questioned import Number
from lab.numerals import shown
from lab.panels.inspector.places import GAP, LABEL, MARGIN, Placed, Plan, planned
from lab.panels.inspector.rows import MEANINGS
from lab.ui import colours, theme
from lab.ui.palettes import luminance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from lab.maths.explanations import Entering
    from lab.panels.inspector.rows import Row, Tile

FAINT = 0.3
LEGEND, ENTRY = 24.0, 122
HAT = "\N{COMBINING CIRCUMFLEX ACCENT}"
MOST_OUTLINED = 60
"""Numbers that enter a formula are outlined one by one up to so many."""
MOST_SIDE = 512


class Walk(QWidget):
    """Paints rows of tensors; a click tells which number was meant.

    Signals
    -------
    picked : Number
        A number was clicked, or gone to with the arrow keys.
    row_picked : int
        The name of a row was clicked.
    """

    picked = Signal(object)
    row_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()
        self.plan = Plan((), {}, (), 0.0)
        self._levels: dict[str, float] = {}
        self._images: dict[int, QImage] = {}
        self._chosen: tuple[str, str] = ("", "")
        self._spot: Number | None = None
        self._enters: tuple[Entering, ...] = ()
        self._lit: int | None = None
        self._has_numbers = True
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Layers and their tensors")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)

    # -- what the view calls --------------------------------------------------------------

    def show_rows(self, rows: Sequence[Row], *, has_numbers: bool) -> None:
        """Show other tensors."""
        self.rows, self._has_numbers = tuple(rows), has_numbers
        self._levels = levels_of(self.rows)
        self._images = {}
        self._lay_out()

    def mark(
        self, chosen: tuple[str, str], spot: Number | None, enters: Sequence[Entering]
    ) -> None:
        """Outline the tensor chosen, the number in question, and those that enter it."""
        self._chosen, self._spot, self._enters = chosen, spot, tuple(enters)
        self.update()

    def light(self, row: int | None) -> None:
        """Let one row stand out, as the way back comes to it; None: all alike."""
        self._lit = row
        self.update()

    def lit(self) -> int | None:
        """The row that stands out."""
        return self._lit

    def placed(self, layer: str, tensor: str) -> Placed | None:
        """Where a tensor stands, or None where it is not to be seen."""
        return next(
            (p for p in self.plan.placed if (p.tile.layer, p.tile.tensor) == (layer, tensor)),
            None,
        )

    def levels(self) -> Mapping[str, float]:
        """How far each scale of colours reaches, by its name."""
        return self._levels

    # -- laying out -----------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.plan = planned(self.rows, float(self.width()), has_numbers=self._has_numbers)
        height = round(self.plan.height + LEGEND * self._legend_lines() + 4)
        if height != self.minimumHeight():
            self.setFixedHeight(height)
        self.update()

    def sizeHint(self) -> QSize:
        """As tall as the rows need."""
        return QSize(440, max(self.minimumHeight(), 40))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay out anew."""
        super().resizeEvent(event)
        self._lay_out()

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self._images = {}
        self.update()

    # -- painting -------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Heads of the columns, rows, and what is outlined."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base"))
        self._paint_heads(painter)
        for number, row in enumerate(self.rows):
            painter.setOpacity(FAINT if self._is_faint(row) else 1.0)
            self._paint_label(painter, number, row)
            for place in self.plan.placed:
                if place.row == number:
                    self._paint_tile(painter, place)
        painter.setOpacity(1.0)
        self._paint_marks(painter)
        self._paint_legend(painter)
        painter.end()

    def _is_faint(self, row: Row) -> bool:
        """Whether another layer than that of a row stands out."""
        return self._lit is not None and self.rows[self._lit].stage != row.stage

    def _paint_heads(self, painter: QPainter) -> None:
        names = list(self.plan.columns)
        for name, x in self.plan.columns.items():
            after = names.index(name) + 1
            right = self.plan.columns[names[after]] - 4 if after < len(names) else self.width()
            room = right - x
            painter.setFont(theme.font(bold=True))
            painter.setPen(theme.colour("text"))
            _paint_name(painter, QRectF(x, 0, room, 18), name)
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.colour("secondary"))
            words = _fitting(painter, MEANINGS.get(name, ""), room)
            painter.drawText(QRectF(x, 17, room, 15), _LEFT, words)

    def _paint_label(self, painter: QPainter, number: int, row: Row) -> None:
        top, _ = self.plan.bands[number]
        is_lit = self._lit == number
        if is_lit:
            bottom = self.plan.bands[number][1]
            painter.fillRect(QRectF(2, top, 3, bottom - top), theme.colour("accent"))
        painter.setFont(theme.font(bold=True))
        painter.setPen(theme.colour("accent_text" if is_lit else "text"))
        painter.drawText(QRectF(MARGIN, top, LABEL - 4, 18), _LEFT, row.title)
        painter.setFont(theme.number_font("caption"))
        painter.setPen(theme.colour("secondary"))
        words = _fitting(painter, row.caption, LABEL - 4)
        painter.drawText(QRectF(MARGIN, top + 18, LABEL - 4, 15), _LEFT, words)

    def _paint_tile(self, painter: QPainter, place: Placed) -> None:
        painter.drawImage(place.area, self._image(place.tile))
        if place.has_numbers:
            self._paint_numbers(painter, place)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(place.area)

    def _image(self, tile: Tile) -> QImage:
        key = id(tile)
        if key not in self._images:
            self._images[key] = colours.image_of(self._pixels(tile))
        return self._images[key]

    def _pixels(self, tile: Tile) -> colours.Pixels:
        cells = tile.sheet.cells
        stride = max(1, -(-max(cells.shape) // MOST_SIDE))
        reach = self._levels[tile.scale]
        span = (-reach, reach) if tile.is_signed else (0.0, reach)
        name: colours.MapName = "signed" if tile.is_signed else "sequential"
        pixels = colours.coloured(cells[::stride, ::stride], span, name)
        pixels[tile.sheet.places[::stride, ::stride] < 0] = theme.colour("base").rgb()
        return pixels

    def _paint_numbers(self, painter: QPainter, place: Placed) -> None:
        cells, pixels = place.tile.sheet.cells, self._pixels(place.tile)
        painter.setFont(theme.number_font("caption"))
        light, dark = QColor("#FFFFFF"), QColor("#14181D")
        for (row, column), value in np.ndenumerate(cells):
            if not np.isfinite(value):
                continue
            ground = f"#{int(pixels[row, column]) & 0xFFFFFF:06X}"
            painter.setPen(light if luminance(ground) < 0.27 else dark)
            painter.drawText(place.cell(row, column), _CENTRE, brief(float(value)))

    def _paint_marks(self, painter: QPainter) -> None:
        accent = theme.colour("accent")
        chosen = self.placed(*self._chosen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if chosen is not None:
            painter.setPen(QPen(accent, 1))
            painter.drawRect(chosen.area.adjusted(-2, -2, 2, 2))
        painter.setPen(QPen(accent, 1.6, Qt.PenStyle.DashLine))
        for entering in self._enters:
            self._paint_entering(painter, entering)
        if self._spot is None:
            return
        place = self.placed(self._spot.layer, self._spot.tensor)
        cell = place and place.tile.sheet.cell_of(self._spot.place, self._spot.row)
        if place is not None and cell:
            area = place.cell(*cell)
            if min(area.width(), area.height()) < 5:
                area.adjust(-2, -2, 2, 2)
            painter.setPen(QPen(theme.colour("base"), 1))
            painter.drawRect(area.adjusted(1.5, 1.5, -1.5, -1.5))
            painter.setPen(QPen(accent, 2.4))
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_entering(self, painter: QPainter, entering: Entering) -> None:
        place = self._place_of(entering)
        if place is None or not entering.places:
            return
        sample = self._spot.row if self._spot is not None else 0
        laid, count = place.tile.sheet, 1
        if laid.has_samples and self._spot is not None and self._spot.is_of_weight:
            sample, count = 0, laid.cells.shape[1]  # a weight takes from every sample
        found = (
            laid.cell_of(p, sample + n) for p in entering.places[:400] for n in range(count)
        )
        cells = [cell for cell in found if cell is not None]
        if not cells:
            return
        rows, columns = zip(*cells, strict=True)
        top, bottom, left, right = min(rows), max(rows), min(columns), max(columns)
        if (bottom - top + 1) * (right - left + 1) == len(cells):
            painter.drawRect(place.cell(top, left).united(place.cell(bottom, right)))
        elif len(cells) <= MOST_OUTLINED:
            for cell in cells:
                painter.drawRect(place.cell(*cell))

    def _place_of(self, entering: Entering) -> Placed | None:
        """Where what enters stands; what comes in is what the row before hands on."""
        found = self.placed(entering.layer, entering.tensor)
        if found is not None or entering.tensor != "in":
            return found
        tiles = [t for row in self.rows for t in row.tiles]
        before = [
            t for t in tiles if t.tensor == "out" and _number(t.layer) < _number(entering.layer)
        ]
        return self.placed(before[-1].layer, "out") if before else None

    # -- the legend -----------------------------------------------------------------------

    def _scales(self) -> list[tuple[str, bool]]:
        found: dict[str, tuple[list[str], bool]] = {}
        for row in self.rows:
            for tile in row.tiles:
                names, _ = found.setdefault(tile.scale, ([], tile.is_signed))
                if tile.column not in names:
                    names.append(tile.column)
        return [(scale, signed) for scale, (_, signed) in found.items()]

    def _legend_lines(self) -> int:
        across = max(1, int((self.width() - 2 * MARGIN) // ENTRY))
        return -(-len(self._scales()) // across) if self.rows else 0

    def _paint_legend(self, painter: QPainter) -> None:
        across = max(1, int((self.width() - 2 * MARGIN) // ENTRY))
        painter.setFont(theme.number_font("caption"))
        for number, (scale, is_signed) in enumerate(self._scales()):
            x = MARGIN + (number % across) * ENTRY
            y = self.plan.height + (number // across) * LEGEND
            painter.setPen(theme.colour("secondary"))
            _paint_name(painter, QRectF(x, y, 34, 16), _fitting(painter, scale, 34))
            ramp = np.linspace(-1 if is_signed else 0, 1, 34)[None]
            name: colours.MapName = "signed" if is_signed else "sequential"
            span = (-1.0 if is_signed else 0.0, 1.0)
            bar = QRectF(x + 30, y + 5, 30, 7)
            painter.drawImage(bar, colours.image_of(colours.coloured(ramp, span, name)))
            painter.setPen(QPen(theme.colour("line"), 1))
            painter.drawRect(bar)
            painter.setPen(theme.colour("secondary"))
            reach = shown(self._levels[scale], 2)
            words = f"±{reach}" if is_signed else f"0–{reach}"
            painter.drawText(QRectF(x + 64, y, ENTRY - 66, 16), _LEFT, words)

    # -- the mouse and the keys -----------------------------------------------------------

    def _under(self, place: QPointF) -> Placed | None:
        return next(
            (p for p in self.plan.placed if p.area.adjusted(0, 0, 1, 1).contains(place)), None
        )

    def _spot_at(self, point: QPointF) -> Number | None:
        place = self._under(point)
        if place is None:
            return None
        found = place.tile.sheet.number_at(*place.at(point.x(), point.y()))
        return Number(place.tile.layer, place.tile.tensor, *found) if found else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Question the number under the mouse, or choose the layer."""
        spot = self._spot_at(event.position())
        if spot is not None:
            self.picked.emit(spot)
            return
        if event.position().x() < MARGIN + LABEL - GAP / 2:
            y = event.position().y()
            for number, (top, bottom) in enumerate(self.plan.bands):
                if top <= y <= bottom:
                    self.row_picked.emit(number)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the mouse."""
        words = self.words_at(event.position())
        is_number = self._spot_at(event.position()) is not None
        shape = Qt.CursorShape.PointingHandCursor if is_number else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
        if words:
            QToolTip.showText(event.globalPosition().toPoint(), words, self)
        else:
            QToolTip.hideText()

    def words_at(self, point: QPointF) -> str:
        """What is told of a place: the tensor, row and column, and the whole number."""
        place = self._under(point)
        if place is None:
            for number, (top, bottom) in enumerate(self.plan.bands):
                if point.x() < MARGIN + LABEL and top <= point.y() <= bottom:
                    return self.rows[number].tooltip
            return ""
        row, column = place.at(point.x(), point.y())
        laid = place.tile.sheet
        value = float(laid.cells[row, column])
        told = "dropped in this step" if np.isnan(value) else shown(value, 8)
        where = f"{laid.y} {row + 1:,}"
        where += f", {laid.x} {column + 1:,}" if laid.cells.shape[1] > 1 else ""
        return f"{place.tile.column} of {self.rows[place.row].title.lower()}\n{where}\n{told}"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The arrow keys go from number to number within the tensor."""
        steps = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1),
                 Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}  # fmt: skip
        step = steps.get(Qt.Key(event.key()))
        spot = self._spot
        place = self.placed(spot.layer, spot.tensor) if spot else None
        if step is None or spot is None or place is None:
            super().keyPressEvent(event)
            return
        cell = place.tile.sheet.cell_of(spot.place, spot.row)
        found = cell and place.tile.sheet.number_at(cell[0] + step[0], cell[1] + step[1])
        if found:
            self.picked.emit(Number(spot.layer, spot.tensor, *found))

    def leaveEvent(self, event: QEvent) -> None:
        """Tell nothing more."""
        QToolTip.hideText()
        super().leaveEvent(event)


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter


def _number(name: str) -> tuple[int, ...]:
    return tuple(int(n) for n in name.split(".") if n.isdigit())


def _paint_name(painter: QPainter, area: QRectF, name: str) -> None:
    """Write a name; a hat is set over its letter by hand, as fonts misplace it."""
    letter = name.replace(HAT, "")
    painter.drawText(area, _LEFT, letter)
    if letter != name:
        metrics = painter.fontMetrics()
        hat = "\N{MODIFIER LETTER CIRCUMFLEX ACCENT}"
        middle = area.left() + metrics.horizontalAdvance(letter[0]) / 2
        base = area.center().y() + metrics.capHeight() / 2
        rise = 1 if letter[0] in "mv" else 3
        x = middle - metrics.horizontalAdvance(hat) / 2
        painter.drawText(QPointF(x, base - rise), hat)


def _fitting(painter: QPainter, words: str, room: float) -> str:
    metrics = painter.fontMetrics()
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, max(int(room), 0))


def brief(value: float) -> str:
    """A number for a cell of 34 pixels, five signs at most: ``−2.32``, ``0.056``, ``1e−7``."""
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e4 or size < 5e-3:
        mantissa, exponent = f"{value:.0e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    digits += value > 0 and size < 0.1
    return f"{value:.{digits}f}".replace("-", "−")


def levels_of(rows: Sequence[Row]) -> dict[str, float]:
    """Return how far each scale reaches: the largest size among the tensors that share it."""
    found: dict[str, float] = {}
    for row in rows:
        for tile in row.tiles:
            cells = tile.sheet.cells
            finite = cells[np.isfinite(cells)]
            reach = float(np.abs(finite).max(initial=0.0))
            found[tile.scale] = max(found.get(tile.scale, 0.0), reach)
    return {scale: reach or 1.0 for scale, reach in found.items()}
