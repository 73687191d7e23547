"""How a text table is written: encoding, delimiter, decimal sign, header, each with its reason.

Why: a wrong guess here silently changes every number, so each guess is kept in words with the
evidence for it, and each can be overruled.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from dataclasses import dataclass

from lab.files.errors import LoadError, StrPath
from lab.files.limits import LIMITS, in_words
from lab.files.sources import kind_of

DELIMITERS = {"\t": "tab", ";": "semicolon", "|": "vertical bar", ",": "comma"}
SAMPLE_BYTES = 256 * 1024
_SAMPLE_ROWS = 200
_CONTROLS = bytes([*range(1, 9), *range(14, 27), *range(28, 32), 127])

_CLEAR = (  # a number in which {0} can only be the decimal sign, {1} only the thousands'
    r"[+-]?(?:\d*{0}\d{{1,2}}|\d*{0}\d{{4,}}|0{0}\d+|\d{{4,}}{0}\d+"
    r"|\d{{1,3}}(?:{1}\d{{3}})+{0}\d+)"
)
_CLEAR_DOT = re.compile(_CLEAR.format(r"\.", ",") + r"(?:[eE][+-]?\d+)?", re.ASCII)
_CLEAR_COMMA = re.compile(_CLEAR.format(",", r"\.") + r"(?:[eE][+-]?\d+)?", re.ASCII)
_NUMBER_LIKE = re.compile(r"[+-]?[.,]?\d[\d.,]*(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Dialect:
    """How a file is written; ``reasons`` says in words why each was taken to be so."""

    delimiter: str
    quote: str
    decimal: str
    encoding: str
    has_header: bool
    reasons: tuple[str, ...]
    decimal_is_certain: bool = True


def encoding_of(path: StrPath, head: bytes) -> tuple[str, str]:
    """Return the encoding of a text file and the reason, from its first bytes.

    Raises
    ------
    LoadError
        If the file is a known binary format, or not text at all.
    """
    kind = kind_of(head)
    if kind:
        raise LoadError(path, f"this is {kind}, not a text table", None, "Unpack or convert it")
    for mark, encoding, name in (
        (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
        (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
        (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
        (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
    ):
        if head.startswith(mark):
            return encoding, f"encoding {name}: the file begins with its mark"
    return _unmarked_encoding(path, head[:4096])


def _unmarked_encoding(path: StrPath, head: bytes) -> tuple[str, str]:
    even, odd = head[::2].count(0), head[1::2].count(0)
    most = max(len(head) // 4, 1)
    if odd >= most and even == 0:
        return "utf-16-le", "encoding UTF-16: every second byte is zero"
    if even >= most and odd == 0:
        return "utf-16-be", "encoding UTF-16: every second byte is zero"
    if len(head.translate(None, _CONTROLS)) < 0.98 * len(head) - 1:
        raise LoadError(path, "this is not a text file", None, "Choose a table of text")
    return "utf-8", "encoding UTF-8: no mark, every byte fits"


def sample_rows(text: str, delimiter: str) -> list[list[str]]:
    """Return the first rows of a text, split leniently; blank lines are left out."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    except csv.Error:  # told with its line by the full reading
        pass
    return rows


def delimiter_of(text: str) -> tuple[str, str]:
    """Return the delimiter under which most rows have the same number of fields, and why."""
    best, best_share, reason = ",", 0.0, "no delimiter found: one column"
    for delimiter, name in DELIMITERS.items():
        rows = sample_rows(text, delimiter)
        widths = Counter(len(row) for row in rows)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        if width >= 2 and count / len(rows) > best_share + 0.01:
            best, best_share = delimiter, count / len(rows)
            reason = (
                f"delimiter {name}: {count} of the first {len(rows)} rows have {width} fields"
            )
    return best, reason


def decimal_of(rows: list[list[str]]) -> tuple[str, str, bool]:
    """Return the decimal sign, the reason, and whether any number speaks for it."""
    cells = [cell.strip() for row in rows for cell in row if len(cell) <= 40]
    dots = sum(_CLEAR_DOT.fullmatch(cell) is not None for cell in cells)
    commas = sum(_CLEAR_COMMA.fullmatch(cell) is not None for cell in cells)
    if not dots and not commas:
        return ".", "decimal sign point: no number in the first rows shows one", False
    sign, name, most, least = (
        (",", "comma", commas, dots) if commas > dots else (".", "point", dots, commas)
    )
    against = f", {least} speak against it" if least else ""
    return sign, f"decimal sign {name}: {most} numbers in the first rows show it{against}", True


def header_of(rows: list[list[str]]) -> tuple[bool, str]:
    """Return whether the first row holds names, and the reason."""
    if not rows:
        return False, "no header: no rows"
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if any(_NUMBER_LIKE.fullmatch(cell) for cell in first):
        return False, "no header: the first row holds numbers"
    below = [cell.strip() for row in rest for cell in row]
    if not below:
        return True, "header: the only row holds no numbers"
    if any(_NUMBER_LIKE.fullmatch(cell) for cell in below):
        return True, "header: the first row holds no numbers, those below do"
    if len(set(first)) == len(first) and not set(first) & set(below):
        return True, "header: all is text, and the first row's words do not come again"
    return False, "no header: all is text, and the first row's words come again"


def require_choice(path: StrPath, delimiter: str | None, decimal: str | None) -> None:
    """Refuse a delimiter or decimal sign that no table can have."""
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise LoadError(path, "the delimiter must be one character", None, "Choose , ; or tab")
    if decimal not in (None, ".", ","):
        raise LoadError(path, "the decimal sign must be a point or a comma")
    if decimal == delimiter == ".":
        raise LoadError(path, "delimiter and decimal sign are the same", None, "Change one")


def dialect_of(
    path: StrPath,
    head: bytes,
    *,
    delimiter: str | None = None,
    decimal: str | None = None,
    header: bool | None = None,
) -> Dialect:
    """Recognise how a table is written from its first bytes; what is given is not guessed.

    Raises
    ------
    LoadError
        If this is no text, or a given sign is impossible.
    """
    require_choice(path, delimiter, decimal)
    encoding, why_encoding = encoding_of(path, head)
    text = _first_lines(head.decode(encoding, "replace"), len(head) >= SAMPLE_BYTES)
    sign, why_delimiter = (delimiter, "as asked for") if delimiter else delimiter_of(text)
    rows = sample_rows(text, sign)
    point, why_decimal, certain = (
        (decimal, "as asked for", True) if decimal else decimal_of(rows)
    )
    named, why_header = (header, "as asked for") if header is not None else header_of(rows)
    reasons = tuple(
        f"{what} {why}" if why == "as asked for" else why
        for what, why in (
            ("encoding", why_encoding),
            ("delimiter", why_delimiter),
            ("decimal sign", why_decimal),
            ("header", why_header),
        )
    )
    return Dialect(sign, '"', point, encoding, named, reasons, certain)


def _first_lines(text: str, is_cut: bool) -> str:
    """Drop the last, cut line of a sample, unless it is the only one."""
    whole, newline, _ = text.rpartition("\n")
    return whole + newline if is_cut and whole else text


def require_line(path: StrPath, line: str, number: int) -> None:
    """Refuse a line that is too long or holds a NUL.

    Raises
    ------
    LoadError
        Naming the line.
    """
    if len(line) > LIMITS.table_line:
        what = f"a line is longer than {in_words(LIMITS.table_line)}"
        raise LoadError(path, what, f"line {number}", "This is not a table")
    if "\0" in line:
        raise LoadError(path, "it contains a NUL character", f"line {number}", "Remove it")
