"""The shape of one sample as it passes through layers: arithmetic on tuples, no torch.

Edit-time checks run in the window's thread, so they must not wait for torch.
"""

from __future__ import annotations

from math import prod

from lab.engine.kinds import ExperimentError

Shape = tuple[int, ...]
"""Without the batch: (D,) for features, (T, D) for sequences, (C, H, W) for images."""


def in_words(shape: Shape) -> str:
    """Return ``64 features``, ``16×32`` (tokens, numbers of each) or ``1×8×8``."""
    return f"{shape[0]} features" if len(shape) == 1 else "×".join(map(str, shape))


def flat(shape: Shape) -> int:
    """Return D of features.

    Raises
    ------
    ExperimentError
        If the sample is a sequence or an image.
    """
    if len(shape) != 1:
        raise ExperimentError(
            f"wanted features, got {in_words(shape)}; put a flatten before it."
        )
    return shape[0]


def features(shape: Shape) -> int:
    """Return D of features, or of every token of a sequence.

    Raises
    ------
    ExperimentError
        If the sample is still an image.
    """
    return shape[1] if len(shape) == 2 else flat(shape)


def sequence(shape: Shape) -> tuple[int, int]:
    """Return (T, D).

    Raises
    ------
    ExperimentError
        If the sample is no sequence.
    """
    if len(shape) != 2:
        raise ExperimentError(
            f"wanted a sequence (tokens, numbers), got {in_words(shape)}; put an embedding or "
            "a sequence layer before it."
        )
    return shape[0], shape[1]


def channels(shape: Shape) -> int:
    """Return D of features or C of an image.

    Raises
    ------
    ExperimentError
        If the sample is a sequence: its first axis is no channel.
    """
    if len(shape) == 2:
        raise ExperimentError(
            f"wanted features or an image, got the sequence {in_words(shape)}; for that there "
            "is layer normalisation."
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
