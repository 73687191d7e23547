"""One set-up at a time in one checkout; a second start waits for the first."""

from __future__ import annotations

import hashlib
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def place(root: Path) -> Path:
    """Return the lock's file; in the temporary folder, as ``.venv`` may have to be cleared."""
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"nabla-set-up-{name}.lock"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold a lock that the system takes back by itself, however this process ends."""
    with place(root).open("a+") as file:
        file.seek(0)
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
