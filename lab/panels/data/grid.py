"""A page of samples: image, answer, how sure, and whether it is right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.panels.data.atlas import atlas
from lab.ui import theme
from lab.ui.plot_menu import PictureMenu

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import (
        QContextMenuEvent,
        QKeyEvent,
        QMouseEvent,
        QPaintEvent,
        QResizeEvent,
    )

    Bytes = npt.NDArray[np.uint8]

GAP, CAPTION, BAR, SIDE = 8, 16, 3, 48


@dataclass(frozen=True, slots=True)
class Tile:
    """One sample of the page; ``share`` of the bar is 0 to 1, None where nothing is known."""

    row: int
    answer: str
    truth: str
    is_right: bool
    share: float | None
    sureness: str
    is_test: bool
    is_in_batch: bool

    def looks(self, is_chosen: bool) -> object:
        """Equal where two tiles at one place look the same: the bar in whole pixels."""
        bar = None if self.share is None else round(self.share * SIDE)
        return (
            self.row, self.answer, self.truth, self.is_right, bar, self.is_test,
            self.is_in_batch, is_chosen,
        )  # fmt: skip


class SampleGrid(QWidget):
    """Tiles in rows; all images are one picture, so that a page costs one upload."""

    pressed = Signal(int)
    resized = Signal()
    turned = Signal(int)
    """Wanted: so many pages further."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles: tuple[Tile, ...] = ()
        self.chosen: int | None = None
        self._atlas = QImage()
        self._sheet = QPixmap()
        self._on_sheet: list[object] = []
        self._pixels: Bytes = np.empty((0, 1, 1, 3), np.uint8)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Samples")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self._on_theme_changed)

    def sizeHint(self) -> QSize:
        """Room for some tiles."""
        return QSize(5 * (SIDE + GAP) + GAP, 4 * self._pitch() + GAP)

    def minimumSizeHint(self) -> QSize:
        """Never fewer than two by two."""
        return QSize(2 * (SIDE + GAP) + GAP, 2 * self._pitch() + GAP)

    def _pitch(self) -> int:
        return SIDE + BAR + CAPTION + GAP

    def columns(self) -> int:
        """Tiles in a row."""
        return max(1, (self.width() - GAP) // (SIDE + GAP))

    def capacity(self) -> int:
        """Tiles that are seen whole."""
        return self.columns() * max(1, (self.height() - GAP) // self._pitch())

    def show_images(self, pixels: Bytes) -> None:
        """Take the images of the page (n, H, W, 3)."""
        self._pixels = pixels
        made = (
            atlas(pixels, max(len(pixels), 1)) if len(pixels) else np.zeros((1, 1, 3), np.uint8)
        )
        height, width, _ = made.shape
        form = QImage.Format.Format_RGB888
        self._atlas = QImage(made.tobytes(), width, height, 3 * width, form).copy()
        self._sheet = QPixmap()
        self.update()

    def show_tiles(self, tiles: tuple[Tile, ...], chosen: int | None) -> None:
        """Take what is written at the images, in the same order."""
        if (tiles, chosen) != (self.tiles, self.chosen):
            self.tiles, self.chosen = tiles, chosen
            self.update()

    def place(self, index: int) -> QRectF:
        """Where the image of a tile lies; rows are spread over the width evenly."""
        columns = self.columns()
        spare = (self.width() - GAP - columns * (SIDE + GAP)) / max(columns, 1)
        x = GAP + (index % columns) * (SIDE + GAP + spare) + spare / 2
        return QRectF(x, GAP + index // columns * self._pitch(), SIDE, SIDE)

    def tile_at(self, x: float, y: float) -> Tile | None:
        """The tile under a place, caption included."""
        for index, tile in enumerate(self.tiles):
            if self.place(index).adjusted(0, 0, 0, BAR + CAPTION).contains(x, y):
                return tile
        return None

    def paintEvent(self, _event: QPaintEvent) -> None:
        """All tiles: those that have changed are drawn, the others are there already."""
        painter = QPainter(self)
        self._draw_changed(painter.deviceTransform().m11())
        painter.drawPixmap(0, 0, self._sheet)
        painter.end()

    def _draw_changed(self, scale: float) -> None:
        """Bring the sheet up to date: of a page few tiles change from frame to frame."""
        size = self.size() * scale
        if self._sheet.size() != size or self._sheet.devicePixelRatio() != scale:
            self._sheet = QPixmap(size)
            self._sheet.setDevicePixelRatio(scale)
            self._sheet.fill(theme.colour("base"))
            self._on_sheet = []
        seen = [t.looks(t.row == self.chosen) for t in self.tiles[: len(self._pixels)]]
        if seen == self._on_sheet:
            return
        painter = QPainter(self._sheet)
        painter.setFont(theme.number_font("caption"))
        for index in range(max(len(seen), len(self._on_sheet))):
            if seen[index : index + 1] != self._on_sheet[index : index + 1]:
                self._draw_tile(painter, index)
        painter.end()
        self._on_sheet = seen

    def _draw_tile(self, painter: QPainter, index: int) -> None:
        area = self.place(index)
        room = area.adjusted(-2, -2, 2, BAR + CAPTION + 2)
        painter.fillRect(room, theme.colour("base"))
        if index >= min(len(self.tiles), len(self._pixels)):
            return
        tile = self.tiles[index]
        _n, height, width, _c = self._pixels.shape
        source = QRectF(index * width, 0, width, height)
        painter.drawImage(_fitted(area, width, height), self._atlas, source)
        self._draw_frame(painter, area, tile)
        self._draw_bar(painter, area, tile)
        self._draw_caption(painter, area, tile)

    def _draw_frame(self, painter: QPainter, area: QRectF, tile: Tile) -> None:
        role, width = ("text", 2) if tile.is_in_batch else ("line", 1)
        role, width = ("accent", 2) if tile.row == self.chosen else (role, width)
        painter.setPen(QPen(theme.colour(role), width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)

    def _draw_bar(self, painter: QPainter, area: QRectF, tile: Tile) -> None:
        ground = QRectF(area.left(), area.bottom() + 2, area.width(), BAR)
        painter.fillRect(ground, theme.colour("line"))
        if tile.share is not None:
            role = "good" if tile.is_right else "error"
            filled = QRectF(
                ground.left(), ground.top(), round(ground.width() * tile.share), BAR
            )
            painter.fillRect(filled, theme.colour(role))

    def _draw_caption(self, painter: QPainter, area: QRectF, tile: Tile) -> None:
        line = QRectF(area.left(), area.bottom() + BAR + 1, area.width(), CAPTION)
        words = tile.answer if tile.is_right else f"{tile.answer} ≠ {tile.truth}"
        role = "text" if tile.is_right else "error"
        painter.setPen(theme.colour("secondary" if tile.share is None else role))
        room = line.adjusted(0, 0, -12, 0)
        cut = painter.fontMetrics().elidedText(
            "…" if tile.share is None else words, Qt.TextElideMode.ElideRight, int(room.width())
        )
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(room, left, cut)
        self._draw_set(painter, QPointF(line.right() - 4, line.center().y()), tile)

    def _draw_set(self, painter: QPainter, centre: QPointF, tile: Tile) -> None:
        """A filled dot for training, an open one for test, as in every picture."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink = theme.colour("secondary")
        painter.setPen(QPen(ink, 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush if tile.is_test else ink)
        painter.drawEllipse(centre, 2.6, 2.6)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which sample was pressed."""
        tile = self.tile_at(event.position().x(), event.position().y())
        if tile is not None:
            self.pressed.emit(tile.row)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose another sample, Page up and Page down another page."""
        keys, here = Qt.Key, [t.row for t in self.tiles]
        steps = {
            keys.Key_Left: -1, keys.Key_Right: 1,
            keys.Key_Up: -self.columns(), keys.Key_Down: self.columns(),
        }  # fmt: skip
        pages = {keys.Key_PageUp: -1, keys.Key_PageDown: 1}
        key = keys(event.key())
        if key in pages:
            self.turned.emit(pages[key])
        elif key in steps and here:
            place = here.index(self.chosen) if self.chosen in here else 0
            wanted = place + steps[key]
            self.pressed.emit(here[wanted if 0 <= wanted < len(here) else place])
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Copy and export, as of every picture."""
        menu = PictureMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def numbers(self) -> dict[str, np.ndarray[Any, Any]]:
        """Row, answer, true class and how sure the network is, of every tile."""
        columns = {
            "Sample": [t.row for t in self.tiles],
            "Answer": [t.answer for t in self.tiles],
            "True class": [t.truth for t in self.tiles],
            "Sureness": [math.nan if t.share is None else t.share for t in self.tiles],
            "Test": [t.is_test for t in self.tiles],
        }
        return {name: np.array(column) for name, column in columns.items()}

    def event(self, event: QEvent) -> bool:
        """Tooltips: the sample in words."""
        if isinstance(event, QHelpEvent):
            tile = self.tile_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), "" if tile is None else in_words(tile), self)
            return True
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another number of tiles may fit."""
        super().resizeEvent(event)
        self.resized.emit()

    def _on_theme_changed(self, _palette: object) -> None:
        self._sheet = QPixmap()
        self.resized.emit()  # images of strokes have the theme's colours


def in_words(tile: Tile) -> str:
    """A sentence about a tile."""
    where = "test" if tile.is_test else "training"
    batch = ", in the batch" if tile.is_in_batch else ""
    if tile.share is None:
        return f"Sample {tile.row:,} ({where}{batch}): not answered yet."
    verdict = "right" if tile.is_right else f"wrong: it is {tile.truth}"
    head = f"Sample {tile.row:,} ({where}{batch})"
    return f"{head}: answer {tile.answer}, {verdict}. {tile.sureness}"


def _fitted(area: QRectF, width: int, height: int) -> QRectF:
    scale = min(area.width() / width, area.height() / height)
    w, h = width * scale, height * scale
    return QRectF(area.center().x() - w / 2, area.center().y() - h / 2, w, h)
