"""What can be said of one number of an iteration: its formula, worked with the numbers.

Data only: `lab.maths.worked_forward` and its neighbours write them, the engine proves them, the
command line prints them and the inspector draws them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lab.maths.activations import Array

PRIME = "\N{PRIME}"

LOSS = "loss"
"""What stands for the layer's name where the loss is meant."""
MOST_TERMS = 6
"""So many terms of a long sum are told one by one, the largest; the others in one number."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a sum: what it is of, what is multiplied, and the product."""

    label: str
    factors: tuple[float, ...]
    value: float


@dataclass(frozen=True, slots=True)
class Entering:
    """Numbers that enter a formula: a tensor of a layer, and places in it, row by row."""

    layer: str
    tensor: str
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """The right side of a formula in LaTeX, the same with numbers put in, and its value.

    ``value`` is ``factor`` times the sum of the terms, where there are any; ``columns`` heads
    their labels, factors and products.
    """

    latex: str
    numbers: str
    value: float
    terms: tuple[Term, ...] = ()
    columns: tuple[str, ...] = ()
    enters: tuple[Entering, ...] = ()
    factor: float = 1.0

    @property
    def total(self) -> float:
        """The sum of all terms."""
        return math.fsum(term.value for term in self.terms)


@dataclass(frozen=True, slots=True)
class Check:
    """Another way to the same number, and how far it is from the formula's.

    ``error`` is │formula − other│ / │other│; ``is_good`` says whether the difference is within
    what the digits of this tensor allow, None where nothing is promised.
    """

    words: str
    value: float
    error: float
    is_good: bool | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One number questioned: what it is, how it comes about, and two independent proofs.

    ``checks`` belong to the number; ``slope_checks`` to the derivative of the loss by it,
    ``slope``, where the number itself is none (``slope_title`` says which derivative it is,
    ``slope_words`` how it was found). ``notes`` are sentences.
    ``worked`` is what the formula that is told gives.
    """

    title: str
    symbol: str
    latex: str
    numbers: str
    value: float
    terms: tuple[Term, ...] = ()
    columns: tuple[str, ...] = ()
    enters: tuple[Entering, ...] = ()
    factor: float = 1.0
    total: float = math.nan
    worked: float | None = None
    checks: tuple[Check, ...] = ()
    slope: float | None = None
    slope_title: str = "Derivative of the loss by it"
    slope_words: str = "Formula"
    slope_checks: tuple[Check, ...] = ()
    notes: tuple[str, ...] = ()

    def largest(self, most: int = MOST_TERMS) -> tuple[tuple[Term, ...], float, int]:
        """Return the largest terms, largest first, and the sum and number of the others."""
        if len(self.terms) <= most + 1:
            ordered = sorted(self.terms, key=_size) if len(self.terms) > most else self.terms
            return tuple(ordered), 0.0, 0
        ordered = sorted(self.terms, key=_size)
        rest = ordered[most:]
        return tuple(ordered[:most]), math.fsum(t.value for t in rest), len(rest)

    @property
    def sum_error(self) -> float:
        """How far the terms, added up, are from the number; NaN without terms."""
        if not self.terms:
            return math.nan
        return error_of(self.factor * self.total, self.value)

    @property
    def is_proven(self) -> bool:
        """Whether no check speaks against it."""
        checks = (*self.checks, *self.slope_checks)
        return all(check.is_good is not False for check in checks)


def _size(term: Term) -> float:
    return -abs(term.value)


@dataclass(frozen=True, slots=True, eq=False)
class Local:
    """What a formula may know: one layer, what passed it, and what it is called.

    Arrays are (N, ...) of the N samples in the pass; ``row`` is the sample that is meant.
    ``own`` and ``before`` are the upper indices of what the layer gives and takes, such as
    ``2.1``; what has none before it takes x.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    weights: Mapping[str, Array]
    a: Array
    z: Array
    d_a: Array
    d_z: Array
    row: int = 0
    own: str = "1"
    before: str = ""


def error_of(found: float, wanted: float) -> float:
    """Return │a − b│ / │b│; 0 where both are the same, infinite where only b is zero."""
    if found == wanted:
        return 0.0
    return abs(found - wanted) / abs(wanted) if wanted else math.inf


# LaTeX.


def indexed(letter: str, index: str = "", layer: str = "") -> str:
    """Return a letter with a lower index and the layer above: ``W_{2,1}^{(3)}``."""
    lower = f"_{{{index}}}" if index else ""
    upper = f"^{{({layer.replace(PRIME, chr(39))})}}" if layer else ""
    return f"{letter}{lower}{upper}"


def entering(index: str, layer: str) -> str:
    """Return what comes in from a layer: ``a_j``, or ``x_j`` of the input."""
    return indexed("a", index, layer) if layer else indexed("x", index)


def put(value: float, digits: int = 4) -> str:
    r"""Return a number in LaTeX: ``-0.5071``, ``1.2\times 10^{-7}``."""
    if not math.isfinite(value):
        return r"\mathrm{undefined}" if math.isnan(value) else r"\infty"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return rf"{mantissa}\times 10^{{{int(exponent)}}}"


def bracketed(value: float, digits: int = 4) -> str:
    """Return a number that may stand behind a sign: a negative one in brackets."""
    text = put(value, digits)
    return f"({text})" if value < 0 or "times" in text else text


def product(values: Iterable[float]) -> str:
    """Return numbers multiplied."""
    return r" \cdot ".join(bracketed(v) for v in values)


def added(terms: Sequence[Term], most: int = 3) -> str:
    """Return the first terms of a sum with their numbers put in."""
    told = [product(t.factors) if t.factors else bracketed(t.value) for t in terms[:most]]
    return " + ".join(told) + (r" + \cdots" if len(terms) > most else "")


def summed(
    latex: str, terms: Sequence[Term], columns: tuple[str, ...], enters: Iterable[Entering]
) -> Worked:
    """Return a worked sum."""
    value = math.fsum(t.value for t in terms)
    return Worked(latex, added(terms), value, tuple(terms), columns, tuple(enters))
