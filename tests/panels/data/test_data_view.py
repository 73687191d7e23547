"""The data panel with a real engine behind it, moved by gestures, judged by what it drew."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from sklearn import metrics

from lab.engine.experiment import experiment
from lab.panels.data.book import ROWS
from lab.panels.data.dots import nearest
from lab.panels.data.maths import axis_centres, softmax
from lab.panels.data.plane import MAP
from lab.panels.data.view import PANEL, DataView
from lab.ui import theme
from lab.ui.figures import export_numbers, export_picture
from lab.ui.plot_menu import PictureMenu
from lab.ui.plots import Plot


def small(**changes):
    return experiment(
        {
            "steps": 500,
            "seed": 3,
            "evaluate_every": 5,
            "data": {"kind": "moons", "samples": 80, "noise": 0.2},
            "batches": {"size": 8},
            "layers": [{"kind": "linear", "units": 6}, "tanh", "linear"],
            "optimizer": {"kind": "adam", "learning_rate": 0.05},
            **changes,
        }
    )


@pytest.fixture
def view(qtbot, bridge):
    made = DataView(bridge)
    qtbot.addWidget(made)
    made.resize(450, 420)
    made.show()
    return made


def trained(qtbot, bridge, view, steps, **changes):
    """Train, and wait until every sample has its answer of that very step."""
    bridge.load(small(**changes))
    if steps:
        bridge.run_to(steps)

    def is_there():
        look = bridge.look
        assert look is not None
        assert look.step == steps
        assert not look.playing
        assert view.book.is_exact(look)

    qtbot.waitUntil(is_there, timeout=60_000)
    return bridge.look


def choose(view, tab):
    view.tabs().set_current(tab)
    view.tabs().chosen.emit(tab)


def stroke(view, places, button=Qt.MouseButton.LeftButton):
    viewport = view.piece().plot.view.viewport()
    QTest.mousePress(viewport, button, pos=QPoint(*places[0]))
    for place in places[1:]:
        QTest.mouseMove(viewport, QPoint(*place))
    QTest.mouseRelease(viewport, button, pos=QPoint(*places[-1]))


def place_of(plot, point):
    """Where a point of the plot lies in its viewport, in pixels."""
    scene = plot.box.mapViewToScene(QPointF(float(point[0]), float(point[1])))
    place = plot.view.mapFromScene(scene)
    return place.x(), place.y()


def test_an_empty_panel_says_so_and_fills_itself(qtbot, bridge, view):
    assert view.is_empty()
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: not view.is_empty(), timeout=60_000)
    assert view.tabs().current() == "Samples"
    assert view.subtitle().startswith("Digits")


def test_points_batch_and_wrong_ones_are_those_of_the_look(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 20)
    plot, data = view.piece("Map").plot, look.data
    for label in (0, 1):
        rows = data.train[data.labels[data.train] == label]
        np.testing.assert_array_equal(plot.train_marks[label].x, data.x[rows, 0])
        np.testing.assert_array_equal(plot.train_marks[label].y, data.x[rows, 1])
        batch = look.batch[data.labels[look.batch] == label]
        assert set(plot.batch_marks[label].x) == set(data.x[batch, 0])
    wrong = view.book.wrong(look)
    assert set(plot.wrong.x) == set(data.x[wrong, 0])
    assert f"{wrong.sum()} of 80 wrong." in view.reading()


def test_the_map_holds_the_answers_at_its_own_coordinates(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 20)
    mark = view.piece().plot.map

    def the_newest_answer_is_drawn():
        found = bridge.look.answers[MAP]
        columns, rows, cells = mark.data()
        x, y = axis_centres(found.box, found.cells)
        np.testing.assert_allclose(columns, x)
        np.testing.assert_allclose(rows, y)
        shares = softmax(found.outputs)[:, 1].reshape(found.cells, found.cells)
        np.testing.assert_array_equal(cells, shares)
        box = found.box
        (x0, x1), (y0, y1) = view.piece().plot.view_range()
        np.testing.assert_allclose([box.x0, box.x1, box.y0, box.y1], [x0, x1, y0, y1], rtol=0.2)

    qtbot.waitUntil(the_newest_answer_is_drawn, timeout=20_000)
    assert mark.name == "p(B)"
    assert look.step == 20


def test_a_row_of_the_grid_is_at_its_height_in_the_picture(qtbot, bridge, view):
    """Class B where x₂ is high: the upper half of the painted image must be B's orange."""
    points = [[x / 10, y, int(y > 0)] for x in range(-10, 11) for y in (-1.0, 1.0)]
    trained(qtbot, bridge, view, 60, data={"kind": "points", "points": points})
    qtbot.waitUntil(lambda: view.piece().plot.map.cells.size > 0)
    plot = view.piece().plot
    (x0, x1), (y0, y1) = plot.view_range()
    shown = plot.grab().toImage()

    def ink(share):
        place = plot.box.mapViewToScene(QPointF((x0 + x1) / 2 + 0.04, y0 + share * (y1 - y0)))
        return shown.pixelColor(plot.view.mapTo(plot, plot.view.mapFromScene(place)))

    assert ink(0.98).red() > ink(0.98).blue()
    assert ink(0.02).blue() > ink(0.02).red()


