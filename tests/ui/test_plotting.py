import gc
import logging

import numpy as np
import pyqtgraph as pg
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication

from lab.ui import paint_guard, rules, theme
from lab.ui.axes import clean, even_labels, fixed, log_ticks, power
from lab.ui.canvas import Canvas
from lab.ui.figures import export_picture
from lab.ui.lines import FUTURE, LineMark
from lab.ui.mark import View
from lab.ui.palettes import DARK, LIGHT
from lab.ui.plots import Plot
from lab.ui.ranging import nice, stepped, union
from lab.ui.rules import label_of

STEPS = np.arange(1.0, 101.0)


def ink_count(widget, colour):
    """How many pixels of a widget have a colour, within a little."""
    image = widget.grab().toImage().convertToFormat(image_format())
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    wanted = np.array([int(colour[i : i + 2], 16) for i in (5, 3, 1)])  # BGR
    return int((np.abs(raw[..., :3].astype(int) - wanted).max(axis=2) <= 6).sum())


def image_format():
    from PySide6.QtGui import QImage

    return QImage.Format.Format_RGB32


def test_a_line_draws_what_it_was_given(plot):
    line = plot.add_line("Training", 0)
    line.set(STEPS, 1 / STEPS)
    x, y = line.parts(plot.current_view())[0]
    np.testing.assert_array_equal(x, STEPS)
    np.testing.assert_array_equal(y, 1 / STEPS)
    assert ink_count(plot, LIGHT.series[0]) > 20


def test_a_pole_leaves_a_gap_and_no_wall(plot):
    line = plot.add_line("1/z")
    z = np.linspace(-1, 1, 201)
    y = np.where(np.abs(z) < 0.1, 1e300 * np.sign(z), z)
    line.set(z, y)
    assert line.gaps == np.count_nonzero(np.abs(y) > 1) > 0
    assert plot.view_range()[1][1] < 10


def test_a_curve_with_a_gap_is_still_one_over_steps(plot):
    line = plot.add_line("Training", label=True)
    line.set(STEPS, np.where(STEPS == 7, np.nan, STEPS))
    assert (line.at(7), line.at(40)) == (None, 40)
    plot.time_cursor(40)
    assert line.parts(plot.current_view())[0][0][-1] == 40


def test_a_refused_array_leaves_the_curve_as_it_was(plot):
    line = plot.add_line("Training")
    line.set(STEPS, STEPS)
    with pytest.raises(ValueError, match="y: wanted shape"):
        line.set(STEPS, [1, 2])
    assert len(line.y) == 100


def test_a_long_curve_is_reduced_on_the_screen_and_whole_in_the_numbers(plot):
    line = plot.add_line("Training")
    x = np.arange(200_000.0)
    y = np.zeros_like(x)
    y[123_456] = 5.0
    line.set(x, y)
    drawn_x, drawn_y = line.parts(plot.current_view())[0]
    assert len(drawn_x) < 2_000
    assert drawn_y.max() == 5.0
    numbers = plot.numbers()
    np.testing.assert_array_equal(numbers["Training: Step"], x)
    np.testing.assert_array_equal(numbers["Training: Loss (nats)"], y)


def test_zooming_in_brings_the_single_points_back(plot, qtbot):
    line = plot.add_line("Training")
    x = np.arange(200_000.0)
    line.set(x, np.sin(x))
    plot.set_range(x=(1000, 1050))
    qtbot.waitUntil(lambda: len(line.parts(plot.current_view())[0][0]) < 60)
    np.testing.assert_array_equal(
        line.parts(plot.current_view())[0][0], np.arange(999.0, 1052.0)
    )


def test_beyond_the_cursor_the_curve_is_faint_and_the_value_stands_beside_it(plot):
    line = plot.add_line("Training", label=True)
    line.set(STEPS, STEPS / 100)
    plot.time_cursor(40)
    assert line.parts(plot.current_view())[0][0][-1] == 40
    assert line.parts(plot.current_view())[1][0][0] == 40  # no hole between the parts
    assert line.pen(FUTURE).color().alphaF() == pytest.approx(0.42, abs=0.01)
    assert [label_of(*pair) for pair in plot.time_rule.values()] == ["Training 0.4"]
    assert ink_count(plot, LIGHT.text) > 200  # the line of the cursor
    plot.time_cursor(None)
    assert line.parts(plot.current_view())[0][0][-1] == 100
    assert plot.time_rule.values() == []
    assert ink_count(plot, LIGHT.text) == 0


