"""Opening a foreign zip: its directory is checked before any entry is unpacked.

Why: CPython 3.11.7 and 3.12.1 do not notice entries that share their bytes, by which 24 kB
unpack to 2 GB, and a directory may claim any size.
"""

from __future__ import annotations

import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from lab.files.errors import LoadError, StrPath, quoted, reading
from lab.files.limits import LIMITS, in_words

if TYPE_CHECKING:
    from collections.abc import Generator

_END_MARK = b"PK\x05\x06"
_END_LENGTH = 22
_LOCATOR_MARK = b"PK\x06\x07"
_LOCATOR_LENGTH = 20
_END64_LENGTH = 56
_LOCAL_HEADER = 30
_HINT = "The file is damaged or was made to do harm"


@contextmanager
def archive(
    path: StrPath, stream: BinaryIO, size: int, *, entries: int, budget: int
) -> Generator[zipfile.ZipFile, None, None]:
    """Open a zip whose entries are distinct, plain and together within the budget.

    Parameters
    ----------
    stream : binary file
        Open on ``path``, of ``size`` bytes.
    entries : int
        How many entries are allowed.
    budget : int
        Bytes all entries may unpack to.

    Raises
    ------
    LoadError
        Naming the entry where there is one.
    """
    with reading(path, "this is not a sound zip archive", _HINT):
        _require_directory(path, stream, size)
        stream.seek(0)
        with zipfile.ZipFile(stream) as opened:
            _require_sound(path, opened.infolist(), size, entries, budget)
            yield opened


def _require_directory(path: StrPath, stream: BinaryIO, size: int) -> None:
    """Check the directory's length, also that of a zip64, before it is parsed."""
    stream.seek(max(0, size - 65_557))
    tail = stream.read(65_557)
    place = tail.rfind(_END_MARK)
    if place < 0 or place + _END_LENGTH > len(tail):
        raise LoadError(path, "the end of the archive is missing", None, "Copy the file again")
    length = int.from_bytes(tail[place + 12 : place + 16], "little")
    locator = tail[max(0, place - _LOCATOR_LENGTH) : place]
    if locator.startswith(_LOCATOR_MARK):
        stream.seek(max(0, size - len(tail) + place - _LOCATOR_LENGTH - _END64_LENGTH))
        length = int.from_bytes(stream.read(_END64_LENGTH)[40:48], "little")
    if length > LIMITS.archive_directory:
        what = f"the archive's directory has {in_words(length)}"
        raise LoadError(path, what, None, _HINT)


def _require_sound(
    path: StrPath, infos: list[zipfile.ZipInfo], size: int, entries: int, budget: int
) -> None:
    if len(infos) > entries:
        raise LoadError(path, f"{len(infos):,} entries, more than {entries:,}", None, _HINT)
    names: set[str] = set()
    end, total, ratio_free = 0, 0, LIMITS.archive_free
    for info in sorted(infos, key=lambda info: info.header_offset):
        place = f"entry {quoted(info.filename)}"
        problem = _problem(info, names, end)
        if problem:
            raise LoadError(path, problem, place, _HINT)
        names.add(info.filename)
        end = info.header_offset + _LOCAL_HEADER + info.compress_size
        total += info.file_size
        if end > size:
            raise LoadError(path, "an entry is cut off", place, "Copy the file again")
        if total > budget or total > max(ratio_free, LIMITS.archive_ratio * size):
            what = f"it unpacks to {in_words(total)} or more"
            raise LoadError(path, what, place, "That is more than its size allows")


def _problem(info: zipfile.ZipInfo, names: set[str], end: int) -> str | None:
    if info.filename in names:
        return "two entries have one name"
    if info.header_offset < end:
        return "two entries share their bytes"
    if info.flag_bits & 0x1:
        return "an entry is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "an entry is packed in an unusual way"
    return None
