"""The table of datasets: where samples come from, before they are split and standardised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.engine import samples
from lab.engine.kinds import ExperimentError, Kind, Parameter
from lab.engine.seeds import seed_of
from lab.files.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from lab.engine.samples import Samples
    from lab.engine.shapes import Shape

    Formula = Callable[..., Samples]
    """Options by the names of its arguments, and a generator last."""

Options = dict[str, Any]
MAX_SAMPLES = 1_000_000


@dataclass(frozen=True, slots=True)
class RawData:
    """Samples as they come: features (N, D) or images (N, C, H, W), and targets (N,).

    ``class_names`` is empty for regression. ``notes`` tell what a reader did on the way.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.generic]
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    target_name: str = "target"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetKind(Kind):
    """A source of samples: ``load(options, seed)``.

    ``picture`` says how it is best shown: ``plane``, ``curve``, ``images`` or ``table``.
    ``is_own`` marks a person's own files, ``is_folder`` a folder of them, ``has_columns`` a
    table whose columns can be corrected, ``is_drawn`` points drawn.

    ``bundled`` is the name that scikit-learn has for a set it brings, which needs no ``load``
    (``sample_shape`` is that of an image); ``formula(options)`` is the function of
    `lab.engine.samples` that makes one. An exported script makes those anew, and reads others
    from a file beside it.
    """

    load: Callable[[Options, int], RawData] | None = None
    picture: str = "table"
    is_own: bool = False
    is_folder: bool = False
    has_columns: bool = False
    is_drawn: bool = False
    bundled: str = ""
    sample_shape: Shape = ()
    formula: Callable[[Options], Formula] | None = None


def load(kind: DatasetKind, options: Options, seed: int) -> RawData:
    """Return the samples of a kind.

    Raises
    ------
    ExperimentError
        If there are none, or a file of one's own cannot be read.
    """
    read = kind.load or _bundled(kind.bundled, kind.sample_shape)
    try:
        return read(options, seed)
    except LoadError as error:
        raise ExperimentError(f"data: {error}") from error


def _bundled(name: str, shape: Shape) -> Callable[[Options, int], RawData]:
    def read(options: Options, seed: int) -> RawData:
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")()
        classes = tuple(str(n) for n in getattr(bunch, "target_names", ()))
        names = tuple(str(n) for n in bunch.feature_names)
        x = np.asarray(bunch.data, float)
        if shape:
            return RawData(x.reshape(-1, *shape), bunch.target, (), classes)
        return RawData(x, bunch.target, names, classes)

    return read


def generator(seed: int) -> np.random.Generator:
    """Return the random numbers that a generated set is made from."""
    return np.random.Generator(np.random.PCG64(seed_of(seed, "data")))


def _plane(make: Formula) -> Callable[[Options, int], RawData]:
    def read(options: Options, seed: int) -> RawData:
        x, y = make(options["samples"], options["noise"], generator(seed))
        return RawData(x, y, ("x₁", "x₂"), ("A", "B"))

    return read


CURVES = ("sine", "waves", "bump", "stairs", "line", "absolute")


def _curve_of(options: Options) -> Formula:
    found: Formula = getattr(samples, options["function"])
    return found


def _curve(options: Options, seed: int) -> RawData:
    x, y = _curve_of(options)(options["samples"], options["noise"], generator(seed))
    return RawData(x, y, ("x",), (), "y")


def _brackets(options: Options, seed: int) -> RawData:
    x, y = samples.brackets(options["samples"], options["pairs"], generator(seed))
    names = tuple(f"token {i + 1}" for i in range(x.shape[1]))
    return RawData(x, y, names, ("not balanced", "balanced"))


def _are_numbers(row: tuple[Any, ...]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in row)


def _points(options: Options, seed: int) -> RawData:
    rows = options["points"]
    if not all(isinstance(r, tuple) and len(r) == 3 and _are_numbers(r) for r in rows):
        raise ExperimentError("data.points: wanted rows of x, y and a class.")
    if len(rows) < 2:
        raise ExperimentError("data.points: draw at least two points, then train.")
    table = np.array(rows, float)
    if not np.isfinite(table).all() or not np.isin(table[:, 2], range(8)).all():
        raise ExperimentError("data.points: wanted finite coordinates and classes from 0 to 7.")
    labels = table[:, 2].astype(np.int64)
    names = tuple("ABCDEFGH"[: max(2, int(labels.max()) + 1)])
    return RawData(table[:, :2], labels, ("x₁", "x₂"), names)


def _csv(options: Options, seed: int) -> RawData:
    from lab.files.tables import design, read_table

    table = read_table(_path(options))
    for entry in options["kinds"]:
        table = table.with_kind(*entry)
    features = tuple(options["features"]) or None
    target = options["target"] or table.suggested_target.name
    made = design(table, target, features=features, task=options["task"])
    return RawData(
        made.x,
        made.y,
        made.feature_names,
        made.class_names,
        made.target_name,
        (*table.notes, *made.notes),
    )


def _arrays(options: Options, seed: int) -> RawData:
    from lab.files.arrays import pick, read_arrays

    x, y = pick(read_arrays(_path(options)))
    return _labelled(np.asarray(x, float), y, options["task"])


