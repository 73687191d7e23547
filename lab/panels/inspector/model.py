"""What the inspector knows of one sample: every tensor of its pass, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.numerals import shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lab.engine.second_path import LayerPass
    from lab.engine.trainer import Trainer

    Array = npt.NDArray[np.float64]


MOST_PARAMETERS = 2_000_000
"""Of a larger network one answer takes longer than a person waits, and training with it."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerReport:
    """One layer: what it computed of the sample, and what the loss says of it.

    ``z`` is what an activation is taken of, ``a`` what the layer hands on; of a layer without
    an activation both are its output. ``delta`` is ∂L/∂z. ``gradients`` and ``updates`` are by
    the name of the weight; the errors are relative, see `lab.engine.proofs`.
    """

    name: str
    kind: str
    weights: dict[str, Array]
    z: Array
    a: Array
    delta: Array
    gradients: dict[str, Array]
    updates: dict[str, Array]
    autograd_error: float
    difference_error: float

    @property
    def title(self) -> str:
        """Number and kind, as people count: ``3 ReLU``."""
        ordinal = ".".join(str(int(n) + 1) for n in self.name.split(".") if n.isdigit())
        return f"{ordinal} {LAYERS[self.kind].title}"


@dataclass(frozen=True, slots=True, eq=False)
class Inspection:
    """One sample after ``step`` updates: input and target as the network gets them."""

    step: int
    sample: int
    input: Array
    target: Any
    output: Array
    loss: float
    layers: tuple[LayerReport, ...]

    def layer(self, name: str) -> LayerReport:
        """Return a layer by its name in the state dict.

        Raises
        ------
        ExperimentError
            If there is none.
        """
        for report in self.layers:
            if report.name == name:
                return report
        known = ", ".join(r.name for r in self.layers)
        raise ExperimentError(f"layer: {name!r} is not in this network; choose from {known}.")


def inspect(trainer: Trainer, sample: int, *, with_differences: bool = True) -> Inspection:
    """Pass one sample forward and back by the formulas, and prove every tensor.

    The network is taken as in evaluation: nothing is dropped, and a normalisation over the
    batch uses its running statistics, for a single sample has no spread. The update is the
    one that an iteration on this sample alone would make.

    Parameters
    ----------
    trainer
        The network at a step; it is left as it is.
    sample : int
        A row of ``data.x``.
    with_differences
        Whether gradients are also compared with finite differences, which takes longer.

    Raises
    ------
    ExperimentError
        If there is no such sample.
    """
    from lab.engine.networks import built
    from lab.engine.next_update import next_update
    from lab.engine.proofs import difference_error, proven
    from lab.engine.second_path import read

    data, loss = trainer.data, trainer.experiment.loss
    if not 0 <= sample < len(data.x):
        raise ExperimentError(f"sample: wanted 0 to {len(data.x) - 1:,}, got {sample:,}.")
    x, y = data.x[sample : sample + 1], data.target[sample : sample + 1]
    with trainer.settled():
        layers = built(trainer.experiment.layers, trainer.network)
        made = read(layers, training=False)
        found, errors = proven(layers, trainer.network, x, y, loss, training=False)
    update = next_update(trainer, found.gradients())
    reports = []
    for p in found.layers:
        name = p.layer.name
        difference = float("nan")
        if with_differences:
            difference = difference_error(made, x, y, loss, found, name)
        deltas = {n: update.deltas[f"{name}.{n}"] for n in p.gradients}
        reports.append(_report(p, deltas, errors[name], difference))
    return Inspection(
        trainer.step_number, sample, x[0], y[0], found.output[0], found.loss, tuple(reports)
    )


def _report(
    p: LayerPass, deltas: dict[str, Array], autograd: float, difference: float
) -> LayerReport:
    z, delta = (p.a, p.d_a) if p.is_activation else (p.z, p.d_z)
    weights = {n: p.layer.weights[n] for n in p.gradients}
    return LayerReport(
        p.layer.name, p.layer.kind, weights, z[0], p.z[0], delta[0], p.gradients, deltas,
        autograd, difference,
    )  # fmt: skip


# What the view shows.


@dataclass(frozen=True, slots=True)
class InspectorState:
    """What a person chose: a sample, a layer by its name, one of its tensors."""

    sample: int = 0
    layer: str = ""
    tensor: str = "a"


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """A tensor laid out as rows and columns (NaN where a grid has no cell), and its axes."""

    cells: Array
    x: str
    y: str


def tensors(report: LayerReport) -> dict[str, Array]:
    """Return what can be looked at of a layer, by the words it is chosen with."""
    found = {"a": report.a, "z": report.z, "δ = ∂L/∂z": report.delta}
    for name, weight in report.weights.items():
        found |= {
            name: weight,
            f"∂L/∂{name}": report.gradients[name],
            f"Δ{name}": report.updates[name],
        }
    return found


def sheet(tensor: Array) -> Sheet:
    """Lay a tensor of two axes or more out: units down, inputs across, channels as tiles."""
    if tensor.ndim == 2:
        return Sheet(tensor, "Input", "Unit")
    if tensor.ndim == 4:
        out, channels, height, width = tensor.shape
        cells = tensor.transpose(0, 2, 1, 3).reshape(out * height, channels * width)
        return Sheet(cells, "Input channel, column", "Output channel, row")
    return Sheet(_tiled(tensor), "Column of tiles, one a channel", "Row")


