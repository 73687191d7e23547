"""The guard against a window that dies while it opens, again and again.

A start that did not come to its end leaves a file behind; after three of them the next one is
made in safe mode: the default layout, and nothing opened by itself.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE = "starting"
MOST = 3


class StartGuard:
    """Counts the starts that have not come to their end."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE

    def begin(self) -> bool:
        """Note a start; return whether it should be made in safe mode."""
        failed = self._failed()
        with suppress(OSError):
            self._file.write_text(str(failed + 1), encoding="ascii")
        return failed >= MOST

    def done(self) -> None:
        """The window stands: forget the starts that failed."""
        with suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _failed(self) -> int:
        with suppress(OSError, ValueError):
            return min(max(int(self._file.read_text(encoding="ascii")[:8]), 0), 1000)
        return 0
