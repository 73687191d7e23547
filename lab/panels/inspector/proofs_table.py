"""The ways to a number beside one another: formula, autograd, difference, the run's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.numerals import shown
from lab.ui import theme
from lab.ui.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from lab.maths.explanations import Check, Explanation

LINE = 23
WIDTH = 336
VALUE, ERROR = 232.0, 314.0
"""Where the columns of values and errors end."""


def eleven(value: float) -> str:
    """A number with the digits on which two ways can be compared, as many as fit the column."""
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:
        mantissa, exponent = f"{value:.6e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", "−")
    digits = 11 if size >= 0.1 else 9 if size >= 0.01 else 8
    return f"{value:.{digits}g}".replace("-", "−")


def error_words(error: float) -> str:
    """A relative error: ``1.9 × 10⁻¹⁶``, ``0``."""
    if error == 0 or error != error:
        return "0" if error == 0 else ""
    if error == float("inf"):
        return shown(error)
    mantissa, exponent = f"{error:.1e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{mantissa} × 10{raised}"


class ProofTable(QWidget):
    """Paints a line a way; a tick where two agree, a cross where they do not."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._made: Explanation | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_explanation(self, made: Explanation) -> None:
        """Show the proofs of another number."""
        self._made = made
        self.setFixedSize(QSize(WIDTH, LINE * len(self.lines()) + 4))
        self.setAccessibleName("; ".join(" ".join(line[:3]) for line in self.lines()))
        self.update()

    def lines(self) -> list[tuple[str, str, str, bool | None, bool]]:
        """Words, value, error, whether they agree, and whether the line is a head."""
        made = self._made
        if made is None:
            return []
        lines: list[tuple[str, str, str, bool | None, bool]] = []
        if made.checks:
            lines.append(("Proof, float64", "", "Relative error", None, True))
            lines += self._part(made.value, made.checks, "Formula")
        if made.slope is not None:
            lines.append((made.slope_title, "", "Relative error", None, True))
            lines += self._part(made.slope, made.slope_checks, made.slope_words)
        return lines

    def _part(
        self, value: float, checks: tuple[Check, ...], words: str
    ) -> list[tuple[str, str, str, bool | None, bool]]:
        lines: list[tuple[str, str, str, bool | None, bool]] = []
        lines.append((words, eleven(value), "", None, False))
        lines += [
            (c.words, eleven(c.value), error_words(c.error), c.is_good, False) for c in checks
        ]
        return lines

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Every line in its columns."""
        painter = QPainter(self)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number, (words, value, error, is_good, is_head) in enumerate(self.lines()):
            top = number * LINE
            painter.setPen(theme.colour("secondary" if is_head else "text"))
            room = VALUE - 104 if value else VALUE
            is_small = is_head or len(words) > 17
            painter.setFont(theme.number_font("caption" if is_small else "text"))
            painter.drawText(QRectF(0, top, room, LINE), left, words)
            painter.setFont(theme.number_font("caption" if is_head else "text"))
            painter.drawText(QRectF(VALUE - 130, top, 130, LINE), right, value)
            painter.drawText(QRectF(ERROR - 92, top, 92, LINE), right, error)
            if is_good is not None:
                name, role = ("check", "good") if is_good else ("close", "error")
                area = QRectF(ERROR + 5, top + 4, 15, 15).toRect()
                icon(name, role).paint(painter, area)
        painter.end()
