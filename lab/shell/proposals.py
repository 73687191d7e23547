"""An experiment proposed for data of one's own: a network that fits what they hold. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from lab.engine.experiment import Experiment

DATA_KINDS = {"csv": "csv", "arrays": "arrays", "images": "image_folder"}
IMAGE_SIDE = 28
HIDDEN = 32


def proposed(path: Path, kind: str) -> Experiment:
    """Return an experiment on a file or folder: two hidden layers, a loss that fits the target.

    Reads the data, so it belongs in a thread. Raises what reading raises, in words for people.
    """
    from lab.engine.data import prepare
    from lab.engine.experiment import experiment
    from lab.engine.kinds import ExperimentError

    failure: ExperimentError | None = None
    for loss in ("cross_entropy", "mse_loss"):
        asked = experiment(described(path, kind, loss))
        try:
            data = prepare(asked)
        except ExperimentError as error:
            failure = failure or error
            continue
        if bool(data.class_names) == (loss == "cross_entropy"):
            return asked.changed({"batches.size": batch(len(data.train))})
    raise failure or ExperimentError(f"{path.name}: no loss fits its target.")


def batch(samples: int) -> int:
    """Return a batch size that makes some dozens of steps an epoch.

    >>> batch(100), batch(1437), batch(60000)
    (10, 32, 64)
    """
    return 10 if samples < 320 else 32 if samples < 10_000 else 64


def described(path: Path, kind: str, loss: str) -> dict[str, Any]:
    """Return the description of such an experiment as plain values."""
    data: dict[str, Any] = {"kind": DATA_KINDS[kind], "path": str(path)}
    if kind == "images":
        data["size"] = IMAGE_SIDE
    hidden = [{"kind": "linear", "units": HIDDEN}, "relu"] * 2
    flat = ["flatten"] if kind in ("images", "arrays") else []
    return {
        "title": path.stem or path.name,
        "steps": 2000,
        "data": data,
        "layers": [*flat, *hidden, "linear"],
        "loss": loss,
        "optimizer": {"kind": "adam", "learning_rate": 0.003},
    }
