"""How an exported script makes its data: a formula, scikit-learn, points, or a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine import samples
from lab.engine.datasets import generator
from lab.engine.literals import Code, rows
from lab.engine.preparation import encode, split, statistics
from lab.engine.script_sources import carried

if TYPE_CHECKING:
    from lab.engine.data import Data
    from lab.engine.experiment import Experiment

BUNDLED = {
    "digits": "digits",
    "digit_images": "digits",
    "iris": "iris",
    "wine": "wine",
    "breast_cancer": "breast_cancer",
    "diabetes": "diabetes",
}
"""What scikit-learn brings, by the name of the dataset here."""


@dataclass(frozen=True)
class DataCode:
    """How a script comes to its samples.

    ``load`` are the lines that give ``x`` and ``y``, ``sources`` the functions they call. With
    ``file`` the prepared arrays lie in a file beside the script.
    """

    load: str
    sources: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    needs_sklearn: bool = False
    file: bool = False


FROM_FILE = DataCode(
    "# One's own data as it was prepared for the run: this file's name, but .npz\n"
    'with np.load(Path(__file__).with_suffix(".npz")) as arrays:\n'
    '    x, target, train, test = (arrays[k] for k in ("x", "target", "train", "test"))',
    file=True,
)


def data_code(experiment: Experiment) -> DataCode:
    """Return the code for a description; data of a kind unknown here goes into a file."""
    kind, options = experiment.data.kind, experiment.data.as_dict()
    if kind == "points":
        made = _points(options)
    elif kind in BUNDLED:
        made = _bundled(kind)
    elif kind == "curve" or hasattr(samples, kind):
        made = _formula(options.pop("function", kind), options)
    else:
        return FROM_FILE
    prepares = [split, *([statistics] if experiment.split.standardise else []), encode]
    sources = "\n\n\n".join(filter(None, (made.sources, carried(*prepares))))
    constants = {**made.constants, "TEST_SHARE": experiment.split.test_share}
    return DataCode(made.load, sources, constants, made.needs_sklearn)


def _bundled(kind: str) -> DataCode:
    load = f"x, y = datasets.load_{BUNDLED[kind]}(return_X_y=True)"
    images = "\nx = x.reshape(-1, 1, 8, 8)" if kind == "digit_images" else ""
    return DataCode(load + images, needs_sklearn=True)


def _formula(name: str, options: dict[str, Any]) -> DataCode:
    constants = {"SAMPLES": options["samples"], "NOISE": options["noise"]}
    load = f"x, y = {name}(SAMPLES, NOISE, generator(SEED))"
    return DataCode(load, carried(generator, getattr(samples, name)), constants)


def _points(options: dict[str, Any]) -> DataCode:
    drawn = Code(f"np.array({rows(options['points'])}, float)  # x, y, class")
    return DataCode(
        "x, y = POINTS[:, :2], POINTS[:, 2].astype(np.int64)", "", {"POINTS": drawn}
    )


def arrays_in_bytes(data: Data) -> bytes:
    """Return the file that lies beside a script: ``x``, ``target``, ``train``, ``test``."""
    buffer = BytesIO()
    np.savez(buffer, x=data.x, target=data.target, train=data.train, test=data.test)
    return buffer.getvalue()
