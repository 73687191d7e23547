"""Light or dark: the palette in use, and the word that it changed.

``apply`` dresses the whole application once; whatever paints itself (plots, icons, segments)
asks ``current()`` while painting and listens to ``changed``. Nothing here imports pyqtgraph,
so that the first window can be painted before the plots are loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from lab import resources
from lab.ui.fonts import font, number_font, pixels, set_scale
from lab.ui.palettes import DARK, LIGHT, Palette, contrast, mixed, readable
from lab.ui.stylesheet import sheet

if TYPE_CHECKING:
    from collections.abc import Iterator

ThemeName = Literal["light", "dark", "system"]

GRID = 4
PADDING = 8
GAP = 8
GROUP_GAP = 16
MARGIN = 12
CONTROL_HEIGHT = 28
CONTROLS_ROW = 40
READING_ROW = 31
TITLE_ROW = 32
RADIUS = 4
PLOT_MINIMUM = (240, 180)

__all__ = [
    "DARK",
    "LIGHT",
    "Palette",
    "apply",
    "changed",
    "colour",
    "contrast",
    "current",
    "font",
    "number_font",
    "pixels",
    "readable",
]


class ThemeEvents(QObject):
    """Tells that another palette is in use; carries it."""

    changed = Signal(object)

    @Slot(object)
    def on_system_changed(self, _scheme: object) -> None:
        """Follow the system if that is what was asked for."""
        app = QApplication.instance()
        if _wish == "system" and isinstance(app, QApplication):
            apply(app, "system")


events = ThemeEvents()
changed = events.changed
_palette = LIGHT
_wish: ThemeName = "light"
_followed: set[int] = set()


def current() -> Palette:
    """The palette in use; light before ``apply`` was called."""
    return _palette


def wish() -> ThemeName:
    """What was asked for: light, dark or whatever the system says."""
    return _wish


def colour(role: str, alpha: int = 255) -> QColor:
    """A colour of the current palette by its name, as Qt wants it."""
    made = QColor(getattr(_palette, role))
    made.setAlpha(alpha)
    return made


def apply(app: QApplication, name: ThemeName = "system", *, text_scale: float = 1.0) -> Palette:
    """Dress the application in one of the palettes and tell everybody.

    Raises
    ------
    ValueError
        If the name is none of light, dark, system.
    """
    global _palette, _wish
    if name not in ("light", "dark", "system"):
        raise ValueError(f"name: wanted light, dark or system, got {name!r}")
    _wish, _palette = name, _chosen(name)
    set_scale(text_scale)
    _follow_system()
    app.setStyle("Fusion")
    app.setFont(font())
    app.setPalette(qt_palette(_palette))
    app.setStyleSheet(
        sheet(_palette, resources.path("icons"), mixed(_palette.secondary, _palette.base, 0.4))
    )
    changed.emit(_palette)
    return _palette


def _chosen(name: ThemeName) -> Palette:
    scheme = QGuiApplication.styleHints().colorScheme()
    is_dark = scheme == Qt.ColorScheme.Dark if name == "system" else name == "dark"
    return DARK if is_dark else LIGHT


def _follow_system() -> None:
    hints = QGuiApplication.styleHints()
    if id(hints) not in _followed:
        _followed.add(id(hints))
        hints.colorSchemeChanged.connect(events.on_system_changed)


def qt_palette(palette: Palette) -> QPalette:
    """The palette in Qt's own roles, so that every stock widget is dressed too."""
    made = QPalette()
    for role, name in _roles(palette):
        made.setColor(role, QColor(name))
    faint = QColor(mixed(palette.secondary, palette.base, 0.4))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, role, faint)
    made.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.ButtonText, faint)
    return made


def _roles(palette: Palette) -> Iterator[tuple[QPalette.ColorRole, str]]:
    role = QPalette.ColorRole
    yield from ((role.Window, palette.window), (role.Base, palette.base))
    yield from ((role.AlternateBase, palette.window), (role.Button, palette.field))
    yield from ((role.Text, palette.text), (role.WindowText, palette.text))
    yield from ((role.ButtonText, palette.text), (role.PlaceholderText, palette.secondary))
    yield from ((role.ToolTipBase, palette.base), (role.ToolTipText, palette.text))
    yield from ((role.Highlight, palette.accent), (role.HighlightedText, palette.on_accent))
    yield from ((role.Link, palette.accent), (role.Accent, palette.accent))
    yield from ((role.Mid, palette.line), (role.Midlight, palette.hover))
    yield from ((role.Light, palette.base), (role.Dark, palette.line))
    yield from ((role.Shadow, palette.line), (role.BrightText, palette.error))
