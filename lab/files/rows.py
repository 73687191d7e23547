"""Reading a text table row by row into columns of text, with every bound checked on the way.

Why: the cells stay as text, packed a chunk to a byte string, so that a table takes about as
much memory as its file and every column can be read again as another kind.
"""

from __future__ import annotations

import csv
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, TextIO

from lab.files.dialects import Dialect, require_line
from lab.files.errors import LoadError, StrPath, counted
from lab.files.limits import LIMITS, in_words

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_CHUNK_CELLS = 2**18
SEPARATOR = "\0"  # cannot be in a cell: lines with a NUL are refused

Packed = tuple[bytes, ...]


@dataclass
class Rows:
    """What has been read: names if there is a header, packed columns, and what was left out."""

    names: list[str] | None = None
    packed: list[list[bytes]] = field(default_factory=list)
    count: int = 0
    blank: int = 0
    bad: int = 0
    bad_lines: list[int] = field(default_factory=list)

    def leave_out(self, line: int) -> None:
        """Count a bad row, and keep its line if it is among the first."""
        self.bad += 1
        if len(self.bad_lines) < LIMITS.listed:
            self.bad_lines.append(line)


def packed(cells: tuple[str, ...]) -> bytes:
    """Join cells into one byte string."""
    return SEPARATOR.join(cells).encode("utf-8", "surrogatepass")


def unpacked(column: Packed) -> Iterator[list[str]]:
    """Yield the cells of a packed column, a chunk at a time."""
    for chunk in column:
        yield chunk.decode("utf-8", "surrogatepass").split(SEPARATOR)


def read_rows(path: StrPath, stream: TextIO, dialect: Dialect) -> Rows:
    """Read a whole table.

    Raises
    ------
    LoadError
        Naming the line: unclosed quote, NUL, field, line or column count above its limit, or
        more than one row in a hundred with a wrong number of fields.
    UnicodeDecodeError
        If the encoding was guessed wrong.
    """
    rows = Rows()
    with field_limit():
        records = _records(path, stream, dialect, rows)
        _fill(path, records, dialect, rows)
    _require_good_rows(path, rows)
    return rows


def _fill(
    path: StrPath, records: Iterator[tuple[int, list[str]]], dialect: Dialect, rows: Rows
) -> None:
    first = next(records, None)
    if first is None:
        raise LoadError(path, "the file has no rows", None, "Choose a file with data")
    if dialect.has_header:
        rows.names, first = first[1], next(records, None)
        if first is None:
            raise LoadError(path, "the file has a header and no rows", None, "Add rows of data")
    width = _width(path, rows, first)
    chunk, size = [], max(1, _CHUNK_CELLS // width)
    rows.packed = [[] for _ in range(width)]
    for line, cells in chain([first], records):
        if len(cells) != width:
            rows.leave_out(line)
            continue
        chunk.append(cells)
        if len(chunk) == size:
            _store(path, rows, chunk, line)
            chunk = []
    _store(path, rows, chunk, 0)


def _width(path: StrPath, rows: Rows, first: tuple[int, list[str]]) -> int:
    """Return the number of columns: the header's, unless it lacks just the row names."""
    line, cells = first
    names = rows.names
    if names is not None and len(cells) == len(names) + 1:
        names.insert(0, "row")  # as R writes it
    width = len(cells) if names is None else len(names)
    if width > LIMITS.table_columns:
        what = f"{width:,} columns, more than the {LIMITS.table_columns:,} allowed"
        raise LoadError(path, what, f"line {line}", "Choose fewer columns")
    return width


def _store(path: StrPath, rows: Rows, chunk: list[list[str]], line: int) -> None:
    if not chunk:
        return
    rows.count += len(chunk)
    if rows.count * len(rows.packed) > LIMITS.table_cells:
        what = f"more than {LIMITS.table_cells:,} cells"
        raise LoadError(path, what, f"line {line}", "Choose fewer rows or columns")
    for column, cells in zip(rows.packed, zip(*chunk, strict=True), strict=True):
        column.append(packed(cells))


def _records(
    path: StrPath, stream: TextIO, dialect: Dialect, rows: Rows
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, cells) of every row that is not blank; malformed rows are counted."""
    reader = csv.reader(
        _lines(path, stream), delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True
    )
    while True:
        line = reader.line_num + 1
        try:
            for cells in reader:
                if cells:
                    yield line, cells
                else:
                    rows.blank += 1
                line = reader.line_num + 1
        except csv.Error as error:
            _require_one_line(path, str(error), line, reader.line_num)
            rows.leave_out(line)
        else:
            return


def _require_one_line(path: StrPath, error: str, first: int, last: int) -> None:
    """Raise for an error that is not the matter of one row alone."""
    if last > first or "end of data" in error:
        hint = "Close it, or double the quote if it belongs to the text"
        raise LoadError(path, f"unclosed quote opened at line {first}", None, hint)
    if "field limit" in error:
        what = f"a field is longer than {in_words(LIMITS.table_field)}"
        raise LoadError(path, what, f"line {first}", "This is not a table of data")


def _lines(path: StrPath, stream: TextIO) -> Iterator[str]:
    number, most = 0, LIMITS.table_line
    while line := stream.readline(most + 1):
        number += 1
        if len(line) > most or "\0" in line:
            require_line(path, line, number)
        yield line


def _require_good_rows(path: StrPath, rows: Rows) -> None:
    if rows.count == 0 or rows.bad > LIMITS.bad_share * (rows.count + rows.bad):
        all_rows = counted(rows.count + rows.bad, "row")
        what = f"{rows.bad:,} of {all_rows} cannot be read as {_expected(rows)}"
        raise LoadError(path, what, bad_lines(rows), "Correct them, or set the delimiter")


def _expected(rows: Rows) -> str:
    width = counted(len(rows.packed), "field")
    return f"{width}, as the {'header' if rows.names else 'first row'} has"


def bad_lines(rows: Rows) -> str:
    """Return where the bad rows are: ``lines 3, 7, 9 and 12 more``."""
    listed = ", ".join(map(str, rows.bad_lines))
    more = rows.bad - len(rows.bad_lines)
    return f"line{'s' * (rows.bad > 1)} {listed}" + (f" and {more:,} more" if more else "")


class _FieldLimit:
    """Hold the csv module's limit, which is the process's own, at ours while anyone reads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._before = 0

    @contextmanager
    def __call__(self) -> Generator[None, None, None]:
        with self._lock:
            if self._readers == 0:
                self._before = csv.field_size_limit(LIMITS.table_field)
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1
                if self._readers == 0:
                    csv.field_size_limit(self._before)


field_limit = _FieldLimit()
