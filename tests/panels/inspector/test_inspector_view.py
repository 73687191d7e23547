"""The inspector with a real engine behind it, moved by gestures, judged by what it drew."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from lab.engine.experiment import experiment
from lab.engine.microscope import look_into, tensor
from lab.engine.questioned import Number
from lab.engine.run import Run
from lab.maths import layers as formulas
from lab.panels.inspector import asking, backward_walk
from lab.panels.inspector.view import ANSWER, InspectorView
from lab.presets import load

LONG = 60_000


@pytest.fixture
def view(qtbot, bridge):
    made = InspectorView(bridge)
    qtbot.addWidget(made)
    made.resize(728, 700)
    made.show()
    return made


def described(preset):
    return load(preset) if isinstance(preset, str) else experiment(preset)


def trained(qtbot, bridge, view, preset, steps):
    bridge.load(described(preset))
    bridge.run_to(steps)
    qtbot.waitUntil(
        lambda: view.seen is not None and view.seen.iteration.step == steps, timeout=LONG
    )
    run = Run(described(preset))
    run.advance(steps)
    return run


def explained(qtbot, view):
    """Wait for the number in question, and return what is said of it."""
    qtbot.waitUntil(
        lambda: (
            view.page.card.explanation is not None
            and view.seen.number == view.state.number
            and view.page.card.explanation is view.seen.explanation
        ),
        timeout=LONG,
    )
    return view.page.card.explanation


def press(qtbot, view, layer, name, row, column):
    """Press a cell of the walk."""
    place = view.page.walk.placed(layer, name)
    centre = place.cell(row, column).center()
    point = QPoint(int(centre.x()), int(centre.y()))
    qtbot.mouseClick(view.page.walk, Qt.MouseButton.LeftButton, pos=point)


def test_every_tensor_of_every_stop_is_drawn_as_it_is(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 7)
    it = look_into(run.trainer, 0, with_update=True)
    for stop in ("Forward", "Loss", "Backward", "Update"):
        view.stops.chosen.emit(stop)
        assert view.state.stop == stop
        tiles = [tile for row in view.page.walk.rows for tile in row.tiles]
        assert {p.tile for p in view.page.walk.plan.placed} == set(tiles)
        for tile in tiles:
            whole = tensor(it, tile.layer, tile.tensor)
            wanted = whole if tile.is_of_weight else whole[0]
            cells = tile.sheet.cells[tile.sheet.places >= 0]
            np.testing.assert_allclose(np.sort(cells), np.sort(wanted.ravel()), rtol=1e-12)
    columns = {t.column for row in view.page.walk.rows for t in row.tiles}
    assert columns >= {"w", "g", "step", "Δ"}


def test_layers_stand_in_the_order_in_which_the_sample_passes(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 2)
    view.stops.chosen.emit("Backward")
    assert [r.title for r in view.page.walk.rows] == ["Layer 1", "Layer 2", "Layer 3", "Loss"]
    assert [r.caption for r in view.page.walk.rows][:3] == ["2 → 4", "4 → 2", "2 → 1"]
    bands = [top for top, _ in view.page.walk.plan.bands]
    assert bands == sorted(bands)


def test_a_number_pressed_is_explained_and_selected_everywhere(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 5)
    view.stops.chosen.emit("Backward")
    press(qtbot, view, "0", "d_out", 1, 0)
    made = explained(qtbot, view)
    assert view.state.number == Number("0", "d_out", 1)
    assert bridge.selection["unit"] == ("layers.0", 1)
    assert bridge.selection["layer"] == "layers.0"
    wanted = tensor(look_into(run.trainer, 0), "0", "d_out")[0, 1]
    assert made.value == pytest.approx(wanted, rel=1e-12)
    card = view.page.card
    assert card.title.text() == "δ of layer 1, unit 2"
    assert r"\sum_{k=1}^{2}" in card.formula.latex()
    assert [line[0] for line in card.sums.lines()] == ["k", "1", "2", "Sum"]
    assert [line[0] for line in card.proofs.lines()][1:4] == [
        "Formula", "Autograd", "Finite difference",
    ]  # fmt: skip
    assert all(line[3] is not False for line in card.proofs.lines())
    press(qtbot, view, "0", "∂weight", 2, 1)
    explained(qtbot, view)
    assert bridge.selection["weight"] == ("layers.0", "weight", 5)


def test_a_number_in_question_lives_on_while_stepping(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 5)
    view.question(Number("2", "weight", 3))
    before = explained(qtbot, view).value
    bridge.step()
    qtbot.waitUntil(lambda: view.seen.iteration.step == 6, timeout=LONG)
    after = explained(qtbot, view).value
    assert after != before
    assert view.state.number == Number("2", "weight", 3)


def test_the_stop_follows_the_phase_and_the_update_is_the_one_just_made(qtbot, bridge, view):
    trained(qtbot, bridge, view, "xor", 4)
    for phase, stop in ((1, "Forward"), (2, "Loss"), (3, "Backward")):
        bridge.phase()
        qtbot.waitUntil(lambda phase=phase: bridge.look.phase == phase, timeout=LONG)
        qtbot.waitUntil(lambda stop=stop: view.stops.current() == stop, timeout=LONG)
    qtbot.waitUntil(lambda: view.seen.iteration.step == 4, timeout=LONG)
    wanted = tensor(view.seen.iteration, "0", "Δweight")
    bridge.phase()
    qtbot.waitUntil(lambda: bridge.look.step == 5 and view.seen.is_done, timeout=LONG)
    assert view.stops.current() == "Update"
    assert view.seen.iteration.step == 4
    np.testing.assert_array_equal(tensor(view.seen.iteration, "0", "Δweight"), wanted)
    assert "iteration 5 just done" in view._said()
    view.question(Number("0", "Δweight", 0))
    assert explained(qtbot, view).value == wanted.flat[0]
    view.stops.chosen.emit("Forward")  # by hand, at any time
    assert view.state.stop == "Forward"
    bridge.phase()
    qtbot.waitUntil(lambda: view.seen.iteration.step == 5, timeout=LONG)
    assert not view.seen.is_done


def test_the_batch_is_that_of_the_step_with_its_dropped_units_blank(qtbot, bridge, view):
    layers = [{"kind": "linear", "units": 6}, "relu", {"kind": "dropout", "p": 0.5}, "linear"]
    preset = {"data": "iris", "layers": layers, "batches": {"size": 8}}
    run = trained(qtbot, bridge, view, preset, 3)
    view.page.whose.chosen.emit("Batch")
    qtbot.waitUntil(lambda: view.seen.iteration.is_batch, timeout=LONG)
    wanted = look_into(run.trainer, None)
    np.testing.assert_array_equal(view.seen.iteration.rows, wanted.rows)
    tile = view.page.walk.placed("2", "out").tile
    mask = wanted.passes["2"].layer.weights["mask"].T
    np.testing.assert_array_equal(np.isnan(tile.sheet.cells), mask == 0)
    assert tile.sheet.cells.shape == (6, 8)
    place = view.page.walk.placed("2", "out")
    row, column = np.argwhere(mask == 0)[0]
    assert "dropped in this step" in view.page.walk.words_at(place.cell(row, column).center())
    assert "batch of 8 in training" in view._said()


def test_a_tensor_is_shown_large_as_map_histogram_and_table(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "digits-mlp", 2)
    it = look_into(run.trainer, 0)
    page = view.page
    view._choose(layer="2", tensor="weight")
    assert page.tensor.isVisible()
    np.testing.assert_array_equal(page.tensor.signed.cells, tensor(it, "2", "weight"))
    reach = np.abs(tensor(it, "2", "weight")).max()
    assert page.tensor.signed.levels == (-reach, reach)
    assert "W of layer 2, 128×128" in page.tensor.words.text()
    assert "deviation" in page.tensor.words.text()
    page.look.chosen.emit("Histogram")
    assert page.tensor.bars.counts.sum() == 128 * 128
    page.look.chosen.emit("Table")
    np.testing.assert_array_equal(page.tensor.table.cells(), tensor(it, "2", "weight"))
    page.tensor.table.picked.emit(3, 5)
    made = explained(qtbot, view)
    assert made.title == "W, layer 2, unit 4, input 6"
    page.look.chosen.emit("Map")
    page.tensor.map.clicked.emit(7.2, 2.9)
    assert view.state.number == Number("2", "weight", 2 * 128 + 6)


def test_small_tensors_need_no_second_picture(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 2)
    view._choose(layer="0", tensor="weight")
    assert view.page.walk.placed("0", "weight").has_numbers
    assert not view.page.tensor.isVisible()
    view.page.numbers.toggled_by_hand.emit(False)
    assert view.page.tensor.isVisible()


def test_a_corrupted_formula_is_seen(qtbot, bridge, view, monkeypatch):
    trained(qtbot, bridge, view, "playground", 3)

    def wrong(a, weights, options):
        z, back = formulas.linear(a, weights, options)
        return z, lambda delta: (1.01 * back(delta)[0], back(delta)[1])

    monkeypatch.setitem(formulas.RULES, "linear", wrong)
    view.stops.chosen.emit("Backward")
    view.question(Number("0", "d_out", 0))
    made = explained(qtbot, view)
    assert not made.is_proven
    assert [line[3] for line in view.page.card.proofs.lines()][2:4] == [False, False]
    assert "does not agree" in view.page.card.notes.text()
    assert "autograd differs by" in view._said()


def test_a_neuron_on_the_plane_draws_its_line(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 4)
    view.question(Number("0", "out", 2))
    explained(qtbot, view)
    it = look_into(run.trainer, 0)
    w, b = tensor(it, "0", "weight")[2], tensor(it, "0", "bias")[2]
    x, y = view.page.plot.edge.x, view.page.plot.edge.y
    np.testing.assert_allclose(w[0] * x + w[1] * y + b, 0, atol=1e-12)
    assert view.page.plot.isVisible()
    view.question(Number("2", "out", 0))
    explained(qtbot, view)
    assert not view.page.plot.isVisible()


def test_the_way_back_lights_one_layer_after_the_other(qtbot, bridge, view, monkeypatch):
    monkeypatch.setattr(backward_walk.motion, "is_reduced", lambda: False)
    trained(qtbot, bridge, view, "digits-mlp", 1)
    view.stops.chosen.emit("Backward")
    view.back._timer.setInterval(5)
    lit, said = [], []
    view.back.reached.connect(lit.append)
    view.back.reached.connect(lambda _row: said.append(view.page.way.text()))
    qtbot.mouseClick(view.page.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: lit and lit[-1] is None, timeout=LONG)
    assert lit == [3, 2, 1, 0, None]
    assert said[0].startswith("The loss")
    assert said[1] == "Layer 3: δ(10) = ∂L/∂o"
    assert said[2] == "Layer 2: δ(128) = Wᵀ(128×10) δ(10) ⊙ φ′(128)"
    assert view.page.walk.lit() is None
    assert not view.back.is_running()


def test_with_reduced_motion_each_press_goes_one_layer_on(qtbot, bridge, view, monkeypatch):
    monkeypatch.setattr(backward_walk.motion, "is_reduced", lambda: True)
    trained(qtbot, bridge, view, "playground", 1)
    view.stops.chosen.emit("Backward")
    lit = []
    for _ in range(3):
        qtbot.mouseClick(view.page.play, Qt.MouseButton.LeftButton)
        lit.append(view.page.walk.lit())
    assert lit == [3, 2, 1]
    assert not view.back.is_running()


def test_what_is_selected_elsewhere_is_taken_over(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    bridge.select("sample", 11)
    qtbot.waitUntil(lambda: view.seen.iteration.rows[0] == 11, timeout=LONG)
    bridge.select("unit", ("layers.2", 1))
    assert view.state.number == Number("2", "out", 1)
    explained(qtbot, view)
    bridge.select("weight", ("layers.0", "weight", 2))
    assert view.state.number == Number("0", "weight", 2)
    bridge.select("layer", "layers.4")
    assert view.state.layer == "4"
    with qtbot.waitSignal(bridge.selected) as told:
        view.sample.edited.emit(4)
    assert told.args == ["sample", 4]


def test_the_tensors_are_those_of_the_cursors_step(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 9)
    bridge.seek(4)
    qtbot.waitUntil(lambda: view.seen.iteration.step == 4, timeout=LONG)
    run.seek(4)
    wanted = look_into(run.bench, 0)
    assert view.seen.iteration.found.loss == wanted.found.loss


def test_another_network_has_its_own_layers(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    view.question(Number("4", "weight", 1))
    explained(qtbot, view)
    trained(qtbot, bridge, view, "digits-cnn", 2)
    captions = [r.caption for r in view.page.walk.rows]
    assert captions == [
        "1×8×8 → 16×8×8", "Max pooling", "16×4×4 → 32×4×4",
        "Max pooling", "Flatten", "128 → 10",
    ]  # fmt: skip
    qtbot.waitUntil(lambda: view.seen.number == view.state.number, timeout=LONG)
    assert view.page.card.explanation is None  # there is no such number here
    view.question(Number("0", "out", 70))
    assert explained(qtbot, view).title.startswith("z of layer 1, channel 2, row 1, column 7")


def test_a_hidden_inspector_asks_nothing(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    assert ANSWER in bridge.look.answers
    view.hide()
    bridge.run_to(6)
    qtbot.waitUntil(
        lambda: bridge.look.step == 6 and ANSWER not in bridge.look.answers, timeout=LONG
    )
    assert view.seen.iteration.step == 3
    view.show()
    qtbot.waitUntil(lambda: view.seen.iteration.step == 6, timeout=LONG)


def test_without_a_network_it_says_so(qtbot, bridge, view):
    assert view.is_empty()
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: not view.is_empty(), timeout=LONG)
    assert view.seen.iteration.step == 0


def test_a_network_too_large_is_refused_in_a_sentence_and_not_asked_again(
    qtbot, bridge, view, monkeypatch
):
    trained(qtbot, bridge, view, "xor", 3)
    monkeypatch.setattr(asking, "MOST_PARAMETERS", 20)
    told = []
    bridge.happened.connect(lambda event: told.append(event.channel))
    bridge.load(load("playground"))
    bridge.run_to(5)
    qtbot.waitUntil(
        lambda: view._banner is not None and "too large" in view._banner.text(), timeout=LONG
    )
    qtbot.waitUntil(lambda: bridge.look.newest == 5 and not bridge.look.playing, timeout=LONG)
    for step in (2, 3, 4):
        bridge.seek(step)
        qtbot.waitUntil(lambda step=step: bridge.look.step == step, timeout=LONG)
    assert view.is_empty()
    assert told.count(ANSWER) <= 3  # once for each way of asking: loaded, playing, paused


@pytest.mark.parametrize("width", [450, 728])
@pytest.mark.parametrize("stop", ["Forward", "Backward", "Update"])
def test_nothing_stands_outside_of_the_panel(qtbot, bridge, view, width, stop):
    trained(qtbot, bridge, view, "spiral", 2)
    view.stops.chosen.emit(stop)
    walk = view.page.walk

    def is_resized():  # what there is no room for goes first
        view.resize(width, 700)
        return view.width() == width and walk.width() <= width

    qtbot.waitUntil(is_resized, timeout=LONG)
    placed = walk.plan.placed
    assert placed
    assert max(p.area.right() for p in placed) <= walk.width() + 1
    for one in placed:
        others = [p for p in placed if p is not one]
        assert not any(one.area.intersects(p.area) for p in others)


SEQUENCES = [
    "sequence", {"kind": "linear", "units": 4}, "attention", {"kind": "gru", "units": 3},
    {"kind": "linear", "units": 5}, "prelu", "linear",
]  # fmt: skip


def test_every_learned_number_is_seen_and_can_be_questioned(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, {"data": "iris", "layers": SEQUENCES}, 2)
    it = look_into(run.trainer, 0)
    learned = {(p.layer.name, name) for p in it.found.layers for name in p.gradients}
    assert len(learned) == 4 + 7 + 4 + 2 + 1
    captions = {"query", "key", "value", "out", "of token", "of state", "slope"}
    for stop, mark in (("Forward", ""), ("Backward", "∂")):
        view.stops.chosen.emit(stop)
        rows = view.page.walk.rows
        tiles = {(t.layer, t.tensor) for row in rows for t in row.tiles}
        assert {(layer, mark + name) for layer, name in learned} <= tiles
        assert {row.caption for row in rows} >= captions
        assert all(len(t.column) <= 5 for row in rows for t in row.tiles)
    press(qtbot, view, "2", "∂key.weight", 1, 2)
    made = explained(qtbot, view)
    assert made.value == tensor(it, "2", "∂key.weight")[1, 2]
    assert bridge.selection["weight"] == ("layers.2", "key.weight", 6)


def test_the_way_back_passes_each_layer_once(qtbot, bridge, view, monkeypatch):
    monkeypatch.setattr(backward_walk.motion, "is_reduced", lambda: True)
    trained(qtbot, bridge, view, {"data": "iris", "layers": SEQUENCES}, 1)
    view.stops.chosen.emit("Backward")
    lit = []
    for _ in range(5):
        qtbot.mouseClick(view.page.play, Qt.MouseButton.LeftButton)
        lit.append(view.page.walk.rows[view.page.walk.lit()])
    assert [row.title for row in lit] == ["Loss", *(f"Layer {n}" for n in (6, 5, 4, 3))]
