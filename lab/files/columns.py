"""A column of a table: its kind recognised, said in words, and correctable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from lab.files.cells import Levels, Numbers, dates, levels, numbers
from lab.files.errors import counted, quoted
from lab.files.limits import LIMITS

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.files.dialects import Dialect
    from lab.files.rows import Packed

Kind = Literal["number", "category", "date", "text", "constant", "empty"]


@dataclass(frozen=True, eq=False)
class Column:
    """One column.

    Attributes
    ----------
    name : str
    kind : str
        ``number``, ``category``, ``date``, ``text``, ``constant`` or ``empty``.
    values : ndarray, shape (N,), read-only
        float64 for numbers and dates (days since 1970-01-01), NaN where missing; int64 codes
        into ``levels`` for categories and text, -1 where missing. A constant has levels if it
        is text.
    missing : int
        Cells without a value.
    note : str
        What was noticed or decided while reading it; empty if nothing.
    levels : tuple of str
        The distinct names, sorted.
    """

    name: str
    kind: Kind
    values: npt.NDArray[np.float64] | npt.NDArray[np.int64]
    missing: int = 0
    note: str = ""
    levels: tuple[str, ...] = ()
    cells: Packed = field(default=(), repr=False)

    def __post_init__(self) -> None:
        self.values.flags.writeable = False

    @property
    def is_named(self) -> bool:
        """Whether the values are codes into the levels."""
        return bool(self.levels)


def recognised(name: str, cells: Packed, rows: int, dialect: Dialect) -> Column:
    """Read a column as what its cells show it to be."""
    found = numbers(cells, rows, dialect.decimal)
    if found.missing == rows:
        note = "no cell has a value"
        return Column(name, "empty", found.values, rows, note, cells=cells)
    if found.grouped and not found.surely_grouped and not dialect.decimal_is_certain:
        return _named(name, cells, _ambiguous_note(found, dialect))
    if found.read and found.odd <= LIMITS.bad_share * (rows - found.missing):
        return _numeric(name, cells, found, dialect)
    return _named(name, cells, _mixed_note(found))


def _ambiguous_note(found: Numbers, dialect: Dialect) -> str:
    sign = "," if dialect.decimal == "." else "."
    entries = counted(found.grouped, "entry", "entries")
    choice = f"such as 1{sign}234 may mean 1234 or 1.234"
    return f"{entries} {choice}: kept as names; set the decimal sign"


def _mixed_note(found: Numbers) -> str:
    if not found.read:
        return ""
    if found.is_partial:
        return "numbers and text mixed, mostly text: kept as names"
    place = f", first in row {found.first_odd[0]:,}" if found.first_odd else ""
    odd = counted(found.odd, "entry that is no number", "entries that are no numbers")
    return f"numbers and text mixed ({odd}{place}): kept as names"


def _numeric(name: str, cells: Packed, found: Numbers, dialect: Dialect) -> Column:
    finite = found.values[np.isfinite(found.values)]
    is_constant = len(finite) > 0 and finite.min() == finite.max()
    kind: Kind = "constant" if is_constant else "number"
    missing = int(np.count_nonzero(np.isnan(found.values)))
    return Column(name, kind, found.values, missing, _numeric_note(found, dialect), cells=cells)


def _numeric_note(found: Numbers, dialect: Dialect) -> str:
    notes = []
    words = sorted(found.words - {""})
    if words:
        notes.append(f"missing is written {', '.join(map(quoted, words[: LIMITS.listed]))}")
    if found.odd:
        place = (
            f" (first in row {found.first_odd[0]:,}: {quoted(found.first_odd[1])})"
            if found.first_odd
            else ""
        )
        odd = counted(found.odd, "entry that is no number", "entries that are no numbers")
        notes.append(f"taken as missing: {odd}{place}")
    if found.infinite:
        infinite = counted(found.infinite, "entry that is", "entries that are")
        notes.append(f"taken as missing: {infinite} not finite")
    if found.grouped:
        sign = "commas" if dialect.decimal == "." else "points"
        notes.append(f"{sign} read as thousands separators")
    if found.rounded:
        notes.append(f"rounded: {counted(found.rounded, 'whole number')} above 2^53")
    return "; ".join(notes)


def _named(name: str, cells: Packed, note: str) -> Column:
    """Read as dates if all are, else as categories if few, else as text."""
    found = levels(cells)
    if len(found.names) == 0:
        return Column(
            name, "empty", found.codes, found.missing, "no cell has a value", cells=cells
        )
    if len(found.names) == 1:
        return _with_levels(name, "constant", cells, found, note)
    days = dates(found)
    if days is not None and not days.is_ambiguous:
        note = f"{days.how}, as days since 1970-01-01"
        return Column(name, "date", days.values, found.missing, note, cells=cells)
    if days is not None:
        note = "dates whose day and month cannot be told apart: kept as names; set the kind"
    few = max(LIMITS.few_levels, min(LIMITS.category_levels, len(found.codes) // 2))
    kind: Kind = "category" if len(found.names) <= few else "text"
    return _with_levels(name, kind, cells, found, note)


def _with_levels(name: str, kind: Kind, cells: Packed, found: Levels, note: str) -> Column:
    return Column(name, kind, found.codes, found.missing, note, found.names, cells)


def converted(column: Column, kind: str, dialect: Dialect) -> Column:
    """Read a column again as the kind a person chose.

    Raises
    ------
    ValueError
        If nothing in it can be read so, or there is no such choice.
    """
    if kind == "number":
        return _as_number(column, dialect)
    if kind == "date":
        return _as_date(column)
    if kind not in ("category", "text"):
        raise ValueError(f"a column cannot be made {kind}")
    found = levels(column.cells)
    if not found.names:
        raise ValueError("no cell has a value")
    return _with_levels(
        column.name,
        "category" if kind == "category" else "text",
        column.cells,
        found,
        "as chosen",
    )


def _as_number(column: Column, dialect: Dialect) -> Column:
    found = numbers(column.cells, len(column.values), dialect.decimal, to_the_end=True)
    if not found.read:
        raise ValueError("no entry is a number")
    read = _numeric(column.name, column.cells, found, dialect)
    note = "; ".join(filter(None, ("as chosen", read.note)))
    return Column(column.name, read.kind, read.values, read.missing, note, cells=column.cells)


def _as_date(column: Column) -> Column:
    found = levels(column.cells)
    days = dates(found)
    if days is None:
        raise ValueError("not every entry is a date")
    note = f"as chosen: {days.how}, as days since 1970-01-01"
    return Column(column.name, "date", days.values, found.missing, note, cells=column.cells)
