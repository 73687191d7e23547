"""Values written as Python, as a person would lay them out."""

from __future__ import annotations

import json
import textwrap
from typing import Any

WIDTH = 92


class Code(str):
    """A text that stands in the script as it is, such as the name of a function."""

    __slots__ = ()


def literal(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return a value as Python code, broken into lines where one would be too long.

    Parameters
    ----------
    value
        Numbers, texts, None, code, and tuples and dicts of such.
    indent : int
        How far in the line begins on which the value stands.
    taken : int
        Columns of that line which are taken already.
    """
    one_line = _one_line(value)
    if taken + len(one_line) < WIDTH or not isinstance(value, dict | tuple):
        return one_line
    if isinstance(value, dict):
        entries = [(f"{_one_line(k)}: ", v) for k, v in value.items()]
    else:
        entries = [("", v) for v in value]
    inner = indent + 4
    lines = [f"{' ' * inner}{k}{literal(v, inner, inner + len(k))}," for k, v in entries]
    opening, closing = "{}" if isinstance(value, dict) else "()"
    return "\n".join([opening, *lines, " " * indent + closing])


def _one_line(value: Any) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_one_line(k)}: {_one_line(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, tuple):
        inner = ", ".join(map(_one_line, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)


def rows(table: tuple[tuple[float, ...], ...]) -> str:
    """Return the rows of a table as a list, as many in a line as fit."""
    whole = ", ".join(_one_line(row).replace(" ", "\0") for row in table)
    lines = textwrap.wrap(
        whole, WIDTH - 5, break_long_words=False, break_on_hyphens=False
    )  # 4 for the indent, 1 for the last comma
    filled = textwrap.indent("\n".join(lines), "    ")
    return "[\n" + filled.replace("\0", " ") + ",\n]"


def keywords(options: dict[str, Any]) -> str:
    """Return options as the end of a call's arguments: ``, floor=0.1``."""
    return "".join(f", {name}={_one_line(value)}" for name, value in options.items())


def wrapped(head: str, arguments: str) -> str:
    """Return a call, its arguments on a line of their own where it would be too long."""
    if len(head) + len(arguments) + 6 <= WIDTH:
        return f"{head}({arguments})"
    return f"{head}(\n    {arguments}\n)"
