"""What the data panel shows of a look: which picture, which samples, one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.numerals import shown
from lab.panels.data import maths

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.data import Data
    from lab.engine.news import RunLook
    from lab.panels.data.book import AnswerBook

    FloatArray = npt.NDArray[np.float64]
    IntArray = npt.NDArray[np.int64]

Point = tuple[float, float, int]

MODES: dict[str, tuple[str, ...]] = {
    "drawn": ("Map", "Draw", "Confusion"),
    "plane": ("Map", "Confusion", "Confidence"),
    "curve": ("Fit", "Residuals"),
    "images": ("Samples", "Confusion"),
    "classes": ("Confusion", "Confidence", "Features"),
    "values": ("Predicted", "Residuals"),
}
ORDERS = ("Worst first", "Least sure", "Most sure", "In order")
SETS = ("All", "Training", "Test")
SMALL_SETS = ("All samples", "Training", "Test", "Wrong", "In batch")


@dataclass(frozen=True, slots=True)
class DataState:
    """What a person chose.

    ``filter`` is one of ``SMALL_SETS`` or of ``class_filters``; ``pair`` a cell of the
    confusion matrix (true, answered); ``sample`` a row of ``data.x``.
    """

    tab: str = ""
    shows_batch: bool = True
    shows_test: bool = True
    shows_residuals: bool = False
    is_discrete: bool = False
    counted: str = "All"
    filter: str = "All samples"
    order: str = "Worst first"
    page: int = 0
    pair: tuple[int, int] | None = None
    sample: int | None = None
    features: tuple[int, int] = (0, 1)
    brush: int = 0


def mode_of(data: Data) -> str:
    """Which kind of picture suits the data: a key of ``MODES``."""
    if data.shape == (2,) and data.classes:
        return "drawn" if data.kind.picture == "plane" else "plane"
    if data.shape == (1,) and not data.classes:
        return "curve"
    if data.classes and image_shape(data) is not None:
        return "images"
    return "classes" if data.classes else "values"


def image_shape(data: Data) -> tuple[int, int, int] | None:
    """Channels, height, width of a sample shown as an image; None where it is none."""
    if len(data.shape) == 3:
        return data.shape[0], data.shape[1], data.shape[2]
    side = math.isqrt(math.prod(data.shape))
    if data.kind.picture == "images" and len(data.shape) == 1 and side * side == data.shape[0]:
        return 1, side, side
    return None


def feature_words(data: Data, feature: int) -> str:
    """Name of a feature for an axis, and whether it is standardised."""
    names = data.feature_names
    name = names[feature] if feature < len(names) else f"x{feature + 1}"
    head = f"Feature {name}" if len(name) <= 3 else name.capitalize()
    return f"{head} (standardised)" if data.is_standardised else head


# Which samples.


def members(look: RunLook, book: AnswerBook, state: DataState) -> IntArray:
    """Rows of ``data.x`` that pass the filter and the chosen cell, in rising order."""
    data = look.data
    if state.pair is not None:
        true, answered = state.pair
        here = (data.labels == true) & (book.predicted() == answered)
        return np.flatnonzero(here & book.known)
    name = state.filter
    if name in class_filters(data):
        return np.flatnonzero(data.labels == class_filters(data).index(name))
    chosen = {
        "Training": data.train,
        "Test": data.test,
        "Wrong": np.flatnonzero(book.wrong(look)) if data.classes else data.train[:0],
        "In batch": np.unique(look.batch),
    }
    return np.sort(chosen.get(name, np.arange(len(data.x))))


def ordered(look: RunLook, book: AnswerBook, rows: IntArray, order: str) -> IntArray:
    """Rows sorted as asked; those without an answer come last, ties stay in order."""
    if order == "In order" or not len(rows) or not look.data.classes:
        return rows
    scores = book.scores(rows)
    if order == "Worst first":
        keys = maths.lead_of_truth(scores, look.data.labels[rows].astype(np.int64))
    else:
        keys = maths.certainty(scores, book.answer) * (-1 if order == "Most sure" else 1)
    return rows[np.argsort(np.where(np.isnan(keys), np.inf, keys), kind="stable")]


def class_filters(data: Data) -> list[str]:
    """What the sets of all samples of one class are called: ``Class 7``."""
    return [f"Class {name}" for name in data.class_names]


def page_of(rows: IntArray, page: int, size: int) -> tuple[IntArray, int]:
    """The rows of a page and its number, which is brought into range."""
    pages = max(1, -(-len(rows) // max(size, 1)))
    page = min(max(page, 0), pages - 1)
    return rows[page * size : (page + 1) * size], page


def counted_rows(data: Data, name: str) -> IntArray:
    """The rows of the training set, the test set, or both."""
    every = np.arange(len(data.x))
    return {"Training": data.train, "Test": data.test}.get(name, every)


def confusion(look: RunLook, book: AnswerBook, name: str) -> IntArray:
    """Counts of true (rows) against answered class (columns), of the samples known."""
    rows = counted_rows(look.data, name)
    rows = rows[book.known[rows]]
    labels = look.data.labels[rows].astype(np.int64)
    return maths.confusion(labels, book.predicted(rows), look.data.classes)


def residuals(look: RunLook, book: AnswerBook, rows: IntArray) -> FloatArray:
    """Answer less true value of the rows that are known, in the target's unit."""
    rows = rows[book.known[rows]]
    return np.asarray(book.outputs[rows, 0] - look.data.labels[rows].astype(float))


