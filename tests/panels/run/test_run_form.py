"""Every row of the form changes the setting it names, and undo brings the old value back."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel, QStyle, QStyleOptionComboBox

from lab.engine.experiment import experiment, needs_reset
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.optimizers import OPTIMIZERS
from lab.panels.run.model import rows
from lab.panels.run.view import Foot
from lab.ui import theme
from lab.ui.choices import Choice
from lab.ui.form import MARK

CHOSEN = {
    "data.kind": "moons",
    "loss.kind": "mse_loss",
    "precision": "float64",
    "data.task": "classification",
}


def another(row):
    """Return another value of a row, and what is typed or chosen for it."""
    if row.editor == "tick":
        return not row.value, None
    if row.editor == "choice":
        names = [n for n in row.choices if n != row.value]
        name = CHOSEN.get(row.path, names[0])
        return name, row.choices[name]
    if row.editor == "whole":
        value = row.value + 1 if row.value < row.high else row.value - 1
        return value, value
    value = row.value / 2 if row.value else 0.125
    return value, value


def changeable(now, samples):
    editors = {"tick", "choice", "whole", "number"}
    shown = [r for r in rows(now, {"cpu": "CPU"}, samples) if r.editor in editors]
    return [r for r in shown if r.editor != "choice" or len(r.choices) > 1]


def every_row_changes_its_setting(desk):
    look = desk.look
    tried = changeable(look.settings, len(look.data.train))
    for row in tried:
        before = desk.look.settings.value(row.path)
        value, typed = another(row)
        desk.put(row.path, typed)
        desk.wait_for(row.path, value)
        desk.bridge.undo_stack.undo()
        desk.wait_for(row.path, before)
        desk.until(lambda: desk.look.settings == look.settings)
    return {row.path for row in tried}


def test_every_row_changes_the_setting_it_names(desk):
    tried = every_row_changes_its_setting(desk.load())
    assert {"layers.2.p", "layers.3.layers.1.p", "seed", "batches.size", "clip.kind"} <= tried
    assert {"optimizer.nesterov", "split.test_share", "early_stopping.patience"} <= tried


def test_every_row_of_a_table_changes_the_setting_it_names(desk, plants):
    layers = [{"kind": "linear", "units": 4}, "relu", "linear"]
    data = {"kind": "csv", "path": str(plants)}
    desk.load({"data": data, "layers": layers, "batches": {"size": 8}})
    assert "data.task" in every_row_changes_its_setting(desk)


@pytest.mark.parametrize("kind", sorted(OPTIMIZERS))
def test_every_optimizer_has_its_options_in_the_form(kind):
    now = experiment({"optimizer": kind})
    shown = {r.path for r in rows(now, {"cpu": "CPU"}, 100)}
    for parameter in OPTIMIZERS[kind].parameters:
        assert f"optimizer.{parameter.name}" in shown


def test_a_task_once_chosen_can_be_left_to_be_recognised_again(desk, plants):
    data = {"kind": "csv", "path": str(plants), "task": "classification"}
    desk.load({"data": data, "layers": ["linear"]})
    desk.put("data.task", "Recognised")
    desk.wait_for("data.task", None)


def test_what_begins_the_run_anew_is_marked(desk):
    desk.load()
    form = desk.view.form
    for label in form.findChildren(QLabel):
        field = label.buddy()
        if field is not None and field.property("path"):
            marks = [m for m in label.findChildren(QLabel) if m.text() == MARK]
            assert bool(marks) == needs_reset(field.property("path"))
    assert not needs_reset("layers.2.p")
    assert "begins the run anew" in desk.field("seed").toolTip()
    assert "logged" in desk.field("optimizer.learning_rate").toolTip()


def test_every_field_has_a_name_and_fits_a_narrow_dock(desk):
    desk.load()
    right = desk.view.width()
    for field in desk.view.form.fields.values():
        assert field.accessibleName()
        edge = field.mapTo(desk.view, field.rect().topRight()).x()
        assert edge < right - 8


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_no_label_is_wider_than_its_column(desk, optimizer):
    desk.load(
        {"data": "digits", "layers": [LAYERS["dropout"].name, "linear"]}
        | {"optimizer": optimizer, "loss": "cross_entropy"}
    )
    labels = [x for x in desk.view.form.findChildren(QLabel) if x.buddy() is not None]
    assert labels
    for label in labels:
        assert label.sizeHint().width() <= label.width(), label.text()


def test_a_share_beyond_what_is_offered_is_shown_as_the_file_has_it(desk):
    desk.load(
        {"data": {"kind": "circle", "samples": 1000}, "layers": ["linear"]}
        | {"split": {"test_share": 0.995}, "batches": {"size": 5}}
    )
    assert desk.field("split.test_share").value() == 0.995


def test_another_set_is_a_choice_of_all(desk):
    desk.load()
    offered = desk.field("loss.kind")
    assert isinstance(offered, Choice)
    assert offered.count() == len(LOSSES)


def test_every_name_of_a_choice_is_shown_whole(desk):
    desk.load({"data": "digits", "layers": ["linear"]})
    for path, field in desk.view.form.fields.items():
        if not isinstance(field, Choice) or path == "device":
            continue
        option = QStyleOptionComboBox()
        field.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        control = QStyle.ComplexControl.CC_ComboBox
        room = field.style().subControlRect(control, option, part, field).width()
        inside = 4 if field.isEditable() else 0  # a line edit keeps two pixels at each side
        for place in range(field.count()):
            name = field.itemText(place)
            assert field.fontMetrics().horizontalAdvance(name) <= room - inside, name


def test_the_form_stays_as_it_is_in_a_wide_panel(desk):
    desk.load()
    places = {p: f.mapTo(desk.view, QPoint()).x() for p, f in desk.view.form.fields.items()}
    desk.view.resize(1200, 700)
    desk.until(lambda: desk.view.form.parentWidget().width() > 1000)
    assert places == {
        p: f.mapTo(desk.view, QPoint()).x() for p, f in desk.view.form.fields.items()
    }


def test_the_log_of_edits_is_parted_from_the_form(desk):
    desk.load()
    image = desk.view.grab().toImage()
    foot = desk.view.findChild(Foot)
    place = foot.mapTo(desk.view, QPoint(theme.MARGIN + 40, 0))
    assert image.pixelColor(place) == theme.colour("line")
