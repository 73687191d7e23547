"""What the loss panel shows of a run: curves in the range that is seen, marks, one sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lab.engine.edit_words import in_words
from lab.engine.losses import LOSSES
from lab.numerals import shown
from lab.panels.loss.maths import trend, zigzag
from lab.panels.loss.running import RunningMean

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from lab.engine.news import History, RunLook

    FloatArray = npt.NDArray[np.float64]

TREND_STEPS = 20
LARGEST_WINDOW = 100_000
LONG = 5_000


@dataclass(frozen=True, slots=True)
class Tab:
    """One quantity: the columns it is read from, its axis, how it is called in a sentence.

    ``step`` is a column of every step, ``train`` and ``test`` of the evaluations.
    """

    name: str
    title: str
    axis: str
    step: str | None = None
    train: str | None = None
    test: str | None = None
    factor: float = 1.0
    is_log: bool = False
    is_smoothed: bool = True


TABS: dict[str, Tab] = {
    t.name: t
    for t in (
        Tab("loss", "Loss", "Loss", "loss", "train_loss", "test_loss", is_log=True),
        Tab("accuracy", "Accuracy", "Accuracy (%)", None, "accuracy", "test_accuracy", 100.0),
        Tab("gradient", "Gradient", "Gradient norm ‖∇‖₂", "gradient_norm", is_log=True),
        Tab("rate", "Learning rate", "Learning rate η", "learning_rate", is_smoothed=False),
    )
}


@dataclass(frozen=True, slots=True)
class LossState:
    """What a person chose: quantity, scale of each, window of the mean, curves shown."""

    tab: str = "loss"
    log_tabs: frozenset[str] = frozenset(n for n, t in TABS.items() if t.is_log)
    window: int = 15
    shows_steps: bool = True
    shows_whole: bool = False

    @property
    def is_log(self) -> bool:
        """Whether the quantity shown has a logarithmic axis."""
        return self.tab in self.log_tabs

    def with_log(self, is_log: bool) -> LossState:
        """The same with another scale for the quantity shown."""
        others = self.log_tabs - {self.tab}
        return replace(self, log_tabs=others | {self.tab} if is_log else others)


@dataclass(frozen=True, slots=True)
class Line:
    """A curve as far as it is to be seen, the value at any step, and all of it for export."""

    x: FloatArray
    y: FloatArray
    at: Callable[[int], float | None]
    full: Callable[[], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True, slots=True)
class EditMark:
    """A step at which settings were changed, and the change in words."""

    step: int
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn: ``steps`` faint, ``train`` solid, ``test`` dashed, ``whole`` dotted."""

    axis: str
    cursor: int
    steps: Line
    train: Line
    test: Line
    whole: Line
    edits: tuple[EditMark, ...]
    diverged_at: int | None
    reading: Callable[[], str]


NOTHING = Line(np.empty(0), np.empty(0), lambda _s: None, lambda: (np.empty(0), np.empty(0)))


