"""The commands that wait for the worker, in order, and whether one of them cannot wait long."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Command = Callable[[], None]


class Commands:
    """A queue that any thread may add to and one thread takes from."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Command, bool]] = deque()
        self._urgent, self._lock = 0, Lock()

    def add(self, command: Command, *, at_once: bool) -> None:
        """Add a command at the end; ``at_once`` says that somebody waits for it."""
        with self._lock:
            self._urgent += at_once
            self._waiting.append((command, at_once))

    def take(self) -> Command:
        """Return the oldest command; there has to be one."""
        with self._lock:
            command, at_once = self._waiting.popleft()
            self._urgent -= at_once
        return command

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for one of them."""
        return self._urgent > 0

    def __bool__(self) -> bool:
        return bool(self._waiting)
