"""Exports onto real disks that are full, closed or in use; and pictures of very many points."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtGui import QImage

from lab.files.errors import SaveError
from lab.ui import figures
from lab.ui.figures import export_numbers, export_picture

STEPS = np.arange(1.0, 101.0)
SUFFIXES = [*figures.PICTURES, *figures.NUMBERS]


@pytest.fixture
def drawn(plot):
    plot.add_line("Training", label=True).set(STEPS, 1 / STEPS)
    return plot


def export(plot, file, **options):
    write = export_picture if file.suffix[1:] in figures.PICTURES else export_numbers
    return write(plot, file, **options)


def left_in(folder):
    return sorted(p.name for p in folder.iterdir())


@contextmanager
def files_of_at_most(size):
    """Let every write beyond so many bytes of a file fail, as on a full disk."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def mount(tmp_path):
    """Mount real disks where this is allowed."""
    mounted = []

    def at(name, *options):
        place = tmp_path / name
        place.mkdir()
        command = ["mount", *options, str(place)]
        try:
            is_done = not subprocess.run(command, capture_output=True, check=False).returncode
        except FileNotFoundError:
            is_done = False
        if not is_done:
            pytest.skip("a disk may not be mounted here")
        mounted.append(place)
        return place

    yield at
    for place in reversed(mounted):
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.fault("E4")
@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails_midway_keeps_the_old_file(drawn, tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(b"precious")
    with files_of_at_most(500), pytest.raises(SaveError, match=f"a.{suffix}: not saved"):
        export(drawn, file, overwrite=True)
    assert file.read_bytes() == b"precious"
    assert left_in(tmp_path) == [file.name]
    export(drawn, file, overwrite=True)
    assert file.stat().st_size > 500


@pytest.mark.fault("E4")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_disk_that_is_full_keeps_the_old_file(drawn, mount, suffix):
    disk = mount("disk", "-t", "tmpfs", "-o", "size=2m", "none")
    file = disk / f"a.{suffix}"
    file.write_bytes(b"precious")
    with (disk / "filler").open("wb", buffering=0) as filler:
        free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
        filler.write(bytes(free))
    with pytest.raises(SaveError, match=r"disk is full|the disk has"):
        export(drawn, file, overwrite=True)
    assert file.read_bytes() == b"precious"
    assert left_in(disk) == [file.name, "filler"]


@pytest.mark.fault("E2")
@pytest.mark.parametrize("suffix", ["png", "npz"])
def test_a_folder_that_may_not_be_written_is_told(drawn, mount, suffix):
    disk = mount("disk", "-t", "tmpfs", "-o", "ro,size=2m", "none")
    with pytest.raises(SaveError) as told:
        export(drawn, disk / f"a.{suffix}")
    assert str(told.value).startswith(f"a.{suffix}: ")
    assert "\n" not in str(told.value)
    assert left_in(disk) == []


@pytest.mark.fault("E2")
@pytest.mark.skipif(not hasattr(os, "geteuid") or not os.geteuid(), reason="root may write")
def test_a_folder_without_the_right_to_write_is_told(drawn, tmp_path):
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(SaveError, match="not allowed"):
            export(drawn, tmp_path / "a.png")
    finally:
        tmp_path.chmod(0o755)
    assert left_in(tmp_path) == []


@pytest.mark.fault("E2")
@pytest.mark.parametrize("suffix", ["png", "npz"])
def test_no_folder_a_long_name_and_no_suffix_are_told_or_mended(drawn, tmp_path, suffix):
    for place in (tmp_path / "nowhere" / f"a.{suffix}", tmp_path / f"{'x' * 4096}.{suffix}"):
        with pytest.raises(SaveError) as told:
            export(drawn, place)
        assert len(str(told.value)) < 400
    write = export_picture if suffix in figures.PICTURES else export_numbers
    assert write(drawn, tmp_path / "plain").suffix == (
        ".png" if suffix in figures.PICTURES else ".csv"
    )
    with pytest.raises(SaveError, match=r"\.xyz is not a format here"):
        write(drawn, tmp_path / "a.xyz")


@pytest.mark.fault("E2")
@pytest.mark.skipif(sys.platform == "win32", reason="an open file is locked there")
@pytest.mark.parametrize("suffix", ["png", "npz"])
def test_who_has_the_file_open_keeps_what_was_read(drawn, tmp_path, suffix):
    file = tmp_path / f"a.{suffix}"
    file.write_bytes(b"precious")
    with file.open("rb") as reader:
        export(drawn, file, overwrite=True)
        assert reader.read() == b"precious"
    assert file.read_bytes() != b"precious"


@pytest.mark.fault("E1")
def test_a_refused_size_leaves_the_file_that_was_there(drawn, tmp_path):
    """Qt itself only warns of a width of -5, and the old file passes for the new one."""
    file = tmp_path / "a.png"
    export_picture(drawn, file, width_px=200)
    before = file.read_bytes()
    for width in (0, -5, 20_000, 50_000):
        with pytest.raises(SaveError, match="the width"):
            export_picture(drawn, file, width_px=width, overwrite=True)
    assert file.read_bytes() == before
    assert left_in(tmp_path) == ["a.png"]


def numbers_in_paths(root):
    """The coordinates of every path of an SVG."""
    for node in root.iter():
        if node.tag.endswith(("path", "polyline")):
            drawn = node.get("d") or node.get("points") or ""
            yield from re.findall(r"[-+a-zA-Z.\d]+", re.sub(r"[MLCZmlcz,]", " ", drawn))


def svg_of_points(plot, folder, points):
    x = np.arange(float(points))
    plot.add_line("curve").set(x, np.sin(x / 500))
    root = ElementTree.fromstring(export_picture(plot, folder / "a.svg").read_bytes())
    assert root.tag.endswith("svg")
    assert np.isfinite([float(n) for n in numbers_in_paths(root)]).all()
    with np.load(export_numbers(plot, folder / "a.npz")) as arrays:
        assert {len(arrays[name]) for name in arrays} == {points}


@pytest.mark.fault("E3")
def test_a_curve_of_200_000_points_makes_an_svg_that_parses_and_stays_small(plot, tmp_path):
    svg_of_points(plot, tmp_path, 200_000)
    assert (tmp_path / "a.svg").stat().st_size < 2_000_000


@pytest.mark.soak
@pytest.mark.fault("E3")
def test_200_000_points_of_a_scatter_make_an_svg_that_parses(plot, tmp_path):
    x = np.arange(200_000.0)
    plot.add_scatter("points").set(x, np.cos(x / 700))
    svg_of_points(plot, tmp_path, 200_000)


@pytest.mark.fault("E3")
@pytest.mark.parametrize("suffix", figures.PICTURES)
def test_gaps_of_nan_and_infinity_are_gaps_in_every_format(plot, tmp_path, suffix):
    y = np.where(STEPS % 10 == 0, np.nan, STEPS)
    y[50], y[60] = np.inf, -np.inf
    plot.add_line("Training").set(STEPS, y)
    file = export_picture(plot, tmp_path / f"a.{suffix}")
    if suffix == "png":
        assert not QImage(str(file)).isNull()
    elif suffix == "svg":
        found = [float(n) for n in numbers_in_paths(ElementTree.parse(file).getroot())]
        assert found
        assert np.isfinite(found).all()
        assert np.abs(found).max() < 1e5
    else:
        assert file.read_bytes().startswith(b"%PDF")
