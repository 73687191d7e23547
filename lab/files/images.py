"""One's own pictures: a folder with a sub-folder for each class.

Why two passes: the first reads only the pictures' heads, so that size, colour and memory are
known and bounded before a single pixel is unpacked.
"""

from __future__ import annotations

import os
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lab.files.errors import LoadError, StrPath, counted, printable, quoted, reading
from lab.files.limits import LIMITS, in_words
from lab.files.pictures import GREY, Size, picture_at, quiet, shown_size, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_HINT = "Give each class a sub-folder of pictures"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Pictures and their classes.

    Attributes
    ----------
    x : ndarray, shape (N, C, H, W), float32
        Values from 0 (black) to 1; C is 1 (grey) or 3 (red, green, blue).
    y : ndarray, shape (N,), int64
        Index into ``class_names``.
    class_names : tuple of str
        The names of the sub-folders, sorted.
    files : tuple of N str
        Relative names, as ``cat/1.png``.
    notes : tuple of str
        What was chosen and left out.
    """

    x: npt.NDArray[np.float32]
    y: npt.NDArray[np.int64]
    class_names: tuple[str, ...]
    files: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class _Survey:
    """What the first pass found: names, sizes (height, width), whether grey, and the broken."""

    names: list[str] = field(default_factory=list)
    sizes: list[Size] = field(default_factory=list)
    greys: list[bool] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    others: int = 0
    bytes: int = 0


def read_image_folder(
    path: StrPath, size: Size | None = None, grey: bool | None = None
) -> ImageSet:
    """Read a folder of pictures, one sub-folder a class.

    Parameters
    ----------
    path : str or path
    size : (height, width), optional
        All pictures are scaled to it; the common size if not given, or if they are unlike the
        median, at most 64 a side.
    grey : bool, optional
        Whether to read them as grey; if not given, only if all are.

    Raises
    ------
    LoadError
        For fewer than two classes, more than one broken picture in a hundred, or too much data.
    """
    folder = Path(path)
    with reading(folder, "it cannot be read as a folder of pictures", _HINT), quiet():
        survey = _surveyed(folder)
        _require_sound(folder, survey)
        height, width = _size(folder, survey, size)
        is_grey = all(survey.greys) if grey is None else grey
        channels = 1 if is_grey else 3
        _require_memory(folder, len(survey.names) * channels * height * width * 4)
        pixels = np.empty((len(survey.names), channels, height, width), np.float32)
        kept = _fill(folder, survey, pixels, is_grey)
        return _image_set(folder, survey, pixels, kept, size)


def _surveyed(folder: Path) -> _Survey:
    survey = _Survey()
    for name in _names(folder, survey):
        try:
            with picture_at(folder / name) as picture:
                survey.sizes.append(shown_size(picture))
                survey.greys.append(picture.mode in GREY)
                survey.bytes += (folder / name).stat().st_size
        except LoadError:
            survey.broken.append(name)
        else:
            survey.names.append(name)
        if survey.bytes > LIMITS.pictures_bytes:
            what = f"the pictures have more than {in_words(LIMITS.pictures_bytes)}"
            raise LoadError(folder, what, None, "Choose fewer")
    return survey


def _names(folder: Path, survey: _Survey) -> Iterator[str]:
    """Yield the pictures' names, class after class, sorted; count what is no picture."""
    classes = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir())
    number = 0
    for class_name in classes:
        if class_name.startswith("."):
            continue
        for name in sorted(os.listdir(folder / class_name)):
            if not name.lower().endswith(SUFFIXES) or name.startswith("."):
                survey.others += 1
                continue
            number += 1
            if number > LIMITS.picture_files:
                what = f"more than {LIMITS.picture_files:,} pictures"
                raise LoadError(folder, what, None, "Choose fewer")
            yield f"{class_name}/{name}"


