"""Modules of a person's own Python file as layers, once that file's code may run.

Nothing of a file runs before `allow` has been called with it in this process, and only the
very bytes that were allowed run: a file that has changed since has to be allowed anew. What a
file defines can be listed without running it. A module's forward pass is its own; no formula of
it is known here. Its ``nn.Dropout`` is replaced by the lab's, whose masks a run can repeat.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from lab.engine.kinds import ExperimentError, Parameter
from lab.engine.layer_kinds import LayerKind, Options
from lab.engine.lazy import LazyModule
from lab.engine.seeds import drawing
from lab.files.sources import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import torch
    from torch import nn

    from lab.engine import foreign_module
    from lab.engine.experiment import Part
    from lab.engine.shapes import Shape
    from lab.files.errors import StrPath
else:
    torch = LazyModule("torch")
    foreign_module = LazyModule("lab.engine.foreign_module")

LARGEST = 4 * 2**20
"""Bytes of a Python file."""
ROWS = 2
"""Samples that a module is tried with, to learn its shapes."""
_allowed: dict[Path, str] = {}
_spaces: dict[str, ModuleType] = {}


class Found(NamedTuple):
    """A class that looks like a module: its name, what its constructor takes, its docstring."""

    name: str
    arguments: str
    summary: str


class Facts(NamedTuple):
    """What was learned of a module by building it once."""

    shape: Shape
    parameters: int


# Permission.


def allow(path: StrPath) -> None:
    """Let the code of a file run in this process, as the file is now.

    Call it only after a person was told that this runs the file's code.

    Raises
    ------
    LoadError
        If the file cannot be read.
    """
    resolved = Path(path).expanduser().resolve()
    _allowed[resolved] = _digest(read_bytes(resolved, LARGEST))


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


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# What a file holds, without running it.


def modules_in(path: StrPath) -> tuple[Found, ...]:
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
    return tuple(_found(node) for node in classes if node.name in names)


def _is_module(base: ast.expr, known: set[str]) -> bool:
    last = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    return last in known or last in {"Module", "Sequential"}


def _found(node: ast.ClassDef) -> Found:
    made = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    arguments = ast.unparse(made[0].args).partition(", ")[2] if made else ""
    summary = (ast.get_docstring(node) or "").strip().split("\n")[0]
    return Found(node.name, arguments, summary)


# Building.


def arguments_in(text: str) -> dict[str, Any]:
    """Return what stands in ``width=16, bias=True``: names and literals.

    Raises
    ------
    ExperimentError
        If there is anything else: nothing of it is evaluated.
    """
    try:
        call = ast.parse(f"_({text})", mode="eval").body
        assert isinstance(call, ast.Call)
        if call.args or not isinstance(call.func, ast.Name):
            raise ValueError
        return {str(k.arg): ast.literal_eval(k.value) for k in call.keywords if k.arg or _no()}
    except (SyntaxError, ValueError, AssertionError, RecursionError, MemoryError):
        raise ExperimentError(
            f"arguments: wanted names with plain values such as width=16, got {text[:80]!r}."
        ) from None


def _no() -> bool:
    raise ValueError


def _content(options: Options) -> tuple[Path, str, bytes]:
    """Return the file, its digest and its very bytes, if they may run."""
    from lab.files.errors import LoadError

    if not options["path"] or not options["name"]:
        raise ExperimentError("choose a Python file and a class in it.")
    path = Path(options["path"]).expanduser().resolve()
    try:
        content = read_bytes(path, LARGEST)
    except LoadError as error:
        raise ExperimentError(str(error)) from None
    digest = _digest(content)
    if _allowed.get(path) != digest:
        changed = ", which has changed since" if path in _allowed else ""
        raise ExperimentError(f"it runs code of {path.name}{changed}: allow it first.")
    return path, digest, content


def build(options: Options) -> nn.Module:
    """Return the module, with weights of its own making.

    Raises
    ------
    ExperimentError
        If the file was not allowed, has changed, or fails.
    """
    path, digest, content = _content(options)
    arguments = arguments_in(options["arguments"])
    with _told(path, f"{options['name']} cannot be built"):
        space = _space(path, digest, content)
        made = getattr(space, options["name"], None)
        if not isinstance(made, type) or not issubclass(made, torch.nn.Module):
            raise ExperimentError(f"{path.name} has no module {options['name']!r}.")
        return foreign_module.Foreign(made(**arguments))


def _space(path: Path, digest: str, content: bytes) -> ModuleType:
    """Run a file, once for its bytes, and return what it defines."""
    name = f"nabla_foreign_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}_{digest[:16]}"
    if name not in _spaces:
        space = ModuleType(name)
        space.__file__ = str(path)
        sys.modules[name] = space
        try:
            exec(compile(content, str(path), "exec"), space.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        _spaces[name] = space
    return _spaces[name]


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Make a sentence of whatever a person's code raises."""
    try:
        yield
    except (ExperimentError, KeyboardInterrupt):
        raise
    except (Exception, SystemExit) as error:
        said = str(error).strip().split("\n")[0][:200] or "no reason given"
        line = _line_in(path, error)
        raise ExperimentError(
            f"{path.name}: {what}: {type(error).__name__}{line}: {said.rstrip('.')}."
        ) from None