def test_several_classes_have_a_map_of_winners(qtbot, bridge, view):
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [3, 0], [0, 3]])
    points = [[*(centres[k] + rng.normal(0, 0.3, 2)), k] for k in range(3) for _ in range(20)]
    trained(qtbot, bridge, view, 60, data={"kind": "points", "points": points})
    plot = view.piece().plot
    qtbot.waitUntil(lambda: plot.winners.scores.size > 0)
    assert plot.winners.is_visible
    assert not plot.map.is_visible
    found = bridge.look.answers[MAP]
    qtbot.waitUntil(lambda: plot.winners.cells.shape == (found.cells, found.cells))
    wanted = found.outputs.argmax(axis=1).reshape(found.cells, found.cells)
    np.testing.assert_array_equal(plot.winners.cells, wanted)
    assert len(plot.border.x) > 3


def test_toggles_show_and_hide(qtbot, bridge, view):
    trained(qtbot, bridge, view, 5)
    plot = view.piece().plot
    view.batch.toggled_by_hand.emit(False)
    assert not sum(len(m.x) for m in plot.batch_marks)
    view.test.toggled_by_hand.emit(False)
    assert not any(m.is_visible for m in plot.test_marks)


def test_a_hidden_panel_asks_nothing(qtbot, bridge, view):
    trained(qtbot, bridge, view, 5)
    view.hide()
    bridge.step()
    qtbot.waitUntil(lambda: bridge.look.step == 6)
    bridge.step()
    qtbot.waitUntil(lambda: bridge.look.step == 7)
    assert dict(bridge.look.answers) == {}
    view.show()
    qtbot.waitUntil(lambda: {ROWS, MAP} <= set(bridge.look.answers))
    qtbot.waitUntil(lambda: view.book.is_exact(bridge.look))


def test_going_back_shows_the_answers_of_that_step(qtbot, bridge, view):
    trained(qtbot, bridge, view, 5)
    before = view.book.outputs.copy()
    bridge.run_to(40)
    qtbot.waitUntil(lambda: bridge.look.step == 40 and view.book.is_exact(bridge.look))
    assert not np.allclose(view.book.outputs, before)
    bridge.seek(5)
    qtbot.waitUntil(lambda: bridge.look.step == 5 and view.book.is_exact(bridge.look))
    np.testing.assert_array_equal(view.book.outputs, before)


def test_the_confusion_matrix_counts_as_sklearn_does(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 30, data="iris")
    assert view.tabs().current() == "Confusion"
    piece = view.piece()
    answers = view.book.outputs.argmax(axis=1)
    np.testing.assert_array_equal(
        piece.counts, metrics.confusion_matrix(look.data.labels, answers)
    )
    piece.sets.chosen.emit("Test")
    test = look.data.test
    np.testing.assert_array_equal(
        piece.counts,
        metrics.confusion_matrix(look.data.labels[test], answers[test], labels=[0, 1, 2]),
    )
    image = view.grab()
    assert not image.isNull()


