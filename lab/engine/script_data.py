"""How an exported script makes its data: a formula, scikit-learn, points, or a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from inspect import signature
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine.datasets import DATASETS, generator
from lab.engine.literals import Code, rows
from lab.engine.preparation import encode, split, statistics
from lab.engine.script_sources import carried

if TYPE_CHECKING:
    from lab.engine.data import Data
    from lab.engine.datasets import DatasetKind, Formula
    from lab.engine.experiment import Experiment


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
    kind, options = DATASETS[experiment.data.kind], experiment.data.as_dict()
    if kind.is_drawn:
        made = _points(options)
    elif kind.bundled:
        made = _bundled(kind)
    elif kind.formula:
        made = _formula(kind.formula(options), options)
    else:
        return FROM_FILE
    prepares = [split, *([statistics] if experiment.split.standardise else []), encode]
    sources = "\n\n\n".join(filter(None, (made.sources, carried(*prepares))))
    constants = {**made.constants, "TEST_SHARE": experiment.split.test_share}
    return DataCode(made.load, sources, constants, made.needs_sklearn)


def _bundled(kind: DatasetKind) -> DataCode:
    load = f"x, y = datasets.load_{kind.bundled}(return_X_y=True)"
    sides = ", ".join(map(str, (-1, *kind.sample_shape)))
    images = f"\nx = x.reshape({sides})" if kind.sample_shape else ""
    return DataCode(load + images, needs_sklearn=True)


def _formula(formula: Formula, options: dict[str, Any]) -> DataCode:
    *names, _ = signature(formula).parameters
    constants = {name.upper(): options[name] for name in names}
    load = f"x, y = {formula.__name__}({', '.join(constants)}, generator(SEED))"
    return DataCode(load, carried(generator, formula), constants)


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
