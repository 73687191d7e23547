"""The PyTorch code of a network: a snippet that stands for itself, runnable as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lab.engine.experiment import Part
    from lab.engine.shapes import Shape


def code(layers: Sequence[Part], shape: Shape, outputs: int) -> str:
    """Return Python that builds the network as ``net``.

    It takes a moment the first time: torch is imported to see what would be built.

    Parameters
    ----------
    layers : sequence of Part
        A network that can be built.
    shape : tuple of int
        One sample.
    outputs : int
        What the loss wants.

    Raises
    ------
    ExperimentError
        If it cannot be built.
    """
    from lab.engine import modules
    from lab.engine.foreign import require_own
    from lab.engine.networks import blank_network
    from lab.engine.script_network import first_weights, layer_lines
    from lab.engine.script_sources import carried

    require_own(layers, "a snippet cannot hold it")
    network = blank_network(layers, shape, outputs)
    used = dict.fromkeys(type(m) for m in network.modules())
    sources = [kind for kind in used if kind.__module__.startswith("lab.")]
    starts = list(first_weights(layers))
    written = carried(*sources, *([modules.initialise] if starts else []))
    body = "\n".join(f"    {line}" for line in layer_lines(layers, network))
    parts = [_imports(written), written, f"net = nn.Sequential(\n{body}\n)"]
    text = "\n\n\n".join(filter(None, parts))
    return "\n".join([text, *starts]) + "\n"


def _imports(written: str) -> str:
    lines = ["import torch"] if "torch." in written else []
    lines += ["import torch.nn.functional as F"] if "F." in written else []
    named = "Tensor, nn" if "Tensor" in written else "nn"
    return "\n".join([*lines, f"from torch import {named}"])
