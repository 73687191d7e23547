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

from lab.ui import theme
from lab.ui.palettes import channels

if TYPE_CHECKING:
    from lab.ui.gate import FloatArray

MapName = Literal["signed", "sequential"]
Bytes = NDArray[np.uint8]


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


def coloured(cells: FloatArray, levels: tuple[float, float], name: MapName) -> Bytes:
    """Cells as pixels, shape (H, W, 4), opaque; NaN in the mask colour.

    Levels must be finite and in order, as the gate gives them.
    """
    low, high = levels
    with np.errstate(invalid="ignore"):
        places = np.clip((cells - low) * (255.0 / (high - low)), 0, 255)
    bad = np.isnan(places)
    has_bad = bool(bad.any())
    index = np.where(bad, 0, places).astype(np.uint8) if has_bad else places.astype(np.uint8)
    pixels = np.empty((*cells.shape, 4), np.uint8)
    pixels[..., :3] = table(name)[index]
    pixels[..., 3] = 255
    if has_bad:
        pixels[bad, :3] = channels(theme.current().mask)
    return pixels


def dimmed(pixels: Bytes, strength: float) -> Bytes:
    """Pixels of shape (H, W, 4) mixed with the ground, which takes ``1 - strength``.

    Why not a transparent item: the same picture, but the painter mixes every screen pixel of
    it anew at every frame.
    """
    if strength >= 1:
        return pixels
    mixed = pixels.copy()
    ground = (1 - strength) * np.array(channels(theme.current().base), np.float32)
    mixed[..., :3] = pixels[..., :3] * np.float32(strength) + ground + np.float32(0.5)
    return mixed
