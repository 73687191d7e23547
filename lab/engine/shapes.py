"""The shape of one sample as it passes through layers: arithmetic on tuples, no torch.

Edit-time checks run in the window's thread, so they must not wait for torch.
"""

from __future__ import annotations

from math import prod

from lab.engine.kinds import ExperimentError

Shape = tuple[int, ...]
"""Without the batch: (D,) for features, (C, H, W) for images."""


def in_words(shape: Shape) -> str:
    """Return ``64 features`` or ``1×8×8``."""
    return f"{shape[0]} features" if len(shape) == 1 else "×".join(map(str, shape))


def flat(shape: Shape) -> int:
    """Return D of features.

    Raises
    ------
    ExperimentError
        If the sample is still an image.
    """
    if len(shape) != 1:
        raise ExperimentError(
            f"wanted features, got {in_words(shape)}; put a flatten before it."
        )
    return shape[0]


def image(shape: Shape) -> tuple[int, int, int]:
    """Return (C, H, W).

    Raises
    ------
    ExperimentError
        If the sample is no image.
    """
    if len(shape) != 3:
        raise ExperimentError(
            f"wanted an image (channels, height, width), got {in_words(shape)}."
        )
    return shape[0], shape[1], shape[2]


def flattened(shape: Shape) -> Shape:
    """Return the number of all values as a shape of one axis."""
    return (prod(shape),)


def slid(length: int, kernel: int, stride: int, padding: int) -> int:
    """Return how many places a window takes: ``floor((L + 2p − k) / s) + 1``.

    Raises
    ------
    ExperimentError
        If the window is larger than the padded length.
    """
    places = (length + 2 * padding - kernel) // stride + 1
    if places < 1:
        raise ExperimentError(
            f"a window of {kernel} does not fit into {length}"
            + (f" with padding {padding}." if padding else ".")
        )
    return places
