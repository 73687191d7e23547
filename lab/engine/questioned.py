"""Which number is meant: a light name for any number of an iteration."""

from __future__ import annotations

from dataclasses import dataclass

from lab.maths.explanations import LOSS


@dataclass(frozen=True, slots=True)
class Number:
    """Which number is meant: a tensor of a layer (see `lab.engine.microscope.tensor`).

    ``place`` counts through what belongs to one sample, or through a weight; ``row`` is the
    sample in the batch.
    """

    layer: str
    tensor: str
    place: int = 0
    row: int = 0

    @property
    def is_of_weight(self) -> bool:
        """Whether it belongs to no sample."""
        return self.layer != LOSS and self.tensor not in ("in", "out", "d_in", "d_out")


def symbol_and_weight(number: Number) -> tuple[str, str]:
    """Return what the optimizer calls a number, and the weight that it belongs to."""
    if number.tensor.startswith("Δ"):
        return "Δ", number.tensor[1:]
    symbol, _, weight = number.tensor.rpartition(" ")
    return symbol, weight
