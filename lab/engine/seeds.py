"""Random numbers as functions of (seed, purpose, step), so that no order of events matters."""

from __future__ import annotations

from hashlib import blake2b


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
