"""Networks from files: one's own with their description, others' as far as can be told."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from lab.engine.carrying import leaves
from lab.engine.experiment import Part, experiment
from lab.engine.kinds import ExperimentError
from lab.files.errors import LoadError, StrPath
from lab.files.weights import read_safetensors, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import Tensor

    from lab.engine.shapes import Shape

DESCRIPTION = "experiment"
"""The entry of a file's metadata in which the record of the run stands."""
FILL = "relu"
"""What is put between the layers of a foreign file, which does not tell."""


class Opened(NamedTuple):
    """A network from a file: layers, tensors by their names there, what to say of it."""

    layers: tuple[Part, ...]
    tensors: dict[str, Tensor]
    words: str


def opened(path: StrPath) -> Opened:
    """Read a network from a ``.safetensors`` file.

    What Nabla wrote holds the description. Of a foreign file a proposal is made if its tensors
    are those of a plain chain of layers; ``words`` says then what was guessed.

    Raises
    ------
    LoadError
        If it cannot be read, or neither describes a network nor is a plain chain.
    """
    found = read_safetensors(path)
    if DESCRIPTION in found.metadata:
        return _described(path, found.metadata, found.tensors)
    return _proposed(path, found.tensors)


def _described(
    path: StrPath, metadata: Mapping[str, str], tensors: dict[str, Tensor]
) -> Opened:
    from lab.engine.records import record_from

    try:
        described = tomllib.loads(metadata[DESCRIPTION])
        described.pop("edits", None)  # the weights are what has come of them
        layers = record_from(described).experiment.layers
    except (tomllib.TOMLDecodeError, ExperimentError, RecursionError) as error:
        what = f"its description cannot be read: {str(error).rstrip('.')}"
        raise LoadError(
            path, what, None, "Load its weights into a network of your own"
        ) from None
    known = {
        f"{leaf.name}.{n}" for leaf in leaves(layers, shapes(tensors)) for n, _ in leaf.shapes
    }
    strange = [name for name in tensors if name not in known]
    if strange:
        what = "its description is not that of its weights"
        raise LoadError(path, what, f"tensor {strange[0]}", "Choose another file")
    title = described.get("title", "")
    at = f" at step {metadata['step']}" if "step" in metadata else ""
    return Opened(layers, tensors, f"Network of {title or 'a run'}{at}, with its weights.")


# Foreign files.


class _Group(NamedTuple):
    """The tensors of one foreign module, by their last name."""

    name: str
    tensors: dict[str, Tensor]


def _proposed(path: StrPath, tensors: Mapping[str, Tensor]) -> Opened:
    described: list[dict[str, Any]] = []
    taken: dict[str, Tensor] = {}
    width, is_image = 0, False
    for group in _groups(path, tensors):
        weight = group.tensors["weight"]
        layer, comes, goes = _layer(path, group)
        fits = (
            not width or comes == width or (is_image and weight.ndim == 2 and not comes % width)
        )
        if not fits:
            what = f"{group.name} takes {comes} values, the layer before it gives {width}"
            raise LoadError(path, f"it is no plain chain of layers: {what}", None, _HINT)
        if described and weight.ndim > 1 and described[-1]["kind"] != FILL:
            described.append({"kind": FILL})
        if is_image and weight.ndim == 2:
            described.append({"kind": "flatten"})
        taken |= {f"{len(described)}.{n}": t for n, t in group.tensors.items()}
        described.append(layer)
        width, is_image = goes, weight.ndim == 4 or (is_image and weight.ndim == 1)
    layers = experiment({"layers": described}).layers
    return Opened(layers, taken, _GUESSED)


_HINT = "Describe the network by hand, and load the weights into it"
_GUESSED = (
    "The file holds weights, but no description: layers were guessed from the shapes. Which "
    "activations, strides and paddings belong there it does not say: ReLU is put between the "
    "layers, windows move by 1. Change what is not right before you trust its answers."
)


