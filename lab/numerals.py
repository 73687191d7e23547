"""Numbers as text, and text as numbers: the same in every locale.

Why not Python's own ``float``: it reads ``nan``, ``inf``, ``1_000`` and digits of other
scripts, none of which a person means by a learning rate.
"""

from __future__ import annotations

import math
import re

MINUS = "\N{MINUS SIGN}"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)


def shown(value: float, digits: int = 4) -> str:
    """A number for the eye: significant digits, a true minus sign, no padding.

    >>> shown(-0.0001234567), shown(1200000.0), shown(0.1 + 0.2)
    ('\u22120.0001235', '1.2e6', '0.3')
    """
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return f"{MINUS if value < 0 else ''}\N{INFINITY}"
    return plain(value, digits).replace("-", MINUS)


def plain(value: float, digits: int = 6) -> str:
    """The same as ``shown`` in ASCII, so that it can be pasted into a program."""
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return "0" if text == "-0" else text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def number(text: str) -> float | None:
    """The finite number that a text says, or None.

    A true minus sign, spaces around and a decimal comma without any point are understood;
    ``nan``, ``inf``, ``1e999``, ``1_000`` and digits of other scripts are not numbers.
    """
    cleaned = text.strip().replace(MINUS, "-")
    if cleaned.count(",") == 1 and "." not in cleaned:
        cleaned = cleaned.replace(",", ".")
    if len(cleaned) > 64 or not _NUMBER.fullmatch(cleaned):
        return None
    value = float(cleaned)
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """The whole number that a text says, or None; ``1e4`` and ``32.0`` are whole too."""
    cleaned = text.strip().replace(MINUS, "-")
    if len(cleaned) <= 64 and _WHOLE.fullmatch(cleaned):
        return int(cleaned)
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None


def in_bytes(size: float) -> str:
    """A size as people say it: ``1.5 MB``, by thousands."""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.3g} GB"
