"""Which shapes chain: (m, n)·(n, p) → (m, p)."""

from __future__ import annotations


def product_shape(first: tuple[int, int], second: tuple[int, int]) -> tuple[int, int]:
    """Return the shape of a product of two matrices.

    Raises
    ------
    ValueError
        If the columns of the first are not as many as the rows of the second; both are named.
    """
    (m, n), (k, p) = first, second
    if n != k:
        raise ValueError(
            f"({m}, {n})·({k}, {p}): {n} ≠ {k}, the columns of the first are not as many as "
            "the rows of the second"
        )
    return m, p
