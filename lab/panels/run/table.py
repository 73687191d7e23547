"""What a person decides about the columns of a table: kinds, target, features, task.

Nothing here knows Qt. Every decision gives a new state; ``changes`` says what it means for the
description, and ``checked`` whether it can be carried out, before anything is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.files.designs import design, task_of, unusable
from lab.files.errors import LoadError, counted, printable, quoted
from lab.files.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lab.files.columns import Column
    from lab.files.designs import Design
    from lab.files.tables import Table

KINDS = ("number", "category", "date", "text")
TASKS = ("classification", "regression")
_SHOWN = 3
_LONGEST = 24


@dataclass(frozen=True, eq=False)
class TableState:
    """A table and what was decided about it.

    ``recognised`` is the table as its cells show it, ``table`` the one with ``kinds``
    corrected by hand; ``task`` None leaves the task to be recognised; ``ignored`` are columns
    that could be features and shall not be.
    """

    recognised: Table
    table: Table
    target: str
    task: str | None = None
    kinds: tuple[tuple[str, str], ...] = ()
    ignored: frozenset[str] = frozenset()

    @property
    def features(self) -> tuple[str, ...]:
        """The columns to predict from."""
        return tuple(c.name for c in self.table.columns if self.role(c) == "feature")

    def role(self, column: Column) -> str:
        """Return what a column is for: ``target``, ``feature`` or ``ignored``."""
        if column.name == self.target:
            return "target"
        is_out = column.name in self.ignored or unusable(column) is not None
        return "ignored" if is_out else "feature"

    def aimed_at(self, target: str, task: str | None) -> TableState:
        """Return the state with another target or task."""
        return replace(self, target=target, task=task, ignored=self.ignored - {target})

    def using(self, names: Iterable[str], is_used: bool) -> TableState:
        """Return the state with columns used as features, or not."""
        chosen = frozenset(names)
        return replace(
            self, ignored=self.ignored - chosen if is_used else self.ignored | chosen
        )

    def with_kind(self, name: str, kind: str) -> TableState:
        """Return the state with a column read as another kind; empty: as recognised.

        Raises
        ------
        LoadError
            If the column cannot be read so.
        """
        others = tuple(pair for pair in self.kinds if pair[0] != name)
        if kind in ("", self.recognised.column(name).kind):
            return replace(self, table=self._as_recognised(name), kinds=others)
        table = self.table.with_kind(name, kind)
        return replace(self, table=table, kinds=(*others, (name, kind)))

    def _as_recognised(self, name: str) -> Table:
        old, new = self.table.column(name), self.recognised.column(name)
        columns = tuple(new if c is old else c for c in self.table.columns)
        return replace(self.table, columns=columns)


def read_state(path: str, options: Mapping[str, Any]) -> TableState:
    """Read a table and take over what the description has decided about it so far.

    Raises
    ------
    LoadError
        If the file cannot be read as a table.
    """
    table = read_table(path)
    state = TableState(table, table, table.suggested_target.name)
    if options.get("path") == path:
        state = _decided(state, options)
    return state


def _decided(state: TableState, options: Mapping[str, Any]) -> TableState:
    """Take over earlier decisions about columns that are still there and can be read so."""
    names = state.table.names
    for name, kind in options["kinds"]:
        if name in names:
            state = _with_kind_if_possible(state, name, kind)
    if options["target"] in names:
        state = state.aimed_at(options["target"], options["task"])
    if options["features"]:
        others = set(names) - set(options["features"]) - {state.target}
        state = replace(state, ignored=frozenset(others))
    return replace(state, task=options["task"])


def _with_kind_if_possible(state: TableState, name: str, kind: str) -> TableState:
    try:
        return state.with_kind(name, kind)
    except LoadError:
        return state


def checked(state: TableState) -> Design:
    """Return what a network would get of the table.

    Raises
    ------
    LoadError
        Naming the column that stands in the way.
    """
    task: Any = state.task
    return design(state.table, state.target, features=_named_features(state), task=task)


def changes(state: TableState) -> dict[str, Any]:
    """Return the decisions as one change of the description."""
    return {
        "data.kind": "csv",
        "data.path": state.table.path,
        "data.target": state.target,
        "data.features": _named_features(state) or (),
        "data.task": state.task,
        "data.kinds": state.kinds,
    }


def _named_features(state: TableState) -> tuple[str, ...] | None:
    """Return the features by name, or None where all that can be used are used."""
    usable = {c.name for c in state.table.columns if unusable(c) is None}
    return state.features if state.ignored & usable else None


@dataclass(frozen=True, slots=True)
class Line:
    """One column as it is shown."""

    name: str
    kind: str
    role: str
    missing: str
    examples: str
    note: str


def lines(state: TableState) -> list[Line]:
    """Return what is shown of each column."""
    corrected = dict(state.kinds)
    return [_line(state, column, column.name in corrected) for column in state.table.columns]


def _line(state: TableState, column: Column, is_corrected: bool) -> Line:
    reason = unusable(column) if column.name != state.target else None
    notes = (reason or "", column.note if column.note != "as chosen" else "")
    return Line(
        column.name,
        f"{column.kind} (corrected)" if is_corrected else column.kind,
        state.role(column),
        f"{column.missing:,}" if column.missing else "",
        examples(column),
        "; ".join(filter(None, notes)),
    )


def examples(column: Column) -> str:
    """Return a few names of a column, or the range of its numbers or dates."""
    if column.is_named:
        shown = ", ".join(printable(n[:_LONGEST]) for n in column.levels[:_SHOWN])
        more = len(column.levels) - _SHOWN
        return f"{shown} and {more:,} more" if more > 0 else shown
    known = column.values[np.isfinite(column.values)]
    if not len(known):
        return ""
    low, high = (_in_words(v, column.kind) for v in (known.min(), known.max()))
    return low if low == high else f"{low} to {high}"


def _in_words(value: float, kind: str) -> str:
    if kind == "date":
        return str(np.datetime64(int(np.floor(value)), "D"))
    return f"{value:.6g}"


def target_in_words(state: TableState) -> str:
    """Say what is predicted, as which task, and why that is thought."""
    suggested = state.table.suggested_target
    if state.task:
        return f"{quoted(state.target)} is predicted by {state.task}, as chosen."
    if state.target == suggested.name:
        return f"{quoted(state.target)}: {suggested.reason}."
    task, why = task_of(state.table.column(state.target))
    return f"{quoted(state.target)}: {task}, because {why}."


def table_in_words(state: TableState) -> str:
    """Say how large the table is, how it was read, and what was noticed."""
    table = state.table
    size = f"{counted(table.rows, 'row')} of {counted(len(table.columns), 'column')}."
    told = [*table.dialect.reasons, *table.notes]
    return " ".join([size, *(f"{t[:1].upper()}{t[1:].rstrip('.')}." for t in told[:12])])
