"""Foreign NumPy files: header read by us, size checked, and nothing ever unpickled."""

from __future__ import annotations

import ast
import os
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from lab.files.archives import archive
from lab.files.errors import LoadError, StrPath, quoted, reading
from lab.files.limits import LIMITS, in_words
from lab.files.sources import kind_of, opened

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Mapping

    import numpy.typing as npt

    Array = npt.NDArray[Any]

INPUT_NAMES = ("x_train", "x", "data", "features", "images", "inputs", "train_images")
TARGET_NAMES = ("y_train", "y", "target", "targets", "labels", "label", "train_labels")
_MAGIC = b"\x93NUMPY"
_KINDS = "biufcUS"
_HINT = "Save it again with numpy.save or numpy.savez"


def read_arrays(path: StrPath) -> dict[str, Array]:
    """Read a ``.npy`` (under its own name) or all arrays of a ``.npz``.

    The kind of file is told by its first bytes, not by its name.

    Raises
    ------
    LoadError
        Also for arrays of objects, and for more than 2 GiB of numbers.
    """
    with (
        reading(path, "it cannot be read as a NumPy file", _HINT),
        opened(path, LIMITS.array_file) as stream,
    ):
        size = os.fstat(stream.fileno()).st_size
        head = stream.read(6)
        stream.seek(0)
        if head.startswith(_MAGIC):
            return {Path(path).stem: _array(path, stream, size, None)}
        if head.startswith(b"PK"):
            return _arrays(path, stream, size)
    kind = kind_of(head) or "no NumPy file"
    raise LoadError(path, f"this is {kind}, not .npy or .npz", None, _HINT)


def _arrays(path: StrPath, stream: BinaryIO, size: int) -> dict[str, Array]:
    arrays = {}
    with archive(
        path, stream, size, entries=LIMITS.array_entries, budget=LIMITS.array_file
    ) as opened_zip:
        for info in opened_zip.infolist():
            if not info.filename.endswith(".npy"):
                place = f"entry {quoted(info.filename)}"
                raise LoadError(path, "it holds something besides arrays", place, _HINT)
            arrays[info.filename.removesuffix(".npy")] = _entry(path, opened_zip, info)
    if not arrays:
        raise LoadError(path, "it holds no arrays", None, _HINT)
    return arrays


def _entry(path: StrPath, opened_zip: zipfile.ZipFile, info: zipfile.ZipInfo) -> Array:
    place = f"entry {quoted(info.filename)}"
    with reading(path, f"{place} is damaged", _HINT), opened_zip.open(info) as entry:
        array = _array(path, entry, info.file_size, place)  # type: ignore[arg-type]  # reads bytes
        if entry.read(1):  # at the end the checksum is compared
            raise LoadError(path, "it holds more than its array", place, _HINT)
        return array


def _array(path: StrPath, stream: BinaryIO, size: int, place: str | None) -> Array:
    """Read one array from a stream of exactly ``size`` bytes."""
    start, text = _header(path, stream, place)
    kind, shape, is_fortran = _described(path, text, place)
    wanted = prod(shape) * kind.itemsize
    if wanted > LIMITS.array_file or wanted != size - start:
        there = in_words(size - start)
        what = f"its shape {str(shape)[:80]} needs {in_words(wanted)} and there are {there}"
        raise LoadError(path, what, place, "The file is cut off or damaged")
    data = bytearray(stream.read(wanted))
    if len(data) != wanted:
        raise LoadError(path, "the file ends inside its array", place, "Copy it again")
    flat = np.frombuffer(data, dtype=kind)
    return flat.reshape(shape, order="F" if is_fortran else "C")


def _header(path: StrPath, stream: BinaryIO, place: str | None) -> tuple[int, str]:
    """Return where the numbers begin, and the text of the header."""
    head = stream.read(8)
    width = {1: 2, 2: 4, 3: 4}.get(head[6]) if head[:6] == _MAGIC and len(head) == 8 else None
    if width is None:
        raise LoadError(path, "this is no NumPy array", place, _HINT)
    length = int.from_bytes(stream.read(width), "little")
    if length > LIMITS.array_header:
        what = f"its header would have {in_words(length)}"
        raise LoadError(path, what, place, "The file is damaged")
    encoding = "utf-8" if head[6] == 3 else "latin-1"
    return 8 + width + length, stream.read(length).decode(encoding)


def _described(
    path: StrPath, text: str, place: str | None
) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """Return type, shape and order; only literals are read, nothing is evaluated."""
    try:
        header = ast.literal_eval(text.strip())
        descr, is_fortran, shape = (header[k] for k in ("descr", "fortran_order", "shape"))
    except Exception as error:
        raise LoadError(path, "its header cannot be read", place, _HINT) from error
    kind = _kind(path, descr, place)
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise LoadError(path, "its shape is no list of sizes", place, _HINT)
    if len(shape) > LIMITS.array_rank or any(n > LIMITS.weights_side for n in shape):
        raise LoadError(path, "its shape is impossible", place, _HINT)
    return kind, shape, is_fortran is True


def _kind(path: StrPath, descr: object, place: str | None) -> np.dtype[Any]:
    """Return a plain type of numbers or text."""
    if isinstance(descr, list):
        raise LoadError(
            path, "it is a table of records, not an array", place, "Save each field"
        )
    with reading(path, f"its type {quoted(descr)} is unknown", _HINT):
        kind = np.dtype(str(descr))
    if kind.hasobject:
        what = "it holds Python objects, which are never opened"
        raise LoadError(path, what, place, "Save it as numbers or text")
    if kind.kind not in _KINDS or kind.itemsize == 0:
        raise LoadError(path, f"its type {quoted(descr)} is not supported", place, _HINT)
    return kind


def pick(arrays: Mapping[str, Array], path: StrPath = "arrays") -> tuple[Array, Array]:
    """Return inputs and targets by their usual names (x and y, data and target, ...).

    Parameters
    ----------
    arrays : mapping of name to ndarray
    path : str or path
        The file they came from, for the sentence if they cannot be told.

    Raises
    ------
    LoadError
        Listing the arrays there are, if the two cannot be told or differ in length.
    """
    found = {name.casefold(): array for name, array in arrays.items()}
    x = next((found[name] for name in INPUT_NAMES if name in found), None)
    y = next((found[name] for name in TARGET_NAMES if name in found), None)
    listed = ", ".join(
        f"{quoted(n)} {a.shape}" for n, a in list(arrays.items())[: LIMITS.listed]
    )
    if x is None or y is None:
        missing = "inputs (x)" if x is None else "targets (y)"
        what = f"no array is named as {missing}; there are {listed}"
        raise LoadError(path, what, None, "Save them with numpy.savez(path, x=x, y=y)")
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y) or len(x) == 0:
        what = f"inputs and targets differ in length or are empty; there are {listed}"
        raise LoadError(path, what, None, "Save one target for each input")
    return x, y
