from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.engine.drafts import check
from lab.engine.experiment import experiment
from lab.panels.network.blocks import blocks
from lab.panels.network.camera import READABLE, Camera, fitted
from lab.panels.network.edges import Fan, edge_at, fan, share_at, strongest, way
from lab.panels.network.layout import INPUT, LOSS, Link, laid_out, picture_shape


def layout(layers, shape=(2,), outputs=2):
    parts = experiment({"layers": layers}).layers
    shapes = {d.path: d.shape_out for d in check(parts, shape, outputs).layers}
    return laid_out(blocks(parts), shape, shapes)


def linear(units=None):
    return {"kind": "linear", **({"units": units} if units else {})}


def test_units_of_a_column_stand_evenly_about_the_middle():
    made = layout([linear(6), "tanh", linear(4), "tanh", linear()])
    assert [c.path for c in made.columns] == [INPUT, "layers.0", "layers.2", "layers.4", LOSS]
    assert [c.count for c in made.columns] == [2, 6, 4, 2, 1]
    six = made.columns[1]
    heights = [six.middle(k) for k in range(6)]
    assert np.mean(heights) == pytest.approx(0)
    assert np.ptp(np.diff(heights)) == pytest.approx(0)
    for k, height in enumerate(heights):
        assert six.index_at(height) == k
    assert six.index_at(heights[0] - six.side) is None
    assert all(link.is_full for link in made.links[:3])
    assert not made.links[3].is_full  # to the loss


def test_columns_do_not_overlap_and_are_found_where_they_are():
    made = layout([linear(64), "relu", linear(65), "relu", linear()])
    edges = [(c.x - c.width / 2, c.x + c.width / 2) for c in made.columns]
    assert edges[0][0] == 0
    assert all(left[1] < right[0] for left, right in pairwise(edges))
    assert edges[-1][1] == made.width
    for place, column in enumerate(made.columns):
        assert made.column_at(column.x) == place
        assert made.gap_at(column.x - 1) == place
    assert made.columns[1].mode == "units"
    assert made.columns[2].mode == "box"


def test_images_are_maps_or_boxes():
    conv = {"kind": "conv2d", "channels": 8}
    made = layout([conv, "relu", "max_pool2d", "flatten", linear()], (1, 8, 8), 10)
    assert [c.mode for c in made.columns] == ["box", "maps", "maps", "box", "units", "loss"]
    assert picture_shape((8, 3, 3)) == (9, 9)
    assert picture_shape((5, 7)) == (5, 7)
    assert picture_shape((10,)) == (3, 4)


def test_a_skip_lies_below_the_columns_it_goes_around():
    inner = {"kind": "residual", "layers": [linear(4), "tanh", linear(4)]}
    outer = {"kind": "residual", "layers": [linear(4), inner]}
    made = layout([linear(4), outer, linear()])
    deep, wide = made.skips
    assert (deep.path, deep.first, deep.last) == ("layers.1.layers.1", 3, 4)
    assert (wide.path, wide.first, wide.last) == ("layers.1", 2, 4)
    assert made.low(wide) > made.low(deep)
    assert made.column_of("layers.1.layers.1.layers.1") == 3  # the tanh of that block
    assert made.bottom > made.low(wide)


@given(st.floats(0.05, 4), st.floats(-500, 500), st.floats(-500, 500), st.floats(0.2, 5))
def test_zooming_leaves_the_place_under_the_mouse(scale, x, y, factor):
    camera = Camera(scale, 12.0, 34.0)
    place = camera.to_place(x, y)
    nearer = camera.zoomed(factor, x, y)
    np.testing.assert_allclose(nearer.to_pixel(*place), (x, y), atol=1e-6)


def test_what_fits_is_seen_whole_and_in_the_middle():
    camera = fitted((1000, 500), (10, 60, 760, 560), whole=True)
    left, top = camera.to_pixel(0, -250)
    right, bottom = camera.to_pixel(1000, 250)
    assert (left, right) == pytest.approx((10, 760))
    assert (top + bottom) / 2 == pytest.approx(310)
    long = fitted((20000, 500), (10, 60, 760, 560), whole=False)
    assert long.scale == READABLE
    assert long.to_pixel(0, 0)[0] == 10
    assert fitted((20000, 500), (10, 60, 760, 560), whole=True).scale < 0.04


def test_a_curve_is_found_where_it_is_drawn():
    made = layout([linear(3), "tanh", linear()])
    weights = np.array([[0.1, -0.2], [0.3, 0.4], [0.5, 0.6]])
    one = fan(made, made.links[0], weights)
    for row in range(3):
        for column in range(2):
            t = 0.93 if row != 1 else 0.07 + 0.86 * column
            across, share = way(0.1 if column == 0 and row == 1 else t)
            x = one.x0 + across * (one.x1 - one.x0)
            y = one.y0[column] + share * (one.y1[row] - one.y0[column])
            found = edge_at(one, x, y, reach=1.0)
            heights = one.y0[None] * (1 - share) + one.y1[:, None] * share
            near = np.abs(heights - y) <= 0.5
            best = np.unravel_index(np.where(near, np.abs(weights), -1).argmax(), near.shape)
            assert found == tuple(best)
    assert edge_at(one, one.x0 - 1, 0) is None
    assert edge_at(one, (one.x0 + one.x1) / 2, 5000) is None


def test_the_way_along_a_curve_is_found_again():
    for t in np.linspace(0.01, 0.99, 9):
        across, share = way(t)
        assert share_at(float(across)) == pytest.approx(float(share), abs=1e-6)


def test_of_too_many_weights_the_strongest_are_drawn():
    weights = np.arange(100.0).reshape(10, 10) - 50
    many = Fan("layers.0", Link(0, 1, True), weights, 0, 1, np.zeros(10), np.zeros(10))
    least = strongest([many], 10)
    assert (np.abs(weights) >= least).sum() in (10, 11)  # two may be as strong as each other
    assert strongest([many], 100) == 0.0
    assert strongest([], 5) == 0.0