def _labelled(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.generic], task: str | None
) -> RawData:
    """Take whole numbers as classes, other numbers as values, unless told."""
    if x.ndim == 1 or x.ndim == 3:
        x = x[:, None]  # a column of numbers, or images of one channel
    if task is None:
        task = "classification" if y.dtype.kind in "iubU" else "regression"
    if task == "regression":
        return RawData(x, np.asarray(y, float).reshape(len(x)))
    levels, codes = np.unique(y.reshape(len(x)), return_inverse=True)
    return RawData(x, codes, (), tuple(str(v) for v in levels))


def _images(options: Options, seed: int) -> RawData:
    from lab.files.images import read_image_folder

    size = options["size"]
    read = read_image_folder(
        _path(options), size=(size, size) if size else None, grey=options["grey"]
    )
    return RawData(np.asarray(read.x, float), read.y, (), read.class_names, notes=read.notes)


def _path(options: Options) -> Path:
    if not options["path"]:
        raise ExperimentError("data.path: name the file to read.")
    return Path(options["path"]).expanduser()


_SAMPLES = Parameter("samples", 500, "number of points", 2, MAX_SAMPLES)
_FILE = Parameter("path", "", "the file or folder")
_TASK = Parameter(
    "task", None, "empty: recognised", wants=str, choices=("classification", "regression")
)


def _two_d(name: str, title: str, summary: str, noise: float = 0.05) -> DatasetKind:
    parameters = (_SAMPLES, Parameter("noise", noise, "deviation of the noise", 0, 10))
    make: Formula = getattr(samples, name)
    return DatasetKind(
        name,
        title,
        summary,
        parameters,
        _plane(make),
        "plane",
        formula=lambda options: make,
    )


def _table(name: str, title: str, summary: str) -> DatasetKind:
    return DatasetKind(name, title, summary, bundled=name)


DATASETS: dict[str, DatasetKind] = {
    d.name: d
    for d in (
        DatasetKind(
            "digits",
            "Digits",
            "1,797 handwritten digits of 8×8 pixels as 64 numbers.",
            (),
            picture="images",
            bundled="digits",
        ),
        DatasetKind(
            "digit_images",
            "Digit images",
            "1,797 handwritten digits as images of 1×8×8.",
            (),
            picture="images",
            bundled="digits",
            sample_shape=(1, 8, 8),
        ),
        _table("iris", "Iris", "150 flowers, 4 measures, 3 species."),
        _table("wine", "Wine", "178 wines, 13 measures, 3 growers."),
        _table("breast_cancer", "Breast cancer", "569 tumours, 30 measures, 2 diagnoses."),
        _table("diabetes", "Diabetes", "442 patients, 10 measures; progression after a year."),
        _two_d("circle", "Circle", "A disc within a ring."),
        _two_d("xor", "XOR", "Four squares; the class is whether the signs differ."),
        _two_d("gaussians", "Two Gaussians", "Two clouds a line can part.", 0.0),
        _two_d("spiral", "Spiral", "Two arms wound around each other.", 0.02),
        _two_d("moons", "Moons", "Two half circles that reach into each other.", 0.1),
        DatasetKind(
            "points",
            "Drawn points",
            "Points set by mouse.",
            (Parameter("points", (), "rows of x, y, class"),),
            _points,
            "plane",
            is_drawn=True,
        ),
        DatasetKind(
            "curve",
            "Curve",
            "One number in, one number out.",
            (
                Parameter("function", "waves", "the curve", choices=CURVES),
                Parameter("samples", 200, "number of points", 2, MAX_SAMPLES),
                Parameter("noise", 0.05, "deviation of the noise", 0, 10),
            ),
            _curve,
            "curve",
            formula=_curve_of,
        ),
        DatasetKind(
            "brackets",
            "Brackets",
            "Sequences of ( as 0 and ) as 1: balanced, or closed before they are opened?",
            (
                Parameter("samples", 2000, "number of sequences", 2, 100_000),
                Parameter("pairs", 10, "pairs of brackets in each", 1, 100),
            ),
            _brackets,
            formula=lambda options: samples.brackets,
        ),
        DatasetKind(
            "csv",
            "CSV file",
            "A table of one's own.",
            (
                _FILE,
                Parameter("target", None, "empty: recognised", wants=str),
                Parameter("features", (), "columns used; empty: all others"),
                _TASK,
                Parameter("kinds", (), "corrections: pairs of column and kind"),
            ),
            _csv,
            "table",
            is_own=True,
            has_columns=True,
        ),
        DatasetKind(
            "arrays",
            "NPY or NPZ file",
            "Arrays of one's own: x and y.",
            (_FILE, _TASK),
            _arrays,
            "table",
            is_own=True,
        ),
        DatasetKind(
            "image_folder",
            "Folder of images",
            "Images of one's own, one folder a class.",
            (
                _FILE,
                Parameter(
                    "size", None, "side in pixels; empty: as they are", 2, 1024, wants=int
                ),
                Parameter("grey", None, "one channel; empty: as they are", wants=bool),
            ),
            _images,
            "images",
            is_own=True,
            is_folder=True,
        ),
    )
}
