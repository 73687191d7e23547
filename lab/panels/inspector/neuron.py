"""A neuron that sees the data itself: its line w·x + b = 0, drawn over two-dimensional data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lab.ui.plots import Plot

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from lab.engine.data import Data
    from lab.engine.microscope import Iteration
    from lab.engine.questioned import Number

SIZE = 220
MOST_CLASSES = 10


@dataclass(frozen=True, slots=True)
class Neuron:
    """w (2,) and b of a unit that takes the two features; ``unit`` counts from 0."""

    w: tuple[float, float]
    b: float
    unit: int


def neuron_of(it: Iteration, number: Number | None, data: Data) -> Neuron | None:
    """Return the neuron that a number belongs to; None unless it sees a plane."""
    if number is None or data.kind.picture != "plane" or data.x.shape[1:] != (2,):
        return None
    first = it.stages[0]
    is_first = number.layer in {layer.name for layer in first.layers}
    if not is_first or first.main.kind != "linear":
        return None
    weight = first.main.weights["weight"]
    of_inputs = number.is_of_weight and number.tensor.endswith("weight")
    unit = number.place // weight.shape[1] if of_inputs else number.place
    if number.tensor in ("in", "d_in") and number.layer == first.main.name:
        return None
    bias = first.main.weights.get("bias")
    w = (float(weight[unit, 0]), float(weight[unit, 1]))
    return Neuron(w, float(bias[unit]) if bias is not None else 0.0, unit)


def line(neuron: Neuron, low: float, high: float) -> tuple[list[float], list[float]]:
    """Return two ends of w·x + b = 0 as far as a square from ``low`` to ``high`` reaches.

    Both are NaN where the weights are zero: then there is no line.
    """
    (w0, w1), b = neuron.w, neuron.b
    if w0 == w1 == 0:
        return [np.nan, np.nan], [np.nan, np.nan]
    ends = [low, high]
    if abs(w1) >= abs(w0):
        return ends, [-(w0 * x + b) / w1 for x in ends]
    return [-(w1 * y + b) / w0 for y in ends], ends


class NeuronPlot(Plot):
    """The data by class, the sample in question, and the neuron's line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(equal_aspect=True, may_be_log=False, parent=parent)
        self.setFixedHeight(SIZE)
        self.setMaximumWidth(SIZE + 120)
        self._points = [
            self.add_scatter(f"Class {n + 1}", n, size=4, is_class=True)
            for n in range(MOST_CLASSES)
        ]
        self.edge = self.add_line("w·x + b = 0", 0, width=2)
        self.edge.set_role("text")
        self.sample = self.add_scatter("Sample", 0, size=11, is_filled=False)
        self.sample.set_role("accent")

    def show_neuron(self, neuron: Neuron, data: Data, sample: int | None) -> None:
        """Show the line of a neuron over the data as the network gets them."""
        x = data.x
        reach = float(np.abs(x).max()) * 1.1
        names = data.feature_names
        self.set_axes(*(f"{n} (standardised)" if data.is_standardised else n for n in names))
        with self.at_once():
            for number, mark in enumerate(self._points):
                rows = data.labels == number if data.classes else np.full(len(x), number == 0)
                mark.set(x[rows, 0], x[rows, 1])
            self.edge.set(*line(neuron, -reach, reach))
            chosen = x[[sample]] if sample is not None else x[:0]
            self.sample.set(chosen[:, 0], chosen[:, 1])
        self.set_range((-reach, reach), (-reach, reach))
