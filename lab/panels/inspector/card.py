"""A number questioned: formula, numbers put in, terms with bars, proofs, notes."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPainter, QPen
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lab.numerals import shown
from lab.panels.inspector.proofs_table import ProofTable
from lab.panels.inspector.sums import SumTable
from lab.panels.inspector.words import explained
from lab.ui import theme
from lab.ui.controls import ElidedLabel, IconButton
from lab.ui.formulas import Formula

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from lab.maths.explanations import Explanation

FORMULA_S = 1.0
"""While training the numbers in a formula are drawn no more often: each drawing takes 25 ms."""
NARROW = 640
HINT = "Press any number to see where it comes from: formula, terms, autograd, difference."


class Card(QWidget):
    """Shows one explanation; empty it says what can be done."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.explanation: Explanation | None = None
        self._drawn_at = 0.0
        self.title, self.value = ElidedLabel("", self), QLabel("", self)
        self.formula, self.numbers = Formula("", "reading", self), Formula("", "text", self)
        self.sums, self.proofs = SumTable(self), ProofTable(self)
        self.notes = QLabel("", self)
        self._copy = IconButton("copy", "Copy the explanation as text", self, side=24)
        self._close = IconButton("close", "Question no number", self, side=24)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._formulas = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._room = NARROW
        self.aside = QVBoxLayout()
        self._arrange()
        self._copy.clicked.connect(self._on_copy_clicked)
        self._close.clicked.connect(self.closed)
        theme.changed.connect(self._on_theme_changed)
        self.show_explanation(None)

    def _arrange(self) -> None:
        self.notes.setWordWrap(True)
        self.notes.setTextFormat(Qt.TextFormat.PlainText)
        self.notes.setProperty("role", "secondary")
        self.title.setFont(theme.font(bold=True))
        self.value.setFont(theme.number_font("reading", bold=True))
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.title, 1)
        for widget in (self.value, self._copy, self._close):
            head.addWidget(widget)
        self._body.setSpacing(theme.GROUP_GAP)
        top = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
        self._body.addWidget(self.sums, 0, top)
        self._body.addWidget(self.proofs, 0, top)
        self._body.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN + 14, 12, theme.MARGIN + 10, 14)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        self._formulas.setSpacing(theme.GAP)
        self._formulas.addWidget(self.formula)
        self._formulas.addWidget(self.numbers)
        self._formulas.addStretch(1)
        column.addLayout(self._formulas)
        column.addLayout(self._body)
        column.addWidget(self.notes)
        column.addLayout(self.aside)

    def show_explanation(self, made: Explanation | None, *, is_playing: bool = False) -> None:
        """Show a number's explanation; None: say that any number can be pressed."""
        before, self.explanation = self.explanation, made
        is_other = before is None or made is None or made.title != before.title
        for widget in (self.formula, self.numbers, self.sums, self.proofs, self.value):
            widget.setVisible(made is not None)
        self._copy.setVisible(made is not None)
        self._close.setVisible(made is not None)
        if made is None:
            self.title.set_text("Where does a number come from?")
            self.notes.setText(HINT)
            self.notes.show()
            return
        self.title.set_text(made.title)
        self.value.setText(shown(made.value, 7))
        self.value.setToolTip(shown(made.value, 17))
        self.sums.setVisible(bool(made.terms))
        self.sums.show_explanation(made)
        self.proofs.show_explanation(made)
        self.notes.setText("\n".join((*self._sum_words(made), *made.notes)))
        self.notes.setVisible(bool(self.notes.text()))
        self._draw_formulas(made, is_other or not is_playing)

    def _sum_words(self, made: Explanation) -> tuple[str, ...]:
        words = []
        if made.terms and not made.sum_error <= 1e-9 and abs(made.value) > 1e-300:
            words.append(
                f"The terms add up to {shown(made.factor * made.total, 10)}, which is not the "
                f"number itself (relative error {shown(made.sum_error, 2)})."
            )
        if not made.is_proven:
            words.append("The formula does not agree with the ways marked by a cross.")
        steps = [c.detail for c in (*made.checks, *made.slope_checks) if c.detail]
        if made.enters:
            words.append("The numbers that enter are outlined above.")
        if steps:
            words.append(f"Central difference with {steps[0]}.")
        return (" ".join(words),) if words else ()

    def _draw_formulas(self, made: Explanation, is_due: bool) -> None:
        if not is_due and monotonic() - self._drawn_at < FORMULA_S:
            return
        self._drawn_at = monotonic()
        self.formula.set_latex(made.latex)
        self.numbers.set_latex(made.numbers)
        self.set_room(self._room)

    def set_room(self, width: int) -> None:
        """Stand terms and proofs side by side, or below one another where there is no room."""
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._room = width
        self._body.setDirection(down if width < NARROW else across)
        both = self.formula.sizeHint().width() + self.numbers.sizeHint().width()
        self._formulas.setDirection(across if both < width - 96 else down)

    @Slot()
    def _on_copy_clicked(self) -> None:
        if self.explanation is not None:
            QGuiApplication.clipboard().setText(explained(self.explanation))

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self.title.setFont(theme.font(bold=True))
        self.value.setFont(theme.number_font("reading", bold=True))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet ground with a line about it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("window"))
        area = QRectF(self.rect()).adjusted(theme.MARGIN - 0.5, 0.5, -theme.MARGIN + 0.5, -1.5)
        painter.drawRoundedRect(area, 6, 6)
        painter.end()
