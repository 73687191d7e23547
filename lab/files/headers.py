"""The header of a safetensors file, checked before the library or torch sees a byte.

Why: the library accepts headers that no model has (double keys, ranks of 10,000, a million
empty tensors, names with NUL) and takes gigabytes for them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from lab.files.errors import LoadError, StrPath, quoted
from lab.files.limits import LIMITS, in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

DTYPES = {  # safetensors' name -> torch's name, bytes of an item
    "BOOL": ("bool", 1),
    "U8": ("uint8", 1),
    "I8": ("int8", 1),
    "F8_E4M3": ("float8_e4m3fn", 1),
    "F8_E5M2": ("float8_e5m2", 1),
    "U16": ("uint16", 2),
    "I16": ("int16", 2),
    "F16": ("float16", 2),
    "BF16": ("bfloat16", 2),
    "U32": ("uint32", 4),
    "I32": ("int32", 4),
    "F32": ("float32", 4),
    "U64": ("uint64", 8),
    "I64": ("int64", 8),
    "F64": ("float64", 8),
    "C64": ("complex64", 8),
}
_KEYS = {"dtype", "shape", "data_offsets"}


@dataclass(frozen=True)
class Entry:
    """One tensor: its type's name, its shape, and where its bytes lie in the body."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Header:
    """A checked header: the tensors by name, the metadata, and the offset of the body."""

    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]
    body: int


def header_length(path: StrPath, first: bytes, size: int) -> int:
    """Return the length of the header from the first 8 bytes of a file of ``size`` bytes."""
    if len(first) < 8:
        raise LoadError(path, "the file is too short", f"{size} bytes", "Copy it again")
    length = int.from_bytes(first[:8], "little")
    if length > LIMITS.weights_header:
        what = f"its header would have {in_words(length)}, more than allowed"
        raise LoadError(path, what, None, "This is not a safetensors file")
    if length + 8 > size:
        raise LoadError(path, "the file ends inside its header", None, "Copy it again")
    return length


def header_of(path: StrPath, text: bytes, size: int) -> Header:
    """Parse and check a header.

    Parameters
    ----------
    text : bytes
        The header, without the 8 bytes of its length.
    size : int
        Of the whole file in bytes.

    Raises
    ------
    LoadError
        Naming the tensor where there is one.
    """
    _require_count(path, text.count(b"{") // 2)  # before a million of them are parsed
    table = _json(path, text)
    metadata = _metadata(path, table.pop("__metadata__", {}))
    _require_count(path, len(table))
    entries = {_name(path, name): _entry(path, name, value) for name, value in table.items()}
    _require_cover(path, entries, size - 8 - len(text))
    return Header(entries, metadata, 8 + len(text))


def _require_count(path: StrPath, tensors: int) -> None:
    if tensors > LIMITS.weights_tensors:
        what = f"it has more than the {LIMITS.weights_tensors:,} tensors allowed"
        raise LoadError(path, what, None, "This is no usual model")


def _json(path: StrPath, text: bytes) -> dict[str, Any]:
    hint = "The file is damaged, or not a safetensors file"
    try:
        table = json.loads(
            text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise LoadError(path, "its header is not valid JSON", None, hint) from error
    if not isinstance(table, dict):
        raise LoadError(path, "its header is not a table of tensors", None, hint)
    return table


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a key comes twice")
    return table


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _metadata(path: StrPath, found: object) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise LoadError(
            path, "its metadata is not a table of text", None, "The file is damaged"
        )
    return found


def _name(path: StrPath, name: str) -> str:
    is_plain = 0 < len(name) <= LIMITS.weights_name and name.isprintable()
    if not is_plain or ".." in name.split("/") or name.startswith("/"):
        raise LoadError(path, f"a tensor has the name {quoted(name)}", None, "Rename it")
    return name


def _entry(path: StrPath, name: str, value: object) -> Entry:
    place = f"tensor {quoted(name)}"
    if not isinstance(value, dict) or set(value) != _KEYS:
        raise LoadError(path, "its description is not complete", place, "The file is damaged")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in DTYPES:
        what = f"its type {quoted(dtype)} is not supported"
        raise LoadError(path, what, place, "Convert it to F32")
    if not _are_counts(shape) or len(shape) > LIMITS.weights_rank:
        what = f"its shape is not a list of at most {LIMITS.weights_rank} sizes"
        raise LoadError(path, what, place, "The file is damaged")
    if not _are_counts(offsets) or len(offsets) != 2:
        raise LoadError(path, "its place is not given", place, "The file is damaged")
    if offsets[1] - offsets[0] != prod(shape) * DTYPES[dtype][1]:
        raise LoadError(path, "its shape does not fit its bytes", place, "The file is damaged")
    return Entry(dtype, tuple(shape), offsets[0], offsets[1])


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and all(
        type(n) is int and 0 <= n <= LIMITS.weights_side for n in value
    )


def _require_cover(path: StrPath, entries: Mapping[str, Entry], length: int) -> None:
    """Check that the tensors lie side by side and fill the body."""
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: (item[1].start, item[1].stop)):
        if entry.start != end:
            what = "tensors overlap or leave a gap"
            raise LoadError(path, what, f"tensor {quoted(name)}", "The file is damaged")
        end = entry.stop
    if end != length:
        what = f"the tensors need {end:,} bytes and the file has {length:,}"
        raise LoadError(path, what, None, "The file is cut off or damaged; copy it again")