def test_a_cursor_that_is_no_number_is_refused(plot):
    with pytest.raises(ValueError, match="step: wanted a finite number, got nan"):
        plot.time_cursor(float("nan"))


def test_log_axes_read_as_numbers_and_leave_gaps_at_zero(plot):
    line = plot.add_line("Training")
    line.set([1, 2, 3, 4], [1.0, 0.0, 0.01, -1.0])
    plot.set_log(y=True)
    down = plot.current_view().down(line.y)
    (_, (top, bottom)), high = plot.view_range(), plot.current_view().height
    wanted = [high * (1 - (e - top) / (bottom - top)) for e in (0, np.nan, -2, np.nan)]
    np.testing.assert_allclose(down, wanted)
    assert plot.is_log() == (False, True)
    plot.add_line("Test", label=True).set([1, 2], [0.0, 0.0])
    plot.time_cursor(1)
    plot.grab()


def test_ranges_move_in_steps_and_stand_still_between(plot):
    line = plot.add_line("Training")
    line.set(STEPS, STEPS)
    plot._fit()
    before = plot.view_range()
    line.set(STEPS, STEPS * 1.001)
    plot._fit()
    assert plot.view_range() == before
    line.set(STEPS, STEPS * 3)
    plot._fit()
    assert plot.view_range()[1][1] > 300


def test_the_range_follows_at_most_twice_a_second(plot, qtbot):
    line = plot.add_line("Training")
    line.set(STEPS, STEPS)
    with qtbot.waitSignal(plot.box.sigYRangeChanged, timeout=2000):
        line.set(STEPS, STEPS * 50)
        assert plot.view_range()[1][1] < 200  # not yet
    assert plot.view_range()[1][1] > 5000


def test_a_range_taken_by_hand_is_kept_until_reset(plot):
    line = plot.add_line("Training")
    line.set(STEPS, STEPS)
    plot.set_range(x=(10, 20), y=(0, 5))
    line.set(STEPS, STEPS * 100)
    plot._fit()
    assert plot.view_range() == ((10, 20), (0, 5))
    plot.reset_view()
    assert plot.view_range()[1][1] > 9000
    with pytest.raises(ValueError, match="levels: wanted"):
        plot.set_range(x=(np.nan, 1))


@pytest.mark.parametrize(
    ("data", "old", "tight", "wanted"),
    [
        ((1, 600), None, True, (0, 600)),
        ((0, 1), (0, 1.2), False, (0, 1.2)),
        ((0, 0.3), (0, 1.2), False, (-0.05, 0.35)),
        ((5, 5), None, False, (4.4, 5.6)),
        ((0, 0), None, False, (-1.2, 1.2)),
    ],
)
def test_steps_by_hand(data, old, tight, wanted):
    assert stepped(data, old, is_tight=tight) == pytest.approx(wanted)


def test_round_numbers_and_boxes():
    assert [nice(x) for x in (0.9, 1, 1.5, 3, 7, 0.02)] == [1, 1, 2, 5, 10, 0.02]
    assert union([None, (0, 1, 2, 3), (-1, 0.5, 2.5, 9)]) == (-1, 1, 2, 9)
    assert union([None]) is None


def test_an_image_puts_row_0_at_the_least_y_and_column_0_at_the_least_x(plot):
    image = plot.add_image("value")
    image.set([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], levels=(0, 6), box=(0, 3, 10, 12))
    assert image.at(2.5, 10.5) == 3.0
    assert image.at(0.5, 11.5) == 4.0
    assert image.at(-0.1, 10.5) is None
    columns, rows, _cells = image.data()
    np.testing.assert_allclose(columns, [0.5, 1.5, 2.5])
    np.testing.assert_allclose(rows, [10.5, 11.5])
    assert plot.view_range() == ((0, 3), (10, 12))


