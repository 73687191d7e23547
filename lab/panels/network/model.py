"""What the canvas shows of a network in training, and what the worker is asked for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lab.panels.network.blocks import leaves
from lab.panels.network.layout import INPUT, MOST_UNITS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt
    import torch
    from torch import Tensor, nn

    from lab.engine.data import Data
    from lab.engine.experiment import Part
    from lab.engine.networks import Built
    from lab.engine.trainer import Trainer
    from lab.panels.network.blocks import Block

    Floats = npt.NDArray[np.float64]

Show = Literal["Response", "Weights", "Gradient"]
GRID = 28
"""Places along one side of a response map."""
MOST_WEIGHTS = 300_000
"""Of a larger tensor the canvas draws no weights, so none are fetched."""
MOST_PARAMETERS = 2_000_000
"""Gradients of a larger network would hold training up."""
MARGIN = 0.1


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What a person chose: what units show, and what is selected."""

    show: Show = "Response"
    shows_bias: bool = True
    keeps_weights: bool = False
    layer: str | None = None
    unit: tuple[str, int] | None = None
    weight: tuple[str, str, int] | None = None
    sample: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A network at a step, by the main layer of each block.

    ``layers`` is the description that it was built of. ``weights`` and ``gradients`` hold
    every tensor that is drawn, by (path, name); ``sums`` and ``values`` what each block makes
    of the sample before and after its activation, ``maps`` the same for every place of the
    plane, (units, GRID, GRID) with the highest place first.
    """

    step: int
    layers: tuple[Part, ...]
    sample: int
    box: tuple[float, float, float, float] | None
    weights: dict[tuple[str, str], Floats] = field(default_factory=dict)
    gradients: dict[tuple[str, str], Floats] = field(default_factory=dict)
    sums: dict[str, Floats] = field(default_factory=dict)
    values: dict[str, Floats] = field(default_factory=dict)
    maps: dict[str, Floats] = field(default_factory=dict)


@dataclass(slots=True)
class Ask:
    """The question to the worker; while training it is answered only now and then.

    ``pause_s`` is the least time between two answers, of which a tenth may be spent on one;
    0: at every look.
    """

    blocks: tuple[Block, ...]
    layers: tuple[Part, ...]
    sample: int
    show: Show
    pause_s: float = 0.1
    _next: float = 0.0

    def __call__(self, trainer: Trainer) -> Seen | None:
        """Look into the network at the cursor, or say nothing new."""
        began = perf_counter()
        if began < self._next or trainer.experiment.layers != self.layers:
            return None
        found = seen(trainer, self.blocks, self.sample, self.show)
        if self.pause_s:
            now = perf_counter()
            self._next = now + max(self.pause_s, 10 * (now - began))
        return found


def seen(trainer: Trainer, blocks: Sequence[Block], sample: int, show: Show) -> Seen:
    """Look into a network; it is left as it is.

    Values are those in evaluation: nothing is dropped, and a normalisation over the batch uses
    its running statistics. Gradients are of the loss alone, of the iteration at hand as the
    trainer carries it out, with its dropout and the statistics of its batch.
    """
    from lab.engine.networks import built

    modules = {
        one.path: one for one in _walk(built(trainer.experiment.layers, trainer.network))
    }
    wanted = tuple(block for block in leaves(blocks) if block.last in modules)
    sample = min(sample, len(trainer.data.x) - 1)
    sums, values = _passed(trainer, modules, wanted, trainer.data.x[sample : sample + 1])
    box = domain(trainer.data)
    maps: dict[str, Floats] = {}
    if box is not None and show == "Response":
        maps = _maps(trainer, modules, wanted, box)
    return Seen(
        trainer.step_number, trainer.experiment.layers, sample, box,
        _tensors(modules, wanted), _gradients(trainer, modules, wanted, show),
        {path: found[0] for path, found in sums.items()},
        {path: found[0] for path, found in values.items()},
        maps,
    )  # fmt: skip


def _walk(found: Iterable[Built]) -> Iterable[Built]:
    for one in found:
        yield one
        yield from _walk(one.inner)


def domain(data: Data) -> tuple[float, float, float, float] | None:
    """Return the part of the plane that samples lie in (x0, x1, y0, y1), a margin around it.

    None where a sample is no place in the plane.
    """
    if data.kind.picture != "plane" or data.x.shape[1:] != (2,):
        return None
    low, high = data.x.min(axis=0), data.x.max(axis=0)
    edge = MARGIN * np.maximum(high - low, 1e-9)
    (x0, y0), (x1, y1) = low - edge, high + edge
    return float(x0), float(x1), float(y0), float(y1)


def places(box: tuple[float, float, float, float]) -> Floats:
    """Return the middles of the cells of a map, (GRID², 2), row by row from the top."""
    x0, x1, y0, y1 = box
    steps = (np.arange(GRID) + 0.5) / GRID
    x, y = np.meshgrid(x0 + steps * (x1 - x0), y1 - steps * (y1 - y0))
    return np.stack([x.ravel(), y.ravel()], axis=1)


def _maps(
    trainer: Trainer, modules: dict[str, Built], wanted: Sequence[Block], box: Any
) -> dict[str, Floats]:
    plane = places(box)
    _, values = _passed(trainer, modules, wanted, plane)
    values = {INPUT: plane, **values}
    return {
        path: np.ascontiguousarray(found.T).reshape(-1, GRID, GRID)
        for path, found in values.items()
        if found.ndim == 2 and found.shape[1] <= MOST_UNITS
    }


def _passed(
    trainer: Trainer, modules: dict[str, Built], wanted: Sequence[Block], x: Floats
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return what each block makes of samples before its activation, and after it."""
    import torch

    kept: dict[tuple[str, bool], list[Tensor]] = {}
    handles = []
    for block in wanted:
        for is_last, path in ((False, block.path), (True, block.last)):
            hook = partial(_keep, kept.setdefault((block.path, is_last), []))
            handles.append(modules[path].module.register_forward_hook(hook))
    try:
        trainer.answers(torch.tensor(x).to(trainer.device.torch, trainer.dtype))
    finally:
        for handle in handles:
            handle.remove()
    sums, values = (
        {path: _array(torch.cat(found)) for (path, late), found in kept.items() if late is want}
        for want in (False, True)
    )
    return sums, values