def test_a_click_on_a_cell_shows_its_samples(qtbot, bridge, view):
    layers = [{"kind": "linear", "units": 16}, "relu", "linear"]
    look = trained(qtbot, bridge, view, 30, data="digits", layers=layers)
    choose(view, "Confusion")
    counts = view.piece().counts
    true, answered = np.argwhere((counts > 0) & ~np.eye(10, dtype=bool))[0]
    view.piece().plot.clicked.emit(answered + 0.5, true + 0.5)
    assert view.tabs().current() == "Samples"
    grid = view.piece().grid
    assert len(grid.tiles) == min(counts[true, answered], grid.capacity())
    assert all(t.truth == str(true) and t.answer == str(answered) for t in grid.tiles)
    assert view.piece().filter.current() == f"{true} read as {answered}"
    assert look.data.class_names[true] == str(true)


def test_samples_are_sorted_filtered_and_turned(qtbot, bridge, view):
    layers = [{"kind": "linear", "units": 16}, "relu", "linear"]
    look = trained(qtbot, bridge, view, 30, data="digits", layers=layers)
    piece = view.piece()
    shares = softmax(view.book.outputs)
    true = shares[np.arange(len(shares)), look.data.labels]
    lead = true - np.where(np.eye(10)[look.data.labels] > 0, -1, shares).max(axis=1)
    assert piece.grid.tiles[0].row == lead.argmin()
    assert not piece.grid.tiles[0].is_right
    first = piece.grid.tiles[0].row
    piece.on.click()
    assert view.state.page == 1
    assert piece.grid.tiles[0].row != first
    piece.order.chosen.emit("Most sure")
    assert view.state.page == 0
    best = piece.grid.tiles[0].row
    assert shares[best].max() == pytest.approx(shares.max())
    piece.filter.chosen.emit("Test")
    assert all(t.is_test for t in piece.grid.tiles)
    assert "of 359" in piece.count.text() or f"of {len(look.data.test)}" in piece.count.text()


def test_a_click_selects_a_sample_everywhere(qtbot, bridge, view):
    layers = [{"kind": "linear", "units": 16}, "relu", "linear"]
    trained(qtbot, bridge, view, 10, data="digits", layers=layers)
    grid = view.piece().grid
    wanted = grid.tiles[2].row
    place = grid.place(2).center().toPoint()
    with qtbot.waitSignal(bridge.selected) as told:
        QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=place)
    assert told.args == ["sample", wanted]
    sample = view.piece().detail.sample
    assert sample.title == f"Sample {wanted:,}"
    np.testing.assert_allclose(sample.shares, softmax(view.book.outputs)[wanted], atol=1e-9)
    bridge.select("sample", 7)
    assert view.piece().detail.sample.title == "Sample 7"


def test_points_are_found_by_their_pixels_on_a_logarithmic_axis_too(qtbot):
    plot = Plot("x", "y")
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    xs = ys = np.array([0.0, 0.001, 1.0, 1000.0])
    plot.add_scatter("samples").set(xs, ys)
    plot.set_log(x=True, y=True)
    plot.grab()
    assert nearest(plot, xs, ys, (0.0, 0.0)) == 2
    assert nearest(plot, xs, ys, (-3.0, -3.0)) == 1
    assert nearest(plot, xs, ys, (1.5, 1.5)) is None


