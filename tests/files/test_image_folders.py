from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lab.files import images
from lab.files.errors import LoadError
from lab.files.images import read_image_folder
from lab.files.limits import LIMITS


def picture(path, values, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values, np.uint8)).save(path, **options)


def ramp(height, width):
    """Grey values that name their place: row * 16 + column."""
    return np.add.outer(np.arange(height) * 16, np.arange(width))


@pytest.fixture
def folder(tmp_path):
    for k in range(3):
        picture(tmp_path / "cat" / f"{k}.png", ramp(4, 6))
        picture(tmp_path / "dog" / f"{k}.png", 255 - ramp(4, 6))
    return tmp_path


def bomb(width, height):
    """A PNG of a few bytes that claims width x height pixels."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data))
            + kind
            + data
            + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_sub_folders_are_classes(folder):
    found = read_image_folder(folder)
    assert found.class_names == ("cat", "dog")
    assert found.files[0] == "cat/0.png"
    assert found.x.shape == (6, 1, 4, 6)
    assert found.x.dtype == np.float32
    np.testing.assert_array_equal(found.y, [0, 0, 0, 1, 1, 1])
    np.testing.assert_allclose(found.x[0, 0], ramp(4, 6) / 255, atol=1e-7)
    assert found.notes == ()


def test_colours_and_the_choice_of_grey(folder):
    red = np.zeros((4, 6, 3))
    red[..., 0] = 255
    picture(folder / "cat" / "red.png", red)
    found = read_image_folder(folder)
    assert found.x.shape == (7, 3, 4, 6)
    np.testing.assert_array_equal(found.x[3, :, 0, 0], [1, 0, 0])
    assert read_image_folder(folder, grey=True).x.shape == (7, 1, 4, 6)
    (folder / "cat" / "red.png").unlink()
    assert read_image_folder(folder, grey=False).x.shape == (6, 3, 4, 6)


def test_unlike_sizes_take_the_median_capped_and_say_so(folder):
    picture(folder / "cat" / "large.png", ramp(10, 12))
    found = read_image_folder(folder)
    assert found.x.shape[2:] == (4, 6)
    assert "scaled to 4 × 6 pixels (the median, at most 64 a side)" in found.notes[0]
    for k in range(9):
        picture(folder / "cat" / f"huge{k}.png", np.zeros((100, 200 + k)))
    assert read_image_folder(folder).x.shape[2:] == (64, 64)
    asked = read_image_folder(folder, size=(5, 7))
    assert asked.x.shape[2:] == (5, 7)
    assert "as asked for" in asked.notes[0]


def test_deep_grey_palette_and_alpha_pictures_are_read(folder):
    deep = Image.fromarray((ramp(4, 6) * 257).astype(np.uint16))
    deep.save(folder / "cat" / "deep.png")
    deep.save(folder / "cat" / "deep.tif")
    Image.fromarray(ramp(4, 6).astype(np.float32)).save(folder / "cat" / "float.tif")
    found = read_image_folder(folder)
    assert found.x.shape[1] == 1
    for name in ("cat/deep.png", "cat/deep.tif"):
        place = found.files.index(name)
        np.testing.assert_allclose(found.x[place, 0], ramp(4, 6) / 255, atol=1e-6)
    Image.new("P", (6, 4)).save(folder / "dog" / "p.gif")
    Image.new("RGBA", (6, 4)).save(folder / "dog" / "a.png")
    Image.new("CMYK", (6, 4)).save(folder / "dog" / "c.jpg")
    assert read_image_folder(folder).x.shape == (12, 3, 4, 6)


def test_a_turned_photograph_stands_upright(folder):
    turned = Image.fromarray(np.rot90(ramp(4, 6)).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it
    turned.save(folder / "cat" / "turned.png", exif=exif)
    found = read_image_folder(folder)
    place = found.files.index("cat/turned.png")
    np.testing.assert_allclose(found.x[place, 0], ramp(4, 6) / 255, atol=1e-6)
    assert found.notes == ()


def test_a_few_broken_pictures_are_left_out_and_listed(folder):
    for k in range(200):
        picture(folder / "cat" / f"m{k}.png", ramp(4, 6))
    (folder / "cat" / "text.png").write_text("no picture")
    good = (folder / "dog" / "0.png").read_bytes()
    (folder / "cat" / "half.png").write_bytes(good[:48])
    (folder / "dog" / "notes.txt").write_text("x")
    found = read_image_folder(folder)
    assert len(found.x) == len(found.y) == len(found.files) == 206
    assert "2 broken pictures: 'cat/text.png', 'cat/half.png'" in found.notes[0]
    assert "left out: 1 other file" in found.notes[1]
    assert not {"cat/text.png", "cat/half.png"} & set(found.files)
    assert found.files[-4] == "cat/m99.png"
    np.testing.assert_array_equal(np.bincount(found.y), [203, 3])
    np.testing.assert_allclose(found.x[-1, 0], (255 - ramp(4, 6)) / 255, atol=1e-6)


def test_pixels_are_not_unpacked_by_the_first_look(folder, monkeypatch):
    monkeypatch.setattr(images, "values_of", lambda *_: pytest.fail("unpacked"))
    (folder / "cat" / "half.png").write_bytes((folder / "cat" / "0.png").read_bytes()[:48])
    with pytest.raises(LoadError, match="would take"):
        read_image_folder(folder, size=(8192, 8192), grey=False)


def test_many_broken_pictures_refuse_the_folder(folder):
    for k in range(12):
        (folder / "cat" / f"b{k:02}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "cat" / "empty.png").touch()
    os.mkfifo(folder / "cat" / "pipe.png")
    (folder / "cat" / "loop.png").symlink_to("loop.png")
    with pytest.raises(LoadError) as caught:
        read_image_folder(folder)
    assert "15 of 21 pictures cannot be read" in str(caught.value)
    assert "'cat/b09.png' and 5 more" in str(caught.value)


@pytest.mark.parametrize(
    "size", [(50_000, 50_000), (8_192, 8_192), (9_000, 10), (100_000, 20_000)]
)
def test_a_picture_that_claims_too_many_pixels_is_not_unpacked(folder, size):
    (folder / "cat" / "bomb.png").write_bytes(bomb(*size))
    with pytest.raises(LoadError, match=r"1 of 7 pictures cannot be read \('cat/bomb.png'\)"):
        read_image_folder(folder)


def test_a_program_in_the_guise_of_a_picture_is_not_run(folder):
    (folder / "cat" / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    with pytest.raises(LoadError, match="1 of 7"):
        read_image_folder(folder)


def test_what_is_no_folder_of_classes_is_told(tmp_path, folder):
    empty = tmp_path / "empty"
    empty.mkdir()
    for path, words in [
        (empty, "no pictures in its sub-folders"),
        (folder / "cat" / "0.png", "a part of its path is not a folder"),
        (tmp_path / "missing", "no such file"),
    ]:
        with pytest.raises(LoadError, match=words):
            read_image_folder(path)
    for k in range(3):
        (folder / "dog" / f"{k}.png").unlink()
    with pytest.raises(LoadError, match="one class only, 'cat'"):
        read_image_folder(folder)


def test_limits_are_checked_before_pixels_are_unpacked(folder, monkeypatch):
    with pytest.raises(LoadError, match="a size of 0 × 4 is not possible"):
        read_image_folder(folder, size=(0, 4))
    with pytest.raises(LoadError, match="would take"):
        read_image_folder(folder, size=(8192, 8192), grey=False)
    for name, words in [
        ("picture_files", "more than 2 pictures"),
        ("pictures_bytes", "have more than 2 bytes"),
    ]:
        monkeypatch.setattr(images, "LIMITS", replace(LIMITS, **{name: 2}))
        with pytest.raises(LoadError, match=words):
            read_image_folder(folder)


def test_hidden_folders_and_files_are_not_classes(folder):
    picture(folder / ".cache" / "0.png", ramp(4, 6))
    (folder / "cat" / "._0.png").write_bytes(b"x")
    found = read_image_folder(folder)
    assert found.class_names == ("cat", "dog")
    assert found.notes == ("left out: 1 other file",)