def test_levels_once_given_are_used_and_else_symmetric_for_signed(plot):
    image = plot.add_image("w", "signed")
    image.set([[1.0, -3.0]])
    low, high = image.levels
    assert low == -high
    image.set([[1.0, -3.0]], levels=(-5, 5))
    assert image.levels == (-5, 5)


@pytest.mark.parametrize(
    "cells",
    [
        np.full((3, 3), np.nan),
        np.full((3, 3), 2.0),
        np.array([[1e308, -1e308]]),
        np.array([[np.inf, 1.0]]),
        np.zeros((1, 1)),
    ],
)
def test_hopeless_surfaces_are_drawn_with_a_mask_and_counted(plot, cells):
    image = plot.add_image("loss")
    image.set(cells)
    assert image.gaps == np.count_nonzero(~(np.abs(cells) <= 1e30))
    plot.grab()
    assert not paint_guard.has_failed(image)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((4, 4, 5)),
        np.zeros((0, 0)),
        np.zeros(3),
        np.array([["a"]]),
        np.zeros((2, 2), "c16"),
    ],
)
def test_wrong_images_never_reach_pyqtgraph(plot, bad):
    image = plot.add_image("loss")
    with pytest.raises(ValueError, match=r"^a: "):
        image.set(bad)
    assert (image.cells.size, image.bounds()) == (0, None)


def test_a_box_that_is_no_box_is_refused(plot):
    image = plot.add_image("loss")
    with pytest.raises(ValueError, match="box: wanted x0 < x1"):
        image.set(np.ones((2, 2)), box=(0, 0, 0, 1))


def test_more_cells_than_pixels_are_thinned_for_the_screen_only(plot):
    image = plot.add_image("loss")
    image.set(np.zeros((4000, 500), np.float32))
    assert (image.picture().width(), image.picture().height()) == (250, 2000)
    assert image.data()[2].shape == (4000, 500)


def test_equal_aspect_ends_the_axes_where_the_map_ends(qtbot):
    plot = Plot("x", "y", equal_aspect=True)
    qtbot.addWidget(plot)
    plot.resize(700, 300)
    plot.show()
    plot.add_image("p").set(np.ones((10, 10)), box=(-1, 1, -1, 1))
    qtbot.waitUntil(lambda: abs(plot.box.width() - plot.box.height()) < 4)
    (x0, x1), (y0, y1) = plot.view_range()
    assert x1 - x0 == pytest.approx(y1 - y0, rel=0.05)


def test_points_at_infinity_are_left_out_and_counted(plot):
    points = plot.add_scatter("A", 0, is_class=True)
    points.set([0, 1, np.inf], [0, 1, 2])
    assert (points.gaps, len(points.places(plot.current_view())[0])) == (1, 2)
    assert points.nearest(0.9, 0.9) == 1
    points.set([], [])
    assert points.nearest(0, 0) is None
    assert points.bounds() is None


def test_many_points_are_thinned(plot):
    points = plot.add_scatter("A")
    points.set(np.arange(100_002.0), np.zeros(100_002))
    assert len(points.places(plot.current_view())[0]) <= 100_000


@pytest.mark.parametrize("kind", ["line", "scatter", "image"])
def test_a_live_plot_takes_the_colours_of_another_theme(qapp, plot, kind):
    if kind == "line":
        plot.add_line("a", width=2).set(STEPS, STEPS)
    elif kind == "scatter":
        plot.add_scatter("a", size=12).set(STEPS, STEPS)
    else:
        plot.add_image("a", "signed").set(np.linspace(-1, 1, 64).reshape(8, 8))
    light = plot.grab().toImage()
    theme.apply(qapp, "dark")
    assert plot.grab().toImage() != light
    assert ink_count(plot, DARK.base) > ink_count(plot, LIGHT.base)
    if kind != "image":
        assert ink_count(plot, DARK.series[0]) > 20


