"""The table of ways to bound the gradient before an update."""

from __future__ import annotations

from lab.engine.kinds import Kind, Parameter

CLIPS: dict[str, Kind] = {
    k.name: k
    for k in (
        Kind("none", "Off", "The gradient is used as it is."),
        Kind(
            "norm",
            "By norm",
            "Shortens the whole gradient to the largest norm: g ← g · c/(‖g‖ + 10⁻⁶).",
            (
                Parameter(
                    "max_norm", 1.0, "largest norm", 0, open_low=True, live=True, symbol="c"
                ),
            ),
        ),
        Kind(
            "value",
            "By value",
            "Bounds every element of the gradient to ±c.",
            (
                Parameter(
                    "limit", 1.0, "largest element", 0, open_low=True, live=True, symbol="c"
                ),
            ),
        ),
    )
}
