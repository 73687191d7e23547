"""The pyramid of least, greatest and mean, against plain numpy over all rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.engine.series import BATCH, FACTOR, LEVELS, Series

ENOUGH = 1 << 30
TIGHT = 1


def filled(values: np.ndarray, budget: int = ENOUGH) -> Series:
    series = Series(("step", "loss"), budget)
    series.extend(np.stack([np.arange(len(values), dtype=float), values], axis=1))
    return series


@st.composite
def noisy(draw: st.DrawFn) -> np.ndarray:
    n = draw(st.integers(1, 6000))
    values = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).normal(size=n)
    values[draw(st.lists(st.integers(0, n - 1), max_size=20))] = np.nan
    return values


@settings(max_examples=60, deadline=None)
@given(noisy(), st.data(), st.sampled_from([1, 7, 100, 5000]))
def test_any_range_at_any_zoom_has_its_true_extremes(values, data, pixels):
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    found = filled(values).envelope("loss", start, stop, pixels)
    wanted = values[start:stop]
    if np.isnan(wanted).all():
        assert np.isnan(found.low).all()
        return
    assert np.nanmin(found.low) == np.nanmin(wanted)
    assert np.nanmax(found.high) == np.nanmax(wanted)


@settings(max_examples=40, deadline=None)
@given(noisy(), st.sampled_from([1, 20, 300]))
def test_a_block_lies_between_its_extremes_and_blocks_follow_one_another(values, pixels):
    found = filled(values).envelope("loss", 0, len(values), pixels)
    there = ~np.isnan(found.mean)
    slack = 1e-12
    assert (found.low[there] <= found.mean[there] + slack).all()
    assert (found.mean[there] <= found.high[there] + slack).all()
    assert found.rows[0] == 0
    assert (np.diff(found.rows) > 0).all()


def test_blocks_hold_the_extremes_and_mean_of_exactly_their_rows():
    values = np.random.default_rng(0).normal(size=16 * BATCH + 5)
    found = filled(values).envelope("loss", 3, len(values) - 2, 40)
    ends = [*found.rows[1:].astype(int), len(values) - 2]
    for row, end, low, high, mean in zip(
        found.rows.astype(int), ends, found.low, found.high, found.mean, strict=True
    ):
        part = values[row:end]
        assert (low, high) == (part.min(), part.max())
        assert mean == pytest.approx(part.mean(), abs=1e-12)


@pytest.mark.parametrize("pixels", [1, 10, 300, 1000, 4000])
def test_a_single_spike_among_a_million_rows_is_never_lost(pixels):
    values = np.zeros(10**6)
    values[[123_457, 999_999]] = 1e3, -1e3
    found = filled(values).envelope("loss", 0, 10**6, pixels)
    assert found.high.max() == 1e3
    assert found.low.min() == -1e3
    assert len(found.rows) <= 4 * pixels + 2 * FACTOR * LEVELS
    assert found.rows[found.high.argmax()] <= 123_457


def test_a_spike_is_found_where_it_stands_in_the_deepest_zoom():
    values = np.zeros(100_000)
    values[70_001] = 5
    found = filled(values).envelope("loss", 70_000, 70_003, 500)
    np.testing.assert_array_equal(found.rows, [70_000, 70_001, 70_002])
    np.testing.assert_array_equal(found.high, [0, 5, 0])


def test_when_memory_is_short_the_newest_rows_are_whole_and_old_spikes_still_stand():
    values = np.random.default_rng(1).normal(size=200_000)
    values[777] = 99
    series = filled(values, TIGHT)
    kept = series.column("loss")
    np.testing.assert_array_equal(kept, values[-len(kept) :])
    assert 4 * BATCH <= len(kept) <= 9 * BATCH
    assert series.row(777) is None
    assert series.row(199_999) == {"step": 199_999.0, "loss": values[-1]}
    whole = series.envelope("loss", 0, len(values), 100)
    assert whole.high.max() == 99
    old = series.envelope("loss", 700, 800, 1000)  # only coarse blocks are left of it
    assert old.high.max() == 99
    assert old.rows[0] <= 700


@pytest.mark.parametrize("rows", [100_000, 1_000_000])
def test_memory_stays_within_the_budget(rows):
    budget = 2**21
    series = Series(("a", "b", "c", "d"), budget)
    for _ in range(rows // 10_000):
        series.extend(np.zeros((10_000, 4)))
    least = (2 * 4 * BATCH + BATCH) * 4 * 8 + LEVELS * 3 * BATCH * 3 * 4 * 8
    assert series.nbytes <= budget + least
    assert len(series) == rows


def test_appending_one_by_one_and_many_at_once_give_the_same():
    values = np.random.default_rng(2).normal(size=5000)
    one = Series(("step", "loss"))
    for i, value in enumerate(values):
        one.append((i, value))
    many = filled(values)
    for pixels in (1, 30, 5000):
        a, b = (s.envelope("loss", 11, 4800, pixels) for s in (one, many))
        for field in ("rows", "low", "high", "mean"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


def test_nan_rows_hide_nothing_and_a_block_of_nothing_else_says_so():
    values = np.full(2 * BATCH, np.nan)
    values[5] = 3.0
    found = filled(values).envelope("loss", 0, len(values), 1)
    assert np.nanmin(found.low) == np.nanmax(found.high) == 3.0
    assert found.mean[0] == 3.0
    assert np.isnan(found.mean[-1])


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (5, 5), (10, 3), (-5, 0)])
def test_an_empty_range_is_empty(start, stop):
    assert len(filled(np.zeros(20)).envelope("loss", start, stop, 10).rows) == 0


def test_a_row_out_of_range_is_none():
    series = filled(np.zeros(3))
    assert series.row(3) is None
    assert series.row(2) == {"step": 2.0, "loss": 0.0}
