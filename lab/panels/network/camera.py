"""From the places of a layout to pixels of the canvas, and back."""

from __future__ import annotations

from dataclasses import dataclass, replace

LEAST, MOST = 0.02, 4.0
READABLE = 0.4
"""A network is not shown smaller by itself than this: words would no longer have room."""


@dataclass(frozen=True, slots=True)
class Camera:
    """``pixel = offset + scale · place`` on both axes."""

    scale: float = 1.0
    x: float = 0.0
    y: float = 0.0

    def to_pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of the layout is seen."""
        return self.x + self.scale * x, self.y + self.scale * y

    def to_place(self, x: float, y: float) -> tuple[float, float]:
        """Return which place of the layout is seen at a pixel."""
        return (x - self.x) / self.scale, (y - self.y) / self.scale

    def moved(self, dx: float, dy: float) -> Camera:
        """Return it with everything so many pixels further."""
        return replace(self, x=self.x + dx, y=self.y + dy)

    def zoomed(self, factor: float, x: float, y: float) -> Camera:
        """Return it nearer by a factor, with the place under a pixel left where it is."""
        scale = min(max(self.scale * factor, LEAST), MOST)
        ratio = scale / self.scale
        return Camera(scale, x - ratio * (x - self.x), y - ratio * (y - self.y))


def fitted(
    size: tuple[float, float], room: tuple[float, float, float, float], *, whole: bool
) -> Camera:
    """Return the camera that shows a layout in a room of the canvas.

    Parameters
    ----------
    size
        Width and height of the layout, whose upper edge lies half its height above y = 0.
    room
        Left, top, right and bottom of the room in pixels.
    whole
        Whether all of it is to be seen, however small; otherwise what does not fit at
        `READABLE` runs out of the room on the right.
    """
    left, top, right, bottom = room
    width, height = size
    fit = min((right - left) / width, (bottom - top) / height, 1.25)
    scale = max(fit, LEAST if whole else min(READABLE, (bottom - top) / height))
    slack = max(right - left - scale * width, 0.0) / 2
    return Camera(scale, left + slack, top + scale * height / 2 + _spare(room, scale * height))


def _spare(room: tuple[float, float, float, float], height: float) -> float:
    return max(room[3] - room[1] - height, 0.0) / 2
