"""What a network gets of a table: features and targets as arrays, each choice said in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lab.files.errors import LoadError, counted, quoted
from lab.files.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from lab.files.columns import Column
    from lab.files.tables import Table

Task = Literal["classification", "regression"]
TARGET_NAMES = (
    "target",
    "label",
    "labels",
    "class",
    "y",
    "species",
    "outcome",
    "output",
    "survived",
    "diagnosis",
    "variety",
    "quality",
    "price",
)


@dataclass(frozen=True)
class Target:
    """The column to predict, as which task, and why that is thought."""

    name: str
    task: Task
    reason: str


@dataclass(frozen=True, eq=False)
class Design:
    """Arrays made of a table.

    Attributes
    ----------
    x : ndarray, shape (N, D), float64
    y : ndarray, shape (N,)
        int64 codes into ``class_names`` for classification, float64 for regression.
    feature_names : tuple of D str
        A category gives one column a level: ``colour=red``.
    target_name : str
    class_names : tuple of str
        Empty for regression.
    notes : tuple of str
        Rows and columns left out, in words.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64] | npt.NDArray[np.int64]
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def suggested(table: Table) -> Target:
    """Return the column that is likely the target: by its name, else the last one."""
    usable = [c for c in table.columns if c.kind not in ("empty", "constant", "text")]
    usable = usable or list(table.columns)
    by_name = {column.name.casefold(): column for column in reversed(usable)}
    named = next((by_name[name] for name in TARGET_NAMES if name in by_name), None)
    column = named or usable[-1]
    which = "it is named so" if named else "it is the last column"
    task, why = task_of(column)
    return Target(column.name, task, f"{which}; {task}, because {why}")


def task_of(column: Column) -> tuple[Task, str]:
    """Return whether a column holds classes or amounts, and why that is thought."""
    if column.is_named:
        return "classification", f"it holds {len(column.levels):,} different names"
    values = _present(column)
    distinct = np.unique(values)
    is_whole = bool(np.all(distinct == np.round(distinct)))
    if column.kind == "date" or not is_whole:
        return "regression", "it holds numbers that are not whole"
    if len(distinct) <= LIMITS.few_levels and len(values) >= 2 * len(distinct):
        return "classification", f"it holds only {len(distinct)} different whole numbers"
    return "regression", f"it holds {len(distinct):,} different numbers"


def _present(column: Column) -> npt.NDArray[np.float64]:
    values = column.values.astype(np.float64)
    return values[values >= 0] if column.is_named else values[np.isfinite(values)]


def design(
    table: Table,
    target: str,
    features: Sequence[str] | None = None,
    task: Task | None = None,
) -> Design:
    """Make features and targets of a table.

    Parameters
    ----------
    table : Table
    target : str
        The column to predict.
    features : sequence of str, optional
        The columns to predict it from; all others that can be used, if not given.
    task : {"classification", "regression"}, optional
        Recognised from the target if not given.

    Raises
    ------
    LoadError
        Naming the column that stands in the way.
    """
    aim = table.column(target)
    task = task or task_of(aim)[0]
    chosen, notes = _chosen(table, aim, features)
    kept, dropped = _complete_rows(table, [aim, *chosen])
    notes += dropped
    y, class_names = _targets(table, aim, kept, task)
    blocks = [_block(column, kept) for column in chosen]
    x = np.concatenate([block for block, _ in blocks], axis=1)  # (N, D)
    names = tuple(name for _, block_names in blocks for name in block_names)
    notes += [f"column {quoted(names[k])} is constant" for k in _constant(x)[: LIMITS.listed]]
    return Design(x, y, names, target, class_names, tuple(notes))


def _chosen(
    table: Table, aim: Column, features: Sequence[str] | None
) -> tuple[list[Column], list[str]]:
    """Return the columns to predict from; one asked for that cannot be used is refused."""
    wanted = table.columns if features is None else [table.column(name) for name in features]
    chosen, notes = [], []
    for column in wanted:
        if column is aim:
            continue
        reason = unusable(column)
        if reason is None:
            chosen.append(column)
        elif features is None:
            notes.append(f"column {quoted(column.name)} is left out: {reason}")
        else:
            place = f"column {quoted(column.name)}"
            raise LoadError(
                table.path, f"it cannot be a feature: {reason}", place, "Deselect it"
            )
    _require_width(table, chosen)
    return chosen, notes


