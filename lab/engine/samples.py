"""Samples made by a formula: points in the plane, and curves over a line.

Every function takes the number of samples, the noise and a generator, and gives features of
shape (N, D) and classes or values of shape (N,). Each stands by itself on numpy alone, so
that an exported script can carry its source.
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
