"""The learned numbers of a layer, two by two: a weight, and the bias that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TITLES = {"_ih": "of token", "_hh": "of state"}
ORDER = ("", "query.", "key.", "value.", "out.", "_ih", "_hh")
"""What is left of a name without ``weight`` or ``bias``, in the order of computing."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parameters that stand in one row, by column, and what tells them from others."""

    title: str
    names: dict[str, str]


def groups(learned: Iterable[str]) -> tuple[Group, ...]:
    """Return parameters two by two: a weight under W, the bias that goes with it under b."""
    found: dict[str, dict[str, str]] = {}
    for name in learned:
        is_bias = "bias" in name
        stem = name.replace("bias" if is_bias else "weight", "")
        found.setdefault(stem, {})["b" if is_bias else "W"] = name
    return tuple(
        Group(TITLES.get(stem, stem.strip("._")), dict(sorted(names.items())))
        for stem, names in sorted(found.items(), key=lambda item: _place(item[0]))
    )


def _place(stem: str) -> int:
    """Return where parameters come in the order of computing; unknown ones stay as they are."""
    return ORDER.index(stem) if stem in ORDER else len(ORDER)
