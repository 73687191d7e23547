import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from lab.panels.data import maths
from lab.panels.data.contours import level_line
from lab.panels.data.maths import Box


@given(st.integers(0, 2**32 - 1))
def test_softmax_and_sigmoid_are_those_of_torch(seed):
    outputs = np.random.default_rng(seed).normal(0, 30, (7, 4))
    tensor = torch.from_numpy(outputs)
    np.testing.assert_allclose(maths.softmax(outputs), tensor.softmax(1).numpy(), atol=1e-12)
    np.testing.assert_allclose(maths.sigmoid(outputs), tensor.sigmoid().numpy(), atol=1e-12)


def test_extreme_outputs_stay_finite():
    outputs = np.array([[1e4, -1e4, 0.0]])
    assert maths.softmax(outputs).tolist() == [[1.0, 0.0, 0.0]]
    assert maths.sigmoid(outputs).tolist() == [[1.0, 0.0, 0.5]]


def test_one_output_speaks_for_the_second_class():
    outputs = np.array([[2.0], [-3.0]])
    assert maths.class_scores(outputs, "score").tolist() == [[-2.0, 2.0], [3.0, -3.0]]
    shares = maths.class_scores(outputs, "sigmoid")
    assert shares[0, 1] == pytest.approx(1 / (1 + np.exp(-2)))
    assert shares.sum(axis=1).tolist() == [1.0, 1.0]
    assert maths.predicted(outputs).tolist() == [1, 0]


def test_the_answer_is_the_class_with_the_greatest_score():
    outputs = np.random.default_rng(0).normal(size=(50, 3))
    for answer in ("softmax", "score"):
        scores = maths.class_scores(outputs, answer)
        np.testing.assert_array_equal(scores.argmax(axis=1), maths.predicted(outputs))


def test_certainty_is_the_winners_probability_or_its_lead():
    scores = np.array([[0.1, 0.7, 0.2]])
    assert maths.certainty(scores, "softmax").tolist() == [0.7]
    assert maths.certainty(scores, "score")[0] == pytest.approx(0.5)


def test_the_lead_of_the_truth_is_below_zero_exactly_where_it_is_wrong():
    rng = np.random.default_rng(1)
    outputs, labels = rng.normal(size=(200, 4)), rng.integers(0, 4, 200)
    lead = maths.lead_of_truth(outputs, labels)
    np.testing.assert_array_equal(lead < 0, maths.predicted(outputs) != labels)


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_confusion_is_that_of_sklearn(classes, seed):
    rng = np.random.default_rng(seed)
    labels, answers = rng.integers(0, classes, (2, 100))
    wanted = metrics.confusion_matrix(labels, answers, labels=range(classes))
    np.testing.assert_array_equal(maths.confusion(labels, answers, classes), wanted)


def test_shares_of_rows_leave_empty_rows_at_zero():
    shares = maths.shares_of_rows(np.array([[1, 3], [0, 0]]))
    assert shares.tolist() == [[0.25, 0.75], [0.0, 0.0]]


def test_map_points_name_their_coordinates():
    points = maths.map_points(Box(0, 4, 10, 14), 4)
    assert points[0].tolist() == [0.5, 10.5]
    assert points[1].tolist() == [1.5, 10.5]  # the next column first
    assert points[4].tolist() == [0.5, 11.5]
    assert points[-1].tolist() == [3.5, 13.5]


def test_an_enlarged_map_is_linear_between_the_centres_of_its_cells():
    box = Box(-1, 1, 0, 4)
    x, y = maths.axis_centres(box, 8)
    fine_x, fine_y = maths.axis_centres(box, 32)
    coarse = 3 * x[None] + 5 * y[:, None]
    fine = maths.enlarged(coarse, 4)
    inner = slice(2, 30)
    wanted = 3 * fine_x[None] + 5 * fine_y[:, None]
    np.testing.assert_allclose(fine[inner, inner], wanted[inner, inner], atol=1e-12)
    assert fine.max() <= coarse.max()
    assert fine[0, 0] == pytest.approx(coarse[0, 0])


def test_a_single_cell_can_be_enlarged():
    assert maths.enlarged(np.array([[7.0]]), 3).tolist() == [[7.0] * 3] * 3


def test_a_histogram_is_a_staircase_with_its_feet_on_the_ground():
    x, y = maths.histogram(np.array([0.1, 0.2, 0.9]), np.array([0.0, 0.5, 1.0]))
    assert x.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    assert y.tolist() == [0, 2, 2, 1, 1, 0]


# Boundaries.


def grid(function, n=40):
    x, y = np.linspace(-2, 2, n), np.linspace(-1, 3, n + 5)
    return function(x[None], y[:, None]), x, y


def test_the_boundary_of_a_plane_is_a_straight_line_in_the_right_place():
    z, x, y = grid(lambda x, y: 2 * x - y + 0.1)
    line_x, line_y = level_line(z, 0.0, x, y)
    there = np.isfinite(line_x)
    np.testing.assert_allclose(2 * line_x[there] - line_y[there] + 0.1, 0, atol=1e-12)
    assert np.isfinite(line_x).all()  # all in one piece


def test_the_boundary_of_a_disc_is_one_closed_line_on_the_circle():
    z, x, y = grid(lambda x, y: (x - 0.3) ** 2 + (y - 1.1) ** 2)
    line_x, line_y = level_line(z, 0.5, x, y)
    assert np.isfinite(line_x).all()
    assert (line_x[0], line_y[0]) == (line_x[-1], line_y[-1])
    radius = np.hypot(line_x - 0.3, line_y - 1.1)
    np.testing.assert_allclose(radius, np.sqrt(0.5), atol=0.01)


def test_two_discs_give_two_lines_and_nothing_none():
    z, x, y = grid(lambda x, y: np.minimum((x + 1) ** 2 + y**2, (x - 1) ** 2 + (y - 2) ** 2))
    assert np.isnan(level_line(z, 0.2, x, y)[0]).sum() == 1
    assert len(level_line(z, 99.0, x, y)[0]) == 0


@pytest.mark.parametrize("middle", [0.5, -0.5])
def test_at_a_saddle_the_mean_of_the_corners_decides(middle):
    z = np.array([[1.0 + middle, -1.0], [-1.0, 1.0 + middle]])
    line_x, line_y = level_line(z, 0.0, np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    pieces = np.split(np.column_stack([line_x, line_y]), np.flatnonzero(np.isnan(line_x)) + 1)
    ends = [p[np.isfinite(p[:, 0])] for p in pieces]
    assert len(ends) == 2
    cuts_off_the_first_corner = any((p.sum(axis=1) < 1).all() for p in ends)
    assert cuts_off_the_first_corner == (middle < 0)


def test_cells_that_are_not_finite_have_no_line():
    z, x, y = grid(lambda x, y: x + 0 * y)
    z[10:20] = np.nan
    _, line_y = level_line(z, 0.0, x, y)
    inside = (line_y > y[9]) & (line_y < y[20])
    assert not inside.any()
    assert np.isnan(line_y).sum() == 1