@dataclass
class LossModel:
    """Follows the run's history by cursor; what was read once is not read again."""

    _means: dict[tuple[int, int, str], RunningMean] = field(default_factory=dict)
    _run: int = -1
    _found: dict[str, FloatArray] = field(default_factory=dict)
    _found_of: tuple[int, int, int] = (-1, 0, 0)

    def picture(
        self, look: RunLook, state: LossState, span: tuple[float, float] | None, pixels: int
    ) -> Picture:
        """What is to be drawn of the steps in ``span`` (None: all) in so many pixels."""
        tab = TABS[state.tab]
        first, last = (1, look.newest) if span is None else _whole_steps(span, look.newest)
        steps = self._steps(look, tab, first, last, pixels)
        train = self._train(look, state, first, last, pixels)
        found = self.evaluations(look) if tab.train or tab.test else {}
        whole, test = (_evaluated(look, tab, c, found) for c in (tab.train, tab.test))
        return Picture(
            axis=axis_words(look, tab),
            cursor=look.step,
            steps=steps if state.shows_steps and tab.is_smoothed else NOTHING,
            train=train if tab.step else whole,
            test=test,
            whole=whole if state.shows_whole and tab.step else NOTHING,
            edits=edit_marks(look),
            diverged_at=diverged_at(look),
            reading=partial(reading, look, state, train if tab.step else whole, test),
        )

    def _steps(self, look: RunLook, tab: Tab, first: int, last: int, pixels: int) -> Line:
        if tab.step is None:
            return NOTHING
        column, history = tab.step, look.history
        found = [
            (np.maximum(e.rows, a), e.low, e.high)  # a block may begin before the range
            for a, b in _parted(look, first, last)
            for e in history.envelope(column, a, b, pixels)
        ]
        if not found:
            return replace(NOTHING, at=_of_row(history, column), full=_all_of(history, column))
        x, y = zigzag(*(np.concatenate([f[i] for f in found]) for i in range(3)))
        return Line(x, y, _of_row(history, column), _all_of(history, column))

    def _train(
        self, look: RunLook, state: LossState, first: int, last: int, pixels: int
    ) -> Line:
        tab = TABS[state.tab]
        if tab.step is None or not tab.is_smoothed:
            return self._steps(look, tab, first, last, pixels)
        mean = self.mean(look, tab.step, state.window)
        pieces = [mean.between(a, b, pixels) for a, b in _parted(look, first, last)]
        if not pieces:
            return replace(NOTHING, at=mean.at, full=mean.everything)
        x, y = zigzag(*(np.concatenate([p[i] for p in pieces]) for i in range(3)))
        return Line(x, y, mean.at, mean.everything)

    def mean(self, look: RunLook, column: str, window: int) -> RunningMean:
        """The running mean of a column along the current branch, up to date."""
        if look.run != self._run:
            self._run = look.run
            self._means.clear()
        key = (look.branch, len(look.branches), column)
        kept = self._means.get(key)
        if kept is None or kept.window != window:
            kept = self._means[key] = RunningMean(column, window)
            for stale in [k for k in self._means if k[:2] != key[:2]]:
                del self._means[stale]
        kept.follow(look.history)
        return kept

    def evaluations(self, look: RunLook) -> dict[str, FloatArray]:
        """All evaluations along the current branch, by column.

        While a long run goes on they are read again only once they have become 1 % more: the
        curve then ends four pixels early at most. Values at the cursor do not come from here.
        """
        line = (look.run, look.branch, len(look.branches))
        steps = self._found.get("step", np.empty(0))
        if line == self._found_of and len(steps) > LONG and look.playing:
            row = look.history.evaluation_at(look.newest)
            if row is not None and row["step"] <= 1.01 * steps[-1]:
                return self._found
        self._found, self._found_of = look.history.evaluations(), line
        return self._found


def _whole_steps(span: tuple[float, float], newest: int) -> tuple[int, int]:
    return max(math.floor(span[0]), 1), min(math.ceil(span[1]), newest)


def _parted(look: RunLook, first: int, last: int) -> list[tuple[int, int]]:
    """The range parted around the cursor, so that its own value is a point of the curve."""
    step = look.step
    ranges = [(first, min(step - 1, last)), (step, step), (max(step + 1, first), last)]
    if not first <= step <= last:
        ranges = [(first, last)]
    return [(a, b) for a, b in ranges if a <= b]


def _of_row(history: History, column: str) -> Callable[[int], float | None]:
    def at(step: int) -> float | None:
        row = history.row(step)
        return None if row is None else row[column]

    return at


def _all_of(history: History, column: str) -> Callable[[], tuple[FloatArray, FloatArray]]:
    def full() -> tuple[FloatArray, FloatArray]:
        parts = history.envelope(column, 1, history.newest, max(history.newest, 1))
        if not parts:
            return np.empty(0), np.empty(0)
        rows, means = ([getattr(p, n) for p in parts] for n in ("rows", "mean"))
        return np.concatenate(rows), np.concatenate(means)

    return full


def _evaluated(
    look: RunLook, tab: Tab, column: str | None, found: dict[str, FloatArray]
) -> Line:
    if column is None:
        return NOTHING
    x, y = found["step"], found[column] * tab.factor

    def at(step: int) -> float | None:
        row = look.history.evaluation_at(step) if step <= look.newest else None
        value = math.nan if row is None else row[column] * tab.factor
        return value if math.isfinite(value) else None

    return Line(x, y, at, lambda: (x, y))


