"""Permission for a person's own Python file to run, and what can be told without running it.

Nothing of a file runs before `allow` has been called with it in this process, and only the
very bytes that were allowed run: a file that has changed since has to be allowed anew. What a
file defines can be listed without running it; `lab.engine.foreign_building` runs it.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lab.engine.kinds import ExperimentError
from lab.files.sources import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lab.engine.experiment import Part
    from lab.engine.layer_kinds import Options
    from lab.files.errors import StrPath

LARGEST = 4 * 2**20
"""Bytes of a Python file."""
_allowed: dict[Path, str] = {}
_digests: dict[Path, tuple[tuple[int, ...], str]] = {}
"""Of files as they were last seen: time, size and number, and the digest of their bytes."""


class Found(NamedTuple):
    """A class that looks like a module: its name, what its constructor takes, its docstring."""

    name: str
    arguments: str
    summary: str


class Listing(NamedTuple):
    """What a file holds, and the digest of the bytes in which it was found."""

    digest: str
    found: tuple[Found, ...]


# Permission.


def allow(path: StrPath, listed: str | None = None) -> None:
    """Let the code of a file run in this process, as the file is now.

    Call it only after a person was told that this runs the file's code. With ``listed``, the
    digest of a `Listing`, it has to be what was listed then.

    Raises
    ------
    LoadError
        If the file cannot be read, or is not what was listed.
    """
    from lab.files.errors import LoadError

    resolved = Path(path).expanduser().resolve()
    digest = _digest(read_bytes(resolved, LARGEST))
    if listed is not None and digest != listed:
        what = "it has changed since its modules were listed"
        raise LoadError(path, what, None, "Look at it, and open it again")
    _allowed[resolved] = digest


def is_allowed(path: StrPath) -> bool:
    """Say whether a file may run: it was allowed, and is still the same."""
    from lab.files.errors import LoadError

    resolved = Path(path).expanduser().resolve()
    try:
        return _allowed.get(resolved) == _digest(read_bytes(resolved, LARGEST))
    except LoadError:
        return False


def forbid(path: StrPath) -> None:
    """Take a permission back."""
    _allowed.pop(Path(path).expanduser().resolve(), None)


def files_in(layers: Iterable[Part]) -> tuple[Path, ...]:
    """Return the files whose code a network runs, each once."""
    from lab.engine.experiment import nested
    from lab.engine.layers import LAYERS

    parts = (p for _, p in nested(tuple(layers)) if p.kind in LAYERS)
    own = (p.as_dict().get("path") for p in parts if LAYERS[p.kind].is_foreign)
    return tuple(dict.fromkeys(Path(path).expanduser().resolve() for path in own if path))


def permit(layers: Iterable[Part], run_code: bool) -> None:
    """Let the code run that a network names, or refuse it; for the command line.

    Raises
    ------
    ExperimentError
        If there is such code and ``run_code`` is not set.
    LoadError
        If a file cannot be read.
    """
    for path in files_in(layers):
        if not run_code:
            raise ExperimentError(
                f"layers: one of them runs code of {path}; look at that file, and allow it "
                "with --run-code if you trust it."
            )
        allow(path)


def require_own(layers: Sequence[Part], what: str) -> None:
    """Refuse a network with a foreign module where its code cannot go along.

    Raises
    ------
    ExperimentError
        Naming the file, and what it was for.
    """
    for path in files_in(layers):
        raise ExperimentError(f"format: a layer runs code of {path.name}; {what}.")


def content_of(options: Options) -> tuple[Path, str, bytes]:
    """Return the file of a layer, its digest and its very bytes, if they may run.

    Raises
    ------
    ExperimentError
        If they may not, or cannot be read.
    """
    path = _file_of(options)
    content = _read(path)
    digest = _digest(content)
    _require_allowed(path, digest)
    return path, digest, content


def digest_of(options: Options) -> tuple[Path, str]:
    """Return the file of a layer and its digest, if it may run; it is read only if it changed.

    Raises
    ------
    ExperimentError
        If it may not, or cannot be read.
    """
    path = _file_of(options)
    mark = _mark(path)
    if path not in _digests or _digests[path][0] != mark:
        _digests[path] = mark, _digest(_read(path))
    digest = _digests[path][1]
    _require_allowed(path, digest)
    return path, digest


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()  # reading it will say why
    return found.st_mtime_ns, found.st_size, found.st_ino


def _file_of(options: Options) -> Path:
    if not options["path"] or not options["name"]:
        raise ExperimentError("choose a Python file and a class in it.")
    return Path(options["path"]).expanduser().resolve()


def _read(path: Path) -> bytes:
    from lab.files.errors import LoadError

    try:
        return read_bytes(path, LARGEST)
    except LoadError as error:
        raise ExperimentError(str(error)) from None


def _require_allowed(path: Path, digest: str) -> None:
    if _allowed.get(path) != digest:
        changed = ", which has changed since" if path in _allowed else ""
        raise ExperimentError(f"it runs code of {path.name}{changed}: allow it first.")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# What a file holds, without running it.


def modules_in(path: StrPath) -> Listing:
    """Return the classes of a file that look like modules; nothing of it runs.

    Raises
    ------
    LoadError
        If it cannot be read, or is no Python.
    """
    from lab.files.errors import LoadError, reading

    with reading(path, "it is no Python"):
        content = read_bytes(path, LARGEST)
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            where = f"line {line}" if line else None
            raise LoadError(path, "it is no Python", where, "Mend it") from None
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    names: set[str] = set()
    for node in classes:  # in the order of the file, as Python itself needs it
        if any(_is_module(base, names) for base in node.bases):
            names.add(node.name)
    return Listing(_digest(content), tuple(_found(n) for n in classes if n.name in names))


def _is_module(base: ast.expr, known: set[str]) -> bool:
    last = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return last in known or last in {"Module", "Sequential"}


def _found(node: ast.ClassDef) -> Found:
    made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    arguments = ast.unparse(made[0].args).partition(", ")[2] if made else ""
    summary = (ast.get_docstring(node) or "").strip().split("\n")[0]
    return Found(node.name, arguments, summary)
