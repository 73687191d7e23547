"""From a description to a torch network: shapes, cost, modules, initial weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

from lab.engine.experiment import Part, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS, LayerKind, options_of, require_built
from lab.engine.lazy import LazyModule
from lab.engine.seeds import drawing, seed_of
from lab.engine.shapes import Shape, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch
    from torch import nn

    from lab.engine import modules
else:
    torch = LazyModule("torch")
    nn = LazyModule("torch.nn")
    modules = LazyModule("lab.engine.modules")

NOT_IN_FRONT = "it takes numbers of tokens, as only samples hold them; move it to the front."
MAX_LAYERS = 1000
MAX_BYTES = 16 * 2**30
"""More weights than this are refused before any memory is asked for."""


@dataclass(frozen=True, slots=True)
class LayerSize:
    """One layer as it stands in a network: what comes in, what goes out, what it costs.

    ``held`` are the numbers of a sample that are in memory on its account.
    """

    path: str
    kind: str
    shape_in: Shape
    shape_out: Shape
    parameters: int
    multiply_adds: int
    held: int


def sizes(
    layers: Sequence[Part], shape: Shape, outputs: int, path: str = "layers"
) -> list[LayerSize]:
    """Pass the shape of one sample through the layers; no torch, no memory.

    Raises
    ------
    ExperimentError
        Naming the layer at which it cannot go on, and why.
    """
    found: list[LayerSize] = []
    for index, part in enumerate(layers):
        size = _size(part, shape, outputs, f"{path}.{index}")
        found.append(size)
        shape = size.shape_out
    return found


def _size(part: Part, shape: Shape, outputs: int, path: str) -> LayerSize:
    kind = LAYERS[part.kind]
    if kind.vocabulary and path != "layers.0":
        raise ExperimentError(f"{path} ({kind.title}): {NOT_IN_FRONT}")
    if kind.holds_layers:
        return _size_around(kind, part, shape, outputs, path)
    options = options_of(kind, part.as_dict(), outputs)
    try:
        after = kind.shape(options, shape)
        numbers = kind.weights(options, shape), kind.cost(options, shape)
        held = prod(after) + kind.kept(options, shape)
    except ExperimentError as error:
        raise ExperimentError(f"{path} ({kind.title}): {error}") from None
    return LayerSize(path, part.kind, shape, after, *numbers, held)


def _size_around(
    kind: LayerKind, part: Part, shape: Shape, outputs: int, path: str
) -> LayerSize:
    if not part.layers:
        raise ExperimentError(f"{path} ({kind.title}): it holds no layers.")
    inner = sizes(part.layers, shape, outputs, f"{path}.layers")
    after = inner[-1].shape_out
    if kind.needs_same_shape and after != shape:
        raise ExperimentError(
            f"{path} ({kind.title}): {in_words(after)} cannot be added to {in_words(shape)}."
        )
    after = kind.shape(part.as_dict(), after)
    weights, cost = sum(s.parameters for s in inner), sum(s.multiply_adds for s in inner)
    held = prod(after) + sum(s.held for s in inner)
    return LayerSize(path, part.kind, shape, after, weights, cost, held)


def checked_sizes(
    layers: Sequence[Part], shape: Shape, outputs: int, slots: int, itemsize: int
) -> list[LayerSize]:
    """Return the sizes of a network that can be trained.

    Raises
    ------
    ExperimentError
        No layers, too many, no weights, weights beyond the memory, or an output the loss
        cannot take.
    """
    if not layers:
        raise ExperimentError("layers: the network is empty; add a layer.")
    number = sum(not LAYERS[part.kind].holds_layers for _, part in nested(layers))
    if number > MAX_LAYERS:
        raise ExperimentError(f"layers: wanted at most {MAX_LAYERS}, got {number}.")
    found = sizes(layers, shape, outputs)
    total = sum(s.parameters for s in found)
    if total == 0:
        raise ExperimentError("layers: no layer has weights, so there is nothing to train.")
    check_memory(total * itemsize * (2 + slots), total)
    last = found[-1].shape_out
    if last != (outputs,):
        raise ExperimentError(
            f"{found[-1].path}: the loss wants {outputs} outputs, "
            f"the network gives {in_words(last)}."
        )
    return found


def check_memory(wanted: int, parameters: int) -> None:
    """Refuse more bytes of weights, gradients and slots than are to be had."""
    if wanted > MAX_BYTES:
        raise ExperimentError(
            f"layers: {parameters:,} parameters need {wanted / 2**30:,.0f} GiB with gradient "
            f"and optimizer; the limit is {MAX_BYTES / 2**30:.0f} GiB. Make layers narrower."
        )


def build_network(
    layers: Sequence[Part], shape: Shape, outputs: int, seed: int
) -> nn.Sequential:
    """Build the modules in float32 on the CPU, with weights fixed by the seed.

    The weights are drawn from torch's own generator, seeded for this purpose and put back
    afterwards, so that an exported script draws the same.
    """
    with drawing(seed_of(seed, "weights")):
        network = nn.Sequential(*_modules(layers, shape, outputs))
        for (_, module), part in zip(leaf_modules(network), leaf_parts(layers), strict=True):
            _initialise_as(module, part)
    return network


def blank_network(layers: Sequence[Part], shape: Shape, outputs: int) -> nn.Sequential:
    """Build the modules without weights, on torch's ``meta`` device.

    No random number is drawn, so this may be done in any thread while another builds a run.
    """
    with torch.device("meta"):
        return nn.Sequential(*_modules(layers, shape, outputs))


def _modules(layers: Sequence[Part], shape: Shape, outputs: int) -> Iterator[nn.Module]:
    for part, size in zip(layers, sizes(layers, shape, outputs), strict=True):
        kind = LAYERS[part.kind]
        if kind.wrap is not None:
            closed = outputs if kind.holds_layers else size.shape_in[-1]
            yield kind.wrap(*_modules(inner_parts(part), size.shape_in, closed))
        else:
            options = options_of(kind, part.as_dict(), outputs)
            yield require_built(kind)(options, size.shape_in)


@lru_cache(maxsize=1024)
def _made(kind: LayerKind, options: tuple[tuple[str, Any], ...]) -> tuple[Part, ...]:
    assert kind.made_of is not None
    return completed(kind.made_of(dict(options)))


def completed(described: Sequence[str | Mapping[str, Any]]) -> tuple[Part, ...]:
    """Return layers as they stand in a description, with the defaults of all options."""
    parts = (Part.model_validate(layer) for layer in described)
    return tuple(p.completed(LAYERS, f"layers.{i}") for i, p in enumerate(parts))


def inner_parts(part: Part) -> tuple[Part, ...]:
    """Return the layers inside a layer: those it holds, or those its kind is made of."""
    kind = LAYERS[part.kind]
    return part.layers if kind.made_of is None else _made(kind, part.options)


def least_rows(layers: Sequence[Part]) -> int:
    """Return how many samples a batch needs: normalisation over one has no variance."""
    return max((LAYERS[part.kind].least_rows for part in leaf_parts(layers)), default=1)


def leaf_parts(layers: Sequence[Part]) -> list[Part]:
    """Return the layers that compute something, in the order of `leaf_modules`."""
    return list(_leaves(layers))


def _leaves(layers: Sequence[Part]) -> Iterator[Part]:
    for part in layers:
        if LAYERS[part.kind].wrap is None:
            yield part
        else:
            yield from _leaves(inner_parts(part))


def _initialise_as(module: nn.Module, part: Part) -> None:
    if is_drawn_anew(part):
        modules.initialise(module, part["init"], part["std"], part["gain"])


def is_drawn_anew(part: Part) -> bool:
    """Say whether a layer's weights begin otherwise than torch has them."""
    is_drawn = LAYERS[part.kind].is_drawn
    return is_drawn and bool(part["init"] != "default" or part["gain"] != 1.0)


