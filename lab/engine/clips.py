"""The table of ways to bound the gradient before an update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import Kind, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

Options = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClipKind(Kind):
    """A bound: ``bound(gradient, its norm, options)`` keeps the gradient to it, in place."""

    bound: Callable[[Tensor, float, Options], None] | None = None


def by_norm(gradient: Tensor, length: float, options: Options) -> None:
    """Shorten the gradient to the largest norm, as `torch.nn.utils.clip_grad_norm_` does."""
    share = options["max_norm"] / (length + 1e-6)
    if share < 1:
        gradient.mul_(share)


def by_value(gradient: Tensor, length: float, options: Options) -> None:
    """Bound every element."""
    gradient.clamp_(-options["limit"], options["limit"])


CLIPS: dict[str, ClipKind] = {
    k.name: k
    for k in (
        ClipKind("none", "Off", "The gradient is used as it is."),
        ClipKind(
            "norm",
            "By norm",
            "Shortens the whole gradient to the largest norm: g ← g · c/(‖g‖ + 10⁻⁶).",
            (
                Parameter(
                    "max_norm", 1.0, "largest norm", 0, open_low=True, live=True, symbol="c"
                ),
            ),
            by_norm,
        ),
        ClipKind(
            "value",
            "By value",
            "Bounds every element of the gradient to ±c.",
            (
                Parameter(
                    "limit", 1.0, "largest element", 0, open_low=True, live=True, symbol="c"
                ),
            ),
            by_value,
        ),
    )
}
