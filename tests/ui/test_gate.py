import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PySide6.QtGui import QColor

from lab.ui import colours, gate, theme
from lab.ui.decimation import extremes, is_sorted, thinned, visible
from lab.ui.palettes import channels

FLOATS = st.floats(width=64, allow_nan=True, allow_infinity=True)
VECTORS = hnp.arrays(np.float64, st.integers(0, 40), elements=FLOATS)
CELLS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2), elements=FLOATS)
ANYTHING = st.one_of(
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=4, max_side=4)),
    st.lists(st.one_of(st.text(), st.none(), st.floats())),
)
BAD_IMAGES = [
    (np.zeros((4, 4, 5)), "shape"),
    (np.zeros((0, 0)), "no data"),
    (np.zeros(4), "shape"),
    (np.zeros((2, 2), object), "object"),
    (np.array([["a"]]), "<U1"),
    (np.zeros((2, 2), complex), "complex"),
]


@given(VECTORS, st.data())
@settings(max_examples=150)
def test_a_line_that_passes_is_finite_or_a_gap(x, data):
    y = data.draw(hnp.arrays(np.float64, len(x), elements=FLOATS))
    points = gate.line(x, y)
    good = (np.abs(x) <= 1e30) & (np.abs(y) <= 1e30)
    np.testing.assert_array_equal(points.x, np.where(np.abs(x) <= 1e30, x, np.nan))
    np.testing.assert_array_equal(points.y, np.where(good, y, np.nan))
    assert points.gaps == np.count_nonzero(~good)
    left = gate.scatter(x, y)
    assert len(left.x) == np.count_nonzero(good)
    assert np.isfinite(left.x).all()
    assert np.isfinite(left.y).all()


@given(CELLS)
@settings(max_examples=150)
def test_an_image_that_passes_has_finite_levels_in_order_and_counts_its_gaps(cells):
    picture = gate.image(cells)
    low, high = picture.levels
    assert np.isfinite([low, high]).all()
    assert low < high
    assert picture.gaps == np.count_nonzero(~(np.abs(cells) <= 1e30))
    signed = gate.span(picture.cells, is_signed=True)
    assert signed[0] == -signed[1] < 0


@given(ANYTHING)
@settings(max_examples=200)
def test_anything_else_is_refused_by_name_and_nothing_but_value_error_comes_out(thing):
    assert all(words.startswith("a: ") for words in refusals(gate.image, thing))
    assert all(words.startswith("x: ") for words in refusals(gate.line, thing, thing))


def refusals(door, *things):
    try:
        door(*things)
    except ValueError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize(("bad", "words"), BAD_IMAGES)
def test_images_of_a_wrong_kind_are_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        gate.image(bad)


def test_x_and_y_of_different_length_are_refused():
    with pytest.raises(ValueError, match=re.escape("y: wanted shape (3,) as x, got (2,)")):
        gate.line([1, 2, 3], [1, 2])


def test_a_ragged_list_is_refused():
    with pytest.raises(ValueError, match="x: wanted an array of numbers, got a ragged list"):
        gate.line([[1], [1, 2]], [1, 2])


def test_too_much_is_refused_before_any_work():
    huge = np.broadcast_to(np.float64(0), (gate.MOST_POINTS + 1,))
    with pytest.raises(ValueError, match="x: wanted at most 20,000,000 points"):
        gate.line(huge, huge)
    with pytest.raises(ValueError, match="a: wanted at most 64,000,000 cells"):
        gate.image(np.broadcast_to(np.float64(0), (8001, 8000)))


def test_whole_numbers_booleans_and_half_floats_pass():
    for kind in (np.int8, np.uint64, np.bool_, np.float16, np.longdouble):
        points = gate.line(np.ones(3, kind), np.ones(3, kind))
        assert points.y.dtype == np.float64
        assert points.gaps == 0


def test_the_arguments_are_left_alone():
    y = np.array([1.0, np.inf, 3.0])
    gate.line(np.arange(3.0), y)
    assert np.isinf(y[1])


@pytest.mark.parametrize("levels", [(1, 1), (2, 1), (np.nan, 1), (0, np.inf), (0, 1e31)])
def test_levels_must_be_finite_and_in_order(levels):
    with pytest.raises(ValueError, match="levels: wanted"):
        gate.image(np.ones((2, 2)), levels)


