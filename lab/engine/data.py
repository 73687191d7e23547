"""What the network is trained and tested on, as numpy arrays; a description made into data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.datasets import DATASETS, DatasetKind, RawData, load
from lab.engine.kinds import ExperimentError
from lab.engine.losses import LOSSES, Encoding
from lab.engine.preparation import encode, split, statistics
from lab.engine.seeds import seed_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.experiment import Experiment
    from lab.engine.shapes import Shape

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Data:
    """Samples ready for a network, and the way back to what a person knows.

    ``x`` is what the network gets: (N, D) or (N, C, H, W), standardised if asked for;
    ``target`` what the loss gets; ``labels`` the class or value of each sample as given.
    Rows are in the order of the source; ``train`` and ``test`` are indices into them.
    """

    kind: DatasetKind
    x: FloatArray
    target: npt.NDArray[np.generic]
    labels: npt.NDArray[np.generic]
    train: npt.NDArray[np.int64]
    test: npt.NDArray[np.int64]
    mean: FloatArray
    deviation: FloatArray
    encoding: Encoding
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    target_name: str
    notes: tuple[str, ...]

    @property
    def shape(self) -> Shape:
        """Shape of one sample."""
        return tuple(int(n) for n in self.x.shape[1:])

    @property
    def classes(self) -> int:
        """Number of classes; 0 for regression."""
        return len(self.class_names)

    @property
    def is_standardised(self) -> bool:
        """Whether ``x`` differs from the source by mean and deviation."""
        return bool((self.mean != 0).any() or (self.deviation != 1).any())

    @cached_property
    def original(self) -> FloatArray:
        """The features in the units of the source; shape of ``x``."""
        return self.x * self.deviation + self.mean


def prepare(experiment: Experiment) -> Data:
    """Load, split, standardise and encode what a description asks for.

    The same description gives the same object, so that views and engine share it.

    Raises
    ------
    ExperimentError
        In one sentence: an unreadable file, a value that is no number (with its row), too
        few samples, a loss that cannot judge these targets.
    """
    own = DATASETS[experiment.data.kind].is_own
    made = _prepare.__wrapped__ if own else _prepare  # a file may have changed since
    data: Data = made(experiment.data, experiment.split, experiment.loss.kind, experiment.seed)
    return data


@lru_cache(maxsize=8)
def _prepare(part, ways, loss_kind, seed):  # type: ignore[no-untyped-def]
    kind = DATASETS[part.kind]
    raw = load(kind, part.as_dict(), seed)
    path = part.as_dict().get("path")
    _check(raw, f"data: {Path(path).name}" if path else "data")
    train, test = split(len(raw.x), ways.test_share, seed_of(seed, "split"))
    encoding = LOSSES[loss_kind].encoding(len(raw.class_names))
    mean, deviation = _scale(raw.x[train], ways.standardise)
    data = Data(
        kind=kind,
        x=(raw.x - mean) / deviation,
        target=encode(raw.y, encoding.name, len(raw.class_names)),
        labels=raw.y,
        train=train,
        test=test,
        mean=mean,
        deviation=deviation,
        encoding=encoding,
        feature_names=_names(raw),
        class_names=raw.class_names,
        target_name=raw.target_name,
        notes=raw.notes + _constants(raw, train),
    )
    for array in (data.x, data.target, data.labels, data.train, data.test):
        array.flags.writeable = False
    return data


def _scale(x: FloatArray, standardise: bool) -> tuple[FloatArray, FloatArray]:
    mean, deviation = statistics(x)
    return (mean, deviation) if standardise else (np.zeros_like(mean), np.ones_like(deviation))


def _check(raw: RawData, where: str) -> None:
    if len(raw.x) < 2:
        raise ExperimentError(f"{where}: wanted at least 2 samples, got {len(raw.x)}.")
    if len(raw.y) != len(raw.x):
        raise ExperimentError(f"{where}: {len(raw.x)} samples, but {len(raw.y)} targets.")
    if len(raw.class_names) == 1:
        only = raw.class_names[0]
        raise ExperimentError(
            f"{where}: all samples are of one class ({only}); wanted two or more."
        )
    _finite(f"{where}: features", raw.x.reshape(len(raw.x), -1), raw.feature_names)
    if not raw.class_names:
        _finite(f"{where}: target", raw.y.astype(float).reshape(-1, 1), (raw.target_name,))
    else:
        _known_classes(where, raw.y.astype(np.int64), len(raw.class_names) - 1)


def _known_classes(where: str, codes: npt.NDArray[np.int64], last: int) -> None:
    unknown = np.flatnonzero((codes < 0) | (codes > last))
    if len(unknown):
        row = int(unknown[0])
        raise ExperimentError(
            f"{where}: row {row} has the class {codes[row]}; wanted a class from 0 to {last}."
        )


def _finite(what: str, values: FloatArray, names: tuple[str, ...]) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        name = names[column] if len(names) == values.shape[1] else f"column {column}"
        raise ExperimentError(
            f"{what}: row {row}, {name} holds {values[row, column]}; "
            f"{len(bad)} such values in all. Mend or remove them."
        )


def _names(raw: RawData) -> tuple[str, ...]:
    if raw.feature_names or raw.x.ndim != 2:
        return raw.feature_names
    return tuple(f"x{i}" for i in range(raw.x.shape[1]))


def _constants(raw: RawData, train: npt.NDArray[np.int64]) -> tuple[str, ...]:
    if raw.x.ndim != 2:
        return ()
    constant = np.flatnonzero(np.ptp(raw.x[train], axis=0) == 0)
    names = ", ".join(_names(raw)[i] for i in constant[:10])
    return (f"{len(constant)} features never change in training: {names}.",) if names else ()
