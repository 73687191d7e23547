import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from lab.ui.choices import Choice, Segmented, Toggle
from lab.ui.controls import FieldColumn, LogSlider
from lab.ui.fields import NumberField


@pytest.fixture
def segments(qtbot):
    row = Segmented(["Loss", "Accuracy", "Gradient"], "Quantity")
    qtbot.addWidget(row)
    row.show()
    row.told = []
    row.chosen.connect(row.told.append)
    return row


def test_a_click_chooses_and_the_current_one_is_marked(qtbot, segments):
    second = segments._group.buttons()[1]
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert (segments.current(), segments.told) == ("Accuracy", ["Accuracy"])
    assert segments.accessibleDescription() == "Current: Accuracy"


def test_arrow_keys_move_the_choice_and_stop_at_the_ends(qtbot, segments):
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left):
        qtbot.keyClick(segments, key)
    assert segments.told == ["Accuracy", "Gradient", "Accuracy"]


def test_setting_the_choice_by_code_is_silent(segments):
    segments.set_current("Gradient")
    assert (segments.current(), segments.told) == ("Gradient", [])
    with pytest.raises(ValueError, match="got 'Weights'"):
        segments.set_current("Weights")


def test_the_current_segment_is_filled_with_the_accent(segments):
    image = segments.grab().toImage()
    first, second = (b.geometry() for b in segments._group.buttons()[:2])
    filled = image.pixelColor(first.left() + 4, first.center().y() + 8)
    empty = image.pixelColor(second.left() + 4, second.center().y() + 8)
    assert (filled.name(), empty.name()) == ("#eaf0fc", "#ffffff")


def test_names_for_readers(segments):
    assert segments.accessibleName() == "Quantity"
    assert [b.accessibleName() for b in segments._group.buttons()] == list(segments.choices())


def test_a_list_tells_what_was_chosen_and_nothing_else(qtbot):
    choice = Choice(["sgd", "adam", "adamw"], "Method")
    qtbot.addWidget(choice)
    told = []
    choice.chosen.connect(told.append)
    choice.set_current("adamw")
    choice.set_choices(["adamw", "sgd"])
    assert (choice.current(), told) == ("adamw", [])
    choice.show()
    choice.setFocus()
    qtbot.keyClick(choice, Qt.Key.Key_Down)
    assert told == ["sgd"]
    with pytest.raises(ValueError, match="'lion' is not in the list of Method"):
        choice.set_current("lion")


def test_a_long_list_is_searched_and_half_a_name_is_no_choice(qtbot):
    choice = Choice([f"layer {i}" for i in range(30)], "Layer")
    qtbot.addWidget(choice)
    choice.show()
    assert choice.isEditable()
    choice.lineEdit().setText("layer 1")
    assert choice.completer().filterMode() == Qt.MatchFlag.MatchContains
    choice.lineEdit().setText("nothing like it")
    choice.lineEdit().editingFinished.emit()
    assert choice.currentText() == choice.current() == "layer 0"


def test_the_wheel_over_a_list_changes_nothing(qtbot):
    choice = Choice(["a", "b"])
    qtbot.addWidget(choice)
    wheel = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, -120),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(choice, wheel)
    assert choice.current() == "a"


def test_a_tick_speaks_of_clicks_only(qtbot):
    tick = Toggle("Log")
    qtbot.addWidget(tick)
    told = []
    tick.toggled_by_hand.connect(told.append)
    tick.set_on(True)
    assert (tick.is_on(), told) == (True, [])
    tick.click()
    assert (tick.is_on(), told) == (False, [False])


@pytest.fixture
def slider(qtbot):
    field = NumberField("Learning rate", 0.01, least=1e-6, greatest=10)
    qtbot.addWidget(field)
    made = LogSlider(field, 1e-4, 1)
    qtbot.addWidget(made)
    made.field = field
    return made


def test_a_slider_moves_by_decades(slider):
    assert slider._slider.value() == 500  # 0.01 is half way between 1e-4 and 1
    slider._slider.setValue(750)
    assert slider.value() == pytest.approx(0.1)
    assert slider.field.value() == pytest.approx(0.1)


def test_a_drag_is_one_edit(qtbot, slider):
    edits, moves = [], []
    slider.field.edited.connect(edits.append)
    slider.moved.connect(moves.append)
    slider._slider.setSliderDown(True)
    for tick in (510, 600, 750):
        slider._slider.setValue(tick)
    assert (len(moves), edits) == (3, [])
    slider._slider.setSliderDown(False)
    assert edits == [pytest.approx(0.1)]


def test_the_slider_follows_the_field_and_stays_at_its_end(slider):
    slider.field.edited.emit(5.0)
    assert slider._slider.value() == 1000
    with pytest.raises(ValueError, match="0 < least < greatest"):
        LogSlider(slider.field, 0, 1)


def test_fields_of_a_column_stand_under_each_other(qtbot):
    column = FieldColumn(100)
    qtbot.addWidget(column)
    first, second = NumberField("A"), NumberField("B")
    label = column.add_field("A", first, "what A means")
    column.add_heading("Group")
    column.add_field("A much longer name", second)
    column.show()
    assert first.geometry().left() == second.geometry().left()
    assert (first.height(), first.width()) == (28, 100)
    assert isinstance(label, QLabel)
    assert label.buddy() is first


def test_a_click_anywhere_opens_a_list_that_can_be_searched(qtbot):
    choice = Choice([f"Class {k}" for k in range(30)], "Samples")
    qtbot.addWidget(choice)
    choice.resize(160, choice.height())
    with qtbot.waitExposed(choice):
        choice.show()
    assert choice.isEditable()
    QTest.mouseClick(choice.lineEdit(), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(choice.view().isVisible)
    choice.hidePopup()