def stems(vector: Array) -> tuple[Array, Array]:
    """Return a line from zero to each value (n,), with gaps between them, and where it ends."""
    import numpy as np

    units = np.arange(len(vector), dtype=float)
    x = np.repeat(units, 3)
    y = np.stack([np.zeros(len(vector)), vector, np.full(len(vector), np.nan)], axis=1)
    return x, y.ravel()


def _tiled(images: Array) -> Array:
    """Set images (C, H, W) side by side in a grid as square as can be, a cell apart."""
    import numpy as np

    count, height, width = images.shape
    across = int(np.ceil(np.sqrt(count)))
    down = -(-count // across)
    grid = np.full((down * across, height + 1, width + 1), np.nan)
    grid[:count, :height, :width] = images
    tiles = grid.reshape(down, across, height + 1, width + 1).transpose(0, 2, 1, 3)
    return tiles.reshape(down * (height + 1), across * (width + 1))[:-1, :-1]


def reading(found: Inspection, state: InspectorState) -> str:
    """One sentence of the tensor in sight, and how far autograd is from the formulas."""
    report = found.layer(state.layer)
    tensor = tensors(report)[state.tensor]
    low, high, mean = (shown(float(v), 3) for v in (tensor.min(), tensor.max(), tensor.mean()))
    error = shown(report.autograd_error, 2)
    return (
        f"Step {found.step:,}, sample {found.sample:,}: {low} to {high}, mean {mean}; "
        f"autograd differs by {error}."
    )


def subtitle(found: Inspection, state: InspectorState) -> str:
    """Which tensor is in sight, and its shape: ``3 Linear, weight 128×64``."""
    report = found.layer(state.layer)
    shape = "×".join(map(str, tensors(report)[state.tensor].shape))
    return f"{report.title}, {state.tensor} {shape}"


@dataclass(slots=True)
class Ask:
    """The question to the worker; with a pause it is answered only now and then.

    ``pause_s`` is the least time between two answers, of which a tenth may be spent on one;
    0: at every look.
    """

    sample: int
    pause_s: float = 0.2
    _next: float = 0.0

    def __call__(self, trainer: Trainer) -> Inspection | None:
        """Inspect the sample at the cursor, or say nothing new."""
        began = perf_counter()
        if began < self._next or self.sample >= len(trainer.data.x):
            return None
        size = sum(s.parameters for s in trainer.sizes)
        if size > MOST_PARAMETERS:
            raise ExperimentError(
                f"With {size:,} parameters this network is too large to be inspected while it "
                f"trains (at most {MOST_PARAMETERS:,}); `nabla inspect` can do it on the side."
            )
        found = inspect(trainer, self.sample, with_differences=False)
        if self.pause_s:
            now = perf_counter()
            self._next = now + max(self.pause_s, 10 * (now - began))
        return found


# In plain values and in words.


def described(found: Inspection, layer: str | None = None) -> dict[str, Any]:
    """Return an inspection as plain values, for ``--json``; None where there is nothing."""
    reports = found.layers if layer is None else (found.layer(layer),)
    return {
        "step": found.step,
        "sample": found.sample,
        "input": found.input.tolist(),
        "target": found.target.tolist(),
        "output": found.output.tolist(),
        "loss": found.loss,
        "layers": [_described(r) for r in reports],
    }


def _described(r: LayerReport) -> dict[str, Any]:
    def of(tensors: dict[str, Array], name: str) -> Any:
        return tensors[name].tolist() if name in tensors else None

    return {
        "name": r.name,
        "kind": r.kind,
        "weight": of(r.weights, "weight"),
        "bias": of(r.weights, "bias"),
        "z": r.z.tolist(),
        "a": r.a.tolist(),
        "delta": r.delta.tolist(),
        "grad_weight": of(r.gradients, "weight"),
        "grad_bias": of(r.gradients, "bias"),
        "update": {name: delta.tolist() for name, delta in r.updates.items()} or None,
        "autograd_relative_error": r.autograd_error,
        "finite_difference_relative_error": r.difference_error if r.gradients else None,
    }


def in_words(found: Inspection, layer: str | None = None) -> str:
    """Return a table: a line a layer, with sizes and errors."""
    reports = found.layers if layer is None else (found.layer(layer),)
    head = f"Step {found.step:,}, sample {found.sample:,}: loss {found.loss:.6g}"
    lines = [
        head,
        f"{'layer':<24}{'shape':>12}{'|a|':>12}{'|δ|':>12}{'autograd':>12}{'difference':>12}",
    ]
    for r in reports:
        shape = "×".join(map(str, r.a.shape))
        sizes = (float((t**2).sum()) ** 0.5 for t in (r.a, r.delta))
        errors = f"{r.autograd_error:>12.1e}"
        errors += f"{r.difference_error:>12.1e}" if r.gradients else f"{'-':>12}"
        values = "".join(f"{size:>12.4g}" for size in sizes)
        lines.append(f"{r.name + ' ' + LAYERS[r.kind].title:<24}{shape:>12}{values}{errors}")
    return "\n".join(lines)
