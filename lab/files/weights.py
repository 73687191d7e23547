"""Weights in and out: safetensors, and PyTorch's own ``.pt`` as tables of tensors only.

Why: a file is read into memory, never mapped, so that nobody can change or cut off weights that
are in use. A ``.pt`` is a pickle; `lab.files.pickles` reads it in a process of its own.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from lab.files.atomic import write_bytes
from lab.files.errors import LoadError, SaveError, StrPath, quoted, reading
from lab.files.headers import DTYPES, Header, header_length, header_of
from lab.files.limits import LIMITS
from lab.files.sources import kind_of, opened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any, BinaryIO

    import torch

Shape = tuple[int, ...]
Status = Literal["same", "shape", "missing", "unexpected"]


@dataclass(frozen=True, eq=False)
class Weights:
    """Tensors by name, on the CPU and owning their memory, and the metadata beside them."""

    tensors: dict[str, torch.Tensor]
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One line of the table shown before weights are applied; a shape is None where absent."""

    name: str
    wanted: Shape | None
    found: Shape | None
    status: Status


def write_safetensors(
    path: StrPath,
    tensors: Mapping[str, Any],
    metadata: Mapping[str, str] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write tensors or arrays, each as a copy of its own.

    Shared, strided and CUDA tensors are written as what they show.

    Raises
    ------
    SaveError
        Also for a tensor or name that the format, or our own reader, does not take.
    """
    from safetensors.torch import save

    owned = _owned(path, tensors)
    try:
        data = save(owned, dict(metadata) if metadata else None)
        header_of(path, data[8 : 8 + header_length(path, data, len(data))], len(data))
    except LoadError as error:
        raise SaveError(path, f"not saved, {error.what}", error.where, error.hint) from error
    except Exception as error:
        what = "not saved, the weights do not fit the safetensors format"
        raise SaveError(path, what, None, "Check types and metadata") from error
    return write_bytes(path, data, overwrite=overwrite)


def write_pt(
    path: StrPath, state: Mapping[str, torch.Tensor], *, overwrite: bool = False
) -> Path:
    """Write a state dict as ``torch.save`` does: a table of plain tensors.

    Raises
    ------
    SaveError
    """
    import torch

    buffer = io.BytesIO()
    torch.save(_owned(path, state), buffer)
    return write_bytes(path, buffer.getvalue(), overwrite=overwrite)


def _owned(path: StrPath, tensors: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return contiguous copies on the CPU, sharing no memory."""
    import torch

    owned = {}
    for name, value in tensors.items():
        try:
            tensor = torch.as_tensor(value).detach().to("cpu")
            owned[name] = tensor.resolve_conj().resolve_neg().contiguous().clone()
        except Exception as error:
            place = f"tensor {quoted(name)}"
            raise SaveError(path, "not saved, it is no plain tensor", place) from error
    return owned


def read_safetensors(path: StrPath) -> Weights:
    """Read a safetensors file into memory.

    Raises
    ------
    LoadError
        For whatever is not a sound file within the limits.
    """
    with (
        reading(path, "it cannot be read as safetensors", "The file is damaged"),
        opened(path, weights_budget()) as stream,
    ):
        return weights_in(path, stream, os.fstat(stream.fileno()).st_size)


def weights_in(path: StrPath, stream: BinaryIO, size: int) -> Weights:
    """Read safetensors of ``size`` bytes from an open stream."""
    first = stream.read(8)
    kind = kind_of(first)
    if kind and not _is_length(first):
        raise LoadError(path, f"this is {kind}, not safetensors", None, "Choose another reader")
    text = stream.read(header_length(path, first, size))
    header = header_of(path, text, size)
    return Weights(_tensors(stream, header), dict(header.metadata))


def _is_length(first: bytes) -> bool:
    """Say whether 8 bytes are a header's length; one of 640 begins as a pickle does."""
    return first[:1] == b"\x80" and not any(first[4:8])


def _tensors(stream: BinaryIO, header: Header) -> dict[str, torch.Tensor]:
    """Read tensor after tensor, each into memory of its own, in the order of the file."""
    tensors = {}
    for name, entry in sorted(header.entries.items(), key=lambda item: item[1].start):
        data = bytearray(entry.stop - entry.start)
        if stream.readinto(data) != len(data):  # type: ignore[attr-defined]  # buffered: all or end
            raise EOFError("the file ends inside a tensor")
        tensors[name] = _tensor(data, DTYPES[entry.dtype][0]).reshape(entry.shape)
    return {name: tensors[name] for name in header.entries}


def _tensor(data: bytearray, dtype: str) -> torch.Tensor:
    import torch

    kind: torch.dtype = getattr(torch, dtype)
    if not data:
        return torch.empty(0, dtype=kind)
    if kind == torch.bool:
        return (
            torch.frombuffer(data, dtype=torch.uint8) != 0
        )  # any byte but 0 and 1 is undefined
    return torch.frombuffer(data, dtype=kind)


def read_pt(path: StrPath) -> Weights:
    """Read the tensors of a ``.pt`` or ``.pth`` in a process of its own; takes seconds.

    A checkpoint's nested table (``state_dict``, ``model`` ...) is taken, and the metadata says
    so; entries that are no tensors are left out and listed there.

    Raises
    ------
    LoadError
        For whatever holds more than tables of tensors; nothing in the file is executed.
    """
    from lab.files.pickles import PickleReader

    with PickleReader() as reader:
        return reader.read(path)


def weights_budget() -> int:
    """Return how many bytes of weights may be loaded now."""
    return min(LIMITS.weights_file, int(memory_available() * LIMITS.memory_share))


def memory_available() -> int:
    """Return the bytes of memory that can be had without swapping; a guess where unknown."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return 2 * LIMITS.weights_file


def compare(wanted: Mapping[str, Shape], found: Mapping[str, Shape]) -> tuple[Difference, ...]:
    """Return one line for each name, the wanted ones first, in their order.

    Parameters
    ----------
    wanted, found : mapping of name to shape
        What the network has, and what the file has.
    """
    lines = [_difference(name, shape, found.get(name)) for name, shape in wanted.items()]
    extra = [name for name in found if name not in wanted]
    return (*lines, *(Difference(n, None, tuple(found[n]), "unexpected") for n in extra))


def _difference(name: str, wanted: Shape, found: Shape | None) -> Difference:
    if found is None:
        return Difference(name, tuple(wanted), None, "missing")
    is_same = tuple(wanted) == tuple(found)
    return Difference(name, tuple(wanted), tuple(found), "same" if is_same else "shape")


def shapes(tensors: Mapping[str, torch.Tensor]) -> dict[str, Shape]:
    """Return the shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def non_finite(tensors: Mapping[str, torch.Tensor]) -> dict[str, tuple[int, int]]:
    """Return (NaN, infinite) counts of the tensors that have any; call in a worker thread."""
    import torch

    counts = {}
    for name, tensor in tensors.items():
        if not (tensor.is_floating_point() or tensor.is_complex()):
            continue
        values = tensor.float() if tensor.element_size() == 1 else tensor
        if bool(torch.isfinite(values).all()):
            continue
        counts[name] = (int(values.isnan().sum()), int(values.isinf().sum()))
    return counts
