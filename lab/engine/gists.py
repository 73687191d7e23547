"""Few words for what does not fit: what stands on an edge that is drawn red.

The sentences are those of the engine; here their gist is taken out of them, so that whoever
writes a new check need not know that it will be drawn. What is not known says ``does not fit``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.engine.shapes import Shape

_SHORTER = (
    (re.compile(r"a window of (\d+) does not fit into (\d+)"), r"\1 > \2"),
    (re.compile(r"wanted features, got ([\d×]+)"), r"\1 ≠ features"),
    (re.compile(r"wanted an image .*got (\d+) features"), r"\1 ≠ image"),
    (re.compile(r"wanted an image .*got ([\d×]+)"), r"\1 ≠ image"),
    (re.compile(r"wanted a sequence .*got (\d+) features"), r"\1 ≠ sequence"),
    (re.compile(r"wanted a sequence .*got ([\d×]+)"), r"\1 ≠ sequence"),
    (re.compile(r"got the sequence ([\d×]+)"), r"\1 ≠ features"),
    (re.compile(r"([\d×]+) is a sequence already"), r"\1: a sequence"),
    (re.compile(r"runs code of ([^:,]+)[:,]"), r"runs \1"),
    (re.compile(r"shape is being found"), "being found"),
    (re.compile(r"(\d+) heads cannot share (\d+)"), r"\1 ∤ \2"),
    (re.compile(r"wanted (\d+) (?:features|values)\b.*got (\d+)"), r"\2 ≠ \1"),
)
_OF_ITSELF = re.compile(r"window|heads|allow it first|being found")


def is_of_itself(text: str) -> bool:
    """Say whether a layer is at fault, and not what comes in."""
    return bool(_OF_ITSELF.search(text))


def of_error(text: str) -> str:
    """Return the gist of an error of a shape."""
    for pattern, short in _SHORTER:
        found = pattern.search(text)
        if found:
            return found.expand(short)
    return "does not fit"


def of_option(text: str) -> str:
    """Return ``p = 1.5`` of a sentence such as ``layers.0.p: wanted ..., got 1.5.``."""
    label, _, rest = text.partition(": ")
    got = rest.rpartition("got ")[2].rstrip(".")
    return f"{label.rpartition('.')[2]} = {got}" if "got " in rest else "option"


def unequal(found: Shape, wanted: Shape) -> str:
    """Return ``4 ≠ 5`` of two shapes."""
    return f"{_plain(found)} ≠ {_plain(wanted)}"


def _plain(shape: Shape) -> str:
    return "×".join(map(str, shape))
