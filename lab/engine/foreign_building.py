"""Modules of a person's own Python file as layers, once that file's code may run.

What may run `lab.engine.foreign` says. A module's forward pass is its own; no formula of it is
known here. Its ``nn.Dropout`` is replaced by the lab's, whose masks a run can repeat.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from threading import Lock, current_thread, main_thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from lab.engine.foreign import content_of, digest_of
from lab.engine.kinds import ExperimentError, Parameter
from lab.engine.layer_kinds import LayerKind, Options
from lab.engine.lazy import LazyModule
from lab.engine.seeds import drawing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch
    from torch import nn

    from lab.engine import foreign_module
    from lab.engine.shapes import Shape
else:
    torch = LazyModule("torch")
    foreign_module = LazyModule("lab.engine.foreign_module")

ROWS = 2
"""Samples that a module is tried with, to learn its shapes."""
MOST_KNOWN = 4096
"""Modules and shapes of samples of which is kept what came of them."""
BEING_FOUND = "its shape is being found"


class Facts(NamedTuple):
    """What was learned of a module by building it once."""

    shape: Shape
    parameters: int


class Asked(NamedTuple):
    """What facts are about: a class in the bytes of a file, and the shape of a sample."""

    path: str
    digest: str
    name: str
    arguments: str
    shape: Shape


_spaces: dict[str, ModuleType] = {}
_keeping = Lock()
_known: dict[Asked, Facts | str] = {}
"""Facts, or the sentence that says why there are none."""
_missing: ContextVar[list[Asked] | None] = ContextVar("missing", default=None)


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
        is_unpacked = any(keyword.arg is None for keyword in call.keywords)
        if call.args or is_unpacked or not isinstance(call.func, ast.Name):
            raise ValueError
        return {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError, AssertionError, RecursionError, MemoryError):
        raise ExperimentError(
            f"arguments: wanted names with plain values such as width=16, got {text[:80]!r}."
        ) from None


def build(options: Options) -> nn.Module:
    """Return the module, with weights of its own making.

    Raises
    ------
    ExperimentError
        If the file was not allowed, has changed, or fails.
    """
    path, digest, content = content_of(options)
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
    except ExperimentError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and current_thread() is main_thread():
            raise  # a person's; in any other thread it is that of the code
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

    It is built once, without memory if it can be, and tried with two samples; within
    `only_known` nothing of it runs.

    Raises
    ------
    ExperimentError
        If the file was not allowed, or the module cannot take such samples.
    """
    path, digest = digest_of(options)
    asked = Asked(str(path), digest, options["name"], options["arguments"], tuple(shape))
    missing = _missing.get()
    found = _known.get(asked) if missing is not None else _found(asked)
    if found is None:
        assert missing is not None
        missing.append(asked)
        raise ExperimentError(f"{BEING_FOUND}.")
    if isinstance(found, str):
        raise ExperimentError(found)
    return found


@contextmanager
def only_known() -> Iterator[list[Asked]]:
    """Run no code of a person within: what is not known yet is listed, see `find`.

    The window judges networks so, as code of which nobody knows how long it takes would keep
    it from answering.
    """
    missing: list[Asked] = []
    before = _missing.set(missing)
    try:
        yield missing
    finally:
        _missing.reset(before)


def find(missing: Sequence[Asked]) -> None:
    """Find what was missing, however long it takes; what fails is known then, too."""
    for asked in missing:
        _found(asked)


def _found(asked: Asked) -> Facts | str:
    """Return what is known, or try it: what failed once may not fail again."""
    known = _known.get(asked)
    if isinstance(known, Facts):
        return known
    try:
        known = _tried(asked)
    except ExperimentError as error:
        known = str(error)
    with _keeping:
        while len(_known) >= MOST_KNOWN:
            del _known[next(iter(_known))]
        _known[asked] = known
    return known


def _tried(asked: Asked) -> Facts:
    options = {"path": asked.path, "name": asked.name, "arguments": asked.arguments}
    what = f"{asked.name} cannot take {ROWS}×{'×'.join(map(str, asked.shape))}"
    with _told(Path(asked.path), what), torch.no_grad():
        try:
            with torch.device("meta"):
                with drawing(0):
                    made = build(options)
                with foreign_module.sharing():  # it may never end, and others have to draw
                    out = made(torch.empty(ROWS, *asked.shape))
        except (Exception, SystemExit):  # not all code can do without numbers
            with drawing(0):
                made = build(options)
                out = made(torch.zeros(ROWS, *asked.shape))
    return _judged(Path(asked.path), asked.name, made, out)


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
