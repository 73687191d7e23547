"""What the window remembers from one start to the next: one JSON file, written atomically.

A field of a wrong type, a broken file or none at all: the default stands in, never an error.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from lab.files.atomic import write_bytes
from lab.files.errors import SaveError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "settings.json"
RECENT = 8
LARGEST = 4 * 2**20  # bytes; ours is a few thousand


@dataclass
class Settings:
    """The choices of a person; ``last`` is the title of the run that was left open."""

    theme: str = "system"
    workspace: str = "Build"
    own_workspaces: list[str] = field(default_factory=list)
    layouts: dict[str, dict[str, Any]] = field(default_factory=dict)
    geometry: dict[str, Any] = field(default_factory=dict)
    recent: list[str] = field(default_factory=list)
    last: str = ""

    def opened(self, path: str) -> None:
        """Put a path at the head of the recent files."""
        kept = [path, *(p for p in self.recent if p != path)]
        self.recent = kept[:RECENT]


def read(folder: Path) -> Settings:
    """Return the settings of a folder."""
    settings = Settings()
    for name, value in _stored(folder / FILE).items():
        if name in _TYPES and _fits(value, _TYPES[name]):
            setattr(settings, name, value)
    if settings.theme not in ("light", "dark", "system"):
        settings.theme = "system"
    return settings


def write(settings: Settings, folder: Path) -> str:
    """Write the settings; return "" or the sentence that says why it could not be."""
    text = json.dumps(asdict(settings), indent=1, ensure_ascii=True)
    try:
        write_bytes(folder / FILE, text.encode(), overwrite=True)
    except SaveError as error:
        return str(error)
    return ""


def _stored(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= LARGEST:
            found = json.loads(path.read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
    return {}


def _fits(value: object, kind: type) -> bool:
    if not isinstance(value, kind):
        return False
    if kind is list:
        return all(isinstance(v, str) for v in value)  # type: ignore[attr-defined] # is a list
    return True


_TYPES = {f.name: type(getattr(Settings(), f.name)) for f in fields(Settings)}
