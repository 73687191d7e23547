"""Samples made by a formula: points in the plane, curves over a line, sequences of tokens.

Every function takes the number of samples, options of its own (mostly the noise) and a
generator, and gives features of shape (N, D) and classes or values of shape (N,). Each stands
by itself on numpy alone, so that an exported script can carry its source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    Samples = tuple[FloatArray, npt.NDArray[np.generic]]


def circle(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return a disc of radius 0.5 (class 1) within a ring from 0.7 to 1 (class 0), (N, 2)."""
    inner = np.arange(samples) % 2
    radius = np.where(inner, rng.uniform(0, 0.5, samples), rng.uniform(0.7, 1, samples))
    angle = rng.uniform(0, 2 * np.pi, samples)
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return x + noise * rng.normal(size=x.shape), inner


def xor(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return four squares; class 1 where the two coordinates differ in sign, (N, 2)."""
    corner = np.arange(samples) % 4
    sign = np.stack([1 - 2 * (corner % 2), 1 - 2 * (corner // 2)], axis=1)
    x = sign * rng.uniform(0.1, 1, (samples, 2))
    return x + noise * rng.normal(size=x.shape), (sign[:, 0] != sign[:, 1]).astype(np.int64)


def gaussians(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return two clouds around (−0.5, −0.5) and (0.5, 0.5) of spread 0.15 + noise, (N, 2)."""
    which = np.arange(samples) % 2
    centre = (which - 0.5)[:, None]
    return centre + (0.15 + noise) * rng.normal(size=(samples, 2)), which


def spiral(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return two arms of one and three quarter turns, (N, 2)."""
    which = np.arange(samples) % 2
    turn = np.sqrt(rng.uniform(0.01, 1, samples))
    angle = 3.5 * np.pi * turn + np.pi * which
    x = turn[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)
    return x + noise * rng.normal(size=x.shape), which


def moons(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return two half circles that reach into each other, (N, 2)."""
    which = np.arange(samples) % 2
    angle = rng.uniform(0, np.pi, samples)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    x = np.where(which[:, None], lower, upper) - np.array([0.5, 0.25])
    return x + noise * rng.normal(size=x.shape), which


def sine(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = sin(πx) over −1 … 1, (N, 1)."""
    x = np.linspace(-1, 1, samples)
    return x[:, None], np.sin(np.pi * x) + noise * rng.normal(size=samples)


def waves(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = sin(3x) + 0.3 cos(9x) over −2 … 2, (N, 1)."""
    x = np.linspace(-2, 2, samples)
    y = np.sin(3 * x) + 0.3 * np.cos(9 * x)
    return x[:, None], y + noise * rng.normal(size=samples)


def bump(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = exp(−8x²) over −1 … 1, (N, 1)."""
    x = np.linspace(-1, 1, samples)
    return x[:, None], np.exp(-8 * x**2) + noise * rng.normal(size=samples)


def stairs(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = floor(3x)/3 over −1 … 1, (N, 1): a curve with jumps."""
    x = np.linspace(-1, 1, samples)
    return x[:, None], np.floor(3 * x) / 3 + noise * rng.normal(size=samples)


def line(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = 2x − 0.5 over −1 … 1, (N, 1)."""
    x = np.linspace(-1, 1, samples)
    return x[:, None], 2 * x - 0.5 + noise * rng.normal(size=samples)


def absolute(samples: int, noise: float, rng: np.random.Generator) -> Samples:
    """Return y = |x| over −1 … 1, (N, 1)."""
    x = np.linspace(-1, 1, samples)
    return x[:, None], np.abs(x) + noise * rng.normal(size=samples)


def brackets(samples: int, pairs: int, rng: np.random.Generator) -> Samples:
    """Return sequences of brackets, 0 opens and 1 closes, (N, 2 pairs); class 1 is balanced.

    The others would be, but for one pair that closes before it opens, at any place where
    nothing else is open. So all have as many of one as of the other, and none is below zero
    by more than one: neither counting nor a single place tells them apart.
    """
    steps = balanced(samples, pairs, rng)
    fewer = balanced(samples, pairs - 1, rng)
    heights = np.cumsum(np.pad(fewer, ((0, 0), (1, 0))), axis=1)
    where = np.argmax(rng.random(heights.shape) * (heights == 0), axis=1)[:, None]
    place = np.arange(2 * pairs) - where
    beside = np.pad(fewer, ((0, 0), (2, 2)))  # so that the place after the pair is there, too
    behind = np.arange(2 * pairs) + np.where(place < 0, 2, 0)
    broken = np.select([place == 0, place == 1], [-1, 1], np.take_along_axis(beside, behind, 1))
    which = np.arange(samples) % 2
    return np.where(which[:, None] == 1, steps < 0, broken < 0).astype(float), which


def balanced(samples: int, pairs: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return walks of steps 1 and −1 that end at 0 and were never below, (N, 2 pairs).

    All such walks are equally likely: of the 2 pairs + 1 ways to turn a walk that ends at 1,
    one stays above 0 (the cycle lemma), and its first step is left out.
    """
    length = 2 * pairs + 1
    steps = np.repeat([1, -1], [pairs + 1, pairs])
    walks = rng.permuted(np.tile(steps, (samples, 1)), axis=1)
    lowest = length - 1 - np.argmin(np.cumsum(walks, axis=1)[:, ::-1], axis=1)  # the last
    turned = (lowest[:, None] + 2 + np.arange(2 * pairs)) % length
    return np.take_along_axis(walks, turned, axis=1)
