"""The card below the canvas: what is selected, in a formula with its numbers, or to be set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from lab.numerals import shown
from lab.ui import theme
from lab.ui.colours import packed, table
from lab.ui.fields import NumberField
from lab.ui.form import Form
from lab.ui.formulas import Formula
from lab.ui.messages import ElidedLabel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from lab.engine.rows import Row

HEIGHT = 154
"""Of the card, with four lines of settings; more are scrolled, or the canvas would jump."""
FORM, FIELD = 165, 83
LEGEND = 124
MOST_COLUMNS = 4


class Card(QWidget):
    """Shows a formula with its numbers, or the settings of a layer; scales at the right.

    ``changed`` tells a setting and its new value, ``weight_edited`` that of the weight shown.
    """

    changed = Signal(str, object)
    weight_edited = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.numbers = ElidedLabel(), QLabel()
        self.numbers.setTextFormat(Qt.TextFormat.PlainText)
        self.numbers.setWordWrap(True)
        self.title.setProperty("role", "heading")
        self.formula = Formula(size="text")
        self.weight = NumberField("Weight", 0.0)
        self.weight.setFixedWidth(FIELD)
        self.weight.hide()
        self.weight.edited.connect(self.weight_edited)
        self.forms = [
            Form(width=FORM, field_width=FIELD, marks=False) for _ in range(MOST_COLUMNS)
        ]
        self._rows: tuple[Row, ...] = ()
        self.legend = Legend()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._worded())
        self._pages.addWidget(self._settable())
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, theme.PADDING, theme.MARGIN, 6)
        row.setSpacing(theme.GROUP_GAP)
        row.addWidget(self._pages, 1)
        row.addWidget(self.legend, 0, Qt.AlignmentFlag.AlignTop)
        self.setFixedHeight(HEIGHT)
        for form in self.forms:
            form.changed.connect(self._on_form_changed)

    def _worded(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in (self.title, self.formula, self.weight, self.numbers):
            column.addWidget(part)
        column.addStretch(1)
        return page

    def _settable(self) -> QWidget:
        inside = QWidget()
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GROUP_GAP)
        for form in self.forms:
            row.addWidget(form, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch(1)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.viewport().setAutoFillBackground(False)
        inside.setAutoFillBackground(False)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        return area

    def show_words(self, title: str, latex: str, numbers: str) -> None:
        """Show a formula and what it comes to."""
        self.title.set_text(title)
        self.formula.set_latex(latex)
        self.formula.setVisible(bool(latex))
        self.numbers.setText(numbers)
        self.weight.hide()
        self._pages.setCurrentIndex(0)

    def show_weight(self, said: tuple[str, str, str], value: float) -> None:
        """Show a weight that can be set by hand."""
        self.show_words(*said)
        if not self.weight.hasFocus():
            self.weight.set_value(value)
        self.weight.show()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show the settings of a layer, in columns."""
        self._rows = tuple(rows)
        self._pages.setCurrentIndex(1)
        self._spread()

    def _spread(self) -> None:
        """Lay the settings out in as many columns as have room."""
        room = self.width() - LEGEND - 2 * theme.MARGIN - theme.GROUP_GAP
        gap = theme.GROUP_GAP
        columns = min(max((room + gap) // (FORM + gap), 1), MOST_COLUMNS)
        each = max(-(-len(self._rows) // columns), 1)
        for place, form in enumerate(self.forms):
            rows = self._rows[place * each : (place + 1) * each]
            form.show_rows(list(rows))
            form.setVisible(bool(rows))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the settings out anew."""
        super().resizeEvent(event)
        if self.is_settable():
            self._spread()

    def show_again(self) -> None:
        """Show what is in force, after a change that was refused."""
        for form in self.forms:
            form.show_again()

    def is_settable(self) -> bool:
        """Whether settings are shown."""
        return self._pages.currentIndex() == 1

    @Slot(str, object)
    def _on_form_changed(self, path: str, value: object) -> None:
        self.changed.emit(path, value)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A line above."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("window"))
        painter.fillRect(QRectF(0, 0, self.width(), 1), theme.colour("line"))
        painter.end()


class Legend(QWidget):
    """What the colours stand for: a bar of the signed map for each thing that is coloured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scales: tuple[tuple[str, float], ...] = ()
        self.setFixedSize(QSize(LEGEND, HEIGHT - 2 * theme.PADDING))

    def show_scales(self, scales: tuple[tuple[str, float], ...]) -> None:
        """Show bars: words, and the number that the strongest colour stands for."""
        if scales != self._scales:
            self._scales = scales
            said = "; ".join(f"{words}: {shown(-s, 3)} to {shown(s, 3)}" for words, s in scales)
            self.setAccessibleName(said or "Colours")
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Words, three numbers and the bar."""
        painter = QPainter(self)
        bar = QImage(256, 1, QImage.Format.Format_RGB32)
        for x, pixel in enumerate(packed(table("signed"))):
            bar.setPixel(x, 0, int(pixel))
        for place, (words, scale) in enumerate(self._scales):
            top = 44 * place
            painter.setFont(theme.font("caption"))
            painter.setPen(theme.colour("secondary"))
            painter.drawText(QRectF(0, top, LEGEND, 16), Qt.AlignmentFlag.AlignLeft, words)
            painter.drawImage(QRectF(0, top + 17, LEGEND, 8), bar)
            self._paint_numbers(painter, top + 26, scale)
        painter.end()

    def _paint_numbers(self, painter: QPainter, top: int, scale: float) -> None:
        painter.setFont(theme.number_font("caption"))
        sides = Qt.AlignmentFlag
        row = QRectF(0, top, LEGEND, 15)
        painter.drawText(row, sides.AlignLeft, shown(-scale, 2))
        painter.drawText(row, sides.AlignHCenter, "0")
        painter.drawText(row, sides.AlignRight, f"+{shown(scale, 2)}")
