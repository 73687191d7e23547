"""Tensors laid out as cells: nothing lost, and every cell knows its number."""

from __future__ import annotations

import numpy as np
import pytest

from lab.panels.inspector.places import planned
from lab.panels.inspector.rows import Row, Tile
from lab.panels.inspector.sheets import sheet, size_words, statistics
from lab.panels.inspector.sums import four
from lab.panels.inspector.walk import brief, levels_of

SHAPES = [(6,), (7, 1, 3, 3), (4, 3), (5, 3, 4), (2, 3, 2, 2), (2, 3, 2, 2, 2)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_number_has_its_cell_and_every_cell_its_number(shape):
    tensor = np.random.default_rng(0).normal(size=shape)
    laid = sheet(tensor)
    for place in range(tensor.size):
        row, column = laid.cell_of(place)
        assert laid.cells[row, column] == tensor.flat[place]
        assert laid.number_at(row, column) == (place, 0)
    assert (laid.places >= 0).sum() == tensor.size
    assert np.isnan(laid.cells[laid.places < 0]).all()
    assert laid.number_at(-1, 0) is None
    assert laid.number_at(10_000, 0) is None


def test_samples_of_a_batch_stand_side_by_side():
    tensor = np.arange(24.0).reshape(4, 3, 2)
    laid = sheet(tensor, has_samples=True, is_batch=True)
    assert laid.cells.shape == (6, 4)
    assert laid.number_at(5, 2) == (5, 2)
    assert laid.cells[5, 2] == tensor[2].flat[5]
    assert laid.cell_of(5, 2) == (5, 2)
    one = sheet(tensor, has_samples=True)
    assert one.cells.shape == (3, 2)
    assert (one.x, one.y) == ("Unit", "Position")


def test_channels_are_tiles_a_cell_apart():
    images = np.random.default_rng(0).normal(size=(5, 3, 4))
    cells = sheet(images).cells
    assert cells.shape == (2 * 4 - 1, 3 * 5 - 1)
    np.testing.assert_array_equal(cells[4:7, 5:9], images[4])


def test_statistics_in_words():
    words = statistics(np.array([0.0, 0.0, 3.0, -1.0]))
    assert words == "−1 to 3, mean 0.5, deviation 1.5, 50 % zeros"
    assert statistics(np.array([2.5])) == "2.5"
    assert statistics(np.array([np.nan])) == "no finite number"
    assert "no zeros" in statistics(np.array([1.0, 2.0, np.nan]))
    assert size_words((128, 64)) == "128×64"


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (-2.3185, "−2.32"), (0.0561, "0.056"), (-0.0561, "−0.06"), (31.4, "31.4"),
     (1e-7, "1e−7"), (-123456.0, "−1e5"), (512.3, "512")],
)  # fmt: skip
def test_numbers_in_cells_have_five_signs_at_most(value, words):
    assert brief(value) == words
    assert len(brief(value)) <= 5


def test_numbers_in_columns():
    assert [four(v) for v in (0.76301, -1.43551, 0.0, 5.96e-4)] == [
        "0.7630", "−1.4355", "0.0000", "6.0e−4",
    ]  # fmt: skip


def tile(column, shape, *, is_of_weight=True):
    cells = sheet(np.linspace(-1, 2, int(np.prod(shape))).reshape(shape))
    return Tile(column, "0", column, cells, shape, is_of_weight)


@pytest.mark.parametrize("width", [430.0, 700.0, 1400.0])
def test_columns_are_shared_by_the_layers_and_fit(width):
    rows = [
        Row("Layer 1", "", "", "", (tile("W", (6, 2)), tile("z", (6,)), tile("a", (6,)))),
        Row("Layer 2", "", "", "", (tile("W", (128, 300)), tile("z", (128,)))),
    ]
    plan = planned(rows, width, has_numbers=True)
    assert plan.placed[0].area.left() == plan.placed[3].area.left()
    assert max(p.area.right() for p in plan.placed) <= width
    assert plan.placed[0].has_numbers
    assert not plan.placed[3].has_numbers
    assert plan.bands[0][1] < plan.bands[1][0]
    assert plan.placed[0].at(*plan.placed[0].cell(4, 1).center().toTuple()) == (4, 1)
    without = planned(rows, width, has_numbers=False)
    assert not any(p.has_numbers for p in without.placed)


def test_a_scale_is_shared_by_tensors_of_a_kind():
    rows = [Row("", "", "", "", (tile("δ", (3,)), tile("∂L/∂W", (2, 2)), tile("v", (2,))))]
    assert levels_of(rows) == {"δ": 2.0, "v": 2.0}
    assert not tile("v", (2,)).is_signed


def test_columns_stand_as_a_sample_passes_whatever_comes_first():
    first = Row("Layer 1", "", "", "layers.0", (tile("a", (1, 4), is_of_weight=False),))
    columns = [tile(c, (2, 2)) for c in ("W", "b", "z", "δ")]
    second = Row("Layer 2", "", "", "layers.1", tuple(columns))
    loss = Row("Loss", "", "", "", (tile("o", (2,)),))
    plan = planned((first, second, loss), 700.0, has_numbers=True)
    assert list(plan.columns) == ["W", "b", "z", "a", "δ", "o"]
    edges = list(plan.columns.values())
    assert edges == sorted(edges)
