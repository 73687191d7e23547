import re
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

from lab import resources
from lab.ui import fonts, icons, theme
from lab.ui.palettes import DARK, LIGHT, contrast, luminance, mixed, readable

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def test_contrast_of_black_and_white_is_21_by_definition():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert luminance("#FF0000") == pytest.approx(0.2126)


@PALETTES
def test_text_reaches_7_and_secondary_text_4_5_on_every_ground(palette):
    for ground in (palette.window, palette.base, palette.field):
        assert contrast(palette.text, ground) >= 7
        assert contrast(palette.secondary, ground) >= 4.5


@PALETTES
def test_words_on_fills_and_of_messages_can_be_read(palette):
    assert contrast(palette.accent_text, palette.accent_fill) >= 4.5
    assert contrast(palette.on_accent, palette.accent) >= 4.5
    for role in (palette.good, palette.warning, palette.error):
        assert contrast(role, palette.base) >= 4.5


@PALETTES
def test_lines_and_classes_are_seen_and_all_different(palette):
    for colours in (palette.series, palette.classes):
        assert len(set(colours)) == len(colours)
        assert all(contrast(c, palette.base) >= 3 for c in colours)


@PALETTES
def test_zero_has_the_colour_of_the_ground(palette):
    assert palette.signed[len(palette.signed) // 2] == palette.base


@PALETTES
def test_labels_of_all_series_become_readable_in_their_hue(palette):
    assert all(contrast(readable(c, palette), palette.base) >= 4.5 for c in palette.series)
    assert readable(palette.text, palette) == palette.text


def test_mixing_by_hand():
    assert mixed("#000000", "#FF8040", 0.5) == "#804020"


def test_the_whole_application_is_dressed_and_everybody_told(qapp, qtbot):
    with qtbot.waitSignal(theme.changed) as told:
        theme.apply(qapp, "dark")
    assert told.args == [DARK]
    assert theme.current() is DARK
    assert qapp.palette().color(QPalette.ColorRole.Window).name().upper() == DARK.window
    assert DARK.accent in qapp.styleSheet()


def test_an_unknown_theme_is_refused_and_nothing_changes(qapp):
    with pytest.raises(ValueError, match="wanted light, dark or system, got 'pink'"):
        theme.apply(qapp, "pink")
    assert theme.current() is LIGHT


def test_the_system_is_followed_while_that_is_the_wish(qapp, monkeypatch):
    theme.apply(qapp, "system")
    monkeypatch.setattr(theme, "_chosen", lambda _name: DARK)
    theme.events.on_system_changed(Qt.ColorScheme.Dark)
    assert theme.current() is DARK


def test_the_system_is_not_followed_when_light_was_asked_for(qapp, monkeypatch):
    theme.apply(qapp, "light")
    monkeypatch.setattr(theme, "_chosen", lambda _name: DARK)
    theme.events.on_system_changed(Qt.ColorScheme.Dark)
    assert theme.current() is LIGHT


def test_the_lecture_scale_makes_text_larger(qapp):
    theme.apply(qapp, "light", text_scale=1.6)
    try:
        assert qapp.font().pixelSize() == 21
    finally:
        theme.apply(qapp, "light")
    assert qapp.font().pixelSize() == 13


def test_the_font_is_a_concrete_one_with_digits_of_equal_width(qapp, qtbot):
    assert fonts.family() not in ("", "Sans Serif", "Sans")
    label = QLabel()
    qtbot.addWidget(label)
    label.setFont(theme.number_font())
    widths = {label.fontMetrics().horizontalAdvance(digit) for digit in "0123456789"}
    assert len(widths) == 1


def test_the_font_that_travels_with_the_program_can_be_loaded(qapp):
    assert fonts._bundled() == "DejaVu Sans"


def test_every_icon_that_is_promised_is_drawn_in_the_colour_asked_for(qapp):
    promised = (
        "play pause step-forward step-back reset seed branch close maximise restore more copy "
        "export search sun moon check warning info open save undo redo"
    )
    assert set(promised.split()) <= set(icons.names())
    for name in icons.names():
        image = icons.pixmap(name, "#FF0000", 48).toImage()
        drawn = [image.pixelColor(x, y) for x in range(48) for y in range(48)]
        inked = [c for c in drawn if c.alpha() == 255]
        assert inked, f"{name} is empty"
        assert all(c.red() > 250 and c.green() < 5 for c in inked)


def test_icons_follow_the_theme(qapp):
    light = icons.icon("play").pixmap(16, 16).toImage()
    theme.apply(qapp, "dark")
    assert icons.icon("play").pixmap(16, 16).toImage() != light


def test_an_unknown_icon_is_refused(qapp):
    with pytest.raises(ValueError, match="got 'banana'"):
        icons.icon("banana")


@PALETTES
def test_pictures_named_in_the_style_sheet_exist(qapp, palette):
    theme.apply(qapp, palette.name)
    files = re.findall(r'url\("([^"]+)"\)', qapp.styleSheet())
    assert len(files) == 2
    for file in files:
        assert resources.path("icons", file.rsplit("/", 1)[1]).is_file()


def test_the_dress_is_put_on_without_loading_plots_or_torch():
    code = (
        "import sys, lab.ui.theme, lab.ui.panel, lab.ui.controls, lab.ui.titlebar;"
        "heavy = {'pyqtgraph', 'torch', 'numpy', 'qtawesome', 'superqt', 'ziamath'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_plots_are_loaded_without_torch():
    code = (
        "import sys, lab.ui.plots, lab.ui.figures, lab.ui.formulas, lab.ui.export_dialog;"
        "heavy = {'torch', 'sklearn', 'scipy', 'pandas', 'ziamath', 'svglib', 'reportlab'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
