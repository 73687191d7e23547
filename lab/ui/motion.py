"""Whether things may move: a person, or their system, can ask for less of it."""

from __future__ import annotations

import os

from PySide6.QtWidgets import QApplication, QStyle

VARIABLE = "NABLA_REDUCED_MOTION"


def is_reduced() -> bool:
    """Whether motion that only explains is to be left out.

    The variable ``NABLA_REDUCED_MOTION`` (1 or 0) decides where it is set; else the length that
    the system gives animations, which is nothing where they are switched off.
    """
    wish = os.environ.get(VARIABLE)
    if wish in ("0", "1"):
        return wish == "1"
    style = QApplication.style()
    hint = QStyle.StyleHint.SH_Widget_Animation_Duration
    return style is not None and style.styleHint(hint) == 0
