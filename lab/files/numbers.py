"""The numbers behind a picture or a run, as CSV and NPZ, each read back before it counts.

What is written as lines or text stands in `lab.files.texts` and can be had from here too.
"""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from lab.files.atomic import atomic_write
from lab.files.errors import SaveError, StrPath, quoted
from lab.files.rows import field_limit
from lab.files.texts import (
    JsonLines,
    encodable,
    read_jsonl,
    read_text,
    read_toml,
    write_text,
    write_toml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    "JsonLines",
    "read_jsonl",
    "read_text",
    "read_toml",
    "write_csv",
    "write_npz",
    "write_text",
    "write_toml",
]
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
_CHUNK_ROWS = 10_000


def write_csv(
    path: StrPath,
    columns: Mapping[str, Array],
    *,
    overwrite: bool = False,
    for_spreadsheets: bool = False,
) -> Path:
    """Write columns as CSV: UTF-8, comma, point, a header, every digit a float64 needs.

    Parameters
    ----------
    columns : mapping of name to ndarray, shape (N,)
        Shorter columns end in empty cells. NaN is written ``nan``.
    for_spreadsheets : bool
        Put ``'`` before text that a spreadsheet would take for a formula (``= + - @``, tab).

    Raises
    ------
    SaveError
        Also for a column that is not one-dimensional.
    """
    arrays = {str(name): np.asarray(values) for name, values in columns.items()}
    for name, values in arrays.items():
        if values.ndim != 1:
            place = f"column {quoted(name)}"
            raise SaveError(path, f"not saved, its shape is {values.shape}, not one row", place)

    def write(stream: BinaryIO) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        csv.writer(text, lineterminator="\r\n").writerows(_rows(arrays, for_spreadsheets))
        text.flush()
        text.detach()

    def verify(temporary: Path) -> None:
        with field_limit(), open(temporary, encoding="utf-8", newline="") as text:
            for found, meant in zip(
                csv.reader(text, strict=True), _rows(arrays, for_spreadsheets), strict=True
            ):
                if found != meant:
                    raise ValueError(f"read {found!r}, wrote {meant!r}")

    with encodable(path):
        return atomic_write(path, write, overwrite=overwrite, verify=verify)


def _rows(arrays: Mapping[str, Array], for_spreadsheets: bool) -> Iterator[list[str]]:
    """Yield the header and the rows as text; chunks keep a long column from becoming a list."""
    yield [_text(name, for_spreadsheets) for name in arrays]
    length = max((len(values) for values in arrays.values()), default=0)
    for start in range(0, length, _CHUNK_ROWS):
        rows = min(_CHUNK_ROWS, length - start)
        cells = [
            _cells(values[start : start + rows], rows, for_spreadsheets)
            for values in arrays.values()
        ]
        yield from map(list, zip(*cells, strict=True))


def _cells(values: Array, rows: int, for_spreadsheets: bool) -> list[str]:
    if values.dtype.kind == "f":
        cells = [repr(value) for value in values.astype(np.float64).tolist()]
    else:
        cells = [_text(value, for_spreadsheets) for value in values.tolist()]
    return cells + [""] * (rows - len(cells))


def _text(value: object, for_spreadsheets: bool) -> str:
    """Return a cell's text; a NUL, which no CSV can hold, is written as an escape."""
    if not isinstance(value, str):
        return str(value)
    value = value.replace("\0", "\\0")
    return f"'{value}" if for_spreadsheets and value.startswith(_FORMULA_SIGNS) else value


def write_npz(path: StrPath, arrays: Mapping[str, Array], *, overwrite: bool = False) -> Path:
    """Write arrays as ``numpy.savez`` does, without any object.

    Raises
    ------
    SaveError
        Also for an array of objects.
    """
    checked = {str(name): np.asarray(array) for name, array in arrays.items()}
    for name, array in checked.items():
        if array.dtype.hasobject:
            place = f"array {quoted(name)}"
            raise SaveError(path, "not saved, it holds objects, not numbers", place)

    def write(stream: BinaryIO) -> None:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, array in checked.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, array, allow_pickle=False)

    def verify(temporary: Path) -> None:
        with np.load(temporary, allow_pickle=False) as found:
            if found.files != list(checked):
                raise ValueError("the names differ")
            for name, array in checked.items():
                np.testing.assert_array_equal(found[name], array, strict=True)

    need = sum(array.nbytes for array in checked.values())
    return atomic_write(path, write, overwrite=overwrite, verify=verify, need=need)
