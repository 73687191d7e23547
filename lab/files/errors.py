"""What reading or writing a file may raise: one sentence for a person.

Foreign files fail in dozens of exception classes. All of them end here, so that whoever asks
for a file has one thing to catch and one sentence to show, never a library's own words.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

StrPath = str | os.PathLike[str]

_LONGEST_QUOTE = 80
_LONGEST_NAME = 160
_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOENT: ("there is no such file", "Check the name"),
    errno.ENOTDIR: ("a part of its path is not a folder", "Check the path"),
    errno.EISDIR: ("this is a folder, not a file", "Choose a file inside it"),
    errno.EACCES: ("access to it is not allowed", "Check its permissions"),
    errno.EPERM: ("access to it is not allowed", "Check its permissions"),
    errno.EROFS: ("the disk may only be read", "Choose another folder"),
    errno.ENOSPC: ("the disk is full", "Free some space or choose another folder"),
    errno.EDQUOT: ("your share of the disk is used up", "Free some space"),
    errno.EFBIG: ("the file would be larger than the system allows", "Choose another folder"),
    errno.ELOOP: ("it is a link that leads in a circle", "Choose the real file"),
    errno.ENAMETOOLONG: ("its name is too long", "Choose a shorter name"),
    errno.EILSEQ: ("its name is not valid text", "Rename it"),
    errno.EMFILE: ("too many files are open", "Close some and try again"),
    errno.EIO: ("the disk reported an error", "Check the disk and save elsewhere"),
}


def quoted(text: object) -> str:
    """Foreign text made safe to show: escaped, at most 80 characters, in quotation marks."""
    shown = str(text)
    cut = shown if len(shown) <= _LONGEST_QUOTE else shown[:_LONGEST_QUOTE] + "…"
    return "'" + printable(cut) + "'"


def printable(text: str) -> str:
    """Replace what cannot be printed (controls, surrogates, direction marks) by escapes."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in text
    )


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


class FileError(Exception):
    """A file that could not be read or written.

    ``str()`` is one line: ``NAME: what (where). hint.``

    Parameters
    ----------
    path : str or path
        The file; the sentence shows its last part only.
    what : str
        What is wrong, without a full stop.
    where : str, optional
        Line, entry, column or offset.
    hint : str
        What the person can do about it.
    """

    def __init__(
        self, path: StrPath, what: str, where: str | None = None, hint: str = ""
    ) -> None:
        self.path = os.fspath(path)
        self.what = what
        self.where = where
        self.hint = hint
        super().__init__(self.path, what, where, hint)

    def __str__(self) -> str:
        name = _cut(printable(os.path.basename(self.path.rstrip("/\\")) or self.path))
        place = f" ({self.where})" if self.where else ""
        advice = f" {self.hint.rstrip('.')}." if self.hint else ""
        return f"{name}: {self.what}{place}.{advice}"


def _cut(name: str) -> str:
    """Shorten a name that no line has room for, and keep its suffix."""
    return name if len(name) <= _LONGEST_NAME else f"{name[:80]}…{name[-20:]}"


class LoadError(FileError):
    """A file that cannot be read as what it should be."""


class SaveError(FileError):
    """A file that could not be written; what was there before is untouched."""


def reason_of(error: BaseException) -> tuple[str, str]:
    """Return what went wrong and what to do, in words, for an error of the system.

    Returns
    -------
    tuple of str
        ``(what, hint)``; an error that is not in the table is told in its own words.
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory for it", "Close other programs or use a smaller file"
    if isinstance(error, OSError) and error.errno in _REASONS:
        return _REASONS[error.errno]
    if isinstance(error, ValueError) and "null" in str(error):
        return "its name contains a NUL character", "Choose another name"
    own_words = error.strerror if isinstance(error, OSError) else str(error)
    return printable((own_words or type(error).__name__)[:200]), ""


@contextmanager
def reading(path: StrPath, what: str, hint: str = "") -> Generator[None, None, None]:
    """Turn whatever a parser raises on a bad file into a `LoadError` that says ``what``.

    Raises
    ------
    LoadError
        For every `Exception` inside the block; errors of the system keep their own sentence.
    """
    try:
        yield
    except FileError:
        raise
    except (OSError, MemoryError) as error:
        if isinstance(error, OSError) and error.errno is None:  # a parser's own, as Pillow's
            raise LoadError(path, what, None, hint) from error
        raise LoadError(path, reason_of(error)[0], None, reason_of(error)[1]) from error
    except Exception as error:
        if "embedded null" in str(error):
            what, hint = reason_of(error)
        raise LoadError(path, what, None, hint) from error
