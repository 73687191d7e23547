"""The builder under real gestures: what is drawn, edited, undone, and what trains then."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtWidgets import QApplication

from lab.engine.experiment import nested
from lab.panels.network import model
from lab.panels.network.hits import gap_x
from lab.panels.network.layout import INPUT
from lab.panels.network.painting import HEAD, label_of
from lab.panels.network.view import NetworkView
from lab.presets import load
from lab.ui.undo import change_settings

LAYERS = [
    {"kind": "linear", "units": 6},
    "tanh",
    {"kind": "linear", "units": 4},
    "tanh",
    "linear",
]
WAIT = 60_000


class Builder:
    """A view with a network of six and four units, moved by mouse and keys."""

    def __init__(self, qtbot, bridge, view):
        self.qtbot, self.bridge, self.view, self.canvas = qtbot, bridge, view, view.canvas

    def kinds(self):
        return [part.kind for part in self.bridge.look.settings.layers]

    def until(self, is_so):
        self.qtbot.waitUntil(is_so, timeout=WAIT)

    def runs(self, *kinds):
        self.until(lambda: self.kinds() == list(kinds) and self.is_drawn())

    def is_drawn(self):
        look, scene = self.bridge.look, self.view.scene
        return self.bridge.wish is None and scene.layers == look.settings.layers

    def is_live(self):
        return self.view.seen is not None and self.view.seen.step == self.bridge.look.step

    def column(self, path):
        layout = self.view.scene.layout
        return layout.columns[layout.column_of(path)]

    def unit(self, path, index):
        return self.canvas.now.square(self.column(path), index).center().toPoint()

    def header(self, path):
        place = self.view.scene.layout.column_of(path)
        return self.canvas.now.head(place).center().toPoint()

    def gap(self, place):
        return QPoint(round(gap_x(self.canvas.now, place)), HEAD // 2)

    def click(self, place, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.mouseClick(self.canvas, Qt.MouseButton.LeftButton, modifier, place)

    def drag(self, start, end, modifier=Qt.KeyboardModifier.NoModifier):
        left = Qt.MouseButton.LeftButton
        self.qtbot.mousePress(self.canvas, left, modifier, start)
        self.qtbot.mouseMove(self.canvas, (start + end) / 2)
        self.qtbot.mouseMove(self.canvas, end)
        self.qtbot.mouseRelease(self.canvas, left, modifier, end)

    def wheel(self, place, notches):
        at = QPointF(place)
        none = Qt.KeyboardModifier.NoModifier
        turn = QPoint(0, 120 * notches)
        event = QWheelEvent(
            at, self.canvas.mapToGlobal(at), QPoint(), turn, Qt.MouseButton.NoButton, none,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)

    def key(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.qtbot.keyClick(self.canvas, key, modifier)

    def undo(self):
        self.bridge.undo_stack.undo()


@pytest.fixture
def build(qtbot, bridge):
    view = NetworkView(bridge)
    qtbot.addWidget(view)
    view.resize(900, 700)
    view.show()
    bridge.load(load("spiral").changed({"layers": LAYERS}))
    bridge.run_to(20)
    qtbot.waitUntil(
        lambda: bridge.look is not None and bridge.look.step == 20 and not bridge.look.playing,
        timeout=WAIT,
    )
    made = Builder(qtbot, bridge, view)
    made.until(made.is_live)
    return made


def test_an_empty_panel_says_so_and_can_be_filled(qtbot, bridge):
    view = NetworkView(bridge)
    qtbot.addWidget(view)
    view.show()
    assert view.is_empty()
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: not view.is_empty(), timeout=WAIT)
    assert view.subtitle()


def test_a_click_on_a_unit_selects_it_everywhere_and_says_what_it_computes(build):
    build.click(build.unit("layers.2", 1))
    assert build.bridge.selection["unit"] == ("layers.2", 1)
    assert build.bridge.selection["layer"] == "layers.2"
    seen = build.view.seen
    a = seen.values["layers.2"][1]
    assert a == pytest.approx(np.tanh(seen.sums["layers.2"][1]), rel=1e-5)
    assert build.view.card.title.text().startswith("Layer 2, unit 2 at sample 0")
    assert f"{abs(a):.2f}"[:3] in build.view.card.numbers.text()
    assert r"\tanh" in build.view.card.formula.latex()
    assert "w_{2i}" in build.view.card.formula.latex()


def test_what_is_selected_elsewhere_is_selected_here(build):
    build.bridge.select("unit", ("layers.0", 3))
    assert build.view.state.unit == ("layers.0", 3)
    build.bridge.select("sample", 7)
    build.until(lambda: build.view.seen is not None and build.view.seen.sample == 7)


def test_pictures_are_the_answers_of_the_units(build):
    cells = build.view.seen.maps["layers.0"]
    unit = int(np.minimum(cells.max(axis=(1, 2)), -cells.min(axis=(1, 2))).argmax())
    assert cells[unit].min() < -0.2
    assert cells[unit].max() > 0.2  # a unit that answers with both signs
    image = build.canvas.now.images["layers.0"][unit]
    lowest, highest = (
        image.pixelColor(int(column), int(row))
        for row, column in (
            np.unravel_index(place, cells[unit].shape)
            for place in (cells[unit].argmin(), cells[unit].argmax())
        )
    )
    assert lowest.blue() > lowest.red()
    assert highest.red() > highest.blue()
    first = build.canvas.now.images[INPUT][0]  # x grows to the right
    assert first.pixelColor(0, 0).blue() > first.pixelColor(0, 0).red()
    last = first.pixelColor(first.width() - 1, 0)
    assert last.red() > last.blue()


def test_the_wheel_on_a_header_widens_and_undo_brings_the_run_back(build):
    run = build.bridge.look.run
    build.wheel(build.header("layers.0"), 2)
    build.until(lambda: build.bridge.look.settings.layers[0]["units"] == 8 and build.is_drawn())
    assert build.column("layers.0").count == 8
    assert build.bridge.look.step == 0
    build.undo()
    build.until(lambda: build.bridge.look.run == run)
    assert build.bridge.look.newest == 20
    build.until(lambda: build.is_drawn() and build.column("layers.0").count == 6)


def test_the_wheel_elsewhere_comes_nearer(build):
    before = build.canvas.now.camera.scale
    build.wheel(QPoint(450, 300), 1)
    assert build.canvas.now.camera.scale > before
    assert build.bridge.look.newest == 20


def test_a_layer_is_added_removed_and_brought_back(build):
    build.view.editor.insert("linear", "layers.2")
    build.runs("linear", "tanh", "linear", "tanh", "linear", "tanh", "linear")
    assert build.bridge.look.settings.layers[2]["units"] == 6  # as wide as what comes in
    assert build.bridge.selection["layer"] == "layers.2"
    build.key(Qt.Key.Key_Delete)
    build.runs("linear", "tanh", "linear", "tanh", "linear")
    build.undo()
    build.runs("linear", "tanh", "linear", "tanh", "linear", "tanh", "linear")
    build.undo()
    build.runs("linear", "tanh", "linear", "tanh", "linear")
    assert build.bridge.look.newest == 20


def test_a_click_between_two_layers_asks_what_to_put_there(build):
    build.click(build.gap(2))
    menu = build.view.menus._kinds
    build.until(menu.isVisible)
    action = next(a for a in menu.actions() if a.text() == "Linear")
    action.trigger()
    menu.close()
    build.until(lambda: len(build.kinds()) == 7)
    assert build.kinds()[2] == "linear"


def test_a_layer_is_dragged_to_another_place(build):
    build.view.editor.set("layers.0.activation", "relu")
    build.runs("linear", "relu", "linear", "tanh", "linear")
    build.drag(build.header("layers.0"), build.gap(3))
    build.runs("linear", "tanh", "linear", "relu", "linear")


def test_keys_walk_widen_move_copy_and_paste(build):
    ctrl, alt = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
    build.canvas.setFocus()
    build.key(Qt.Key.Key_Right, ctrl)
    assert build.view.state.layer == "layers.0"
    build.key(Qt.Key.Key_Right, ctrl)
    assert build.view.state.layer == "layers.2"
    build.key(Qt.Key.Key_Down)
    build.key(Qt.Key.Key_Down)
    assert build.view.state.unit == ("layers.2", 1)
    build.key(Qt.Key.Key_Plus)
    build.until(lambda: build.bridge.look.settings.layers[2]["units"] == 5 and build.is_drawn())
    build.key(Qt.Key.Key_C, ctrl)
    assert "nabla.layers" in QGuiApplication.clipboard().text()
    build.key(Qt.Key.Key_V, ctrl)
    build.until(lambda: len(build.kinds()) == 7 and build.is_drawn())
    assert build.bridge.look.settings.layers[4]["units"] == 5
    build.bridge.select("layer", "layers.0")
    build.key(Qt.Key.Key_Right, alt)
    build.until(lambda: build.bridge.look.settings.layers[2]["units"] == 6)


def test_a_skip_that_cannot_be_added_up_is_red_and_nothing_trains(build):
    run = build.bridge.look.run
    build.bridge.select("layer", "layers.2")
    build.key(Qt.Key.Key_S)
    board = build.bridge.board
    assert board.layers is not None
    (problem,) = build.view.scene.draft.problems
    assert problem.short == "4 ≠ 6"
    assert "Residual block" in problem.text
    assert "Layer 2 (Residual block)" in build.view._banner.text()
    assert build.bridge.look.run == run
    build.undo()
    assert board.layers is None
    assert build.view.scene.layers == build.bridge.look.settings.layers
    assert not build.view._banner.isVisible()


def test_what_was_broken_trains_once_it_is_mended_and_undo_goes_back_through_both(build):
    run = build.bridge.look.run
    build.view.editor.skip("layers.2", "layers.2")
    build.view.editor.widen("layers.2.layers.0", 2)
    build.runs("linear", "tanh", "residual", "linear")
    assert build.bridge.board.layers is None
    assert len(build.view.scene.layout.skips) == 1
    build.undo()
    assert build.bridge.board.layers is not None
    build.until(lambda: build.bridge.look.run == run)
    build.undo()
    build.until(lambda: build.bridge.board.layers is None and build.is_drawn())
    assert build.bridge.look.newest == 20


def test_another_preset_takes_the_place_of_a_draft(build):
    build.view.editor.skip("layers.2", "layers.2")
    assert build.bridge.board.layers is not None
    build.bridge.load(load("xor"))
    build.until(lambda: build.bridge.look.title == "XOR")
    build.until(build.is_drawn)
    assert build.bridge.board.layers is None


def test_a_skip_is_drawn_by_dragging_with_shift(build):
    build.view.editor.set("layers.2.units", 6)
    build.until(lambda: build.bridge.look.settings.layers[2]["units"] == 6 and build.is_drawn())
    shift = Qt.KeyboardModifier.ShiftModifier
    build.drag(build.header("layers.2"), build.header("layers.2") + QPoint(3, 0), shift)
    build.runs("linear", "tanh", "residual", "linear")
    start_y = build.canvas.now.camera.to_pixel(
        0, build.view.scene.layout.low(build.view.scene.layout.skips[0])
    )[1]
    middle = build.unit("layers.2.layers.0", 0).x()
    build.click(QPoint(middle, round(start_y)))
    assert build.view.state.layer == "layers.2"
    build.key(Qt.Key.Key_Delete)
    build.runs("linear", "tanh", "linear", "tanh", "linear")


def test_a_weight_is_selected_by_its_curve_and_set_by_hand(build):
    fan = build.canvas._fans[0]
    row, column = np.unravel_index(np.abs(fan.weights).argmax(), fan.weights.shape)
    x = fan.x0 + 0.04 * (fan.x1 - fan.x0)
    from lab.panels.network.edges import share_at

    y = fan.y0[column] + share_at(0.04) * (fan.y1[row] - fan.y0[column])
    place = QPointF(*build.canvas.now.camera.to_pixel(x, float(y))).toPoint()
    build.click(place)
    path, name, index = build.view.state.weight
    assert (path, name) == ("layers.0", "weight")
    assert index % 2 == column
    field = build.view.card.weight
    assert field.isVisible()
    field.setFocus()
    field.selectAll()
    build.qtbot.keyClicks(field, "1.25")
    build.qtbot.keyClick(field, Qt.Key.Key_Return)
    build.until(lambda: build.view.seen.weights["layers.0", "weight"].flat[index] == 1.25)
    build.undo()
    build.until(lambda: build.view.seen.weights["layers.0", "weight"].flat[index] != 1.25)


def test_a_double_click_on_a_bias_lets_it_be_written(build):
    label = label_of(build.canvas.now, build.column("layers.2"), 1).center().toPoint()
    build.click(label)
    assert build.view.state.weight == ("layers.2", "bias", 1)
    build.qtbot.mouseDClick(build.canvas, Qt.MouseButton.LeftButton, pos=label)
    assert build.view.card.weight.hasFocus()


def test_settings_of_a_layer_change_it(build):
    build.click(build.header("layers.0"))
    assert build.view.card.is_settable()
    labels = [r.label for r in build.view.card._rows]
    assert labels[:3] == ["Units", "Normalise", "Activation"]
    build.view.card.changed.emit("layers.0.normalisation", "batch_norm")
    build.runs("linear", "batch_norm", "tanh", "linear", "tanh", "linear")
    build.view.card.changed.emit("layers.0.dropout", "dropout")
    build.runs("linear", "batch_norm", "tanh", "dropout", "linear", "tanh", "linear")
    build.view.card.changed.emit("layers.0.activation", "none")
    build.runs("linear", "batch_norm", "dropout", "linear", "tanh", "linear")
    build.view.card.changed.emit("layers.0.init", "orthogonal")
    build.until(lambda: build.bridge.look.settings.layers[0]["init"] == "orthogonal")


def test_untouched_layers_keep_their_weights_if_that_is_wanted(build):
    before = build.view.seen.weights["layers.0", "weight"]
    build.view.menus.keep.setChecked(True)
    build.view.editor.set("layers.2.units", 5)
    build.until(lambda: build.is_drawn() and build.column("layers.2").count == 5)
    build.until(build.is_live)
    np.testing.assert_array_equal(build.view.seen.weights["layers.0", "weight"], before)
    assert build.view.seen.weights["layers.2", "weight"].shape == (5, 6)


def test_hidden_it_asks_nothing(build):
    assert build.view._asked
    build.view.hide()
    assert not build.view._asked


def test_code_and_formula_are_copied(build):
    build.view.menus._on_code()
    text = QGuiApplication.clipboard().text()
    made = {}
    exec(text, made)
    assert next(tuple(p.shape) for p in made["net"].parameters()) == (6, 2)
    build.view.menus._on_latex()
    assert r"\tanh" in QGuiApplication.clipboard().text()


def test_all_gestures_undone_lead_back_to_the_very_start(build):
    start = build.bridge.look.run
    editor = build.view.editor
    editor.insert("linear", "layers.2")
    editor.widen("layers.0", -2)
    editor.skip("layers.2", "layers.4")
    editor.remove("layers.0")
    editor.set("layers.1.layers.0.units", 3)
    stack = build.bridge.undo_stack
    while stack.canUndo():
        stack.undo()
    build.until(lambda: build.bridge.look.run == start and build.is_drawn())
    assert build.bridge.board.layers is None
    assert build.bridge.look.newest == 20
    while stack.canRedo():
        stack.redo()
    while stack.canUndo():
        stack.undo()
    build.until(lambda: build.bridge.look.run == start and build.is_drawn())


@pytest.mark.fault("N8")
@pytest.mark.parametrize("seed", [1, 2])
def test_edits_and_undo_at_random_while_it_trains_lead_back_to_the_very_start(build, seed):
    """Sound networks and broken ones, as fast as gestures can be made."""
    rng, editor, stack = np.random.default_rng(seed), build.view.editor, build.bridge.undo_stack
    start = build.bridge.look.run
    build.bridge.play()
    for _ in range(60):
        paths = [None, *(path for path, _ in nested(editor.layers()))]
        path, other = (paths[k] for k in rng.integers(len(paths), size=2))
        act = rng.choice(["insert", "remove", "widen", "skip", "shift", "set", "undo", "redo"])
        if act == "insert":
            kind = str(rng.choice(["linear", "relu", "dropout", "batch_norm", "conv2d"]))
            editor.insert_after(kind, path)
        elif act == "skip" and path and other:
            editor.skip(path, other)
        elif act == "set" and path and editor.block(path):
            editor.set(
                f"{editor.block(path).path}.activation", str(rng.choice(["relu", "none"]))
            )
        elif act in ("widen", "shift"):
            getattr(editor, act)(path, int(rng.integers(-3, 4)))
        elif act == "remove":
            editor.remove(path)
        elif act in ("undo", "redo"):
            getattr(stack, act)()
        QApplication.processEvents()
        assert build.view.scene is not None
    while stack.canUndo():
        stack.undo()
    build.bridge.pause()
    build.until(lambda: build.bridge.look.run == start and build.is_drawn())
    assert build.bridge.board.layers is None
    assert [p.kind for p in build.view.scene.layers] == [
        "linear", "tanh", "linear", "tanh", "linear",
    ]  # fmt: skip
    assert build.bridge.look.newest >= 20


def test_the_canvas_follows_the_training(build):
    first = build.view.seen
    build.bridge.play()
    build.until(lambda: build.view.seen is not first and build.view.seen.step > first.step + 50)
    build.bridge.pause()
    build.until(lambda: not build.bridge.look.playing and build.is_live())
    later = build.view.seen
    assert not np.array_equal(
        first.weights["layers.0", "weight"], later.weights["layers.0", "weight"]
    )
    (fan, *_) = build.canvas._fans
    np.testing.assert_array_equal(fan.weights, later.weights["layers.0", "weight"])


def test_a_draft_that_a_cure_takes_the_place_of_comes_back_with_undo(build):
    build.view.editor.skip("layers.2", "layers.2")
    draft = build.bridge.board.layers
    cured = [{"kind": "linear", "units": 3}, "relu", "linear"]
    change_settings(build.bridge, {"layers": cured}, "cure")
    build.runs("linear", "relu", "linear")
    assert build.bridge.board.layers is None
    build.undo()
    assert build.bridge.board.layers == draft
    build.until(lambda: build.bridge.look.newest == 20)
    assert build.view.scene.layers == draft


def test_the_wheel_on_a_draft_is_one_gesture_too(build):
    build.view.editor.skip("layers.2", "layers.2")
    count = build.bridge.undo_stack.count()
    for _ in range(3):
        build.wheel(build.header("layers.2.layers.0"), 3)
    assert build.bridge.board.layers[2].layers[0]["units"] == 13
    assert build.bridge.undo_stack.count() == count + 1
    build.undo()
    assert build.bridge.board.layers[2].layers[0]["units"] == 4


def test_a_network_that_changes_under_the_hand_ends_the_drag(build):
    left = Qt.MouseButton.LeftButton
    build.qtbot.mousePress(build.canvas, left, pos=build.header("layers.2"))
    build.qtbot.mouseMove(build.canvas, build.gap(4))
    end = build.gap(4)
    build.bridge.load(load("xor").changed({"layers": ["linear"]}))
    build.until(lambda: build.kinds() == ["linear"] and build.is_drawn())
    build.canvas.grab()
    build.qtbot.mouseRelease(build.canvas, left, pos=end)
    assert build.kinds() == ["linear"]


def test_hidden_it_draws_nothing(build, monkeypatch):
    build.view.hide()
    drawn = []
    monkeypatch.setattr(build.view, "_draw", lambda: drawn.append(1))
    build.bridge.select("unit", ("layers.0", 1))
    build.view.editor.skip("layers.2", "layers.2")
    assert drawn == []


def test_a_question_that_fails_is_said(build, monkeypatch):
    def fail(*_):
        raise RuntimeError("no answer")

    monkeypatch.setattr(model, "seen", fail)
    build.bridge.select("sample", 5)
    build.until(
        lambda: build.view._banner is not None and "no answer" in build.view._banner.text()
    )


def test_costs_that_are_not_known_are_not_called_zero(build):
    build.view.editor.insert("conv2d", "layers.0")
    assert "not known yet" in build.view.scene.headers[1][2]
    build.bridge.select("layer", "layers.0")
    assert "0 parameters" not in build.view.reading()


EQUAL = [{"kind": "linear", "units": 2}, "tanh"] * 3 + ["linear"]


def test_of_equal_layers_those_that_were_left_alone_keep_their_weights(build):
    build.bridge.load(load("spiral").changed({"layers": EQUAL}))
    build.until(lambda: len(build.kinds()) == 7 and build.is_drawn())
    build.bridge.run_to(5)
    build.until(lambda: build.bridge.look.step == 5 and build.is_live())
    before = {
        path: w for (path, name), w in build.view.seen.weights.items() if name == "weight"
    }
    build.view.menus.keep.setChecked(True)
    build.view.editor.remove("layers.0")
    build.until(lambda: len(build.kinds()) == 5 and build.is_drawn() and build.is_live())
    after = build.view.seen.weights
    for new, old in (
        ("layers.0", "layers.2"),
        ("layers.2", "layers.4"),
        ("layers.4", "layers.6"),
    ):
        np.testing.assert_array_equal(after[new, "weight"], before[old])
    build.undo()
    build.until(lambda: len(build.kinds()) == 7 and build.is_drawn() and build.is_live())
    build.view.editor.insert("linear", "layers.0")
    build.until(lambda: len(build.kinds()) == 9 and build.is_drawn() and build.is_live())
    after = build.view.seen.weights
    assert not np.array_equal(after["layers.0", "weight"], before["layers.0"])
    for place in (0, 2, 4, 6):
        moved = after[f"layers.{place + 2}", "weight"]
        np.testing.assert_array_equal(moved, before[f"layers.{place}"])


def test_a_card_of_a_normalised_unit_holds_the_normalisation(build):
    build.view.editor.set("layers.0.normalisation", "batch_norm")
    build.runs("linear", "batch_norm", "tanh", "linear", "tanh", "linear")
    build.until(build.is_live)
    build.bridge.select("unit", ("layers.0", 1))
    latex = build.view.card.formula.latex()
    assert latex.index("tanh") < latex.index("BN") < latex.index("sum")


def test_the_memory_is_that_of_the_optimizer_in_force(build):
    memory = build.view.scene.draft.memory
    assert memory.optimizer == 2 * memory.weights  # Adam keeps m and v
    build.bridge.edit({"optimizer.kind": "sgd"})
    build.until(lambda: build.view.scene.draft.memory.optimizer == 0)


def entry(build, words):
    return next(a for a in build.view.menus._more.actions() if a.text().startswith(words))


def test_every_entry_of_the_menu_does_what_it_says(build, monkeypatch):
    asked = []
    monkeypatch.setattr(build.view.opening, "ask", lambda: asked.append(1))
    build.view.menus.open_wanted.connect(lambda: asked.append(2))
    entry(build, "Open a network").trigger()
    assert 2 in asked
    build.canvas.look(build.canvas.now.camera.zoomed(3.0, 0, 0))
    near = build.canvas.now.camera.scale
    entry(build, "See all").trigger()
    assert build.canvas.now.camera.scale < near
    entry(build, "Keys of the canvas").trigger()
    assert "skip connection" in build.view._banner.text()
    entry(build, "Copy the formula (LaTeX)").trigger()
    assert "clipboard" in build.view._banner.text()


def test_another_layer_takes_the_selection_from_units_and_weights(build):
    build.bridge.select("unit", ("layers.0", 1))
    build.bridge.select("layer", "layers.2")
    assert build.bridge.selection["unit"] is None
    assert build.view.state.unit is None
    build.bridge.select("weight", ("layers.0", "weight", 1))
    build.bridge.select("layer", None)
    assert build.view.state.weight is None


def test_a_width_left_open_shows_what_it_comes_to(build):
    build.click(build.header("layers.4"))
    (units,) = (r for r in build.view.card._rows if r.path == "layers.4.units")
    assert units.value == 1
    assert build.bridge.look.settings.layers[4]["units"] is None


def test_after_a_weight_was_set_the_loss_of_before_is_not_shown(build):
    assert build.canvas.now.loss_words[0] != "–"
    build.view.editor.set_weight(("layers.0", "weight", 0), 3.0)
    build.until(lambda: build.canvas.now.loss_words == ("–", "weights were set"))
    build.bridge.step()
    build.until(lambda: build.canvas.now.loss_words[1] == "batch of 32")


def test_the_banner_of_a_draft_takes_it_back(build):
    build.view.editor.skip("layers.2", "layers.2")
    build.view.banner_acted.emit()
    assert build.bridge.board.layers is None
