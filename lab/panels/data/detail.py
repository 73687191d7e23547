"""One sample large, with the network's opinion of every class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.ui import theme

if TYPE_CHECKING:
    import numpy.typing as npt
    from PySide6.QtGui import QPaintEvent

    FloatArray = npt.NDArray[np.float64]
    Bytes = npt.NDArray[np.uint8]

WIDTH, ROW, MARGIN, MOST_CLASSES = 152, 18, 8, 30


@dataclass(frozen=True, slots=True)
class Sample:
    """What is told of a sample: a share (0 to 1) and a number in words for each class."""

    title: str
    subtitle: str
    names: tuple[str, ...]
    shares: tuple[float, ...]
    numbers: tuple[str, ...]
    truth: int
    answer: int


class SampleDetail(QWidget):
    """Image above, a bar for each class below; the true one has a triangle."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sample: Sample | None = None
        self._image = QImage()
        self.setFixedWidth(WIDTH)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Selected sample")

    def sizeHint(self) -> QSize:
        """Image and ten classes."""
        return QSize(WIDTH, 330)

    def show_sample(self, sample: Sample | None, pixels: Bytes | None) -> None:
        """Take what is to be told, and the image (H, W, 3)."""
        if pixels is not None:
            height, width, _ = pixels.shape
            data, form = np.ascontiguousarray(pixels).tobytes(), QImage.Format.Format_RGB888
            self._image = QImage(data, width, height, 3 * width, form).copy()
        self.sample = sample
        self.setAccessibleDescription("" if sample is None else sample.title)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Image, two lines, bars."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base"))
        painter.fillRect(0, 0, 1, self.height(), theme.colour("line"))
        sample = self.sample
        if sample is None:
            self._draw_hint(painter)
        else:
            self._draw(painter, sample)
        painter.end()

    def _draw_hint(self, painter: QPainter) -> None:
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.colour("secondary"))
        middle = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        room = self.rect().adjusted(12, 12, -12, -12)
        painter.drawText(room, middle, "No sample passes this filter.")

    def _draw(self, painter: QPainter, sample: Sample) -> None:
        left, right = MARGIN + 2, WIDTH - MARGIN
        rows = min(len(sample.names), MOST_CLASSES)
        side = min(right - left, max(48, self.height() - 52 - rows * ROW - 2 * MARGIN))
        area = QRectF(left, MARGIN, side, side)
        painter.drawImage(area, self._image)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.drawRect(area)
        y = MARGIN + side + 4
        for words, bold in ((sample.title, True), (sample.subtitle, False)):
            painter.setFont(theme.number_font("caption", bold=bold))
            painter.setPen(theme.colour("text" if bold else "secondary"))
            painter.drawText(QRectF(left, y, right - left, 18), _LEFT, words)
            y += 18
        painter.setFont(theme.number_font("caption"))
        height = min(ROW, (self.height() - y - MARGIN) / max(rows, 1))
        for row in range(rows if height >= 9 else 0):
            self._draw_class(painter, QRectF(left, y + 4 + row * height, right - left, height),
                             sample, row)  # fmt: skip

    def _draw_class(self, painter: QPainter, line: QRectF, sample: Sample, k: int) -> None:
        names, numbers = 40.0, 40.0
        is_true, is_answer = k == sample.truth, k == sample.answer
        painter.setPen(theme.colour("text" if is_true or is_answer else "secondary"))
        name = f"▸ {sample.names[k]}" if is_true else sample.names[k]
        cut = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, int(names))
        painter.drawText(QRectF(line.left(), line.top(), names, line.height()), _RIGHT, cut)
        room = QRectF(line.left() + names + 6, line.center().y() - 3.5,
                      line.width() - names - numbers - 8, 7)  # fmt: skip
        painter.fillRect(room, theme.colour("hover"))
        role = "good" if is_true else "error" if is_answer else "secondary"
        filled = QRectF(room.left(), room.top(), room.width() * sample.shares[k], 7)
        painter.fillRect(filled, theme.colour(role))
        painter.drawText(line, _RIGHT, sample.numbers[k])


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
