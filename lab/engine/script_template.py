"""A template whose lines stand or fall with what a run needs.

line  #? this that     kept if ``this`` and ``that`` hold; ``!this`` if it does not
#if this ... #end      the same for many lines
$name                  replaced; alone on a line, by any number of lines
"""

from __future__ import annotations

import re
from string import Template
from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Set

_LINE = re.compile(r"(?P<code>.*?)  #\? (?P<marks>.+)")
_BEGIN = re.compile(r"#if (?P<marks>.+)")
_ALONE = re.compile(r"(?P<indent> *)\$(?P<name>\w+)")


def filled(template: str, values: Mapping[str, str], on: Set[str]) -> str:
    """Return the template with its names replaced and without the lines that are not on.

    Raises
    ------
    KeyError
        For a name without a value.
    """
    text = "\n".join(line for kept in _kept(template, on) for line in _lines(kept, values))
    return re.sub(r"\n{4,}", "\n\n\n", text).strip() + "\n"


def _kept(template: str, on: Set[str]) -> Iterator[str]:
    is_block_on = True
    for line in template.splitlines():
        begin, marked = _BEGIN.fullmatch(line), _LINE.fullmatch(line)
        if begin or line == "#end":
            is_block_on = _holds(begin["marks"], on) if begin else True
        elif is_block_on and (marked is None or _holds(marked["marks"], on)):
            yield marked["code"] if marked else line


def _holds(marks: str, on: Set[str]) -> bool:
    return all((m[1:] not in on) if m[0] == "!" else (m in on) for m in marks.split())


def _lines(line: str, values: Mapping[str, str]) -> list[str]:
    alone = _ALONE.fullmatch(line)
    if alone:
        return indent(values[alone["name"]], alone["indent"]).splitlines()
    return [Template(line).substitute(values)]
