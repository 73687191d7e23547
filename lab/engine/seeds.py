"""Random numbers as functions of (seed, purpose, step), so that no order of events matters."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import blake2b
from threading import RLock
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
else:
    torch = LazyModule("torch")

PATIENCE_S = 20.0
"""How long one thread waits for another that draws: a module's own code may never end."""
_drawing = RLock()


def seed_of(seed: int, purpose: str, step: int = 0) -> int:
    """Return a seed of 63 bits that belongs to one purpose at one step of one run.

    The same three arguments give the same number on every machine; any other three give one
    that has nothing to do with it. Source: BLAKE2b of the text ``seed/purpose/step``.
    """
    digest = blake2b(f"{seed}/{purpose}/{step}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def next_seed(seed: int) -> int:
    """Return another seed of few digits, the same for the same seed."""
    return seed_of(seed, "next seed") % 1_000_000


@contextmanager
def drawing(seed: int) -> Iterator[None]:
    """Have torch's own generator for this thread alone, seeded, and put back afterwards.

    The whole process shares that generator, and modules draw their weights from it. Whatever
    builds one, or runs a person's code that may, does so in here: otherwise the bits of a run
    would depend on what other threads do meanwhile. It may be entered again inside.

    Raises
    ------
    ExperimentError
        If another thread keeps it for longer than `PATIENCE_S`.
    """
    if not _drawing.acquire(timeout=PATIENCE_S):
        raise ExperimentError(
            f"layers: code of a module has been running for more than {PATIENCE_S:.0f} s, and "
            "nothing can be built beside it; wait for it, or start anew without that module."
        )
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        _drawing.release()
