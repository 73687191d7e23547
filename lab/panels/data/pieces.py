"""What all pictures of the data panel share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lab.engine.looks import Question
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook
    from lab.panels.data.model import DataState


class Piece(QWidget):
    """One picture: what it must ask, and how it draws a look.

    ``changed`` carries the fields of the state that a gesture in the picture changes,
    ``asking_changed`` says that it wants to ask something else.
    """

    rows_pause_s = 0.06
    """While training, answers of single samples are needed no more often."""

    changed = Signal(dict)
    asking_changed = Signal()

    def questions(self, _look: RunLook) -> dict[str, Question]:
        """Questions of its own, by name, besides the answers of the samples."""
        return {}

    def rows(self, _look: RunLook) -> npt.NDArray[np.int64] | None:
        """Samples it must have at each look, even while training; None: no matter which."""
        return None

    def show_look(self, look: RunLook, book: AnswerBook, state: DataState) -> None:
        """Draw."""
        raise NotImplementedError
