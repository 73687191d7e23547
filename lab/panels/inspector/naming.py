"""Numbers as the command line names them: ``delta[1]``, ``grad_weight[0,2]``, ``terms[0]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.questioned import Number
from lab.maths.explanations import LOSS

if TYPE_CHECKING:
    from lab.engine.microscope import Iteration

_NAMED = re.compile(r"([^\W\d][\ŵ²\[\]. ]*?)\[(\d+(?:,\d+)*)\]")


def number_named(it: Iteration, layer: str | None, wanted: str) -> Number:
    """Return the number that was meant; indices count from 0, as those of the JSON do.

    Raises
    ------
    ExperimentError
        If there is no such layer, tensor or place.
    """
    import numpy as np

    from lab.engine.microscope import tensor

    names = [*(x.name for x in it.leaves), LOSS]
    if layer is None:
        raise ExperimentError(
            f"explain: say with --layer of which layer; choose from {', '.join(names)}."
        )
    if layer not in names:
        raise ExperimentError(f"layer: {layer!r} is not known; choose from {', '.join(names)}.")
    match = _NAMED.fullmatch(wanted.strip())
    if match is None:
        raise ExperimentError(
            f"explain: wanted a number such as delta[1] or weight[0,2], got {wanted!r}."
        )
    name = _tensor(it, layer, match[1])
    index = tuple(int(n) for n in match[2].split(","))
    try:
        number = Number(layer, name)
        whole = tensor(it, layer, name)
        shape = whole.shape if number.is_of_weight else whole.shape[1:]
        place = int(np.ravel_multi_index(index, shape))
    except (LookupError, ValueError):
        raise ExperimentError(f"explain: layer {layer} has no number {wanted}.") from None
    return Number(layer, name, place)


def _tensor(it: Iteration, layer: str, name: str) -> str:
    """Return what the engine calls a tensor that the JSON has another name for."""
    if layer == LOSS:
        return {"output": "o", "target": "y", "slope": "d_o"}.get(name, name)
    if LAYERS[it.passes[layer].layer.kind].is_activation:
        roles = {"z": "in", "a": "out", "delta": "d_in"}
    else:
        roles = {"z": "out", "a": "out", "delta": "d_out"}
    if name in roles:
        return roles[name]
    for prefix, sign in (("grad_", "∂"), ("update_", "Δ")):
        if name.startswith(prefix):
            return sign + name.removeprefix(prefix)
    return name
