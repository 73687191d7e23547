"""Opening a foreign file: a regular one, of bounded size, recognised by its first bytes."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from lab.files.errors import LoadError, StrPath, reading
from lab.files.limits import in_words

if TYPE_CHECKING:
    from collections.abc import Generator

_UNBLOCKED = getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer would block for ever
_KINDS = (
    (stat.S_ISDIR, "this is a folder, not a file"),
    (stat.S_ISFIFO, "this is a pipe, not a file"),
    (stat.S_ISSOCK, "this is a socket, not a file"),
)
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "a gzip archive"),
    (b"PK\x03\x04", "a zip archive (as .xlsx, .npz and .pt are)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-zip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old Office document (.xls, .doc)"),
    (b"\x7fELF", "a program"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x80\x03", "a Python pickle"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x05", "a Python pickle"),
)


def kind_of(head: bytes) -> str | None:
    """Return what a file is by its first bytes, in words, or None if they are not known."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


@contextmanager
def opened(path: StrPath, most: int, advice: str = "") -> Generator[BinaryIO, None, None]:
    """Open a regular file that is neither empty nor larger than ``most`` bytes.

    Links are followed; pipes, devices and folders are refused without waiting for them.

    Raises
    ------
    LoadError
        Also if the file was shortened or lengthened while the block read from it.
    """
    with reading(path, "it cannot be opened"):
        stream = open(path, "rb", opener=_unblocked)  # noqa: SIM115 - closed by the with below
    with stream:
        size = size_of(path, stream)
        if size == 0:
            raise LoadError(path, "the file is empty", None, advice)
        if size > most:
            what = f"the file has {in_words(size)}, more than the {in_words(most)} allowed"
            raise LoadError(path, what, None, advice)
        yield stream
        if size_of(path, stream) != size:
            raise LoadError(path, "the file changed while it was read", None, "Load it again")


def _unblocked(name: str, flags: int) -> int:
    return os.open(name, flags | _UNBLOCKED)


def size_of(path: StrPath, stream: BinaryIO) -> int:
    """Return the size in bytes of an open regular file; anything else is refused."""
    status = os.fstat(stream.fileno())
    if stat.S_ISREG(status.st_mode):
        return status.st_size
    what = next((words for test, words in _KINDS if test(status.st_mode)), "this is a device")
    raise LoadError(path, what, None, "Choose a regular file")


def read_bytes(path: StrPath, most: int) -> bytes:
    """Return the whole content of a regular file of at most ``most`` bytes."""
    with reading(path, "it cannot be read"), opened(path, most) as stream:
        return stream.read(most + 1)
