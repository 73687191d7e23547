"""One foreign picture: opened within bounds, turned upright, and made numbers from 0 to 1."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from lab.files.errors import LoadError, StrPath, reading
from lab.files.limits import LIMITS
from lab.files.sources import opened

if TYPE_CHECKING:
    from collections.abc import Generator

    import numpy.typing as npt

Size = tuple[int, int]  # height, width
GREY = ("1", "L", "LA", "I;16", "I;16B", "I;16L", "I;16N", "I", "F")
_DEEP = GREY[3:]  # more than eight bits, which Pillow would clip
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")  # none that runs a program


@contextmanager
def quiet() -> Generator[None, None, None]:
    """Silence Pillow's remarks on odd files; make its alarm at a bomb an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


@contextmanager
def picture_at(path: StrPath) -> Generator[Image.Image, None, None]:
    """Open one picture; its pixels are unpacked only when asked for.

    Raises
    ------
    LoadError
        For whatever goes wrong inside, too.
    """
    with (
        reading(path, "the picture is damaged"),
        opened(path, LIMITS.picture_file) as stream,
        Image.open(stream, formats=_FORMATS) as picture,
    ):
        width, height = picture.size
        if max(width, height) > LIMITS.picture_most or width * height > LIMITS.picture_pixels:
            raise LoadError(path, f"the picture has {width} × {height} pixels, too many")
        yield picture


def shown_size(picture: Image.Image) -> Size:
    """Return (height, width) after the turn that a camera asks for."""
    width, height = picture.size
    if picture.format == "PNG" and "exif" not in picture.info:
        return height, width  # Pillow would unpack the pixels to look for a later one
    is_turned = picture.getexif().get(0x0112) in (5, 6, 7, 8)
    return (width, height) if is_turned else (height, width)


def values_of(picture: Image.Image, size: Size, is_grey: bool) -> npt.NDArray[np.float32]:
    """Return one picture's values from 0 to 1, shape (C, H, W), scaled to ``size``."""
    height, width = size
    upright = ImageOps.exif_transpose(picture)
    plain = _eight_bits(upright).convert("L" if is_grey else "RGB")
    if plain.size != (width, height):
        plain = plain.resize((width, height), Image.Resampling.BILINEAR)
    values = np.asarray(plain, np.uint8).astype(np.float32) / np.float32(255)
    return values[None] if is_grey else np.moveaxis(values, 2, 0)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Bring 16-bit and float greys to eight bits."""
    if picture.mode not in _DEEP:
        return picture
    values = np.asarray(picture).astype(np.float64)
    top = 65_535.0 if picture.mode != "F" else max(float(np.nanmax(values)), 1.0)
    scaled = np.nan_to_num(np.clip(values / top, 0, 1)) * 255
    return Image.fromarray(np.round(scaled).astype(np.uint8))
