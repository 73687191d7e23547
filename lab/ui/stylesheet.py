"""The one style sheet: what Fusion and a palette cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.ui.fonts import pixels

if TYPE_CHECKING:
    from pathlib import Path

    from lab.ui.palettes import Palette

_SHEET = """
QToolTip {{ color: {text}; background: {base}; border: 1px solid {line}; padding: 4px 6px; }}
QLabel[role="secondary"] {{ color: {secondary}; }}
QLabel[role="heading"] {{ color: {secondary}; font-weight: 600; }}
QLabel[role="caption"] {{ color: {secondary}; font-size: {caption}px; }}
QLabel[role="reading"] {{ font-size: {reading}px; }}
QPushButton, QToolButton[framed="true"] {{ color: {text}; background: {field};
    border: 1px solid {line}; border-radius: 4px; padding: 0 12px; min-height: 26px; }}
QPushButton:hover, QToolButton[framed="true"]:hover {{ background: {hover}; }}
QPushButton:pressed, QToolButton[framed="true"]:pressed {{ background: {line}; }}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {accent}; }}
QPushButton[role="primary"], QPushButton:default[role="primary"] {{ color: {on_accent};
    background: {accent}; border-color: {accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {faint}; }}
QPushButton[role="primary"]:disabled {{ color: {secondary}; background: {hover};
    border-color: {line}; }}
QPushButton[role="link"] {{ color: {link}; background: transparent; border: none;
    padding: 0 4px; min-height: 20px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; background: transparent; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:checked {{ background: {accent_fill}; border-color: {accent}; }}
QToolButton::menu-indicator {{ image: none; }}
QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit {{ color: {text};
    background: {field}; border: 1px solid {line}; border-radius: 4px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QLineEdit, QComboBox, QAbstractSpinBox {{ min-height: 26px; max-height: 26px; padding: 0 8px; }}
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {accent}; }}
QLineEdit[wrong="true"] {{ border-color: {error}; }}
QLineEdit:disabled, QComboBox:disabled, QAbstractSpinBox:disabled {{ color: {faint};
    background: {window}; }}
QComboBox {{ padding-right: 2px; }}
QComboBox::drop-down {{ border: none; width: 24px; }}
QComboBox::down-arrow {{ image: url("{icons}/chevron-down-{name}.svg"); width: 14px;
    height: 14px; }}
QComboBox QLineEdit {{ border: none; background: transparent; padding: 0; min-height: 24px;
    max-height: 24px; }}
QComboBox QAbstractItemView, QListView#completions {{ color: {text}; background: {base};
    border: 1px solid {line}; outline: none; selection-background-color: {accent_fill};
    selection-color: {accent_text}; }}
QAbstractItemView::item {{ min-height: 24px; padding: 0 6px; }}
QCheckBox {{ spacing: 8px; min-height: 28px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {secondary};
    border-radius: 3px; background: {field}; }}
QCheckBox::indicator:checked {{ background: {accent}; border-color: {accent};
    image: url("{icons}/check-{name}.svg"); }}
QCheckBox:focus {{ color: {link}; }}
QSlider::groove:horizontal {{ height: 3px; border-radius: 1px; background: {line}; }}
QSlider::sub-page:horizontal {{ height: 3px; border-radius: 1px; background: {accent}; }}
QSlider::handle:horizontal {{ width: 10px; height: 10px; margin: -5px 0; border-radius: 6px;
    border: 1px solid {accent}; background: {field}; }}
QSlider::handle:horizontal:focus {{ background: {accent}; }}
QSlider::sub-page:horizontal:disabled {{ background: {line}; }}
QProgressBar {{ border: none; border-radius: 2px; background: {line}; max-height: 4px; }}
QProgressBar::chunk {{ border-radius: 2px; background: {accent}; }}
QMenuBar {{ background: {window}; }}
QMenuBar::item {{ padding: 6px 8px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ color: {text}; background: {base}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 12px; border-radius: 4px; }}
QMenu::item:selected {{ color: {accent_text}; background: {accent_fill}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 8px; }}
QHeaderView::section {{ color: {secondary}; background: {base}; border: none;
    border-bottom: 1px solid {line}; padding: 4px 8px; }}
QTableView, QTreeView, QListView {{ background: {base}; border: none; gridline-color: {line};
    selection-background-color: {accent_fill}; selection-color: {accent_text}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QScrollArea {{ border: none; background: transparent; }}
QScrollBar:vertical {{ width: 10px; background: transparent; }}
QScrollBar:horizontal {{ height: 10px; background: transparent; }}
QScrollBar::handle {{ background: {line}; border-radius: 3px; margin: 2px; min-height: 24px;
    min-width: 24px; }}
QScrollBar::handle:hover {{ background: {secondary}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
QTabBar::tab {{ color: {secondary}; padding: 6px 12px; border: none;
    border-bottom: 2px solid transparent; background: transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QStatusBar::item {{ border: none; }}
"""


def sheet(palette: Palette, icons: Path, faint: str) -> str:
    """The style sheet in the colours of a palette; ``icons`` is the folder of the pictures."""
    names = {k: getattr(palette, k) for k in palette.__slots__ if k not in ("series", "signed")}
    sizes = {"caption": pixels("caption"), "reading": pixels("reading")}
    link = palette.accent_text if palette.is_dark else palette.accent
    return _SHEET.format(**names, **sizes, icons=icons.as_posix(), faint=faint, link=link)
