"""One set-up at a time in one checkout; a second start waits for the first."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_S = 0.2


def place(root: Path) -> Path:
    """Return the lock's file; in the temporary folder, as ``.venv`` may have to be cleared."""
    name = hashlib.sha256(str(root).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"nabla-set-up-{name}.lock"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Hold a lock that the system takes back by itself, however this process ends."""
    with place(root).open("a+b") as file:
        if sys.platform == "win32":
            _wait_on_windows(file.fileno())
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait_on_windows(number: int) -> None:
    """Lock the first byte, however long that takes: ``LK_LOCK`` gives up after ten seconds."""
    import msvcrt

    while True:
        os.lseek(number, 0, os.SEEK_SET)  # the byte locked is the one the file stands at
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            return
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EDEADLK):
                raise
        time.sleep(LOOK_S)
