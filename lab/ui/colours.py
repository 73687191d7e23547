"""The two colour maps, and arrays turned into colours by them.

Signed values go from blue over the ground's own colour to orange, so that zero is quiet in
both themes; magnitudes and probabilities go through viridis. Cells that are not finite get
the mask colour, which is in neither map.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from lab.ui import theme
from lab.ui.palettes import channels

if TYPE_CHECKING:
    from lab.ui.gate import FloatArray

MapName = Literal["signed", "sequential"]
Bytes = NDArray[np.uint8]
Pixels = NDArray[np.uint32]
"""Colours as 0xFFRRGGBB, which is what Qt paints without converting."""

MASKED = 256


def table(name: MapName) -> Bytes:
    """The map as 256 colours, shape (256, 3), in the theme of this moment."""
    return _signed(theme.current().signed) if name == "signed" else _viridis()


@cache
def _signed(stops: tuple[str, ...]) -> Bytes:
    places = np.linspace(0, 255, len(stops))
    colours = np.array([channels(stop) for stop in stops])  # (stops, 3)
    columns = [np.interp(np.arange(256), places, colours[:, c]) for c in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


@cache
def _viridis() -> Bytes:
    import pyqtgraph as pg

    return np.asarray(pg.colormap.get("viridis").getLookupTable(nPts=256))[:, :3].astype(
        np.uint8
    )


def coloured(
    cells: FloatArray | NDArray[np.float32],
    levels: tuple[float, float],
    name: MapName,
    strength: float = 1.0,
) -> Pixels:
    """Cells as pixels, shape (H, W), opaque; NaN in the mask colour.

    Levels must be finite and in order, as the gate gives them. With a ``strength`` below 1 the
    colours are mixed with the ground, which takes the rest: the same picture as a transparent
    one, but nothing is mixed while painting.
    """
    low, high = levels
    with np.errstate(invalid="ignore"):
        places = np.clip((cells - low) * (255.0 / (high - low)), 0, 255)
    bad = np.isnan(places)
    if bad.any():
        places[bad] = MASKED
    palette = theme.current()
    inks = _inks(name, palette.signed, palette.mask, palette.base, strength)
    return inks.take(places.astype(np.intp))


@cache
def _inks(
    name: MapName, _stops: tuple[str, ...], mask: str, ground: str, strength: float
) -> Pixels:
    """The 256 colours of a map and the mask, as pixels; the stops only name the theme."""
    colours = np.vstack([table(name), channels(mask)]).astype(float)
    return packed(colours * strength + np.array(channels(ground)) * (1 - strength))


def packed(colours: NDArray[np.floating] | Bytes) -> Pixels:
    """Red, green and blue from 0 to 255, shape (..., 3), as pixels (...)."""
    red, green, blue = np.moveaxis(np.rint(colours).astype(np.uint32), -1, 0)
    return np.asarray(0xFF000000 | red << 16 | green << 8 | blue, np.uint32)


def image_of(pixels: Pixels) -> QImage:
    """Pixels of shape (H, W) as a picture that owns its memory."""
    whole = np.ascontiguousarray(pixels)
    height, width = whole.shape
    return QImage(whole.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