def test_a_curve_is_fitted_in_the_units_of_its_source(qtbot, bridge, view):
    look = trained(
        qtbot, bridge, view, 10, data={"kind": "curve", "samples": 40}, loss="mse_loss"
    )
    piece = view.piece()
    qtbot.waitUntil(lambda: len(piece.fit.x) > 0)
    x = look.data.original[:, 0]
    assert piece.fit.x[0] == pytest.approx(x.min() - 0.1 * np.ptp(x))
    place = int(np.abs(x - 0.5).argmin())
    answer = np.interp(x[place], piece.fit.x, piece.fit.y)
    assert answer == pytest.approx(view.book.outputs[place, 0], abs=0.01)
    view.misses.toggled_by_hand.emit(True)
    lengths = piece.misses.y.reshape(-1, 3)
    rows = np.concatenate([look.data.train, look.data.test])
    np.testing.assert_allclose(lengths[:, 0], look.data.labels[rows])
    np.testing.assert_allclose(lengths[:, 1], view.book.outputs[rows, 0])
    choose(view, "Residuals")
    assert view.piece().first.y.sum() == 2 * len(look.data.train)


def test_tables_of_numbers_are_predicted_against_true(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 5, data="diabetes", loss="mse_loss")
    piece = view.piece()
    assert view.tabs().current() == "Predicted"
    np.testing.assert_array_equal(piece.train.x, look.data.labels[look.data.train])
    np.testing.assert_array_equal(piece.train.y, view.book.outputs[look.data.train, 0])


def test_confidence_counts_every_sample_once(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 10, data="wine")
    choose(view, "Confidence")
    piece, wrong = view.piece(), view.book.wrong(look)
    assert piece.second.y.sum() == 2 * wrong.sum()
    assert piece.first.y.sum() == 2 * (~wrong).sum()


def test_two_features_of_ones_choice(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 10, data="iris")
    choose(view, "Features")
    piece = view.piece()
    piece.up.setCurrentIndex(3)
    piece.up.chosen.emit(piece.up.current())
    assert view.state.features == (0, 3)
    assert piece.plot.y_axis.words == "Petal width (cm)"
    np.testing.assert_allclose(piece.plot.ys, look.data.original[:, 3])


def test_each_stroke_is_one_change_that_can_be_undone(qtbot, bridge, view):
    before = trained(qtbot, bridge, view, 5)
    choose(view, "Draw")
    view.brushes.chosen.emit("B")
    stroke(view, [(100 + 15 * i, 60) for i in range(8)])
    qtbot.waitUntil(lambda: bridge.look.settings.data.kind == "points", timeout=20_000)
    look = bridge.look
    assert len(look.data.x) == 88
    assert look.data.labels[-8:].tolist() == [1] * 8
    np.testing.assert_allclose(look.data.original[:80], before.data.original, atol=1e-4)
    assert len(set(look.data.original[-8:, 1].round(3))) == 1  # a level stroke
    assert (np.diff(look.data.original[-8:, 0]) > 0).all()
    stroke(view, [(200, 90), (202, 91)])
    qtbot.waitUntil(lambda: len(bridge.look.data.x) == 89, timeout=20_000)
    assert bridge.undo_stack.count() == 2
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: len(bridge.look.data.x) == 88, timeout=20_000)
    bridge.undo_stack.undo()
    qtbot.waitUntil(lambda: bridge.look.settings.data.kind == "moons", timeout=20_000)
    assert bridge.look.run == before.run
    assert bridge.look.newest == 5


def test_the_right_button_erases_what_it_touches(qtbot, bridge, view):
    look = trained(qtbot, bridge, view, 0)
    choose(view, "Draw")
    plot = view.piece().plot
    qtbot.waitUntil(lambda: plot.box.width() > 100)
    stroke(view, [place_of(plot, look.data.x[3])], Qt.MouseButton.RightButton)
    qtbot.waitUntil(lambda: bridge.look.settings.data.kind == "points", timeout=20_000)
    left = bridge.look.data.original
    assert len(left) < 80
    assert np.hypot(*(left - look.data.original[3]).T).min() > 0.01