def unusable(column: Column) -> str | None:
    """Return why a column cannot be predicted from, or None if it can."""
    if column.kind == "text":
        return f"it is text with {len(column.levels):,} different entries"
    if column.kind == "empty":
        return "it is empty"
    if column.kind == "constant":
        return "it is constant"
    if len(column.levels) > LIMITS.category_levels:
        return f"it has {len(column.levels):,} levels, more than {LIMITS.category_levels:,}"
    return None


def _require_width(table: Table, chosen: list[Column]) -> None:
    if not chosen:
        what = "no column is left to predict from"
        raise LoadError(table.path, what, None, "Choose features or change their kind")
    width = sum(max(len(column.levels), 1) for column in chosen)
    if width > LIMITS.table_columns:
        widest = max(chosen, key=lambda column: len(column.levels))
        what = f"the levels give {width:,} features, more than {LIMITS.table_columns:,}"
        place = f"most in column {quoted(widest.name)}"
        raise LoadError(table.path, what, place, "Deselect some columns")


def _complete_rows(
    table: Table, columns: list[Column]
) -> tuple[npt.NDArray[np.bool_], list[str]]:
    """Return which rows have all values, shape (N,), and a note if some have not."""
    kept = np.ones(table.rows, bool)
    for column in columns:
        kept &= column.values >= 0 if column.is_named else np.isfinite(column.values)
    dropped = table.rows - int(kept.sum())
    if dropped == 0:
        return kept, []
    worst = max(columns, key=lambda column: column.missing)
    place = f"most in column {quoted(worst.name)}: {worst.missing:,}"
    if dropped == table.rows:
        what = "every row has a missing value"
        raise LoadError(table.path, what, place, "Deselect that column")
    of_all = f"{dropped:,} of {counted(table.rows, 'row')}, {_rows_in_words(~kept)}"
    return kept, [f"left out for a missing value: {of_all} ({place})"]


def _rows_in_words(chosen: npt.NDArray[np.bool_]) -> str:
    """Return which rows are chosen, counted from 1: ``rows 3, 7, 9 and 12 more``."""
    places = np.flatnonzero(chosen) + 1
    listed = ", ".join(f"{k:,}" for k in places[: LIMITS.listed])
    more = len(places) - LIMITS.listed
    return f"row{'s' * (len(places) > 1)} {listed}" + (f" and {more:,} more" * (more > 0))


def _targets(
    table: Table, aim: Column, kept: npt.NDArray[np.bool_], task: Task
) -> tuple[npt.NDArray[np.float64] | npt.NDArray[np.int64], tuple[str, ...]]:
    """Return targets, shape (N,), and the names of the classes."""
    place = f"column {quoted(aim.name)}"
    values = aim.values[kept]
    if task == "regression" and aim.is_named:
        what = "names cannot be the target of a regression"
        raise LoadError(table.path, what, place, "Choose classification or another target")
    distinct, codes = np.unique(values, return_inverse=True)
    if len(distinct) < 2:
        what = "the target has one value only: there is nothing to learn"
        raise LoadError(table.path, what, place, "Choose another target")
    if task == "regression":
        return values.astype(np.float64), ()
    if len(distinct) > LIMITS.category_levels:
        what = f"the target has {len(distinct):,} classes, more than {LIMITS.category_levels:,}"
        raise LoadError(table.path, what, place, "Choose regression or another target")
    names = [aim.levels[int(k)] if aim.is_named else f"{k:.17g}" for k in distinct]
    return codes.astype(np.int64).reshape(-1), tuple(names)


def _block(
    column: Column, kept: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return a column's features, shape (N, levels or 1), and their names."""
    values = column.values[kept]
    if not column.is_named:
        return values.astype(np.float64)[:, None], [column.name]
    one_hot = (values[:, None] == np.arange(len(column.levels))).astype(np.float64)
    return one_hot, [f"{column.name}={level}" for level in column.levels]


def _constant(x: npt.NDArray[np.float64]) -> list[int]:
    return [int(k) for k in np.flatnonzero(x.min(axis=0) == x.max(axis=0))]
