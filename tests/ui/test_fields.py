import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from lab.numerals import number, plain, shown, whole
from lab.ui.fields import IntField, NumberField

GARBAGE = [
    "",
    " ",
    "nan",
    "inf",
    "-inf",
    "1e999",
    "1_000",
    "\u0661\u0662",
    "0x10",
    "1,2,3",
    "abc",
]


def typed(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    QGuiApplication.clipboard().setText(text)
    field.paste()
    if not text:
        qtbot.keyClick(field, Qt.Key.Key_Delete)
    qtbot.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def rate(qtbot):
    field = NumberField("Learning rate", 0.02, least=0, greatest=10)
    qtbot.addWidget(field)
    field.show()
    field.edits = []
    field.edited.connect(field.edits.append)
    return field


@pytest.mark.fault("N6")
@pytest.mark.parametrize("text", [*GARBAGE, "-1", "11"])
def test_what_is_no_number_in_range_is_refused_in_words_and_the_old_value_comes_back(
    qtbot, rate, text
):
    with qtbot.waitSignal(rate.refused) as told:
        typed(qtbot, rate, text)
    assert "Learning rate: wanted a number from 0 to 10" in told.args[0]
    assert (rate.value(), rate.text(), rate.edits) == (0.02, "0.02", [])


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3", 1e-3), (" 0.5 ", 0.5), ("0,25", 0.25), (".5", 0.5), ("2", 2.0)]
)
def test_an_edit_is_told_once_with_the_whole_value(qtbot, rate, text, value):
    typed(qtbot, rate, text)
    rate.clearFocus()
    assert rate.edits == [value]
    assert rate.value() == value


def test_pasted_garbage_turns_red_while_it_stands(qtbot, rate):
    QGuiApplication.clipboard().setText("learning\nrate <b>0.1</b>")
    rate.selectAll()
    rate.paste()
    assert rate.property("wrong") == "true"
    qtbot.keyClick(rate, Qt.Key.Key_Escape)
    assert (rate.property("wrong"), rate.text(), rate.edits) == ("false", "0.02", [])


def test_a_number_out_of_range_turns_red_while_it_is_typed(qtbot, rate):
    rate.selectAll()
    qtbot.keyClicks(rate, "11")
    assert rate.property("wrong") == "true"
    qtbot.keyClick(rate, Qt.Key.Key_Backspace)
    assert rate.property("wrong") == "false"


def test_setting_a_value_by_code_is_silent_and_keeps_all_digits(qtbot, rate):
    with qtbot.assertNotEmitted(rate.edited), qtbot.assertNotEmitted(rate.textChanged):
        rate.set_value(1 / 3)
        rate.set_range(0, 0.25)
    assert rate.value() == 0.25
    rate.set_range(0, 1)
    rate.set_value(1 / 3)
    typed(qtbot, rate, rate.text())  # looked at and left: nothing is rounded by that
    assert rate.value() == 1 / 3
    assert repr(1 / 3) in rate.toolTip()


@pytest.mark.fault("N6")
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0, 10.1])
def test_code_cannot_set_what_a_person_cannot_type(rate, value):
    with pytest.raises(ValueError, match="Learning rate: wanted"):
        rate.set_value(value)
    assert rate.value() == 0.02


@pytest.mark.fault("N6")
def test_a_slot_that_sets_the_field_again_does_not_recurse(qtbot, rate):
    rate.edited.connect(rate.set_value)
    typed(qtbot, rate, "3")
    assert rate.edits == [3.0]


def test_arrows_step_the_second_digit_and_stop_at_the_end(qtbot, rate):
    qtbot.keyClick(rate, Qt.Key.Key_Up)
    assert rate.edits == [0.021]
    rate.set_value(10)
    qtbot.keyClick(rate, Qt.Key.Key_PageUp)
    assert rate.value() == 10


def test_whole_numbers_of_64_bits_pass(qtbot):
    field = IntField("Seed", 3, least=0, greatest=2**63 - 1)
    qtbot.addWidget(field)
    edits = []
    field.edited.connect(edits.append)
    typed(qtbot, field, str(2**62 + 1))
    assert edits == [2**62 + 1]


@pytest.mark.fault("N2")
@pytest.mark.fault("N7")
@pytest.mark.parametrize("text", [*GARBAGE, "2.5", "-3", "1099511627776", str(2**70)])
def test_whole_numbers_are_refused_likewise(qtbot, text):
    field = IntField("Width", 4, least=1, greatest=4096)
    qtbot.addWidget(field)
    with qtbot.waitSignal(field.refused):
        typed(qtbot, field, text)
    assert field.value() == 4


@pytest.mark.fault("N2")
@pytest.mark.parametrize("value", [0, 4097, 2.5, math.nan])
def test_code_cannot_set_a_bad_whole_number(qtbot, value):
    field = IntField("Width", 4, least=1, greatest=4096)
    qtbot.addWidget(field)
    with pytest.raises(ValueError, match="Width"):
        field.set_value(value)


@given(st.text(max_size=30))
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_finite_number_or_none(text):
    value = number(text)
    assert value is None or math.isfinite(value)
    assert whole(text) is None or value is not None or len(text.strip()) > 0


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
@settings(max_examples=200)
def test_what_is_shown_is_read_back_to_its_digits(value):
    assert number(plain(value, 17)) == value
    back = number(shown(value, 4))
    assert back == pytest.approx(value, rel=6e-4) or abs(value) > 1.79e308


def test_numbers_for_the_eye():
    assert shown(-0.000123456) == "\u22120.0001235"
    assert shown(1234567.0) == "1.235e6"
    assert shown(-0.0) == "0"
    assert shown(math.nan) == "undefined"
    assert shown(-math.inf) == "\u2212\u221e"
