"""Schedules against torch's own, step by step over the horizon."""

from __future__ import annotations

import math
import warnings
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from lab.maths import schedules

HORIZON = 137


def torch_rates(make, horizon: int = HORIZON) -> list[float]:
    """Return the learning rates of a torch scheduler, for a base rate of 1."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, rates = make(optimizer), []
    for _ in range(horizon):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last step of a cycle is one too many
            scheduler.step()
    return rates


def own_rates(factor, horizon: int = HORIZON, **options) -> list[float]:
    return [factor(t, horizon, **options) for t in range(horizon)]


@pytest.mark.parametrize("every", [1, 10, 200])
@pytest.mark.parametrize("gamma", [0.5, 0.9, 1.0])
def test_step_decay_is_torchs(every, gamma):
    wanted = torch_rates(lambda o: lr_scheduler.StepLR(o, every, gamma))
    assert own_rates(schedules.step_decay, every=every, gamma=gamma) == pytest.approx(wanted)


@pytest.mark.parametrize("gamma", [0.9, 0.999])
def test_exponential_is_torchs(gamma):
    wanted = torch_rates(lambda o: lr_scheduler.ExponentialLR(o, gamma))
    assert own_rates(schedules.exponential, gamma=gamma) == pytest.approx(wanted)


@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_cosine_is_torchs(floor):
    wanted = torch_rates(lambda o: lr_scheduler.CosineAnnealingLR(o, HORIZON, eta_min=floor))
    assert own_rates(schedules.cosine, floor=floor) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("steps", [2, 20, 500])
def test_warmup_is_torchs(steps):
    wanted = torch_rates(lambda o: lr_scheduler.LinearLR(o, 1 / steps, 1.0, steps - 1))
    assert own_rates(schedules.warmup, steps=steps) == pytest.approx(wanted)


@pytest.mark.parametrize("floor", [0.0, 0.05])
def test_warmup_and_cosine_follow_one_another_as_in_torch(floor):
    def make(o: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        rise = lr_scheduler.LinearLR(o, 1 / 20, 1.0, 19)
        fall = lr_scheduler.CosineAnnealingLR(o, HORIZON - 20, eta_min=floor)
        return lr_scheduler.SequentialLR(o, [rise, fall], [20])

    found = own_rates(schedules.warmup_cosine, steps=20, floor=floor)
    assert found == pytest.approx(torch_rates(make), abs=1e-12)


@pytest.mark.parametrize("horizon", [20, HORIZON, 1000])
@pytest.mark.parametrize(
    ("warm", "start", "end"), [(0.3, 25, 1e4), (0.5, 10, 1e2), (0.9, 2, 1)]
)
def test_one_cycle_is_torchs(horizon, warm, start, end):
    def make(o: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        options = {"pct_start": warm, "div_factor": start, "final_div_factor": end}
        return lr_scheduler.OneCycleLR(o, 1.0, horizon, cycle_momentum=False, **options)

    found = own_rates(schedules.one_cycle, horizon, warm=warm, start=start, end=end)
    assert found == pytest.approx(torch_rates(make, horizon), rel=1e-9, abs=1e-15)


def test_one_cycle_begins_and_ends_where_it_says():
    found = own_rates(schedules.one_cycle, 100, warm=0.3, start=25, end=1e4)
    assert found[0] == pytest.approx(1 / 25)
    assert max(found) == pytest.approx(1)
    assert found.index(max(found)) == 29
    assert found[-1] == pytest.approx(1 / 25e4)
    assert schedules.one_cycle(500, 100) == pytest.approx(1 / 25e4)


def test_range_test_rises_by_one_factor_from_end_to_end():
    found = own_rates(schedules.range_test, 50, lowest=1e-3, highest=10)
    assert found[0] == pytest.approx(1e-3)
    assert found[-1] == pytest.approx(10)
    ratios = [b / a for a, b in pairwise(found)]
    assert ratios == pytest.approx([1e4 ** (1 / 49)] * 49)
    assert schedules.range_test(900, 50, lowest=1e-3, highest=10) == pytest.approx(10)


def test_values_worked_by_hand():
    assert schedules.constant(7, 10) == 1
    assert schedules.step_decay(1000, 5000, every=500, gamma=0.5) == 0.25
    assert schedules.cosine(50, 100) == pytest.approx(0.5)
    assert schedules.cosine(25, 100, floor=0.2) == pytest.approx(0.2 + 0.4 * (1 + 0.5**0.5))
    assert schedules.warmup(0, 100, steps=4) == 0.25


FALLING = {"floor": 0.0}
EACH = [
    (schedules.constant, {}),
    (schedules.step_decay, {"every": 3, "gamma": 0.5}),
    (schedules.exponential, {"gamma": 0.99}),
    (schedules.cosine, FALLING),
    (schedules.warmup, {"steps": 5}),
    (schedules.warmup_cosine, {"steps": 5, "floor": 0.1}),
    (schedules.one_cycle, {}),
    (schedules.one_cycle, {"warm": 0.5}),
]


@given(st.sampled_from(EACH), st.integers(0, 10**9), st.integers(1, 10**9))
def test_any_step_of_any_horizon_has_a_factor_between_0_and_1(entry, t, horizon):
    factor, options = entry
    assert 0 <= factor(t, horizon, **options) <= 1 + 1e-12


@pytest.mark.parametrize("horizon", [1, 2, 3, 4])
@pytest.mark.parametrize("warm", [0.01, 0.25, 0.5, 0.99])
def test_one_cycle_of_a_few_steps_does_not_fail(horizon, warm):
    for t in range(horizon + 2):
        assert 0 < schedules.one_cycle(t, horizon, warm=warm) <= 1


def test_a_range_beyond_all_measure_stays_finite():
    for t in range(1, 100):
        assert math.isfinite(schedules.range_test(t, 100, lowest=1e-300, highest=1e300))
