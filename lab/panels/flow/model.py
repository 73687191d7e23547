"""What the flow panel shows: one quantity of every layer, by depth and over time, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from lab.numerals import shown
from lab.panels.flow.findings import drawn, falls_by, find

if TYPE_CHECKING:
    import numpy.typing as npt

    from lab.engine.backprop_cost import Costs
    from lab.engine.experiment import Experiment
    from lab.engine.flow import Flow, FlowLayer
    from lab.engine.shapes import Shape
    from lab.engine.trainer import Trainer

    FloatArray = npt.NDArray[np.float64]

MOST_LINES = 24
"""Layers whose curves over time are drawn; of more every k-th."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What can be looked at of every layer: its axis, and what it means.

    ``is_share`` says that it is a share of units, in per cent on an even axis; any other is a
    size on a logarithmic one.
    """

    name: str
    title: str
    axis: str
    meaning: str
    noun: str
    is_share: bool = False

    @property
    def factor(self) -> float:
        """From what is measured to what is drawn."""
        return 100.0 if self.is_share else 1.0


SHOWN: dict[str, Quantity] = {
    q.name: q
    for q in (
        Quantity(
            "gradient",
            "Gradient",
            "Gradient ∂J/∂w (RMS)",
            "√(Σg²/n) over the n weights and biases of a layer, g = ∂J/∂w before clipping",
            "gradient",
        ),
        Quantity(
            "delta",
            "Signal back",
            "Signal back δ = ∂L/∂a (RMS)",
            "√(Σδ²/n) over the batch and the units, of what backpropagation carries back",
            "signal back",
        ),
        Quantity(
            "activation",
            "Activation",
            "Activation a (RMS)",
            "√(Σa²/n) over the batch and the units, of what the layer hands on",
            "activation",
        ),
        Quantity(
            "variance",
            "Variance",
            "Variance of activations Var(a)",
            "Variance of what the layer hands on, over the batch and the units: the right "
            "initialisation keeps it",
            "variance",
        ),
        Quantity(
            "weight",
            "Weight",
            "Weight w (RMS)",
            "√(Σw²/n) over the n weights and biases of a layer",
            "weight",
        ),
        Quantity(
            "update",
            "Update",
            "Update Δw (RMS)",
            "√(ΣΔw²/n), Δw what the optimizer adds to the weights in this iteration",
            "update",
        ),
        Quantity(
            "ratio",
            "Update / weight",
            "Update / weight ‖Δw‖/‖w‖",
            "How far one update moves a layer's weights beside their size; 10⁻³ is usual",
            "update over weight",
        ),
        Quantity(
            "dead",
            "Dead",
            "Dead units (%)",
            "Units of ReLU and its like that are zero for every sample of a probe",
            "dead",
            is_share=True,
        ),
        Quantity(
            "saturated",
            "Saturated",
            "Saturated (%)",
            "Share of values at which a bounded activation is flat: |φ′(z)| below 5 % of its "
            "greatest",
            "saturated",
            is_share=True,
        ),
    )
}

PAGES = ("By depth", "Over time", "Cost")


@dataclass(frozen=True, slots=True)
class FlowState:
    """What a person chose: the page, the quantity, a layer by its path."""

    page: str = PAGES[0]
    quantity: str = "gradient"
    layer: str = ""


@dataclass(slots=True)
class Ask:
    """The question to the worker; with a pause it is answered only now and then.

    ``pause_s`` is the least time between two answers, of which a tenth may be spent on one;
    0: at every look. ``settings`` are those in force for the next step.
    """

    pause_s: float = 0.1
    settings: Experiment | None = None
    _next: float = 0.0

    def __call__(self, trainer: Trainer) -> Flow | None:
        """Measure the network at the cursor, or say nothing new."""
        from lab.engine.flow import measure

        began = perf_counter()
        if began < self._next:
            return None
        found = measure(trainer, self.settings)
        if self.pause_s:
            now = perf_counter()
            self._next = now + max(self.pause_s, 10 * (now - began))
        return found


# By depth.


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The layers of one sort: places along the depth from 1 on, and values."""

    name: str
    places: FloatArray
    values: FloatArray