def _line_in(path: Path, error: BaseException) -> str:
    lines, frame = [], error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == str(path):
            lines.append(frame.tb_lineno)
        frame = frame.tb_next
    return f" in line {lines[-1]}" if lines else ""


# Shapes, learned once.


def facts(options: Options, shape: Shape) -> Facts:
    """Return what a module makes of a sample's shape, and how many parameters it has.

    It is built once, without memory if it can be, and tried with two samples.

    Raises
    ------
    ExperimentError
        If the file was not allowed, or the module cannot take such samples.
    """
    path, digest, _ = _content(options)
    return _facts(str(path), digest, options["name"], options["arguments"], shape)


@lru_cache(maxsize=256)
def _facts(path: str, digest: str, name: str, arguments: str, shape: Shape) -> Facts:
    options = {"path": path, "name": name, "arguments": arguments}
    what = f"{name} cannot take {ROWS}×{'×'.join(map(str, shape))}"
    with drawing(0), torch.no_grad():
        try:
            with torch.device("meta"):
                made = build(options)
                out = made(torch.empty(ROWS, *shape))
        except (
            Exception,
            SystemExit,
        ):  # not all code can do without numbers; then it is tried with some
            with _told(Path(path), what):
                made = build(options)
                out = made(torch.zeros(ROWS, *shape))
    return _judged(Path(path), name, made, out)


def _judged(path: Path, name: str, made: nn.Module, out: Any) -> Facts:
    if not isinstance(out, torch.Tensor) or out.ndim < 2 or out.shape[0] != ROWS:
        got = f"a tensor {tuple(out.shape)}" if isinstance(out, torch.Tensor) else type(out)
        raise ExperimentError(
            f"{path.name}: {name} has to give a row for each sample, got {got} for {ROWS}."
        )
    if any(not p.is_floating_point() for p in made.parameters()):
        raise ExperimentError(f"{path.name}: {name} has weights that are no real numbers.")
    return Facts(tuple(out.shape[1:]), sum(p.numel() for p in made.parameters()))


MODULE = LayerKind(
    "module",
    "Module of a file",
    "A torch module that a person's own Python file defines; it runs that file's code.",
    (
        Parameter("path", "", "the Python file"),
        Parameter("name", "", "a class in it"),
        Parameter("arguments", "", "what its constructor gets, such as width=16"),
    ),
    shape=lambda o, s: facts(o, s).shape,
    build=lambda o, s: build(o),
    weights=lambda o, s: facts(o, s).parameters,
    has_modes=True,
    is_foreign=True,
)
