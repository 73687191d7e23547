"""The two palettes: every colour of the window has its name here.

Text on ground reaches 7 : 1, secondary text 4.5 : 1, lines that carry data 3 : 1, in the
measure of WCAG 2.1. Series are Okabe and Ito's colours; where one of them is too pale for a
white ground, or too dark for a dark one, a shade of the same hue stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Named colours as ``#RRGGBB``.

    ``series`` belongs to curves, ``classes`` to labels (class A is blue and B orange, as the
    sign of the logit difference); ``signed`` holds the stops of the signed map, from the
    least value over zero, which has the ground's own colour, to the greatest.
    """

    name: str
    window: str
    base: str
    field: str
    text: str
    secondary: str
    line: str
    hover: str
    accent: str
    accent_fill: str
    accent_text: str
    on_accent: str
    good: str
    warning: str
    error: str
    mask: str
    series: tuple[str, ...]
    classes: tuple[str, ...]
    signed: tuple[str, ...]

    @property
    def is_dark(self) -> bool:
        """Whether the ground is darker than the text."""
        return luminance(self.base) < luminance(self.text)


LIGHT = Palette(
    name="light",
    window="#F6F7F9",
    base="#FFFFFF",
    field="#FFFFFF",
    text="#1B1F24",
    secondary="#5B6570",
    line="#D5DAE0",
    hover="#EDF0F3",
    accent="#2F6FDE",
    accent_fill="#EAF0FC",
    accent_text="#1F55B5",
    on_accent="#FFFFFF",
    good="#007A58",
    warning="#8F5600",
    error="#B3261E",
    mask="#B9BFC6",
    series=("#0072B2", "#C27C00", "#008F68", "#D55E00", "#B85C92", "#2A93CF"),
    classes=(
        "#0072B2",
        "#B35A00",
        "#008F68",
        "#B85C92",
        "#5B4BB5",
        "#2A93CF",
        "#8A6D00",
        "#A03030",
        "#4F7A28",
        "#606A75",
    ),
    signed=(
        "#083A75",
        "#1A5E9E",
        "#2D80C5",
        "#93BEE1",
        "#FFFFFF",
        "#F6CAA1",
        "#EE9441",
        "#C66820",
        "#983800",
    ),
)

DARK = Palette(
    name="dark",
    window="#1B1E23",
    base="#22262C",
    field="#1B1E23",
    text="#E8EBEF",
    secondary="#9AA4AF",
    line="#3A414A",
    hover="#2C3138",
    accent="#6CA0FF",
    accent_fill="#2B3850",
    accent_text="#C3D8FF",
    on_accent="#10141A",
    good="#4CC79A",
    warning="#F0B44C",
    error="#FF8A80",
    mask="#59616B",
    series=("#5AB4F2", "#E69F00", "#2FBF92", "#FF7A33", "#E394C2", "#A9DCFA"),
    classes=(
        "#5AB4F2",
        "#F0A020",
        "#2FBF92",
        "#E394C2",
        "#A99CFF",
        "#A9DCFA",
        "#D9C34A",
        "#FF8A80",
        "#9CCB66",
        "#B5BDC6",
    ),
    signed=(
        "#A8D6FF",
        "#71B2EB",
        "#3B90D6",
        "#2E5B83",
        "#22262C",
        "#764E27",
        "#CD7822",
        "#E5A158",
        "#FFD09A",
    ),
)


def channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#RRGGBB``, each 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mixed(first: str, second: str, share: float) -> str:
    """The colour that holds ``share`` (0 to 1) of the second and the rest of the first."""
    pairs = zip(channels(first), channels(second), strict=True)
    red, green, blue = (round(a + (b - a) * share) for a, b in pairs)
    return f"#{red:02X}{green:02X}{blue:02X}"


def luminance(colour: str) -> float:
    """Relative luminance, 0 for black and 1 for white (WCAG 2.1)."""
    parts = (c / 255 for c in channels(colour))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast of two colours, from 1 (the same) to 21 (black on white), WCAG 2.1."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def readable(colour: str, palette: Palette, ratio: float = 4.5) -> str:
    """The nearest shade of a colour that can be read as text on the palette's ground."""
    shades = (mixed(colour, palette.text, step / 10) for step in range(11))
    return next((s for s in shades if contrast(s, palette.base) >= ratio), palette.text)