SORTS = ("Layers that mix units", "Activations", "Other layers")


def sort_of(layer: FlowLayer) -> str:
    """Return which curve a layer belongs to; a quantity leaps between them and not within."""
    from lab.engine.layers import LAYERS

    if layer.is_drawn:
        return SORTS[0]
    return SORTS[1] if LAYERS[layer.kind].is_activation else SORTS[2]


def by_depth(flow: Flow, quantity: str) -> tuple[Series, ...]:
    """Return one quantity of all layers, a series for each sort."""
    values = flow.values[quantity] * SHOWN[quantity].factor
    sorts = [sort_of(layer) for layer in flow.layers]
    found = []
    for sort in SORTS:
        own = [i for i, s in enumerate(sorts) if s == sort and np.isfinite(values[i])]
        found.append(Series(sort, np.array(own, float) + 1, values[own]))
    return tuple(found)


def lines_over_time(flow: Flow, quantity: str, chosen: str) -> list[int]:
    """Return the places of the layers whose curves are drawn, the chosen one among them."""
    there = [i for i, v in enumerate(flow.values[quantity]) if not np.isnan(v)]
    if quantity in ("activation", "variance", "delta"):
        mixing = [i for i in there if flow.layers[i].is_drawn]
        there = mixing or there
    if len(there) > MOST_LINES:
        places = np.linspace(0, len(there) - 1, MOST_LINES).round().astype(int)
        there = [there[p] for p in places]
    own = [i for i, layer in enumerate(flow.layers) if layer.path == chosen]
    return sorted({*there, *own})


# In words.


def subtitle(flow: Flow, state: FlowState) -> str:
    """What is drawn, and what its marks are."""
    quantity = SHOWN[state.quantity]
    if state.page == PAGES[1]:
        return f"{quantity.title.lower()}; dark: first layers, light: last"
    sorts = [s.name.lower() for s in by_depth(flow, state.quantity) if len(s.places)]
    if len(sorts) < 2:
        return f"{quantity.title.lower()} of {len(flow.layers)} layers"
    signs = dict(zip(map(str.lower, SORTS), ("circles", "triangles", "diamonds"), strict=True))
    return "; ".join(f"{signs[s]}: {s}" for s in sorts)


def reading(flow: Flow, state: FlowState) -> str:
    """One sentence of what was measured: the extremes, or the layer chosen."""
    head = f"Step {flow.step:,}: "
    values, quantity = flow.values[state.quantity], SHOWN[state.quantity]
    known = [i for i in range(len(values)) if np.isfinite(values[i])]
    if not known:
        return missing(flow, state.quantity)
    chosen = next((i for i in known if flow.layers[i].path == state.layer), None)
    if chosen is not None:
        here = _said(quantity, float(values[chosen]))
        return f"{head}{quantity.noun} of layer {flow.layers[chosen].title} {here}."
    low, high = (known[int(f(values[known]))] for f in (np.argmin, np.argmax))
    least, most = (_said(quantity, float(values[i])) for i in (low, high))
    where = f" in layer {flow.layers[high].title}"
    if least == most:
        return f"{head}{quantity.noun} {most} in all layers that have it."
    words = f"{quantity.noun} {least} in layer {flow.layers[low].title} to {most}{where}"
    return f"{head}{words}{_trend(flow) if state.quantity == 'gradient' else ''}."


def _said(quantity: Quantity, value: float) -> str:
    return f"{value:.0%}" if quantity.is_share else shown(value, 2)


