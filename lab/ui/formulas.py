"""Formulas: LaTeX to ziamath to SVG to pixels, in the colour of the text.

A formula takes 20 to 30 ms, so each is made once for its text, size and colour; ziamath is
imported when the first one is wanted.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from PySide6.QtCore import QByteArray, QRectF, QSize, QSizeF, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

from lab.ui import theme

if TYPE_CHECKING:
    from collections.abc import Callable


@lru_cache(maxsize=512)
def svg(latex: str, size_px: float, colour: str) -> bytes:
    r"""The SVG of a formula such as ``\frac{\partial L}{\partial w}``.

    Raises
    ------
    ValueError
        If it cannot be read as LaTeX; the message quotes it.
    """
    try:
        drawn = _renderer()(latex, size=size_px, color=colour).svg()
    except Exception as error:  # the parser raises whatever it stumbles over
        raise ValueError(f"latex: this formula cannot be read: {latex[:80]!r}") from error
    return str(drawn).encode()


def _renderer() -> Callable[..., Any]:
    """The class of formulas; ziamath 0.13 asks for its font in a deprecated way."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from ziamath.config import config
        from ziamath.zmath import Latex
    config.svg2 = False  # QtSvg knows SVG 1.1 only
    return cast("Callable[..., Any]", Latex)


class Formula(QWidget):
    """A formula as tall as it needs to be; where LaTeX fails its own text is shown."""

    def __init__(
        self, latex: str = "", size: str = "reading", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._latex, self._size, self._words = latex, size, ""
        self._renderer = QSvgRenderer(self)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._on_theme_changed)
        self._draw()

    def set_latex(self, latex: str) -> None:
        """Show another formula; the same one costs nothing."""
        if latex != self._latex:
            self._latex = latex
            self._draw()

    def latex(self) -> str:
        """The text of the formula."""
        return self._latex

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self._draw()

    def _draw(self) -> None:
        self._words = ""
        self.setAccessibleName(f"Formula: {self._latex}")
        try:
            if self._latex:
                made = svg(self._latex, theme.pixels(self._size), theme.current().text)
                self._renderer.load(QByteArray(made))
        except ValueError:
            self._words = self._latex
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """The size of the formula, or of its text."""
        if self._words:
            return self.fontMetrics().boundingRect(self._words).size() + QSize(4, 4)
        return self._natural().toSize() + QSize(2, 2) if self._latex else QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        """Room to be read: a long one shrinks with the panel, to three fifths at most."""
        return QSize(round(self.sizeHint().width() * 0.6), self.sizeHint().height())

    def _natural(self) -> QSizeF:
        return QSizeF(self._renderer.defaultSize())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Left-aligned, smaller where there is no room."""
        painter = QPainter(self)
        painter.setPen(theme.colour("text"))
        if self._words:
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(self.rect(), flags, self._words)
        elif self._latex:
            size = self._natural()
            size *= min(1.0, self.width() / max(size.width(), 1))
            top = (self.height() - size.height()) / 2
            self._renderer.render(painter, QRectF(0, top, size.width(), size.height()))
        painter.end()
