"""Where the worker leaves what the window takes: of each topic the newest, and no queue."""

from __future__ import annotations

from threading import Lock
from typing import Any


class Mailbox:
    """One slot a topic; what is put replaces what lies there, what is taken is gone."""

    def __init__(self) -> None:
        self._slots: dict[str, Any] = {}
        self._lock = Lock()

    def put(self, topic: str, value: Any) -> None:
        """Leave a value that nobody writes to any more."""
        with self._lock:
            self._slots[topic] = value

    def take(self) -> dict[str, Any]:
        """Return all that lies there, by topic."""
        with self._lock:
            taken, self._slots = self._slots, {}
        return taken

    def holds(self, topic: str) -> bool:
        """Say whether something on a topic waits to be taken."""
        return topic in self._slots
