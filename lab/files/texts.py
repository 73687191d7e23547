"""Lines and text: JSON lines as a run goes on, TOML descriptions, plain text; each read back.

All go through the atomic writer: the file is there whole, or as it was before.
"""

from __future__ import annotations

import json
import math
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lab.files.atomic import Staged, told, write_bytes
from lab.files.errors import LoadError, SaveError, StrPath, printable, quoted, reading
from lab.files.limits import LIMITS
from lab.files.sources import read_bytes

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping


@contextmanager
def encodable(path: StrPath) -> Generator[None, None, None]:
    """Turn text that is no UTF-8 (a lone surrogate) into a `SaveError`."""
    try:
        yield
    except UnicodeEncodeError as error:
        what = f"not saved, {quoted(error.object[error.start : error.end])} is no character"
        raise SaveError(path, what, None, "Correct the text") from error


class JsonLines:
    """One JSON object a line, written as they come, published when the ``with`` ends well.

    If it ends in an error nothing is left behind. Numbers that are not finite become ``null``,
    since JSON has no word for them.

    Raises
    ------
    SaveError
        When it is opened, written to, or published.
    """

    def __init__(self, path: StrPath, *, overwrite: bool = False) -> None:
        self.path = Path(path)
        self.lines = 0
        self._staged = Staged(path, overwrite=overwrite)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def write(self, line: Mapping[str, Any]) -> None:
        """Append one object."""
        try:
            text = json.dumps(_plain(line), ensure_ascii=False, allow_nan=False)
            data = text.encode("utf-8") + b"\n"
        except (TypeError, ValueError) as error:
            place = f"line {self.lines + 1}"
            raise SaveError(self.path, "not saved, a value has no JSON", place) from error
        with told(self.path):
            self._staged.stream.write(data)
        self.lines += 1

    def close(self) -> Path:
        """Publish the file under its name."""
        return self._staged.publish(self._verify)

    def discard(self) -> None:
        """Leave nothing behind."""
        self._staged.discard()

    def _verify(self, temporary: Path) -> None:
        with open(temporary, "rb") as lines:
            found = sum(isinstance(json.loads(line), dict) for line in lines)
        if found != self.lines:
            raise ValueError(f"wrote {self.lines} lines, read {found}")


def _plain(value: Any) -> Any:
    """Return a value made of what JSON and TOML know; numpy's numbers become Python's."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "items"):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def read_jsonl(path: StrPath, most: int = LIMITS.table_file) -> list[dict[str, Any]]:
    """Read JSON lines.

    Raises
    ------
    LoadError
        Naming the first line that is no JSON object.
    """
    lines = read_bytes(path, most).splitlines()
    return [_object(path, line, number) for number, line in enumerate(lines, start=1)]


def _object(path: StrPath, line: bytes, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LoadError(path, "this is no JSON", f"line {number}", "Correct it") from error
    if not isinstance(found, dict):
        raise LoadError(path, "this is no JSON object", f"line {number}", "Correct it")
    return found


def write_toml(path: StrPath, mapping: Mapping[str, Any], *, overwrite: bool = False) -> Path:
    """Write a mapping as TOML and check that it reads back equal.

    Raises
    ------
    SaveError
        Also for a value that TOML has no word for, such as None.
    """
    import tomli_w

    try:
        text = tomli_w.dumps(mapping)
        same = _comparable(tomllib.loads(text)) == _comparable(mapping)
    except Exception as error:
        what = f"not saved, a value cannot be written: {printable(str(error))[:120]}"
        raise SaveError(path, what) from error
    if not same:
        raise SaveError(path, "not saved, a value would read back as another")
    return write_text(path, text, overwrite=overwrite)


def _comparable(value: Any) -> Any:
    """Make equal what TOML does not tell apart (tuples, lists), and NaN equal to itself."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    if hasattr(value, "items"):
        return {key: _comparable(item) for key, item in value.items()}
    return value


def read_toml(path: StrPath) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    LoadError
        With line and column where the file is not TOML.
    """
    data = read_bytes(path, LIMITS.text_file)
    hint = "Correct it there"
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at ")
        what = f"this is not TOML: {printable(what)[:120]}"
        raise LoadError(path, what, place.rstrip(")") or None, hint) from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LoadError(path, "this is not UTF-8 text", f"line {line}", hint) from error
    except (ValueError, RecursionError) as error:
        raise LoadError(path, "this is not TOML that can be read", None, hint) from error


def write_text(path: StrPath, text: str, *, overwrite: bool = False) -> Path:
    """Write text as UTF-8, line ends as they are."""
    with encodable(path):
        data = text.encode("utf-8")
    return write_bytes(path, data, overwrite=overwrite)


def read_text(path: StrPath) -> str:
    """Read UTF-8 text of at most the size of a description."""
    with reading(path, "this is not UTF-8 text", "Save it as UTF-8"):
        return read_bytes(path, LIMITS.text_file).decode("utf-8-sig")