def leaf_modules(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return the modules that compute something, with their names in the state dict."""
    return list(_leaf_modules(network))


def _leaf_modules(network: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    for child, module in network.named_children():
        inner = getattr(module, "inner", None)  # of a block; attention has parts, but computes
        if inner is None:
            yield f"{name}{child}", module
        else:
            yield from _leaf_modules(inner, f"{name}{child}.inner.")


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A layer of a description beside the module that was built of it.

    ``path`` is its place in the description, ``name`` that in the state dict.
    """

    path: str
    name: str
    part: Part
    module: nn.Module
    inner: tuple[Built, ...] = ()


def built(
    layers: Sequence[Part], network: nn.Module, path: str = "layers", name: str = ""
) -> tuple[Built, ...]:
    """Return the layers of a description with their modules, blocks with those inside."""
    return tuple(
        _built(part, module, f"{path}.{index}", f"{name}{index}")
        for index, (part, module) in enumerate(zip(layers, network.children(), strict=True))
    )


def _built(part: Part, module: nn.Module, path: str, name: str) -> Built:
    if LAYERS[part.kind].wrap is None:
        return Built(path, name, part, module)
    held: nn.Module = module.inner  # type: ignore[assignment]
    inner = built(inner_parts(part), held, f"{path}.layers", f"{name}.inner.")
    return Built(path, name, part, module, inner)


def parameter_shapes(network: nn.Module) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor of the state dict."""
    return {name: tuple(t.shape) for name, t in network.state_dict().items()}
