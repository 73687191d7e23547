"""Which font the window speaks, and in which sizes.

Why a concrete font: a generic name ("Sans Serif") is resolved anew by every program that
opens an exported SVG or PDF, and by Qt itself in a bare root, where all text becomes boxes.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtGui import QFont, QFontDatabase

TEXT_PX = 13
SIZES = {"caption": 0.85, "text": 1.0, "reading": 1.25, "lecture": 1.6}
_KNOWN = (
    "Inter",
    "Segoe UI Variable Text",
    "Segoe UI",
    "SF Pro Text",
    "Helvetica Neue",
    "Adwaita Sans",
    "Cantarell",
    "Ubuntu",
    "Roboto",
    "Noto Sans",
    "Open Sans",
    "DejaVu Sans",
)
_scale = 1.0


def set_scale(scale: float) -> None:
    """Make all text of the window larger or smaller; 1.6 is for the back row of a lecture."""
    global _scale
    _scale = min(max(scale, 0.85), 2.0)


@cache
def family() -> str:
    """The system's own interface font where it is a real one, else the best known one."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    families = set(QFontDatabase.families())
    if system in families and system not in {"Sans Serif", "Sans", "Serif", "Monospace"}:
        return system
    return next((name for name in _KNOWN if name in families), "") or _bundled()


def _bundled() -> str:
    """DejaVu Sans as it travels with ziafont, or Qt's own choice where even that is missing."""
    spec = find_spec("ziafont")
    if spec is None or spec.origin is None:
        return QFont().family()
    file = Path(spec.origin).parent / "fonts" / "DejaVuSans.ttf"
    loaded = QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(file)))
    return loaded[0] if loaded else QFont().family()


def pixels(size: str = "text") -> int:
    """Height of the named size in logical pixels: caption, text, reading or lecture."""
    return round(TEXT_PX * SIZES[size] * _scale)


def font(size: str = "text", *, bold: bool = False) -> QFont:
    """The window's font in one of the four sizes."""
    made = QFont(family())
    made.setPixelSize(pixels(size))
    made.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return made


def number_font(size: str = "text", *, bold: bool = False) -> QFont:
    """The same font with digits of equal width, so that columns of numbers stand still."""
    made = font(size, bold=bold)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made
