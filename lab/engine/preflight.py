"""What can be known before the first step to fail in some later one."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.networks import MAX_BYTES, least_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lab.engine.experiment import Batches, Experiment, Part
    from lab.engine.networks import LayerSize

    FloatArray = npt.NDArray[np.float64]


def check_batches(experiment: Experiment, n: int) -> None:
    """Check the batch size, and that no batch is too small for batch normalisation.

    Raises
    ------
    ExperimentError
        If a batch is larger than the training set, or a last batch of one sample meets batch
        normalisation, which has no variance to divide by.
    """
    require_rows(least_rows(experiment.layers), experiment.batches, n)


def require_rows(least: int, batches: Batches, n: int) -> None:
    """Check batches of ``n`` samples for a network that needs so many, as `check_batches`.

    Raises
    ------
    ExperimentError
    """
    size = batches.size or n
    if size > n:
        raise ExperimentError(
            f"batches.size: wanted at most the {n} training samples, got {size} "
            "(0: all of them)."
        )
    normalised = least > 1
    rest = n % size
    if normalised and size == 1:
        raise ExperimentError("batches.size: batch normalisation needs batches of 2 or more.")
    if normalised and rest == 1 and not batches.drop_last:
        raise ExperimentError(
            f"batches.size: {n} samples in batches of {size} leave a last batch of 1, which "
            "batch normalisation cannot take; choose another size, or set batches.drop_last."
        )


def check_activations(
    experiment: Experiment, sizes: Sequence[LayerSize], n: int, itemsize: int
) -> None:
    """Check that what the layers put out for one piece of a batch fits into memory.

    Raises
    ------
    ExperimentError
        If it does not, before any of it is asked for.
    """
    require_outputs_fit(experiment.batches, sum(s.held for s in sizes), n, itemsize)


def require_outputs_fit(batches: Batches, numbers: int, n: int, itemsize: int) -> None:
    """Check that ``numbers`` put out for each sample fit, as `check_activations` does.

    Raises
    ------
    ExperimentError
    """
    rows = ceil((batches.size or n) / batches.micro)
    wanted = rows * itemsize * numbers
    if wanted > MAX_BYTES:
        raise ExperimentError(
            f"layers: the outputs of {rows:,} samples need {wanted / 2**30:,.0f} GiB; the "
            f"limit is {MAX_BYTES / 2**30:.0f} GiB. Make layers or batches.size smaller, or "
            "batches.micro larger."
        )


def check_tokens(layers: Sequence[Part], x: FloatArray) -> None:
    """Check that samples are numbers of tokens where the first layer looks tokens up.

    Raises
    ------
    ExperimentError
        With the first value that is none.
    """
    kind = LAYERS[layers[0].kind]
    if not kind.vocabulary:
        return
    known = layers[0][kind.vocabulary]
    bad = np.argwhere((x < 0) | (x >= known) | (x != np.floor(x)))
    if len(bad):
        place = tuple(bad[0])
        raise ExperimentError(
            f"layers.0 ({kind.title}): wanted whole numbers from 0 to {known - 1}, but sample "
            f"{place[0]} holds {x[place]:.6g}; set split.standardise to false, or "
            f"layers.0.{kind.vocabulary} to as many as there are."
        )


def check_early_stopping(experiment: Experiment, tested: int) -> None:
    """Check that early stopping has a test set to watch.

    Raises
    ------
    ExperimentError
        If there is none.
    """
    if experiment.early_stopping.patience and not tested:
        raise ExperimentError(
            "early_stopping.patience: there is no test set to watch; raise split.test_share."
        )