# The sentence under the picture.


def reading(look: RunLook, book: AnswerBook) -> str:
    """How right the answers are, and of which step: while training that of the last asked."""
    if not book.known.any():
        return f"Step {look.step:,}: no answers yet."
    if not look.data.classes:
        return _values(look, book)
    return _of_several_steps(look, book) if book.step is None else _of_one_step(look, book)


def _of_one_step(look: RunLook, book: AnswerBook) -> str:
    data, wrong, known = look.data, book.wrong(look), book.known
    train, test = (_right(wrong, rows[known[rows]]) for rows in (data.train, data.test))
    asked, every = int(known.sum()), len(known)
    rest = f"; {int(wrong.sum()):,} of {asked:,} wrong"
    if asked < every:
        rest = f", of {asked:,} of {every:,} samples looked at"
    return f"Step {book.step:,}: {_sets(train, test)}{rest}."


def _of_several_steps(look: RunLook, book: AnswerBook) -> str:
    """The last evaluation instead, as answers of many steps say nothing of any."""
    row = look.evaluation
    if row is not None:
        return f"Step {int(row['step']):,}: {_sets(row['accuracy'], row['test_accuracy'])}."
    wrong, known = book.wrong(look), book.known
    oldest = int(book.steps[known].min())
    count = f"{int(wrong.sum()):,} of {int(known.sum()):,} wrong"
    return f"Answers of steps {oldest:,} to {look.step:,}: {count}."


def _right(wrong: npt.NDArray[np.bool_], rows: IntArray) -> float:
    return 1.0 - float(wrong[rows].mean()) if len(rows) else math.nan


def _sets(train: float, test: float) -> str:
    words = f"{100 * train:.1f} % right in training"
    return words if math.isnan(test) else f"{words}, {100 * test:.1f} % in test"


def _values(look: RunLook, book: AnswerBook) -> str:
    data = look.data
    train, test = (residuals(look, book, rows) for rows in (data.train, data.test))
    words = f"typical error {shown(_rms(train), 3)} train"
    if len(test):
        words += f", {shown(_rms(test), 3)} test"
    known = np.flatnonzero(book.known)
    errors = np.abs(residuals(look, book, known))
    worst = known[int(errors.argmax())]
    words += f"; largest {shown(float(errors.max()), 3)} (sample {worst:,})"
    if book.step is None:
        oldest = int(book.steps[book.known].min())
        return f"Answers of steps {oldest:,} to {look.step:,}: {words}."
    return f"Step {book.step:,}: {words}."


def _rms(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(errors**2))) if len(errors) else math.nan


# Drawn points.


def raw_points(data: Data) -> list[Point]:
    """All points as they would be drawn: x, y in the source's units, and the class."""
    rows = zip(data.original.round(4).tolist(), data.labels.astype(int).tolist(), strict=True)
    return [(x, y, label) for (x, y), label in rows]


def with_points(data: Data, points: list[Point], new: FloatArray, brush: int) -> list[Point]:
    """The points and new ones, given as the network would get them (M, 2), in a class."""
    raw = (new * data.deviation + data.mean).round(4).tolist()
    return [*points, *((x, y, brush) for x, y in raw)]


def without_points(
    data: Data, points: list[Point], rubber: FloatArray, radius: float
) -> list[Point]:
    """The points farther than a radius from every place of the rubber (M, 2).

    Places and radius are in the units of the picture: as the network gets the features.
    """
    if not points or not len(rubber):
        return points
    places = (np.array(points)[:, :2] - data.mean) / data.deviation  # (N, 2)
    distances = np.square(places[:, None] - rubber[None]).sum(axis=2)  # (N, M)
    kept = (distances > radius**2).all(axis=1)
    return [p for p, keep in zip(points, kept, strict=True) if keep]
