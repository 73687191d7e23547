"""What the inspector knows of one sample: every tensor of its pass, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from lab.engine.second_path import LayerPass
    from lab.engine.trainer import Trainer

    Array = npt.NDArray[np.float64]


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