def test_a_mark_can_take_a_role_of_the_palette(plot):
    wrong = plot.add_scatter("wrong", symbol="cross")
    wrong.set_role("text")
    assert wrong.ink().name().upper() == LIGHT.text


def test_a_hidden_mark_does_not_count_for_the_range(plot):
    small, large = plot.add_line("a"), plot.add_line("b", 1)
    small.set(STEPS, STEPS)
    large.set(STEPS, STEPS * 1000)
    large.set_visible(False)
    plot.reset_view()
    assert plot.view_range()[1][1] < 200
    plot.remove(large)
    assert plot.marks == [small]


def test_hovering_says_the_values_there(plot, qtbot):
    plot.add_line("Training").set(STEPS, STEPS)
    plot.add_scatter("A").set([50.0], [50.0])
    plot.grab()
    place = plot.box.mapViewToScene(QPointF(50.2, 50.2))
    with qtbot.waitSignal(plot.hovered):
        plot.view.scene().sigMouseMoved.emit(place)
    lines = plot._mouse._readout.text().split("\n")
    assert lines == ["Step  50", "Training  50", "A  (50, 50)"]
    plot.view.scene().sigMouseMoved.emit(QPointF(-5, -5))
    assert not plot._mouse._readout.isVisible()


def test_a_click_tells_its_place_in_the_data(plot, qtbot):
    plot.add_line("Training").set(STEPS, STEPS)
    plot.grab()
    place = plot.box.mapViewToScene(QPointF(50, 50)).toPoint()
    with qtbot.waitSignal(plot.clicked, timeout=2000) as told:
        qtbot.mouseClick(plot.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert told.args == pytest.approx([50, 50], abs=1)


def test_the_context_menu_copies_resets_and_makes_axes_logarithmic(plot):
    plot.add_line("Training").set(STEPS, STEPS)
    actions = {a.text(): a for a in plot.menu().actions() if a.text()}
    assert list(actions) == [
        "Copy image",
        "Export picture...",
        "Export numbers (CSV, NPZ)...",
        "Reset view",
        "Log x axis",
        "Log y axis",
    ]
    actions["Copy image"].trigger()
    assert QGuiApplication.clipboard().image().width() == plot.width()
    actions["Log y axis"].trigger()
    assert plot.is_log() == (False, True)
    plot.menu().aboutToShow.emit()
    assert actions["Log y axis"].isChecked()


def test_a_legend_names_what_it_shows(qtbot):
    plot = Plot("x", "y", legend=True)
    qtbot.addWidget(plot)
    plot.add_line("a < b & c")
    plot.add_scatter("B", 1)
    plot.add_image("p")
    labels = [label.text for _sample, label in plot._legend._legend.items]
    assert labels == ["a &lt; b &amp; c", "B"]
    plot.grab()


def test_a_note_stands_over_an_empty_plot(plot):
    plot.show_note("No data yet.")
    assert plot._note.isVisible()
    plot.show_note("")
    assert not plot._note.isVisible()


def test_words_of_axes(plot):
    assert (fixed(-0.0001, 2), fixed(-2.5, 1)) == ("0.00", "\u22122.5")
    assert [power(e) for e in (-6, -2, 0, 3, 5)] == ["10⁻⁶", "0.01", "1", "1,000", "10⁵"]
    assert power(np.log10(3)) == "3"
    assert [round(10**t, 3) for t in log_ticks(-1.6, 0.1)] == [0.03, 0.1, 0.3, 1]
    assert log_ticks(-9, 3) == [-8, -6, -4, -2, 0, 2]
    assert len(log_ticks(0.30, 0.35)) >= 2


def test_a_narrow_logarithmic_axis_has_ticks_that_can_be_told_apart(plot):
    low, high = np.log10((0.1200, 0.1230))
    ticks = log_ticks(low, high)
    values = [10**t for t in ticks]
    np.testing.assert_allclose(np.diff(values), values[1] - values[0], rtol=1e-6)
    assert all(low <= t <= high for t in ticks)
    plot.y_axis.setRange(low, high)
    said = plot.y_axis.logTickStrings(ticks, 1, 1)
    assert len(set(said)) == len(said) >= 3
    np.testing.assert_allclose([float(s) for s in said], values, rtol=1e-6)


@pytest.mark.parametrize(
    ("low", "high"),
    [(1.0051, 1.01314), (100_510, 101_314), (0.1005, 0.1013), (1.01, 2.99), (7.05, 19.9),
     (0.4, 0.85), (0.62, 0.79), (1.5, 5), (1e-5, 2.9e-5), (0.02, 80)],
)  # fmt: skip
def test_every_logarithmic_axis_has_ticks_whose_words_say_where_they_are(plot, low, high):
    ticks = log_ticks(np.log10(low), np.log10(high))
    assert len(ticks) >= 2
    plot.y_axis.setRange(np.log10(low), np.log10(high))
    said = [float(s.replace("−", "-")) for s in plot.y_axis.logTickStrings(ticks, 1, 1)]
    np.testing.assert_allclose(said, [10**t for t in ticks], rtol=1e-9)


@pytest.mark.parametrize("span", [(400, 500), (-500, -400), (5, 5), (np.log10(0.1), -1)])
def test_a_range_without_numbers_has_no_ticks(span):
    assert log_ticks(*span) == []


@pytest.mark.parametrize("first", [0.0, 0.69312, 1.2e6, -7e8])
def test_ticks_close_together_are_told_apart(first):
    for spacing in (2e-5, 0.5, 200.0):
        values = [first + k * spacing for k in range(3)]
        said = even_labels(values, spacing)
        assert len(set(said)) == 3
        read = [float(s.replace("\u2212", "-").replace(",", "")) for s in said]
        np.testing.assert_allclose(read, values, atol=spacing / 10)


def test_a_plot_over_a_map_or_of_a_plane_has_no_logarithmic_axes(qtbot, plot):
    plane = Plot("x1", "x2", equal_aspect=True)
    qtbot.addWidget(plane)
    plot.add_image("loss")
    for one in (plane, plot):
        assert not one.may_be_log()
        with pytest.raises(ValueError, match="cannot be logarithmic"):
            one.set_log(y=True)
        assert one.is_log() == (False, False)


def test_the_dot_at_the_cursor_stands_where_its_value_was_measured(plot):
    tests = plot.add_line("Test", label=True)
    tests.set(np.array([0.0, 20.0, 40.0]), np.array([3.0, 2.0, 1.0]))
    assert (tests.at(33), tests.foot(33)) == (2, 20)
    assert (tests.at(40), tests.foot(40)) == (1, 40)
    plot.time_cursor(33)
    view = plot.current_view()
    dot, rule = view.place(20.0, 2.0), view.place(33.0, 2.0)
    inked = places_of(plot, tests.ink().name())
    corner = plot.view.mapFromScene(plot.box.mapToScene(QPointF(0, 0)))
    near = [np.hypot(inked[:, 1] - corner.x() - x, inked[:, 0] - corner.y() - y)
            for x, y in (dot, rule)]  # fmt: skip
    assert np.count_nonzero(near[0] < 4) > 12  # a line alone has eight
    assert np.count_nonzero(near[1] < 2.5) < 5


@pytest.mark.parametrize("step", [1, 20, 40, 60, 68, 80, 99])
def test_labels_at_the_cursor_are_never_cut(plot, monkeypatch, step):
    seen = []
    fill = QPainter.fillRect

    def watched(painter, room, *rest):
        seen.append(room)
        fill(painter, room, *rest)

    plot.add_line("Training (mean of 15)", label=True).set(STEPS, STEPS)
    plot.add_line("Test", label=True).set(STEPS, STEPS / 2)
    plot.resize(300, 220)
    plot.time_cursor(step)
    plot.grab()
    monkeypatch.setattr(rules.QPainter, "fillRect", watched)
    image = QImage(300, 220, QImage.Format.Format_ARGB32)
    view, painter = plot.current_view(), rules.QPainter(image)
    plot.time_rule.paint(painter, view)
    painter.end()
    assert len(seen) == 2
    for room in seen:
        assert room.left() >= 0
        assert room.right() <= view.width


@pytest.mark.parametrize(("exponent", "words"), [(4, "10,000"), (3, "1,000"), (2.4771, "300")])
def test_powers_of_ten_read_as_numbers(exponent, words):
    assert power(exponent) == words


def test_a_cursor_out_of_sight_leaves_nothing_behind(plot):
    plot.add_line("Training", label=True).set(STEPS, STEPS)
    plot.set_range(x=(10, 50))
    ink = plot.marks[0].ink().name()
    plot.time_cursor(10)
    assert len(places_of(plot, ink)) > 50
    before = plot.grab().toImage()
    plot.time_cursor(90)
    plot.time_cursor(None)
    without = plot.grab().toImage()
    plot.time_cursor(90)
    assert plot.grab().toImage() == without != before


def test_a_value_of_before_the_first_step_has_no_dot_on_a_logarithmic_axis(plot, qtbot):
    plot.add_line("Training", label=True).set(STEPS, STEPS)
    plot.add_line("Test", label=True).set(np.array([0.0, 50.0]), np.array([2.0, 1.0]))
    plot.set_log(x=True)
    plot.time_cursor(20)
    with qtbot.captureExceptions() as failed, qtbot.assertNotEmitted(paint_guard.faults.failed):
        plot.grab()
    assert not failed
    assert clean("a\x00b\x1b]") == "ab]"
    plot.set_axes(x="<b>Step</b> & more")
    assert "&lt;b&gt;" in plot.x_axis.labelString()


@pytest.mark.fault("T1")
def test_the_time_cursor_paints_in_a_plot_without_room(plot):
    plot.add_line("Training", 0, label=True).set(STEPS, STEPS)
    plot.time_cursor(50)
    assert len(plot.time_rule.values()) == 1
    image = QImage(8, 8, QImage.Format.Format_ARGB32)
    image.fill(0)
    for size in ((0, 0), (1, 400), (400, 0)):
        painter = QPainter(image)
        plot.time_rule.paint(painter, View(0, 100, 0, 100, *size, cursor=50))
        painter.end()


def test_an_exception_in_paint_is_told_once_and_spoils_no_other_mark(plot, qtbot, caplog):
    calls = []

    class Broken(LineMark):
        z = -1.0

        def paint(self, painter, _view):
            calls.append(1)
            painter.translate(1e6, 1e6)
            raise RuntimeError("broken on purpose")

    broken = plot.add(Broken("broken"))
    plot.add_line("Training", width=2).set(STEPS, STEPS)
    with caplog.at_level(logging.ERROR), qtbot.waitSignal(paint_guard.faults.failed) as told:
        for _frame in range(5):
            plot.grab()
    assert told.args == ["Broken could not be drawn: RuntimeError: broken on purpose"]
    assert (len(calls), len(caplog.records)) == (1, 1)
    assert paint_guard.has_failed(broken)
    assert ink_count(plot, LIGHT.series[0]) > 200
    broken.set(STEPS, STEPS)  # new data: another try
    plot.grab()
    assert len(calls) == 2


def test_a_failed_mark_is_painted_again_when_it_gets_new_data(plot):
    line = plot.add_line("Training")
    line._paint_failed = True
    line.set(STEPS, STEPS)
    assert not paint_guard.has_failed(line)


def test_axis_and_legend_are_painted_again_once_there_is_something_new(qapp, qtbot):
    plot = Plot("x", "y", legend=True)
    qtbot.addWidget(plot)
    plot.add_line("a").set(STEPS, STEPS)
    (legend,) = (i for i in plot.view.scene().items() if isinstance(i, pg.LegendItem))
    legend._paint_failed = plot.x_axis._paint_failed = True
    plot.set_range(x=(3, 4))
    assert not paint_guard.has_failed(plot.x_axis)
    theme.apply(qapp, "dark")
    assert not paint_guard.has_failed(legend)


def test_axes_are_guarded_once(plot):
    before = pg.AxisItem.paint
    assert before.is_guard
    paint_guard.install()
    assert pg.AxisItem.paint is before


@pytest.mark.fault("T7")
def test_fifty_plots_come_and_go_and_nothing_of_them_is_left(qapp):
    def settle():
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        qapp.processEvents()
        gc.collect()

    def cycle():
        plot = Plot("x", "y", legend=True)
        plot.add_line("a", label=True).set(STEPS, STEPS)
        plot.add_scatter("b").set(STEPS, STEPS)
        plot.add_image("c").set(np.ones((4, 4)))
        plot.time_cursor(5)
        plot.menu()
        plot.resize(300, 200)
        plot.show()
        plot.grab()
        plot.close()
        plot.deleteLater()

    cycle()
    settle()
    widgets, plots = len(QApplication.allWidgets()), count_of(Plot)
    for _round in range(50):
        cycle()
    settle()
    assert count_of(Plot) == plots == 0
    assert len(QApplication.allWidgets()) <= widgets
    assert count_of(Canvas) == 0


def count_of(kind):
    found = (o for o in gc.get_objects() if issubclass(type(o), kind))
    return sum(map(shiboken6.isValid, found))


def places_of(plot, colour):
    """Rows and columns of the pixels of a colour."""
    image = plot.grab().toImage().convertToFormat(image_format())
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
    wanted = np.array([int(colour[i : i + 2], 16) for i in (5, 3, 1)])
    return np.argwhere(np.abs(raw[..., :3].astype(int) - wanted).max(axis=2) <= 6)


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("kind", ["line", "scatter", "image"])
def test_every_mark_stands_where_the_axes_say(qtbot, kind, down):
    """Its place in pixels against pyqtgraph's own transform."""
    plot = Plot("x", "y", y_down=down)
    qtbot.addWidget(plot)
    plot.resize(400, 300)
    plot.show()
    if kind == "line":
        plot.add_line("a", width=6).set([2.0, 4.0], [5.0, 5.0])
    elif kind == "scatter":
        plot.add_scatter("a", symbol="square", size=9).set([3.0], [5.0])
    else:
        plot.add_image("a", scale=False).set([[0.0]], levels=(0, 1), box=(2.0, 4.0, 4.5, 5.5))
    plot.set_range(x=(0, 10), y=(0, 20))
    ink = "#440154" if kind == "image" else LIGHT.series[0]
    found = places_of(plot, ink)
    scene = plot.box.mapViewToScene(QPointF(3.0, 5.0))
    wanted = plot.view.mapTo(plot, plot.view.mapFromScene(scene))
    assert len(found) > 20
    row, column = (found.min(axis=0) + found.max(axis=0)) / 2
    assert (column, row) == pytest.approx((wanted.x(), wanted.y()), abs=1.5)


def test_a_thousand_points_in_a_vector_file_are_paths(plot, tmp_path):
    plot.add_scatter("a").set(np.linspace(0, 1, 50), np.linspace(0, 1, 50))
    svg = export_picture(plot, tmp_path / "a.svg").read_text(encoding="utf-8")
    assert svg.count("<path") >= 50
    assert "<image" not in svg


def test_many_changes_at_once_are_followed_once(plot):
    lines = [plot.add_line(n, k) for k, n in enumerate("abc")]
    lines[0].set(STEPS, STEPS)
    plot._last_fit = -1.0
    with plot.at_once():
        for k, line in enumerate(lines):
            line.set(STEPS, STEPS * 10**k)
    assert plot.view_range()[1][1] > 9_000


def test_pens_are_as_thick_as_the_picture_is_large(plot, tmp_path):
    plot.add_line("a", width=8).set([0.0, 1.0], [0.5, 0.5])
    counts = []
    for scale in (1, 3):
        file = export_picture(plot, tmp_path / f"{scale}.png", scale=scale)
        image = QImage(str(file)).convertToFormat(image_format())
        raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
        wanted = np.array([int(LIGHT.series[0][i : i + 2], 16) for i in (5, 3, 1)])
        hits = (np.abs(raw[..., :3].astype(int) - wanted).max(axis=2) <= 6).sum(axis=0)
        counts.append(int(np.median(hits[hits > 0])))
    assert counts[1] == pytest.approx(3 * counts[0], abs=3)
