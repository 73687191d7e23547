import errno
import os
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QLabel

from lab.files.errors import SaveError
from lab.ui import figures, theme, vectors
from lab.ui.export_dialog import ExportDialog
from lab.ui.figures import export_numbers, export_picture
from lab.ui.palettes import DARK

STEPS = np.arange(1.0, 101.0)


@pytest.fixture
def drawn(plot):
    plot.add_line("Training", label=True).set(STEPS, np.where(STEPS == 7, np.nan, 1 / STEPS))
    plot.time_cursor(40)
    return plot


def left_in(folder):
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize(("width", "scale"), [(16, 1), (200, 1), (480, 2), (1000, 4)])
def test_a_png_has_the_size_asked_for_in_the_plots_proportion(drawn, tmp_path, width, scale):
    file = export_picture(drawn, tmp_path / "a.png", width_px=width, scale=scale)
    image = QImage(str(file))
    assert image.width() == width * scale
    assert image.height() / scale == pytest.approx(width * 320 / 480, abs=1)
    assert (drawn.width(), drawn.height()) == (480, 320)


@pytest.mark.parametrize("scale", [1, 4])
def test_at_a_higher_scale_lines_are_thicker_too(drawn, tmp_path, scale):
    image = QImage(str(export_picture(drawn, tmp_path / "a.png", scale=scale)))
    row = [image.pixelColor(x, 60 * scale).lightness() for x in range(image.width())]
    assert sum(value < 60 for value in row) == scale  # the time cursor, one pixel wide


def test_an_svg_parses_and_holds_the_words(drawn, tmp_path):
    file = export_picture(drawn, tmp_path / "a.svg", width_px=600)
    root = ElementTree.parse(file).getroot()
    assert root.tag.endswith("svg")
    words = " ".join("".join(root.itertext()).split())
    assert "Loss (nats)" in words
    assert "Training 0.025" in words