def _require_sound(folder: Path, survey: _Survey) -> None:
    total = len(survey.names) + len(survey.broken)
    if not total:
        raise LoadError(folder, "there are no pictures in its sub-folders", None, _HINT)
    if len(survey.broken) > LIMITS.bad_share * total:
        what = f"{len(survey.broken):,} of {counted(total, 'picture')} cannot be read"
        raise LoadError(folder, what, _listed(survey.broken), "Remove or replace them")
    if len(_classes(survey.names)) < 2:
        what = f"there is one class only, {quoted(_classes(survey.names)[0])}"
        raise LoadError(folder, what, None, _HINT)


def _classes(names: list[str]) -> list[str]:
    return sorted({name.partition("/")[0] for name in names})


def _listed(names: list[str]) -> str:
    more = len(names) - LIMITS.listed
    shown = ", ".join(map(quoted, names[: LIMITS.listed]))
    return shown + (f" and {more:,} more" if more > 0 else "")


def _size(folder: Path, survey: _Survey, size: Size | None) -> Size:
    if size is None:
        return _usual_size(survey.sizes)
    if not all(1 <= side <= LIMITS.picture_most for side in size):
        what = f"a size of {size[0]} × {size[1]} is not possible"
        raise LoadError(folder, what, None, f"Choose 1 to {LIMITS.picture_most}")
    return size


def _usual_size(sizes: list[Size]) -> Size:
    """Return the one size, or the median of each side, at most 64."""
    if len(set(sizes)) == 1:
        return sizes[0]
    height, width = (
        min(int(statistics.median(sides)), LIMITS.picture_side)
        for sides in zip(*sizes, strict=True)
    )
    return height, width


def _require_memory(folder: Path, needed: int) -> None:
    if needed > LIMITS.pictures_values:
        allowed = in_words(LIMITS.pictures_values)
        what = f"the pictures would take {in_words(needed)}, more than the {allowed} allowed"
        raise LoadError(folder, what, None, "Choose a smaller size or fewer pictures")


def _fill(
    folder: Path, survey: _Survey, pixels: npt.NDArray[np.float32], is_grey: bool
) -> list[int]:
    """Unpack the pictures into ``pixels``; return which of them could be, in order."""
    kept: list[int] = []
    size = (pixels.shape[2], pixels.shape[3])
    for i, name in enumerate(survey.names):
        try:
            with picture_at(folder / name) as picture:
                pixels[len(kept)] = values_of(picture, size, is_grey)
        except LoadError:
            survey.broken.append(name)
        else:
            kept.append(i)
    survey.names = [survey.names[i] for i in kept]
    _require_sound(folder, survey)
    return kept


def _image_set(
    folder: Path,
    survey: _Survey,
    pixels: npt.NDArray[np.float32],
    kept: list[int],
    asked: Size | None,
) -> ImageSet:
    classes = _classes(survey.names)
    place = {name: k for k, name in enumerate(classes)}
    y = np.array([place[name.partition("/")[0]] for name in survey.names], np.int64)
    shown = tuple(printable(name) for name in classes)
    return ImageSet(
        pixels[: len(kept)], y, shown, tuple(survey.names), _notes(survey, pixels.shape, asked)
    )


def _notes(survey: _Survey, shape: tuple[int, ...], asked: Size | None) -> tuple[str, ...]:
    notes = []
    common, count = Counter(survey.sizes).most_common(1)[0]
    if common != shape[2:] or count != len(survey.sizes):
        why = "as asked for" if asked else "the median, at most 64 a side"
        kinds = counted(len(set(survey.sizes)), "different size")
        notes.append(f"scaled to {shape[2]} × {shape[3]} pixels ({why}); there are {kinds}")
    if survey.broken:
        broken = counted(len(survey.broken), "broken picture")
        notes.append(f"left out: {broken}: {_listed(survey.broken)}")
    if survey.others:
        notes.append(f"left out: {counted(survey.others, 'other file')}")
    return tuple(notes)
