"""What a person chose in the inspector, and which stop of the iteration that is at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lab.engine.phases import Phase

if TYPE_CHECKING:
    from lab.engine.questioned import Number

Stop = Literal["Forward", "Loss", "Backward", "Update"]
Look = Literal["Map", "Histogram", "Table"]
STOPS: tuple[Stop, ...] = ("Forward", "Loss", "Backward", "Update")
LOOKS: tuple[Look, ...] = ("Map", "Histogram", "Table")
ONE, BATCH = "One sample", "Batch"
TOOLTIPS = (
    "What every layer makes of the sample: z = Wa + b, a = φ(z)",
    "The output compared with the target, term by term",
    "The derivative of the loss, layer by layer back: δ, ∂L/∂W, ∂L/∂b",
    "What the optimizer keeps, and what it does to every weight",
)


@dataclass(frozen=True, slots=True)
class InspectorState:
    """A stop, a sample or the batch, a tensor, how it is looked at, and a number in question.

    ``layer`` is a name in the state dict, or that of the loss; ``tensor`` is named as in
    `lab.engine.microscope.tensor`.
    """

    stop: Stop = "Forward"
    sample: int = 0
    is_batch: bool = False
    layer: str = ""
    tensor: str = ""
    look: Look = "Map"
    has_numbers: bool = True
    number: Number | None = None


def stop_after(phase: int, before: int) -> Stop | None:
    """Return the stop that a run stepped by phase has come to; None if it was not.

    ``before`` is the phase that was in sight till now.
    """
    if phase == before:
        return None
    stops: dict[int, Stop] = {
        Phase.FORWARD: "Forward",
        Phase.LOSS: "Loss",
        Phase.BACKWARD: "Backward",
    }
    if phase in stops:
        return stops[phase]
    return "Update" if before == Phase.BACKWARD else None
