"""The text of cells read as numbers, dates or levels; what does not fit is counted.

Numbers are strict ASCII: Python's own ``float`` would also take ``1_000`` and Arabic digits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from lab.files.rows import Packed, unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

MISSING = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "?"})
_NO_NUMBER = MISSING | {"none", "-", ".", "missing"}
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_LONGEST_NUMBER = 400

_PLAIN = r"[ \t]*+[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?[ \t]*+"
_ALL_PLAIN = re.compile(rf"(?:{_PLAIN}\0)*+".encode())
_ONE_PLAIN = re.compile(_PLAIN, re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
_SURELY_GROUPED = re.compile(r"[+-]?\d{1,3}(?:(?:,\d{3}){2,}(?:\.\d*)?|,\d{3}\.\d*)", re.ASCII)
_LARGE_WHOLE = re.compile(r"\s*[+-]?\d{16,}\s*", re.ASCII)
_SWAP = str.maketrans(".,", ",.")

_ISO = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", re.ASCII)
_DAY_S = 86_400.0


@dataclass
class Numbers:
    """Cells read as numbers; NaN where there is none.

    Attributes
    ----------
    values : ndarray, shape (N,)
    missing, infinite, odd : int
        Cells that say nothing, that are not finite, that are no numbers.
    grouped, surely_grouped : int
        Cells with thousands separators, and those that can be nothing else.
    rounded : int
        Whole numbers that float64 cannot hold.
    is_partial : bool
        Whether reading was left after a chunk of mostly no numbers.
    """

    values: npt.NDArray[np.float64]
    missing: int = 0
    infinite: int = 0
    odd: int = 0
    first_odd: tuple[int, str] | None = None
    grouped: int = 0
    surely_grouped: int = 0
    rounded: int = 0
    is_partial: bool = False
    words: set[str] = field(default_factory=set)

    @property
    def read(self) -> int:
        """How many cells are finite numbers."""
        return len(self.values) - self.missing - self.infinite - self.odd


def numbers(column: Packed, rows: int, decimal: str, *, to_the_end: bool = False) -> Numbers:
    """Read a column as numbers with this decimal sign.

    A column that is mostly no numbers at the end of a chunk is left there, unless
    ``to_the_end``; the rest then counts as odd.
    """
    found = Numbers(np.full(rows, np.nan))
    start = 0
    for chunk, cells in zip(column, unpacked(column), strict=True):
        stop = start + len(cells)
        values = _plain_numbers(chunk, cells, decimal)
        if values is None:
            values = np.array([_number(cell, decimal, found, start) for cell in cells])
            _number_first_odd(found, cells, values, start)
        _count_rounded(found, values, cells)
        found.values[start:stop] = values
        start = stop
        if found.odd > 0.5 * stop and stop < rows and not to_the_end:
            found.odd += rows - stop
            found.is_partial = True
            break
    return found


def _plain_numbers(
    chunk: bytes, cells: list[str], decimal: str
) -> npt.NDArray[np.float64] | None:
    """Read a chunk in which every cell is a plain finite number; None if one is not."""
    if decimal == ",":
        if b"." in chunk:
            return None
        chunk, cells = chunk.replace(b",", b"."), [cell.replace(",", ".") for cell in cells]
    if not _ALL_PLAIN.fullmatch(chunk + b"\0") or max(map(len, cells)) > _LONGEST_NUMBER:
        return None
    values = np.array(list(map(float, cells)))
    return values if np.isfinite(values).all() else None


def _number(cell: str, decimal: str, found: Numbers, start: int) -> float:
    text = cell.strip()
    if text.casefold() in _NO_NUMBER:
        found.missing += 1
        found.words.add(text)
        return np.nan
    if decimal == ",":
        text = text.translate(_SWAP)
    value = _float(text, found) if len(text) <= _LONGEST_NUMBER else None
    if value is None:
        found.odd += 1
        return np.nan
    if not np.isfinite(value):
        found.infinite += 1
        return np.nan
    return value


def _float(text: str, found: Numbers) -> float | None:
    if _ONE_PLAIN.fullmatch(text) or _INFINITE.fullmatch(text):
        return float(text)
    if _GROUPED.fullmatch(text):
        found.grouped += 1
        found.surely_grouped += _SURELY_GROUPED.fullmatch(text) is not None
        return float(text.replace(",", ""))
    return None


def _number_first_odd(
    found: Numbers, cells: list[str], values: npt.NDArray[np.float64], start: int
) -> None:
    """Keep row and text of the first cell that is neither number nor missing."""
    if found.first_odd is not None or not found.odd:
        return
    for i in np.flatnonzero(np.isnan(values)):
        text = cells[i].strip()
        if text.casefold() not in _NO_NUMBER and not _INFINITE.fullmatch(text):
            found.first_odd = (start + int(i) + 1, text)
            return


def _count_rounded(found: Numbers, values: npt.NDArray[np.float64], cells: list[str]) -> None:
    """Count whole numbers above 2^53, which float64 cannot hold exactly."""
    for i in np.flatnonzero(np.abs(values) >= 2.0**53):
        if _LARGE_WHOLE.fullmatch(cells[i]) and int(cells[i]) != int(values[i]):
            found.rounded += 1


@dataclass(frozen=True)
class Levels:
    """Cells read as names: a code for each cell, -1 where it is missing; names sorted."""

    codes: npt.NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def missing(self) -> int:
        """How many cells say nothing."""
        return int(np.count_nonzero(self.codes < 0))


def levels(column: Packed) -> Levels:
    """Read a column as names; spaces around them do not count."""
    seen: dict[str, int] = {}
    codes = np.concatenate(
        [
            np.array([seen.setdefault(cell.strip(), len(seen)) for cell in cells], np.int64)
            for cells in unpacked(column)
        ]
    )
    names = sorted((name for name in seen if name.casefold() not in MISSING), key=_order)
    place = np.full(len(seen), -1, np.int64)
    place[[seen[name] for name in names]] = np.arange(len(names))
    return Levels(place[codes], tuple(names))


def _order(name: str) -> tuple[float, str]:
    """Sort numbers by value, before all other names."""
    is_number = len(name) <= _LONGEST_NUMBER and _ONE_PLAIN.fullmatch(name)
    return (float(name) if is_number else np.inf, name)


@dataclass(frozen=True)
class Dates:
    """Cells read as dates: days since 1970-01-01 UTC, NaN where missing; how they were read."""

    values: npt.NDArray[np.float64]
    how: str
    is_ambiguous: bool = False


def dates(found: Levels) -> Dates | None:
    """Read names as dates, or return None if one of them is none.

    ISO dates, and day, month, year with points, dashes or slashes; the order of day and month
    is taken from a number above 12, or is ambiguous and then read day first.
    """
    if not found.names or any(len(name) > 40 for name in found.names):
        return None
    if all(map(_ISO.fullmatch, found.names)):
        days, how, ambiguous = _iso_days(found.names), "dates (ISO)", False
    else:
        days, how, ambiguous = _written_days(found.names)
    if days is None:
        return None
    table = np.append(days, np.nan)  # a missing cell has the code -1
    return Dates(table[found.codes], how, ambiguous)


def _iso_days(names: Iterable[str]) -> list[float] | None:
    try:
        moments = [datetime.fromisoformat(name) for name in names]
        return [
            (m if m.tzinfo else m.replace(tzinfo=UTC)).timestamp() / _DAY_S for m in moments
        ]
    except (ValueError, OverflowError):
        return None


def _written_days(names: tuple[str, ...]) -> tuple[list[float] | None, str, bool]:
    parts = list(_parts(names))
    if len(parts) != len(names):
        return None, "", False
    day_first = any(a > 12 for a, _, _, _ in parts)
    month_first = any(b > 12 for _, b, _, _ in parts)
    if day_first and month_first:
        return None, "", False
    ambiguous = not day_first and not month_first and any(sign != "." for *_, sign in parts)
    order = "month first" if month_first else "day first"
    iso = [
        f"{year:04}-{b:02}-{a:02}" if not month_first else f"{year:04}-{a:02}-{b:02}"
        for a, b, year, _ in parts
    ]
    return _iso_days(iso), f"dates ({order})", ambiguous


def _parts(names: tuple[str, ...]) -> Iterator[tuple[int, int, int, str]]:
    for name in names:
        found = _DAY_MONTH_YEAR.fullmatch(name)
        if found is None:
            return
        yield int(found[1]), int(found[3]), int(found[4]), found[2]