def test_a_drawing_that_cannot_be_trained_is_refused_in_words(qtbot, bridge, view):
    points = [[x / 4, 0.0, x % 2] for x in range(5)]
    drawn = {"kind": "points", "points": points}
    data = trained(qtbot, bridge, view, 0, data=drawn, batches={"size": 2}).data
    choose(view, "Draw")
    plot = view.piece().plot
    ends = [place_of(plot, data.x[k]) for k in (0, -1)]
    line = np.linspace(*ends, 60).round().astype(int)
    stroke(view, [tuple(int(v) for v in place) for place in line], Qt.MouseButton.RightButton)
    qtbot.waitUntil(lambda: view._banner is not None, timeout=20_000)
    assert "draw at least two points" in view._banner.text()
    assert len(bridge.look.data.x) == 5


def test_a_failing_question_is_told_in_the_panel(qtbot, bridge, view):
    trained(qtbot, bridge, view, 2)
    bridge.watch(ROWS, lambda _trainer: 1 / 0)
    qtbot.waitUntil(lambda: view._banner is not None, timeout=20_000)
    assert "The answers could not be found" in view._banner.text()


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_tab_can_be_drawn_in_both_themes(qtbot, qapp, bridge, view, name):
    theme.apply(qapp, name)
    sets = {"moons": "cross_entropy", "iris": "cross_entropy", "diabetes": "mse_loss"}
    for data, loss in sets.items():
        trained(qtbot, bridge, view, 3, data=data, loss=loss)
        for tab in view.tabs().choices():
            choose(view, tab)
            assert view.grab().toImage().pixelColor(2, 2) == theme.colour("base")
    theme.apply(qapp, "light")


def test_the_spec_names_the_panel():
    assert (PANEL.name, PANEL.title) == ("data", "Data and answer")


def test_discretise_shows_the_winner_and_not_how_surely(qtbot, bridge, view):
    trained(qtbot, bridge, view, 40)
    plot = view.piece().plot
    qtbot.waitUntil(lambda: plot.map.cells.size > 0)
    soft = len(np.unique(plot.map.pixels()))
    view.discrete.toggled_by_hand.emit(True)
    hard = plot.map.pixels()
    assert soft > 20
    assert len(np.unique(hard)) == 2
    upper, lower = plot.map.cells > 0.6, plot.map.cells < 0.4
    step = hard.shape[0] // upper.shape[0]
    centres = hard[step // 2 :: step, step // 2 :: step]
    assert len(np.unique(centres[upper])) == len(np.unique(centres[lower])) == 1
    assert centres[upper][0] != centres[lower][0]


def test_arrows_and_pages_go_through_the_samples(qtbot, bridge, view):
    bridge.load(small(data="digits"))
    qtbot.waitUntil(lambda: view.book.run > 0 and len(view.piece("Samples").grid.tiles) > 4)
    grid = view.piece().grid
    rows = [t.row for t in grid.tiles]
    grid.setFocus()
    for key, wanted in (("Right", 1), ("Right", 2), ("Left", 1), ("Left", 0), ("Left", 0)):
        qtbot.keyClick(grid, getattr(Qt.Key, f"Key_{key}"))
        assert view.state.sample == rows[wanted]
    qtbot.keyClick(grid, Qt.Key.Key_Down)
    assert view.state.sample == rows[grid.columns()]
    qtbot.keyClick(grid, Qt.Key.Key_PageDown)
    assert view.state.page == 1
    assert {t.row for t in grid.tiles}.isdisjoint(rows)


def test_the_page_of_samples_is_exported_as_it_is_seen(qtbot, bridge, view, tmp_path):
    trained(qtbot, bridge, view, 5, data="digits")
    grid = view.piece().grid
    table = export_numbers(grid, tmp_path / "page.csv").read_text(encoding="utf-8").splitlines()
    assert table[0] == "Sample,Answer,True class,Sureness,Test"
    first = table[1].split(",")
    tile = grid.tiles[0]
    assert first[:3] == [str(tile.row), tile.answer, tile.truth]
    assert float(first[3]) == tile.share
    assert export_picture(grid, tmp_path / "page.png").stat().st_size > 1_000
    names = [a.text() for a in PictureMenu(grid).actions()]
    assert names == ["Copy image", "Export picture...", "Export numbers (CSV, NPZ)..."]
