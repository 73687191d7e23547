"""What a plot tells of the place under the mouse."""

from __future__ import annotations

import numpy as np
import pytest

from lab.ui.images import ImageMark
from lab.ui.lines import LineMark
from lab.ui.mark import Frame
from lab.ui.readout import counts, words_at

PIXEL = (0.01, 0.01)


@pytest.fixture
def cells(qtbot):
    mark = ImageMark("Weight", "signed")
    mark.set(np.arange(12.0).reshape(3, 4), box=(0.5, 4.5, 0.5, 3.5))
    return mark


def test_a_cell_is_told_by_whole_numbers_of_both_axes(cells):
    told = words_at([cells], Frame(), (2.9531, 1.6), PIXEL, "Input", "Unit")
    assert told.split("\n") == ["Input  3", "Unit  2", "Weight  6"]


def test_outside_of_the_cells_nothing_is_told(cells):
    assert words_at([cells], Frame(), (9.0, 1.0), PIXEL, "Input", "Unit") == ""


def test_a_map_of_a_plane_tells_both_coordinates_with_their_decimals(cells):
    told = words_at([cells], Frame(), (2.9531, 1.6), PIXEL, "x1", "x2")
    assert told.split("\n")[:2] == ["x1  2.9531", "x2  1.6"]


def test_a_curve_tells_its_own_value_and_no_second_axis(qtbot):
    line = LineMark("Loss")
    line.set([1.0, 2.0], [5.0, 6.0])
    told = words_at([line], Frame(), (1.0, 3.0), PIXEL, "Learning rate", "Loss")
    assert told.split("\n")[0] == "Learning rate  1"
    assert "3" not in told.split("\n")[-1]


@pytest.mark.parametrize("words", ["Step", "Unit", "Input channel, column", "Row", "Sample"])
def test_what_is_counted_is_whole(words):
    assert counts(words)


@pytest.mark.parametrize("words", ["Loss (nats)", "x1", "Weight", "Learning rate η"])
def test_what_is_measured_is_not(words):
    assert not counts(words)
