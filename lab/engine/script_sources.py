"""The very source of what the engine runs, made ready to stand in a script.

Why: a formula written a second time for the script would drift from the first; carried over,
the two cannot differ.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError
from lab.engine.literals import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Defined = Any  # a function or a class
EVERYWHERE = frozenset({"seed_of"})
"""What every script begins with, so that it is carried only when asked for by name."""

_SHORTER = (
    (re.compile(r"\bSamples\b"), "tuple[Array, Array]"),
    (re.compile(r"\b(FloatArray|IntArray|npt\.NDArray\[np\.\w+\])"), "Array"),
    (re.compile(r"  # (type: ignore|noqa).*"), ""),
)


def carried(*wanted: Defined) -> str:
    """Return the source of functions and classes, and of what they call in their modules.

    Annotations that only the engine knows are replaced by ``Array``.
    """
    found: dict[str, str] = {}
    for thing in wanted:
        _collect(thing, found)
    return "\n\n\n".join(found.values())


def _collect(thing: Defined, found: dict[str, str]) -> None:
    if thing.__name__ in found:
        return
    source = _source(thing)
    for called in _called(thing, source):
        if called.__name__ not in EVERYWHERE:
            _collect(called, found)
    for pattern, shorter in _SHORTER:
        source = pattern.sub(shorter, source)
    found[thing.__name__] = source


def _source(thing: Defined) -> str:
    """Return the source of a function or class.

    Raises
    ------
    ExperimentError
        If its file is another than the one that runs, as after an update meanwhile.
    """
    source = inspect.getsource(thing).rstrip()
    if not re.match(rf"(def|class) {thing.__name__}\b", source):
        raise ExperimentError(
            "format: the files of Nabla have changed since it was started; start it again."
        )
    return source


def _called(thing: Defined, source: str) -> Iterable[Defined]:
    """Return what the source names of the same package, in the order of its names."""
    there = vars(sys.modules[thing.__module__])
    names = (n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name))
    for name in dict.fromkeys(names):
        value = there.get(name)
        is_code = inspect.isfunction(value) or inspect.isclass(value)
        if is_code and name != thing.__name__ and value.__module__.startswith("lab."):
            yield value


def renamed(formula: Callable[..., Any], name: str, options: Mapping[str, Any]) -> str:
    """Return the source of a function under another name, with options as its defaults."""
    source = carried(formula).replace(f"def {formula.__name__}(", f"def {name}(", 1)
    for option, value in options.items():
        source = re.sub(rf"\b({option}: \w+)", rf"\1 = {literal(value)}", source, count=1)
    return source