def axis_words(look: RunLook, tab: Tab) -> str:
    """Name and unit of the y axis."""
    kind = LOSSES[look.settings.loss.kind]
    return f"Loss ({kind.title.lower()}, {kind.unit})" if tab.name == "loss" else tab.axis


def edit_marks(look: RunLook) -> tuple[EditMark, ...]:
    """The changes of settings along the branch, those of one step together."""
    told: dict[int, list[str]] = {}
    for edit, words in zip(look.edits, in_words(look.edits, look.settings.layers), strict=True):
        told.setdefault(edit.step, []).append(words)
    return tuple(EditMark(s, f"Step {s}: {'; '.join(told[s])}") for s in sorted(told))


def diverged_at(look: RunLook) -> int | None:
    """The step at which the current branch met a number that is not finite."""
    return next((b.diverged_at for b in look.branches if b.number == look.branch), None)


# The sentence under the picture.


GONE = "the numbers of single steps so old are kept no more"


def reading(look: RunLook, state: LossState, train: Line, test: Line) -> str:
    """One sentence of what stands at the cursor, with how it was found."""
    if look.phase:
        return _in_progress(look)
    words = {"accuracy": _accuracy, "gradient": _gradient, "rate": _rate}.get(state.tab, _loss)
    said = f"Step {look.step:,}: {words(look, state, train, test)}."
    step = diverged_at(look)
    return said if step is None else f"{said} Step {step:,} was not finite."


def _in_progress(look: RunLook) -> str:
    numbers = look.numbers or {}
    known = [
        f"{name} {shown(numbers[key], 3)}"
        for key, name in (("loss", "loss"), ("gradient_norm", "‖∇‖"))
        if key in numbers
    ]
    done = ("", "forward done", "loss found", "gradients found")[look.phase]
    return f"Step {look.step + 1:,}, {done}{': ' if known else ''}{', '.join(known)}."


def _loss(look: RunLook, state: LossState, train: Line, test: Line) -> str:
    value, tested = train.at(look.step), test.at(look.step)
    if value is None:
        words = "not trained yet" if look.step == 0 else GONE
        return words + ("" if tested is None else f"; test loss {shown(tested, 3)}")
    direction = _direction(look, "loss")
    name = "mean loss" if state.window > 1 else "loss"
    words = f"{name} {shown(value, 3)}" + (f", {direction}" if direction else "")
    if tested is None:
        return words
    older = evaluated_before(look)
    where = "" if older is None else f" at {older:,}"
    return f"{words}; test {shown(tested, 3)}{where}"


def evaluated_before(look: RunLook) -> int | None:
    """The step of the newest evaluation, if it is older than the cursor's."""
    row = look.history.evaluation_at(look.step)
    return None if row is None or row["step"] == look.step else int(row["step"])


def _direction(look: RunLook, column: str) -> str:
    parts = look.history.envelope(
        column, look.step - 2 * TREND_STEPS + 1, look.step, 2 * TREND_STEPS
    )
    values = np.concatenate([p.mean for p in parts]) if parts else np.empty(0)
    return trend(values[-TREND_STEPS:], values[:-TREND_STEPS])


def _accuracy(look: RunLook, _state: LossState, train: Line, test: Line) -> str:
    value, tested = train.at(look.step), test.at(look.step)
    if value is None:
        return "not evaluated yet"
    words = f"{value:.1f} % right in training"
    if tested is not None:
        words += f", {tested:.1f} % in test"
    older = evaluated_before(look)
    return words if older is None else f"{words}, evaluated at step {older:,}"


def _gradient(look: RunLook, _state: LossState, train: Line, _test: Line) -> str:
    row = look.history.row(look.step)
    if row is None:
        return "no gradient yet" if look.step == 0 else GONE
    mean, direction = train.at(look.step), _direction(look, "gradient_norm")
    words = [f"gradient norm {shown(row['gradient_norm'], 3)}"]
    words += [] if mean is None else [f"mean {shown(mean, 3)}"]
    return ", ".join(words + ([direction] if direction else []))


def _rate(look: RunLook, _state: LossState, _train: Line, _test: Line) -> str:
    row = look.history.row(look.step)
    if row is None:
        return "no update yet" if look.step == 0 else GONE
    rate, schedule = shown(row["learning_rate"], 3), look.used.schedule.kind
    return f"learning rate {rate} in the last update ({schedule} schedule)"