def _trend(flow: Flow) -> str:
    """Say how the first layer's gradient stands beside the last one's."""
    factor = falls_by(flow) if len(drawn(flow)) > 1 else math.nan
    if not math.isfinite(factor) or factor == 0:
        return ""
    if factor >= 1:
        return f"; the last is {shown(factor, 2)} times the first"
    return f"; the first is {shown(1 / factor, 2)} times the last"


def missing(flow: Flow, quantity: str) -> str:
    """Say why nothing can be shown of a quantity."""
    if quantity == "dead":
        return "No activation of this network can die."
    if quantity == "saturated":
        return "No activation of this network is bounded, so none saturates."
    if quantity in ("update", "ratio"):
        size = sum(layer.parameters for layer in flow.layers)
        return f"With {size:,} parameters the update is not computed while training."
    return "Nothing finite to show."


def in_units(seconds: float) -> str:
    """A time in the unit that is read most easily.

    >>> in_units(0.0004), in_units(7300.0)
    ('400 µs', '2 h')
    """
    units = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (120.0, 1.0, "s"), (7200.0, 1 / 60, "min"))
    for limit, factor, unit in units:
        if seconds < limit:
            return f"{shown(seconds * factor, 3)} {unit}"
    if seconds < 2 * 86400:
        return f"{shown(seconds / 3600, 2)} h"
    return f"{shown(seconds / 86400, 2)} days"


def cost_reading(costs: Costs) -> str:
    """One sentence of what backpropagation saves in the network at hand."""
    own = next((c for c in costs.costs if c.factor == 1.0), None)
    if own is None:
        return "; ".join(costs.left_out)
    one, many = in_units(own.gradient_s), in_units(own.differences_s)
    return (
        f"{own.parameters:,} parameters: one gradient by backpropagation {one}, by "
        f"{own.parameters + 1:,} forward passes {many} (extrapolated from {own.rounds} "
        f"measured): {shown(own.saving, 2)} times as long."
    )


# On the command line.


def described(flow: Flow, settings: Experiment, shape: Shape, outputs: int) -> dict[str, Any]:
    """Return what was measured as plain values, for ``--json``; None where there is nothing."""
    return {
        "step": flow.step,
        "batch": flow.rows,
        "probe": flow.probe,
        "loss": _plain(flow.loss),
        "gradient_norm": _plain(flow.gradient_norm()),
        "layers": [
            {"path": layer.path, "name": layer.name, "kind": layer.kind}
            | {"parameters": layer.parameters}
            | {name: _plain(float(flow.values[name][i])) for name in SHOWN}
            for i, layer in enumerate(flow.layers)
        ],
        "warnings": [
            {"name": f.name, "text": f.words, "layer": f.path}
            | {"cures": [c.title for c in f.cures]}
            for f in find(flow, settings, shape, outputs)
        ],
    }


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def in_words(flow: Flow, settings: Experiment, shape: Shape, outputs: int) -> str:
    """Return a table, a line a layer, and what is wrong with it."""
    head = f"Step {flow.step:,}, batch of {flow.rows:,}: loss {flow.loss:.6g}; sizes are RMS"
    columns = [SHOWN[name] for name in SHOWN]
    lines = [head, f"{'layer':<22}" + "".join(f"{_short(q):>11}" for q in columns)]
    for i, layer in enumerate(flow.layers):
        values = ((q, float(flow.values[q.name][i])) for q in columns)
        cells = "".join(f"{'-' if math.isnan(v) else _cell(q, v):>11}" for q, v in values)
        lines.append(f"{layer.title[:22]:<22}{cells}")
    for finding in find(flow, settings, shape, outputs):
        offered = ", ".join(c.title for c in finding.cures)
        lines.append(f"{finding.words}" + (f" Cures: {offered}." if offered else ""))
    return "\n".join(lines)


def _short(quantity: Quantity) -> str:
    return {"delta": "signal", "ratio": "ratio"}.get(quantity.name, quantity.title.lower())


def _cell(quantity: Quantity, value: float) -> str:
    return f"{value:.1%}" if quantity.is_share else f"{value:.3g}"