def test_a_pdf_has_a_beginning_an_end_and_its_own_font(drawn, tmp_path):
    drawn.set_axes(y="σ′(z₁)")
    data = export_picture(drawn, tmp_path / "a.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert data.rstrip().endswith(b"%%EOF")
    assert b"DejaVuSans" in data


@pytest.mark.fault("E3")
@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_names_with_marks_of_xml_and_control_characters_stay_valid(drawn, tmp_path, suffix):
    name = "a & b ]]> <c> \x00\x07\x1b\ufffe\ud800"
    drawn.set_axes(x=name, y=name)
    drawn.add_line(name, 1, label=True).set(STEPS, STEPS)
    file = export_picture(drawn, tmp_path / f"a.{suffix}")
    if suffix == "svg":
        text = "".join(ElementTree.parse(file).getroot().itertext())
        assert "a & b ]]> <c>" in text


@pytest.mark.fault("E3")
def test_control_characters_of_any_widget_stay_out_of_the_svg(qtbot, tmp_path):
    label = QLabel("a & b ]]> <c> \x07\x1b")
    qtbot.addWidget(label)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.resize(200, 40)
    file = export_picture(label, tmp_path / "a.svg")
    assert "a & b ]]> <c>" in "".join(ElementTree.parse(file).getroot().itertext())


def test_the_dark_theme_is_exported_as_it_is_seen(qapp, drawn, tmp_path):
    theme.apply(qapp, "dark")
    image = QImage(str(export_picture(drawn, tmp_path / "a.png")))
    assert image.pixelColor(2, 2).name().upper() == DARK.base
    assert (
        DARK.base[1:].lower() in export_picture(drawn, tmp_path / "a.svg").read_text().lower()
    )


def test_another_widget_can_be_exported_in_all_formats(qtbot, tmp_path):
    label = QLabel("Confusion")
    qtbot.addWidget(label)
    label.resize(200, 100)
    for suffix in figures.PICTURES:
        assert export_picture(label, tmp_path / f"a.{suffix}").stat().st_size > 300


@pytest.mark.fault("E1")
@pytest.mark.parametrize("width", [0, -5, 15, 8193, 20_000, 50_000, 2.5])
def test_a_width_out_of_range_is_refused_in_one_sentence(drawn, tmp_path, width):
    with pytest.raises(
        SaveError, match=r"a\.png: the width .* Choose one from 16 to 8,192 pixels\."
    ):
        export_picture(drawn, tmp_path / "a.png", width_px=width)
    assert left_in(tmp_path) == []


@pytest.mark.fault("E1")
def test_more_than_64_megapixels_are_refused_before_any_memory_is_taken(drawn, tmp_path):
    with pytest.raises(SaveError, match="megapixels are more than 64"):
        export_picture(drawn, tmp_path / "a.png", width_px=8192, scale=4)
    with pytest.raises(SaveError, match="scale 5"):
        export_picture(drawn, tmp_path / "a.png", scale=5)


@pytest.mark.fault("E2")
def test_a_missing_suffix_is_added_and_an_unknown_one_refused(drawn, tmp_path):
    assert export_picture(drawn, tmp_path / "figure").name == "figure.png"
    with pytest.raises(
        SaveError, match=r"\.xyz is not a format here\. Use \.png, \.svg, \.pdf\."
    ):
        export_picture(drawn, tmp_path / "a.xyz")
    with pytest.raises(SaveError, match="no name"):
        export_picture(drawn, "")


@pytest.mark.fault("E2")
@pytest.mark.parametrize("suffix", figures.PICTURES)
def test_a_missing_folder_is_told(drawn, tmp_path, suffix):
    with pytest.raises(SaveError):
        export_picture(drawn, tmp_path / "nowhere" / f"a.{suffix}")
    assert left_in(tmp_path) == []


@pytest.mark.fault("E2")
def test_a_name_of_4096_characters_is_told(drawn, tmp_path):
    with pytest.raises(SaveError):
        export_picture(drawn, tmp_path / ("x" * 4096 + ".png"))


@pytest.mark.fault("E2")
@pytest.mark.parametrize("suffix", [*figures.PICTURES, *figures.NUMBERS])
def test_a_file_is_replaced_only_when_that_was_said(drawn, tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(b"precious")
    export = export_picture if suffix in figures.PICTURES else export_numbers
    with pytest.raises(SaveError):
        export(drawn, file)
    assert file.read_bytes() == b"precious"
    export(drawn, file, overwrite=True)
    assert file.read_bytes() != b"precious"
    assert left_in(tmp_path) == [file.name]


@pytest.mark.fault("E4")
@pytest.mark.parametrize("suffix", figures.PICTURES)
def test_a_full_disk_keeps_the_old_file_and_leaves_nothing_behind(
    drawn, tmp_path, monkeypatch, suffix
):
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(b"precious")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SaveError, match="the disk is full"):
        export_picture(drawn, file, overwrite=True)
    assert file.read_bytes() == b"precious"
    assert left_in(tmp_path) == [file.name]


@pytest.mark.fault("E3")
@pytest.mark.parametrize(
    ("suffix", "broken"),
    [("png", b"\x89PNG broken"), ("svg", b"<svg><a></svg>"), ("pdf", b"%PDF")],
)
def test_a_picture_that_cannot_be_read_back_is_not_kept(
    drawn, tmp_path, monkeypatch, suffix, broken
):
    maker = {"png": "png_of", "svg": "svg_of", "pdf": "pdf_of"}[suffix]
    monkeypatch.setattr(figures, maker, lambda *_args: broken)
    with pytest.raises(SaveError):
        export_picture(drawn, tmp_path / f"a.{suffix}")
    assert left_in(tmp_path) == []


@pytest.mark.fault("E3")
def test_a_failing_exporter_is_told_with_a_way_out(drawn, tmp_path, monkeypatch):
    def fails(_plot):
        raise ValueError("not enough values to unpack")

    monkeypatch.setattr(vectors, "_plot_svg", fails)
    with pytest.raises(SaveError, match="Export a PNG instead"):
        export_picture(drawn, tmp_path / "a.svg")


def test_numbers_come_back_from_csv_and_npz(drawn, tmp_path):
    y = np.where(STEPS == 7, np.nan, 1 / STEPS)
    with np.load(export_numbers(drawn, tmp_path / "a.npz")) as arrays:
        np.testing.assert_array_equal(arrays["Training: Loss (nats)"], y)
    file = export_numbers(drawn, tmp_path / "a")
    assert file.suffix == ".csv"
    header, first, *_rest = file.read_text(encoding="utf-8").splitlines()
    assert header == "Training: Step,Training: Loss (nats)"
    assert first == "nan,nan" if np.isnan(y[0]) else "1.0,1.0"


def test_a_map_becomes_one_row_a_cell(plot, tmp_path):
    plot.set_axes("w1", "w2")
    plot.add_image("loss").set([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], box=(0, 3, 0, 2))
    columns = figures.columns_of(plot.numbers())
    rows = set(zip(columns["loss: w1"], columns["loss: w2"], columns["loss"], strict=True))
    assert rows == {
        (0.5, 0.5, 1.0),
        (1.5, 0.5, 2.0),
        (2.5, 0.5, 3.0),
        (0.5, 1.5, 4.0),
        (1.5, 1.5, 5.0),
        (2.5, 1.5, 6.0),
    }
    assert export_numbers(plot, tmp_path / "a.csv").read_text().count("\n") == 7
    with np.load(export_numbers(plot, tmp_path / "a.npz")) as arrays:
        assert arrays["loss"].shape == (2, 3)


def test_no_numbers_are_told(plot, tmp_path):
    with pytest.raises(SaveError, match="nothing is drawn yet"):
        export_numbers(plot, tmp_path / "a.csv")


@pytest.mark.fault("E2")
def test_the_dialog_asks_before_it_replaces(drawn, tmp_path, qtbot):
    file = tmp_path / "a.png"
    file.write_bytes(b"precious")
    dialog = ExportDialog(drawn)
    dialog.set_path(file)
    dialog.show()
    qtbot.mouseClick(dialog._save, Qt.MouseButton.LeftButton)
    assert file.read_bytes() == b"precious"
    assert "a.png" in dialog.message()
    with qtbot.waitSignal(dialog.exported) as told:
        dialog._banner._button.click()
    assert told.args == [str(file)]
    assert QImage(str(file)).width() == drawn.width() * 2


@pytest.mark.fault("E1")
def test_the_dialog_says_how_large_a_picture_gets_and_what_is_wrong(drawn, tmp_path, qtbot):
    dialog = ExportDialog(drawn)
    assert dialog._estimate.text() == "960 × 640 pixels"
    dialog._width.set_value(4000)
    dialog._width.edited.emit(4000)
    assert "8,000 × 5,333 pixels, 163 MB of memory, about 3 s" in dialog._estimate.text()
    dialog.set_path(tmp_path / "nowhere" / "a.png")
    dialog._width.set_value(100)
    dialog._save.click()
    assert dialog.message()
    assert dialog._banner._button.isHidden()
    dialog.close()


def test_the_dialog_changes_the_suffix_with_the_format(drawn, tmp_path, monkeypatch):
    dialog = ExportDialog(drawn, numbers=True)
    dialog.set_path(tmp_path / "a.csv")
    dialog._format.chosen.emit("NPZ")
    assert dialog._file.text().endswith("a.npz")
    chosen = (str(tmp_path / "b.npz"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: chosen)
    dialog._browse.click()
    dialog._save.click()
    assert left_in(tmp_path) == ["b.npz"]


def test_the_dialog_grows_with_what_it_has_to_say(qtbot, drawn, tmp_path):
    dialog = ExportDialog(drawn)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    before = dialog.height()
    file = tmp_path / ("a" * 60) / "plot.png"
    file.parent.mkdir()
    file.write_text("mine")
    dialog.set_path(file)
    dialog._save.click()
    assert "plot.png" in dialog.message()
    assert dialog.height() > before
    assert dialog.height() >= dialog.layout().totalHeightForWidth(dialog.width())
