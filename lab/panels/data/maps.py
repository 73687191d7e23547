"""Decision maps: how they are coloured, and where their boundaries run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QPen

from lab.panels.data import maths
from lab.panels.data.contours import level_line
from lab.ui import colours, theme
from lab.ui.images import ImageMark
from lab.ui.lines import LineMark
from lab.ui.palettes import channels

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.panels.data.questions import MapAnswers

    FloatArray = npt.NDArray[np.float64]
    from lab.ui.colours import Pixels

FINE = 128  # cells along a side that are painted, or more
SHARE = 0.42  # the inner part of the signed map: pale, so that the points are the loudest
STRENGTH = 0.62  # of the other map's colours, for the same reason


def fineness(cells: int) -> int:
    """How many times finer than asked a map is painted: twice at least, as far as it shows."""
    return max(2, FINE // cells) if cells <= FINE else 1


class MapMark(ImageMark):
    """A map of two classes, painted finer than it was asked; ``cells`` are the answers.

    With ``is_discrete`` only the class that wins is seen, not how surely.
    """

    is_discrete = False

    def pixels(self) -> Pixels:
        """Enlarge the values, then colour them: the border stays sharp and quiet."""
        factor = fineness(max(self.cells.shape))
        fine = maths.enlarged(self.cells, factor)
        low, high = self.levels
        middle, half = (low + high) / 2, (high - low) / 2
        if self.is_discrete:
            fine = np.where(fine > middle, np.float32(high), np.float32(low))
        within = np.clip(fine, low, high)  # beyond the ends of the scale the colour stays
        stretched = (middle - half / SHARE, middle + half / SHARE)
        return colours.coloured(within, stretched, self.map_name, self.strength)


class WinnerMark(ImageMark):
    """A map of several classes: the winner's colour, the paler the less sure.

    ``cells`` holds the winning class; what is painted is mixed from all classes' scores.
    """

    scores: FloatArray = np.empty((0, 0, 0))
    are_probabilities = True
    is_discrete = False

    def set_scores(self, scores: FloatArray, box: tuple[float, float, float, float]) -> None:
        """Draw scores of shape (H, W, C) over a box."""
        self.scores = scores
        self.set(scores.argmax(axis=2), levels=(0, max(scores.shape[2] - 1, 1)), box=box)

    def pixels(self) -> Pixels:
        """Enlarge every class's scores, then colour by the winner."""
        factor = fineness(max(self.scores.shape[:2]))
        layers = [maths.enlarged(layer, factor) for layer in np.moveaxis(self.scores, 2, 0)]
        fine = np.stack(layers, axis=-1)
        return tinted(fine, self.are_probabilities and not self.is_discrete, self.strength)


def tinted(
    scores: npt.NDArray[np.floating], are_probabilities: bool, strength: float = 1.0
) -> Pixels:
    """Pixels (H, W): the ground mixed with the winner's colour by how sure it is.

    Probabilities count from chance (1/C, the ground) to 1; other scores are all drawn alike.
    """
    palette = theme.current()
    inks = np.array([channels(c) for c in palette.classes], float)
    winner = scores.argmax(axis=2)
    sure = np.ones(winner.shape)
    if are_probabilities:
        chance = 1.0 / scores.shape[2]
        sure = np.clip((scores.max(axis=2) - chance) / (1 - chance), 0, 1)
    ground = np.array(channels(palette.base), float)
    share = strength * sure[..., None]
    return colours.packed(ground + (inks[winner % len(inks)] - ground) * share)


class BoundaryMark(LineMark):
    """Where the answer changes from one class to another, in the text's colour."""

    def pen(self, _strength: float = 1.0) -> QPen:
        """A thin pen of the text's colour."""
        return QPen(theme.colour("text"), 1)


def boundary(answers: MapAnswers, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The lines between the winners of a map with scores (H, W, C), pieces parted by NaN."""
    x, y = maths.axis_centres(answers.box, answers.cells)
    if scores.shape[2] == 2:
        return level_line(scores[..., 1] - scores[..., 0], 0.0, x, y)
    pieces = []
    for k in range(scores.shape[2]):
        best_other = np.delete(scores, k, axis=2).max(axis=2)
        pieces.append(level_line(scores[..., k] - best_other, 0.0, x, y))
    gap = np.array([np.nan])
    x, y = (np.concatenate([a for p in pieces for a in (p[i], gap)]) for i in (0, 1))
    return x, y
