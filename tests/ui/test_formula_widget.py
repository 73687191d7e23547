import numpy as np
import pytest
from PySide6.QtGui import QImage

from lab.ui import formulas, theme
from lab.ui.palettes import DARK, LIGHT

SOFTMAX = r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}"


def inked(widget, colour):
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4)[:, 2::-1].astype(int)
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return int((np.abs(raw - wanted).max(axis=1) < 40).sum())


@pytest.fixture
def formula(qtbot):
    made = formulas.Formula(SOFTMAX)
    qtbot.addWidget(made)
    made.resize(made.sizeHint())
    return made


def test_a_formula_is_drawn_in_the_colour_of_the_text(qapp, formula):
    assert formula.sizeHint().width() > 40
    assert inked(formula, LIGHT.text) > 30
    theme.apply(qapp, "dark")
    assert inked(formula, DARK.text) > 30


def test_the_same_formula_is_made_once(formula):
    formulas.svg.cache_clear()
    for _time in range(3):
        formulas.svg(SOFTMAX, 16, "#000000")
    info = formulas.svg.cache_info()
    assert (info.misses, info.hits) == (1, 2)


def test_it_is_an_svg_that_qt_can_draw():
    made = formulas.svg(r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}", 16, "#FF0000")
    assert made.startswith(b"<svg")
    assert b"symbol" not in made  # the parts of SVG 2 that QtSvg does not know


@pytest.mark.parametrize("bad", [r"\frac{1}{", r"\nosuchcommand{x}", "{{{"])
def test_what_cannot_be_read_is_shown_as_it_is_written(qtbot, bad):
    made = formulas.Formula(bad)
    qtbot.addWidget(made)
    made.resize(200, 30)
    assert inked(made, LIGHT.text) > 5
    assert made.latex() == bad


def test_another_formula_has_another_size(formula):
    before = formula.sizeHint()
    formula.set_latex("x")
    assert formula.sizeHint().width() < before.width()
    formula.set_latex("")
    assert formula.sizeHint().width() == 0
    formula.grab()


def test_a_long_formula_shrinks_into_its_panel(formula):
    formula.resize(40, formula.height())
    assert inked(formula, LIGHT.text) > 5
