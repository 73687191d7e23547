"""What files dropped onto the window are: decided by their names, without opening them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {
    ".toml": "experiment",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".npy": "arrays",
    ".npz": "arrays",
    ".safetensors": "weights",
    ".pt": "weights",
    ".pth": "weights",
}
LISTED = 5


@dataclass(frozen=True, slots=True)
class Drop:
    """The first file that can be opened, its kind, and a sentence about the others."""

    path: Path
    kind: str
    others: str = ""


def kind_of(path: Path) -> str | None:
    """Return what a file is by its name; what has no ending is taken for a folder of images."""
    if not path.suffix:
        return "images"
    return KINDS.get(path.suffix.lower())


def chosen(paths: Iterable[str]) -> Drop | None:
    """Return the first path that can be opened; the others are listed, at most five by name."""
    found = [Path(p) for p in paths if p]
    first = next((p for p in found if kind_of(p)), None)
    if first is None:
        return None
    rest = [p.name for p in found if p != first]
    return Drop(first, kind_of(first) or "", _others(rest))


def refusal(paths: Iterable[str]) -> str:
    """Say that none of the dropped files can be opened, and what can."""
    names = [Path(p).name for p in paths if p]
    what = f"\u201c{names[0][:80]}\u201d" if len(names) == 1 else f"none of {len(names)} files"
    if not names:
        return "Only files from this machine can be dropped here."
    return (
        f"Cannot open {what}: drop an experiment (.toml), a table (.csv), arrays (.npy, .npz), "
        "weights (.safetensors, .pt) or a folder of images."
    )


def _others(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"Not opened: {', '.join(n[:40] for n in names[:LISTED])}{more}."
