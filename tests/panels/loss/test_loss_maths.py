import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.panels.loss import maths


def plain_mean(values, window):
    return np.array(
        [np.mean(values[max(0, i - window + 1) : i + 1]) for i in range(len(values))]
    )


def test_running_mean_by_hand():
    means = maths.running_mean(np.array([1.0, 2.0, 6.0, 0.0]), 2)
    assert means.tolist() == [1.0, 1.5, 4.0, 3.0]


@given(
    st.lists(st.floats(-1e6, 1e6), max_size=60),
    st.integers(1, 70),
)
def test_running_mean_is_that_of_a_plain_loop(values, window):
    values = np.array(values)
    means = maths.running_mean(values, window)
    np.testing.assert_allclose(means, plain_mean(values, window), rtol=1e-9, atol=1e-6)


def test_running_mean_is_numpys_convolution_once_the_window_is_full():
    values = np.random.default_rng(0).normal(size=500)
    wanted = np.convolve(values, np.ones(15) / 15, mode="valid")
    np.testing.assert_allclose(maths.running_mean(values, 15)[14:], wanted, atol=1e-12)


def test_one_enormous_value_spoils_only_the_means_that_contain_it():
    values = np.full(100, 0.1)
    values[50] = 1e20
    means = maths.running_mean(values, 7)
    np.testing.assert_allclose(np.delete(means, range(50, 57)), 0.1, rtol=1e-12)


def test_a_window_of_none_is_refused():
    with pytest.raises(ValueError, match="window: wanted at least 1, got 0"):
        maths.running_mean(np.ones(3), 0)


def test_extremes_leave_out_the_rest_and_pass_over_nan():
    low, high = maths.extremes(np.array([1.0, np.nan, 3.0, -2.0, 9.0]), 2)
    assert low.tolist() == [1.0, -2.0]
    assert high.tolist() == [1.0, 3.0]


def test_zigzag_goes_down_and_up_in_a_block_and_straight_through_single_rows():
    x, y = maths.zigzag(np.array([0.0, 4.0]), np.array([1.0, 5.0]), np.array([2.0, 5.0]))
    assert x.tolist() == [0.0, 0.0, 4.0]
    assert y.tolist() == [1.0, 2.0, 5.0]


@given(st.integers(0, 2**32 - 1))
def test_zigzag_loses_no_extreme(seed):
    rng = np.random.default_rng(seed)
    low = rng.normal(size=20)
    high = low + rng.choice([0.0, 1.0], 20)
    _, y = maths.zigzag(np.arange(20.0), low, high)
    assert set(low) | set(high) == set(y)


@pytest.mark.parametrize(
    ("recent", "earlier", "said"),
    [
        (np.linspace(1.0, 0.5, 20), np.linspace(1.5, 1.0, 20), "falling"),
        (np.linspace(1.5, 2.0, 20), np.linspace(1.0, 1.5, 20), "rising"),
        (np.full(20, 0.3), np.full(20, 0.3), ""),
        (np.array([1.0, 3.0, 2.0]), np.array([2.0, 1.0, 3.1]), ""),
        (np.array([1.0]), np.array([2.0, 3.0]), ""),
        (np.full(5, np.nan), np.arange(5.0), ""),
    ],
)
def test_trend_speaks_of_more_than_noise(recent, earlier, said):
    assert maths.trend(recent, earlier) == said