def test_levels_follow_the_bulk_and_not_one_spike():
    cells = np.concatenate([np.linspace(0, 1, 9999), [1e20]]).reshape(100, 100)
    low, high = gate.span(cells)
    assert (low, high) == (pytest.approx(0.005, abs=1e-3), pytest.approx(0.995, abs=1e-2))


@pytest.mark.parametrize(
    "cells", [np.full((2, 2), np.nan), np.full((2, 2), 5.0), np.zeros((1, 1))]
)
def test_grids_without_a_range_get_one(cells):
    low, high = gate.span(cells)
    assert low < high


def test_no_array_goes_to_an_item_of_pyqtgraph_past_the_gate():
    root = Path(__file__).parents[2] / "lab"
    call = re.compile(r"\.(setData|setImage)\(\w|pg\.(Plot(Curve|Data)|Scatter|Image)\w*Item\(")
    assert call.search("curve.setData(x, y)")
    assert call.search("pg.ScatterPlotItem()")
    plots = (f for part in ("ui", "panels") for f in (root / part).rglob("*.py"))
    assert [f.name for f in plots if call.search(f.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_signed_map_is_quiet_at_zero_and_turns_blue_and_orange(qapp, name):
    palette = theme.apply(qapp, name)
    pixels = colours.coloured(np.array([[-1.0, 0.0, 1.0, np.nan]]), (-1, 1), "signed")[0]
    least, zero, greatest, missing = (QColor.fromRgb(int(p)) for p in pixels)
    ground = np.array(channels(palette.base))
    assert np.abs(np.array(zero.getRgb()[:3]) - ground).max() <= 3
    assert least.blue() > least.red()
    assert greatest.red() > greatest.blue()
    assert missing.getRgb() == (*channels(palette.mask), 255)


def test_a_weaker_map_is_mixed_with_the_ground(qapp):
    palette = theme.apply(qapp, "dark")
    cells, ground = np.array([[1.0]]), np.array(channels(palette.base))
    full, half = (colours.coloured(cells, (-1, 1), "signed", s)[0, 0] for s in (1.0, 0.5))
    inks = [np.array(QColor.fromRgb(int(p)).getRgb()[:3]) for p in (full, half)]
    assert np.abs(inks[1] - (inks[0] + ground) / 2).max() <= 1


def test_viridis_begins_violet_and_ends_yellow(qapp):
    table = colours.table("sequential")
    assert table.shape == (256, 3)
    assert tuple(table[0]) == (68, 1, 84)
    assert tuple(table[-1]) == (253, 231, 37)


def test_values_beyond_the_levels_take_the_ends(qapp):
    pixels = colours.coloured(np.array([[-9.0, 9.0]]), (0, 1), "sequential")[0]
    ends = colours.packed(colours.table("sequential")[[0, -1]])
    np.testing.assert_array_equal(pixels, ends)
    assert QColor.fromRgb(int(ends[1])).getRgb() == (253, 231, 37, 255)


@given(st.integers(1, 3000), st.integers(1, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_reduction_keeps_least_greatest_and_last(n, blocks, seed):
    rng = np.random.default_rng(seed)
    y = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    xs, ys = extremes(np.arange(float(n)), y, blocks)
    assert len(xs) == len(ys) <= 2 * blocks + 1
    assert xs[-1] == n - 1
    np.testing.assert_equal(ys[-1], y[-1])
    if np.isfinite(y).any():
        assert np.nanmin(ys) == np.nanmin(y)
        assert np.nanmax(ys) == np.nanmax(y)


def test_a_million_steps_keep_a_single_spike():
    y = np.zeros(1_000_000)
    y[654_321] = 7
    x, reduced = visible(np.arange(1e6), y, (0, 1e6), 500)
    assert len(x) < 1100
    assert reduced.max() == 7


def test_only_what_is_seen_is_kept_with_one_neighbour_at_either_end():
    x = np.arange(100.0)
    kept, _y = visible(x, x, (10, 20), 500)
    assert (kept[0], kept[-1]) == (9, 21)


def test_curves_and_paths_are_told_apart():
    assert is_sorted(np.array([1.0, 1.0, 2.0]))
    assert not is_sorted(np.array([1.0, 0.5]))
    assert not is_sorted(np.array([1.0, np.nan, 2.0]))
    x, y = thinned(np.arange(250_000.0), np.arange(250_000.0))
    assert (len(x), x[0], y[-1]) == (100_000, 0, 249_999)
