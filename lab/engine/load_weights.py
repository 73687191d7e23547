"""Weights from a file, compared with a network before anything changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.files.errors import LoadError, counted
from lab.files.weights import Difference, compare, non_finite, read_pt, read_safetensors, shapes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

READERS = {".safetensors": read_safetensors, ".pt": read_pt, ".pth": read_pt}


@dataclass(frozen=True, eq=False)
class Loaded:
    """What a file holds, beside what the network wants.

    ``differences`` has a line for every name of either; ``notes`` are sentences on what a
    person should know although it would fit: converted types, numbers that are not finite.
    """

    tensors: dict[str, Tensor]
    differences: tuple[Difference, ...]
    metadata: dict[str, str]
    notes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether every name and shape is the network's, so that it may be applied."""
        return all(line.status == "same" for line in self.differences)


def plan(
    network_shapes: Mapping[str, tuple[int, ...]], path: str | Path, precision: str = "float32"
) -> Loaded:
    """Read a file of weights and compare it with a network; nothing is changed.

    Call it outside the window's thread: a ``.pt`` takes seconds.

    Parameters
    ----------
    network_shapes : mapping of name to shape
        See `lab.engine.networks.parameter_shapes`.
    path : str or Path
        A ``.safetensors``, ``.pt`` or ``.pth`` file.
    precision : str
        The network's type of numbers; see `Experiment.precision`.

    Raises
    ------
    LoadError
        If it cannot be read, or holds what no network here can take.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in READERS:
        wanted = ", ".join(READERS)
        raise LoadError(path, f"weights end in {wanted}", None, "Choose another file")
    found = READERS[suffix](path)
    _check_real(path, found.tensors)
    differences = compare(network_shapes, shapes(found.tensors))
    notes = tuple(_notes(found.tensors, precision))
    return Loaded(found.tensors, differences, found.metadata, notes)


def _check_real(path: str | Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_complex():
            raise LoadError(path, "its numbers are complex", name, "Choose another file")


def _notes(tensors: Mapping[str, Tensor], precision: str) -> Iterator[str]:
    kinds = {t.dtype for t in tensors.values() if t.is_floating_point()}
    named = sorted(str(kind).removeprefix("torch.") for kind in kinds)
    if named not in ([], [precision]):
        numbers = " and ".join(named)
        yield f"Its numbers are {numbers}; the network converts them to {precision}."
    for name, (nan, infinite) in non_finite(tensors).items():
        bad = counted(nan + infinite, "value")
        yield f"{name}: {bad} not finite; a network with them cannot answer."
