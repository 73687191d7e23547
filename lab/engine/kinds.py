"""What every table of the engine is made of: kinds of things and the parameters they take.

A kind (an optimizer, a layer, a dataset) is one entry in one table. Its parameters carry
their range, default and meaning, so that validation, forms, command line, documentation and
tests all read the same line.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = bool | int | float | str | tuple[Any, ...] | None
"""What an option may hold: tuples may nest (drawn points are a tuple of tuples)."""


class ExperimentError(ValueError):
    """What was asked for cannot be done; the text is one sentence for a person."""


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100
_SHORT.maxlong = 30


def shown(value: object) -> str:
    """Return a value as a message shows it: cut where it is long or deep."""
    try:
        return _SHORT.repr(value)
    except ValueError:  # an integer of more digits than Python writes out
        return "a number of thousands of digits"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One option of a kind.

    ``low`` and ``high`` are inclusive unless ``open_low``/``open_high`` say otherwise. The
    type of ``default`` is the type wanted; ``optional`` lets None through, and ``choices``
    closes the set; ``wants`` names the type where the default is None. ``live`` says that it
    may change while training runs; a layer's is an attribute of its module, of the same name.
    """

    name: str
    default: Value
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    live: bool = False
    symbol: str = ""
    wants: type | None = None

    def checked(self, value: Any, where: str) -> Value:
        """Return ``value`` in the wanted type.

        Raises
        ------
        ExperimentError
            Naming ``where``, what was wanted and what came.
        """
        label = f"{where}.{self.name}"
        if value is None and (self.optional or self.default is None):
            return None
        if self.value_type is bool:
            return _boolean(label, value)
        if self.value_type is str:
            return self._text(label, value)
        if self.value_type is tuple:
            return _listed(label, value)
        return self._number(label, value)

    def _text(self, label: str, value: Any) -> str:
        if not isinstance(value, str) or (self.choices and value not in self.choices):
            wanted = " or ".join(self.choices) or "a text"
            raise ExperimentError(f"{label}: wanted {wanted}, got {shown(value)}.")
        return value

    def _number(self, label: str, value: Any) -> int | float:
        whole = self.is_whole
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExperimentError(f"{label}: wanted a number, got {shown(value)}.")
        if isinstance(value, int) and abs(value) >= 2**63:
            raise ExperimentError(f"{label}: wanted {self.range_in_words}, got {shown(value)}.")
        if not math.isfinite(value):
            raise ExperimentError(f"{label}: wanted a finite number, got {shown(value)}.")
        if whole and value != int(value):
            raise ExperimentError(f"{label}: wanted a whole number, got {shown(value)}.")
        if not self._inside(value):
            raise ExperimentError(f"{label}: wanted {self.range_in_words}, got {shown(value)}.")
        return int(value) if whole else float(value)

    @property
    def value_type(self) -> type:
        """What a value has to be."""
        found: type = self.wants or type(self.default)
        return found

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers will do."""
        return self.value_type is int

    def _inside(self, value: float) -> bool:
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below

    @property
    def range_in_words(self) -> str:
        """The permitted range, for instance ``more than 0 and at most 1``."""
        parts = []
        if self.low > -math.inf:
            parts.append(f"{'more than' if self.open_low else 'at least'} {self.low:g}")
        if self.high < math.inf:
            parts.append(f"{'less than' if self.open_high else 'at most'} {self.high:g}")
        return " and ".join(parts) or "any number"


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of a table: its name in files, its name for people, what it takes."""

    name: str
    title: str
    summary: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def live_options(self) -> tuple[str, ...]:
        """The names of the options that may change while training runs."""
        return tuple(p.name for p in self.parameters if p.live)

    def complete(self, given: Mapping[str, Any], where: str) -> tuple[tuple[str, Value], ...]:
        """Check the options given, and fill in the defaults of the rest.

        Raises
        ------
        ExperimentError
            For an option this kind does not have, or one out of its range.
        """
        known = {p.name: p for p in self.parameters}
        for name in given:
            if name not in known:
                has = ", ".join(known) or "none"
                raise ExperimentError(
                    f"{where}: {self.name} has no option {name!r} (it has: {has})."
                )
        return tuple((n, p.checked(given.get(n, p.default), where)) for n, p in known.items())


def find(table: Mapping[str, Any], name: str, where: str) -> Any:
    """Return the entry of a table.

    Raises
    ------
    ExperimentError
        If there is none, with the names there are.
    """
    if name not in table:
        raise ExperimentError(
            f"{where}: {name!r} is not known; choose from {', '.join(table)}."
        )
    return table[name]


def _boolean(label: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ExperimentError(f"{label}: wanted true or false, got {shown(value)}.")
    return value


def _listed(label: str, value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ExperimentError(f"{label}: wanted a list, got {shown(value)}.")
    try:
        return tuple(map(_frozen, value))
    except RecursionError:
        raise ExperimentError(f"{label}: lists within lists are too deep.") from None


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
