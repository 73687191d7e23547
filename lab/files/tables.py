"""One's own table: a CSV file, its columns and target recognised, shown and correctable."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lab.files.columns import Column, converted, recognised
from lab.files.designs import Design, Target, design, suggested
from lab.files.dialects import SAMPLE_BYTES, Dialect, dialect_of
from lab.files.errors import LoadError, StrPath, counted, printable, quoted, reading
from lab.files.limits import LIMITS
from lab.files.rows import Rows, bad_lines, read_rows
from lab.files.sources import opened

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["Column", "Design", "Dialect", "Table", "Target", "design", "read_table"]


@dataclass(frozen=True, eq=False)
class Table:
    """A table as read; a correction gives a new one.

    Attributes
    ----------
    path : str
    names : tuple of str
        Of the columns, made unique.
    columns : tuple of Column
    rows : int
    dialect : Dialect
        How the file is written, with the reason for each guess.
    notes : tuple of str
        What was left out or changed, in words.
    """

    path: str
    names: tuple[str, ...]
    columns: tuple[Column, ...] = field(repr=False)
    rows: int
    dialect: Dialect
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column of a name.

        Raises
        ------
        LoadError
            If there is none; the sentence lists those there are.
        """
        if name not in self.names:
            listed = ", ".join(map(quoted, self.names[: LIMITS.listed]))
            what = f"there is no column {quoted(name)}"
            raise LoadError(self.path, what, None, f"The columns are {listed}")
        return self.columns[self.names.index(name)]

    def with_kind(self, name: str, kind: str) -> Table:
        """Return the table with one column read as another kind.

        Parameters
        ----------
        name : str
        kind : {"number", "category", "date", "text"}

        Raises
        ------
        LoadError
            If the column cannot be read so.
        """
        old = self.column(name)
        try:
            new = converted(old, kind, self.dialect)
        except ValueError as error:
            place = f"column {quoted(name)}"
            raise LoadError(self.path, str(error), place, "Choose another kind") from error
        columns = tuple(new if column is old else column for column in self.columns)
        return replace(self, columns=columns)

    @property
    def suggested_target(self) -> Target:
        """What is likely to be predicted, how, and why that is thought."""
        return suggested(self)


def read_table(
    path: StrPath,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
) -> Table:
    """Read a table of comma, semicolon, tab or bar separated values.

    Parameters
    ----------
    path : str or path
    delimiter, decimal : str, optional
        One character each; recognised if not given.
    header : bool, optional
        Whether the first row holds names; recognised if not given.

    Raises
    ------
    LoadError
        For whatever is not such a table, or larger than the limits.
    """
    with (
        reading(path, "it cannot be read as a table", "Check that it is a CSV file"),
        opened(path, LIMITS.table_file) as stream,
    ):
        head = stream.read(SAMPLE_BYTES)
        dialect = dialect_of(path, head, delimiter=delimiter, decimal=decimal, header=header)
        rows, dialect = _rows(path, stream, dialect)
        return _table(path, rows, dialect)


def _rows(path: StrPath, stream: BinaryIO, dialect: Dialect) -> tuple[Rows, Dialect]:
    """Read all rows; where UTF-8 turns out wrong, begin again with Latin-1."""
    try:
        return _decoded_rows(path, stream, dialect), dialect
    except UnicodeDecodeError as error:
        if dialect.encoding != "utf-8":
            raise
        byte = error.object[error.start]
        reason = f"encoding Latin-1: there is a byte 0x{byte:02x} that is not UTF-8"
        dialect = replace(dialect, encoding="latin-1", reasons=(reason, *dialect.reasons[1:]))
        return _decoded_rows(path, stream, dialect), dialect


def _decoded_rows(path: StrPath, stream: BinaryIO, dialect: Dialect) -> Rows:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=dialect.encoding, newline="")
    try:
        return read_rows(path, text, dialect)
    finally:
        text.detach()


def _table(path: StrPath, rows: Rows, dialect: Dialect) -> Table:
    names, notes = _unique_names(rows.names or [""] * len(rows.packed))
    if rows.names is None:
        notes = ["the columns have no names and are numbered"]
    columns = tuple(
        recognised(name, tuple(cells), rows.count, dialect)
        for name, cells in zip(names, rows.packed, strict=True)
    )
    notes += _notes(rows, columns)
    return Table(str(path), tuple(names), columns, rows.count, dialect, tuple(notes))


def _unique_names(raw: list[str]) -> tuple[list[str], list[str]]:
    """Make names printable, short, filled in and different; say what was changed."""
    names: list[str] = []
    taken: set[str] = set()
    notes: list[str] = []
    for k, text in enumerate(raw, start=1):
        name = printable(" ".join(text.split()))
        if len(name) > LIMITS.header_characters:
            notes.append(f"the name of column {k} has {len(text):,} characters and is cut")
            name = name[: LIMITS.header_characters] + "…"
        if not name:
            notes.append(f"column {k} has no name")
            name = f"column {k}"
        unique = _different(name, taken)
        if unique != name:
            notes.append(f"the name {quoted(name)} comes again: column {k} is {quoted(unique)}")
        names.append(unique)
        taken.add(unique)
    return names, notes


def _different(name: str, taken: set[str]) -> str:
    unique, k = name, 1
    while unique in taken:
        k += 1
        unique = f"{name} ({k})"
    return unique


def _notes(rows: Rows, columns: tuple[Column, ...]) -> list[str]:
    notes = []
    if rows.bad:
        left_out = counted(rows.bad, "row")
        notes.append(f"left out for a wrong number of fields: {left_out}, {bad_lines(rows)}")
    if rows.blank:
        notes.append(f"left out: {counted(rows.blank, 'blank line')}")
    if len(columns) == 1:
        notes.append("the table has one column: nothing to predict it from")
    for k, column in enumerate(columns, start=1):
        if column.kind in ("constant", "empty"):
            notes.append(f"column {k} ({quoted(column.name)}) is {column.kind}")
        if column.note:
            notes.append(f"column {k} ({quoted(column.name)}): {column.note}")
    return notes
