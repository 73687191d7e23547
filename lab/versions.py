"""What is installed, and which of it is known to break: read from metadata, nothing imported.

Each rule was seen to happen on this very stack; it says what, and what to install instead.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Version = tuple[int, ...]

PACKAGES = {
    "PySide6": ("PySide6-Essentials", "PySide6"),
    "pyqtgraph": ("pyqtgraph",),
    "torch": ("torch",),
    "numpy": ("numpy",),
    "scikit-learn": ("scikit-learn",),
    "pydantic": ("pydantic",),
    "safetensors": ("safetensors",),
    "onnx": ("onnx",),
    "transformers": ("transformers",),
}
"""Names for people, and the distributions that may hold them."""

NEEDED = ("torch", "numpy", "scikit-learn", "pydantic", "safetensors")
FOR_THE_WINDOW = ("PySide6", "pyqtgraph")


@dataclass(frozen=True, slots=True)
class BadPair:
    """A package that must not be used, from its version and that of Python."""

    package: str
    is_bad: Callable[[Version, Version], bool]
    sentence: str


BAD_PAIRS = (
    BadPair(
        "PySide6",
        lambda found, python: found == (6, 12, 0) and python < (3, 12),
        "aborts on Python {python} within seconds of a live plot; install PySide6-Essentials "
        "6.9.3, or use Python 3.12.",
    ),
    BadPair(
        "PySide6",
        lambda found, python: found == (6, 9, 1),
        "is refused by pyqtgraph for its faults; install PySide6-Essentials 6.9.3.",
    ),
    BadPair(
        "PySide6",
        lambda found, python: found >= (6, 10),
        "can crash the plot after a damaged picture; install PySide6-Essentials 6.9.3.",
    ),
    BadPair(
        "torch",
        lambda found, python: found < (2, 10),
        "can be made to run code by a weights file; install torch 2.10 or newer.",
    ),
    BadPair(
        "safetensors",
        lambda found, python: found < (0, 8),
        "can empty a file that is saved over itself; install safetensors 0.8 or newer.",
    ),
)


def installed(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the version of each of the packages that is installed."""
    found = ((name, _version(PACKAGES[name])) for name in names)
    return {name: number for name, number in found if number}


def _version(distributions: tuple[str, ...]) -> str:
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def known_bad_pairs() -> list[str]:
    """Return a sentence for each installed package that is known to break here."""
    concerned = {pair.package for pair in BAD_PAIRS}
    return bad_pairs(installed(concerned), tuple(sys.version_info[:3]))


def bad_pairs(found: Mapping[str, str], python: Version) -> list[str]:
    """Return a sentence for each package of a set that is known to break with a Python."""
    running = ".".join(map(str, python[:2]))
    sentences: dict[str, str] = {}
    for pair in BAD_PAIRS:
        number = found.get(pair.package, "")
        if number and pair.package not in sentences and pair.is_bad(parsed(number), python):
            text = pair.sentence.format(python=running)
            sentences[pair.package] = f"{pair.package} {number} {text}"
    return list(sentences.values())


def parsed(number: str) -> Version:
    """Return the numbers of a release: ``2.13.0+cpu`` is (2, 13, 0)."""
    found = re.match(r"\d+(\.\d+)*", number)
    return tuple(map(int, found[0].split("."))) if found else ()
