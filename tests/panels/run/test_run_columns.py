"""A table of one's own: recognised, shown, corrected by hand, trained on."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QPushButton

from lab.files.errors import LoadError
from lab.panels.run.columns import HEADERS, ColumnsDialog
from lab.panels.run.table import changes, checked, examples, lines, read_state

LAYERS = [{"kind": "linear", "units": 4}, "relu", "linear"]


class Hands:
    """The dialog and gestures on it."""

    def __init__(self, desk, dialog):
        self.desk, self.dialog = desk, dialog
        desk.until(lambda: dialog.state is not None)

    def cell(self, name, header):
        row = self.dialog.state.table.names.index(name)
        return self.dialog.table.item(row, HEADERS.index(header)).text()

    def choose(self, choice, title):
        place = choice.findText(title)
        choice.setCurrentIndex(place)
        choice.activated.emit(place)

    def select(self, name):
        self.dialog.table.selectRow(self.dialog.state.table.names.index(name))

    def press(self, name):
        button = self.dialog.buttons.button(getattr(QDialogButtonBox.StandardButton, name))
        self.desk.until(button.isEnabled)
        self.desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def opened(desk, plants):
    """The dialog, opened by the button in the form of a loaded table."""
    desk.load({"data": {"kind": "csv", "path": str(plants)}, "layers": LAYERS}, adapt=True)
    desk.qtbot.mouseClick(desk.field("data.kinds"), Qt.MouseButton.LeftButton)
    hands = Hands(desk, desk.view.findChild(ColumnsDialog))
    yield hands
    if desk.view.findChild(ColumnsDialog) is not None:
        hands.dialog.close()


def test_choosing_a_table_loads_what_was_recognised(desk, plants, monkeypatch):
    monkeypatch.setattr("lab.panels.run.view.ask_for_data", lambda *_: str(plants))
    desk.load()
    desk.put("data.kind", "CSV file")
    desk.wait_for("data.kind", "csv")
    assert desk.look.data.target_name == "species"
    assert desk.look.data.class_names == ("elm", "oak")
    assert desk.field("data.path").text() == "plants.csv"
    desk.until(lambda: desk.banner is not None)
    assert "left out for a missing value: 1 of 60 rows" in desk.banner.toolTip().lower()
    button = next(b for b in desk.banner.findChildren(QPushButton) if b.text() == "Columns…")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = desk.view.findChild(ColumnsDialog)
    Hands(desk, dialog).press("Cancel")
    assert desk.bridge.undo_stack.count() == 1


@pytest.mark.fault("F14")
def test_what_was_recognised_is_shown_with_its_reasons(opened):
    assert opened.cell("colour", "Read as") == "category"
    assert opened.cell("colour", "Examples") == "blue, red"
    assert opened.cell("zone", "Read as") == "number"
    assert opened.cell("length", "Missing") == "1"
    assert opened.cell("batch", "Used as") == "ignored"
    assert opened.cell("batch", "Note") == "it is constant"
    assert opened.cell("species", "Used as") == "target"
    assert opened.dialog.target.current() == "species"
    assert "it is named so" in opened.dialog._reason.text()
    assert "Delimiter comma" in opened.dialog._words.text()


@pytest.mark.fault("F14")
def test_a_mistaken_type_is_corrected_and_trained_on_as_one_change(opened):
    desk = opened.desk
    before = desk.look
    assert desk.look.data.x.shape == (59, 4)  # length, colour in two, zone
    opened.select("zone")
    opened.choose(opened.dialog.kind, "Category")
    desk.until(lambda: opened.cell("zone", "Read as") == "category (corrected)")
    opened.select("length")
    desk.qtbot.keyClick(opened.dialog.use, Qt.Key.Key_Space)
    assert opened.cell("length", "Used as") == "ignored"
    opened.press("Ok")
    desk.until(lambda: desk.look.run != before.run)
    assert desk.look.data.feature_names == (
        *("colour=blue", "colour=red"),
        *(f"zone={k}" for k in range(1, 5)),
    )
    assert desk.look.data.x.shape == (60, 6)  # the gap was in the column left out
    assert desk.look.settings.data["kinds"] == (("zone", "category"),)
    assert desk.look.settings.data["features"] == ("colour", "zone")
    assert desk.bridge.undo_stack.count() == 1
    desk.run_to(3)
    desk.bridge.undo_stack.undo()
    desk.until(lambda: desk.look.run == before.run)
    assert desk.look.settings == before.settings


def test_another_target_turns_the_task(opened):
    desk = opened.desk
    opened.choose(opened.dialog.target, "length")
    assert opened.cell("length", "Used as") == "target"
    assert opened.cell("species", "Used as") == "feature"
    assert "regression, because" in opened.dialog._reason.text()
    opened.press("Ok")
    desk.until(lambda: desk.look.data.target_name == "length")
    assert desk.look.settings.loss.kind == "mse_loss"
    assert "The loss is now mean squared error." in desk.banner.text()


def test_what_cannot_be_is_told_in_the_dialog_and_nothing_is_loaded(opened):
    desk = opened.desk
    opened.select("colour")
    opened.choose(opened.dialog.kind, "Number")
    desk.until(lambda: opened.dialog._banner.isVisible())
    assert "no entry is a number" in opened.dialog._banner.text()
    assert opened.cell("colour", "Read as") == "category"
    assert opened.dialog.kind.current() == "As recognised"
    opened.choose(opened.dialog.task, "Regression")
    opened.press("Ok")
    desk.until(lambda: "names cannot be" in opened.dialog._banner.text())
    assert desk.bridge.undo_stack.count() == 0
    opened.press("Cancel")


def test_a_table_that_was_refused_can_still_be_corrected(desk, tmp_path, monkeypatch):
    """A column that is mostly empty leaves few rows; without it there are enough."""
    path = tmp_path / "gaps.csv"
    rows = [f"{i},{i if i % 2 else ''},{'' if i % 2 else i},{'ab'[i % 2]}" for i in range(40)]
    path.write_text("\n".join(["x,odd,even,class", *rows]), encoding="utf-8")
    monkeypatch.setattr("lab.panels.run.view.ask_for_data", lambda *_: str(path))
    desk.load()
    desk.put("data.kind", "CSV file")
    desk.until(lambda: desk.banner is not None)
    assert "every row has a missing value" in desk.banner.text()
    button = next(b for b in desk.banner.findChildren(QPushButton) if b.text() == "Columns…")
    desk.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    hands = Hands(desk, desk.view.findChild(ColumnsDialog))
    for name in ("odd", "even"):
        hands.select(name)
        hands.dialog.use.click()
    hands.press("Ok")
    desk.wait_for("data.kind", "csv")
    assert desk.look.data.feature_names == ("x",)


def test_another_file_is_recognised_anew(desk, plants, tmp_path, monkeypatch):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n" + "".join(f"{i},{i * 0.5}\n" for i in range(30)))
    data = {"kind": "csv", "path": str(plants), "kinds": [["zone", "category"]]}
    desk.load({"data": data | {"target": "species"}, "layers": LAYERS})
    monkeypatch.setattr("lab.panels.run.form.ask_for_data", lambda *_: str(other))
    desk.qtbot.mouseClick(desk.field("data.path"), Qt.MouseButton.LeftButton)
    desk.wait_for("data.path", str(other))
    assert desk.look.settings.data["kinds"] == ()
    assert desk.look.data.target_name == "b"


def test_arrays_show_their_file(desk, tmp_path, monkeypatch):
    path = tmp_path / "a rather long name of a file of arrays.npz"
    np.savez(path, x=np.random.default_rng(1).normal(size=(40, 3)), y=np.arange(40) % 3)
    monkeypatch.setattr("lab.panels.run.view.ask_for_data", lambda *_: str(path))
    desk.load()
    desk.put("data.kind", "NPY or NPZ file")
    desk.wait_for("data.kind", "arrays")
    field = desk.field("data.path")
    assert "…" in field.text()
    assert path.name in field.toolTip()
    assert field.sizeHint().width() <= field.width()


# The decisions themselves, without a window.


def test_a_kind_taken_back_leaves_no_correction(plants):
    state = read_state(str(plants), {})
    corrected = state.with_kind("zone", "category")
    assert changes(corrected)["data.kinds"] == (("zone", "category"),)
    assert lines(corrected)[2].examples == "1, 2, 3 and 1 more"
    for kind in ("", "number"):
        again = corrected.with_kind("zone", kind)
        assert changes(again) == changes(state)
        assert lines(again) == lines(state)


def test_all_features_are_named_only_where_some_are_left_out(plants):
    state = read_state(str(plants), {})
    assert changes(state)["data.features"] == ()
    assert state.features == ("length", "colour", "zone")
    fewer = state.using(["zone"], is_used=False)
    assert changes(fewer)["data.features"] == ("length", "colour")
    assert changes(fewer.using(["zone"], is_used=True)) == changes(state)


def test_decisions_come_back_from_the_description(plants):
    state = read_state(str(plants), {}).with_kind("zone", "category")
    state = state.using(["length"], is_used=False).aimed_at("colour", "classification")
    options = {k.removeprefix("data."): v for k, v in changes(state).items()}
    assert changes(read_state(str(plants), options)) == changes(state)


def test_no_feature_left_is_refused_before_loading(plants):
    state = read_state(str(plants), {}).using(["length", "colour", "zone"], is_used=False)
    with pytest.raises(LoadError, match="no column is left"):
        checked(state)


def test_examples_of_dates_are_dates(tmp_path):
    path = tmp_path / "days.csv"
    rows = "".join(f"2024-01-{i:02d},{i % 2}\n" for i in range(1, 29))
    path.write_text("day,y\n" + rows)
    state = read_state(str(path), {})
    assert examples(state.table.column("day")) == "2024-01-01 to 2024-01-28"
    assert examples(state.table.column("y")) == "0 to 1"


def test_labels_stay_beside_their_fields(opened):
    dialog = opened.dialog
    label = next(x for x in dialog.findChildren(QLabel) if x.buddy() is dialog.target)
    dialog.resize(1200, 600)
    dialog.layout().activate()
    right = label.mapTo(dialog, label.rect().topRight()).x()
    assert 0 <= dialog.target.mapTo(dialog, QPoint()).x() - right <= 16
