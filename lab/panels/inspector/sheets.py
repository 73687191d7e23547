"""Tensors laid out as rows and columns, and the way back from a cell to its number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lab.numerals import shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Cells (H, W), NaN where a grid has none; ``places`` count through the tensor, −1: none.

    ``rows`` are the samples of a batch by column; None where there is but one, or none.
    """

    cells: Array
    places: npt.NDArray[np.int64]
    x: str
    y: str
    has_samples: bool = False

    def number_at(self, row: int, column: int) -> tuple[int, int] | None:
        """Return the place in the tensor, and the sample, of a cell."""
        height, width = self.cells.shape
        if not (0 <= row < height and 0 <= column < width):
            return None
        place = int(self.places[row, column])
        return None if place < 0 else (place, column if self.has_samples else 0)

    def cell_of(self, place: int, sample: int = 0) -> tuple[int, int] | None:
        """Return row and column of a number."""
        import numpy as np

        if self.has_samples:
            height, width = self.cells.shape
            return (place, sample) if place < height and sample < width else None
        found = np.argwhere(self.places == place)
        return (int(found[0, 0]), int(found[0, 1])) if len(found) else None


def sheet(tensor: Array, *, has_samples: bool = False, is_batch: bool = False) -> Sheet:
    """Lay a tensor out: units down, inputs across, channels as tiles, samples across.

    ``has_samples`` says that its first axis are the samples; of one sample alone
    (``is_batch`` False) its own axes are shown.
    """
    import numpy as np

    if has_samples and is_batch:
        cells = tensor.reshape(len(tensor), -1).T  # (units, N)
        units = np.repeat(np.arange(cells.shape[0])[:, None], cells.shape[1], axis=1)
        return Sheet(cells, units, "Sample of the batch", "Unit", True)
    one = tensor[0] if has_samples else tensor
    ndim = 3 if one.ndim == 4 and one.shape[1] == 1 else one.ndim
    return Sheet(_laid(one), _places(one.shape), *_axes(ndim, has_samples))


@lru_cache(maxsize=32)
def _places(shape: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Return where in a tensor of a shape each cell is, -1 where a grid has none."""
    import numpy as np

    places = _laid(np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape))
    filled = np.where(np.isfinite(places), places, -1).astype(np.int64)
    filled.flags.writeable = False  # many sheets share it
    return filled


def _axes(ndim: int, has_samples: bool) -> tuple[str, str]:
    if ndim <= 1:
        return "Column", "Unit"
    if ndim == 2:
        return ("Unit", "Position") if has_samples else ("Input", "Unit")
    if ndim == 3:
        return "Column of tiles, one a channel", "Row"
    return "Input channel, column", "Output channel, row"


def _laid(tensor: Array) -> Array:
    if tensor.ndim <= 1:
        return tensor.reshape(-1, 1)
    if tensor.ndim == 2:
        return tensor
    if tensor.ndim == 3:
        return _tiled(tensor)
    if tensor.ndim == 4:
        out, channels, height, width = tensor.shape
        if channels == 1:  # a kernel a channel: tiles take less room than a column
            return _tiled(tensor[:, 0])
        return tensor.transpose(0, 2, 1, 3).reshape(out * height, channels * width)
    return tensor.reshape(len(tensor), -1)


def _tiled(images: Array) -> Array:
    """Set images (C, H, W) side by side in a grid as square as can be, a cell apart."""
    import numpy as np

    count, height, width = images.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    grid = np.full((down * across, height + 1, width + 1), np.nan)
    grid[:count, :height, :width] = images
    tiles = grid.reshape(down, across, height + 1, width + 1).transpose(0, 2, 1, 3)
    return tiles.reshape(down * (height + 1), across * (width + 1))[:-1, :-1]


def statistics(tensor: Array) -> str:
    """Say in words how large the numbers are: range, mean, deviation, share of zeros."""
    import numpy as np

    finite = tensor[np.isfinite(tensor)]
    if not finite.size:
        return "no finite number"
    low, high, mean, spread = (
        shown(float(v), 3) for v in (finite.min(), finite.max(), finite.mean(), finite.std())
    )
    zeros = float((finite == 0).mean())
    share = "no zeros" if zeros == 0 else f"{shown(100 * zeros, 3)} % zeros"
    if finite.size == 1:
        return low
    return f"{low} to {high}, mean {mean}, deviation {spread}, {share}"


def size_words(shape: tuple[int, ...]) -> str:
    """Return a shape: ``128×64``, ``6``."""
    return "×".join(f"{n:,}" for n in shape) or "1"
