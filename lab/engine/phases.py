"""The four phases of an iteration: forward, loss, backward, update."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """How far the iteration in progress has come; READY is between two iterations."""

    READY = 0
    FORWARD = 1
    LOSS = 2
    BACKWARD = 3