def _groups(path: StrPath, tensors: Mapping[str, Tensor]) -> Iterator[_Group]:
    """Yield the tensors that belong together, in the order of the numbers in their names."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        owner, _, last = name.rpartition(".")
        found.setdefault(owner, {})[last] = tensor
    if not found:
        raise LoadError(path, "it holds no weights", None, "Choose another file")
    if any(re.search(r"\d", owner) for owner in found):
        found = dict(sorted(found.items(), key=lambda item: _natural(item[0])))
    for owner, own in found.items():
        if "weight" not in own or set(own) - _KNOWN:
            raise LoadError(
                path,
                "it describes no network, and its weights are no plain chain of layers",
                f"tensor {owner}.{next(iter(set(own) - _KNOWN), '')}".rstrip("."),
                _HINT,
            )
        yield _Group(owner, own)


_KNOWN = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(p), "") if p.isdigit() else (-1, p) for p in re.split(r"(\d+)", name)]


def _layer(path: StrPath, group: _Group) -> tuple[dict[str, Any], int, int]:
    """Return a layer for a group, how many values it takes and how many it gives."""
    weight = group.tensors["weight"]
    shape: Shape = tuple(weight.shape)
    has_bias = "bias" in group.tensors
    if len(shape) == 2 and "running_mean" not in group.tensors:
        return {"kind": "linear", "units": shape[0], "bias": has_bias}, shape[1], shape[0]
    if len(shape) == 4 and shape[2] == shape[3]:
        conv = {"kind": "conv2d", "channels": shape[0], "kernel": shape[2], "bias": has_bias}
        return conv, shape[1], shape[0]
    if len(shape) == 1 and has_bias:
        kind = "batch_norm" if "running_mean" in group.tensors else "layer_norm"
        return {"kind": kind}, shape[0], shape[0]
    raise LoadError(
        path,
        "it describes no network, and its weights are no plain chain of layers",
        f"tensor {group.name}.weight of shape {'×'.join(map(str, shape))}",
        _HINT,
    )


# Modules of Python files.


def opened_module(
    path: StrPath, name: str, arguments: str, shape: Shape, outputs: int, seed: int = 0
) -> Opened:
    """Return a module of an allowed file as layers, with the weights it begins with.

    Where it is exactly a sequence of layers of the table it becomes these, so that their
    formulas hold. Otherwise it is one layer that runs the file's code.

    Parameters
    ----------
    path, name, arguments
        File, class, and what its constructor gets; see `lab.engine.foreign_building`.
    shape : tuple of int
        One sample.
    outputs : int
        What the loss wants.
    seed : int
        Fixes these weights, as it does those of a run.

    Raises
    ------
    ExperimentError
        If the file was not allowed, or the module cannot take such samples.
    """
    from lab.engine import foreign_building
    from lab.engine.seeds import drawing, seed_of

    options = {"path": str(path), "name": name, "arguments": arguments}
    foreign_building.facts(options, shape)
    with drawing(seed_of(seed, "weights")):
        return _opened_module(options, shape, outputs)


def _opened_module(options: Mapping[str, str], shape: Shape, outputs: int) -> Opened:
    from lab.engine import foreign_building, foreign_module

    name = options["name"]
    made = foreign_building.build(dict(options))
    try:
        described, tensors = foreign_module.translated(made)
        layers = experiment({"layers": described}).layers
        if not _is_same(layers, tensors, made, shape, outputs):
            raise foreign_module.Opaque(name)
    except (foreign_module.Opaque, ExperimentError):
        state = {f"0.{n}": t.detach().clone() for n, t in made.state_dict().items()}
        part = Part(kind=foreign_building.MODULE.name, options=tuple(options.items()))
        words = (
            f"{name} is one layer that runs its own code: no formula of it is known, only "
            "autograd and differences can check it."
        )
        return Opened(experiment({"layers": [part.model_dump()]}).layers, state, words)
    return Opened(layers, tensors, f"{name} is exactly {len(layers)} layers of the table.")


def _is_same(
    layers: Sequence[Part],
    tensors: Mapping[str, Tensor],
    made: Any,
    shape: Shape,
    outputs: int,
) -> bool:
    from copy import deepcopy

    from lab.engine.foreign_module import agrees
    from lab.engine.networks import build_network

    mine = build_network(layers, shape, outputs, 0)
    if {n: t.shape for n, t in mine.state_dict().items()} != {
        n: t.shape for n, t in tensors.items()
    }:
        return False
    mine.load_state_dict(dict(tensors))
    return agrees(mine, deepcopy(made), shape)