def _keep(found: list[Tensor], _module: nn.Module, _inputs: object, output: Tensor) -> None:
    found.append(output)


def _array(tensor: Tensor) -> Floats:
    return np.array(tensor.detach().cpu().double().numpy())


def _tensors(
    modules: dict[str, Built], wanted: Sequence[Block]
) -> dict[tuple[str, str], Floats]:
    return {
        (path, name): _array(parameter)
        for path, name, parameter in _parameters(modules, wanted)
    }


def _parameters(
    modules: dict[str, Built], wanted: Sequence[Block]
) -> Iterable[tuple[str, str, torch.nn.Parameter]]:
    for block in wanted:
        named = modules[block.path].module.named_parameters(recurse=False)
        yield from ((block.path, n, p) for n, p in named if p.numel() <= MOST_WEIGHTS)


def _gradients(
    trainer: Trainer, modules: dict[str, Built], wanted: Sequence[Block], show: Show
) -> dict[tuple[str, str], Floats]:
    size = sum(s.parameters for s in trainer.sizes)
    if show != "Gradient" or size > MOST_PARAMETERS:
        return {}
    from lab.engine.carrying import state_name
    from lab.engine.flow import gradients_at_hand

    known = gradients_at_hand(trainer)
    return {
        (path, name): _array(known[state_name(path, name)])
        for path, name, _ in _parameters(modules, wanted)
        if state_name(path, name) in known
    }


def scale_of(tensors: Iterable[Floats]) -> float:
    """Return the largest |number| of some tensors; 1 where all are zero or there are none."""
    largest = max((float(np.abs(t).max(initial=0.0)) for t in tensors), default=0.0)
    return largest if np.isfinite(largest) and largest > 0 else 1.0
