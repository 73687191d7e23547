"""What leaves the engine: the weights in three formats, and the run as a Python script.

One line a format; menus, the command line and the tests read ``FORMATS``. Reading the table
needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError, find
from lab.files.atomic import Staged, same_bytes, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from lab.engine.data import Data
    from lab.engine.records import Record
    from lab.engine.trainer import Trainer

METADATA_VERSION = "1"


@dataclass(frozen=True)
class Outgoing:
    """What is to be written: the run, its weights, and its prepared data if at hand."""

    record: Record
    tensors: dict[str, Tensor]
    data: Data | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a run: ``write(outgoing, path, overwrite)`` returns the file."""

    name: str
    title: str
    suffix: str
    summary: str
    write: Callable[[Outgoing, Path, bool], Path]


def export(
    record: Record,
    tensors: dict[str, Tensor],
    format: str,
    path: Path,
    overwrite: bool = False,
    data: Data | None = None,
) -> Path:
    """Write a run into a file, completely or not at all.

    Parameters
    ----------
    record
        The description, the edits, and the step the weights are of.
    tensors : dict of name to tensor
        The weights, see `snapshot`; the script does without.
    format : str
        A name in ``FORMATS``.
    path : Path
        The file; an existing one is replaced only with ``overwrite``.
    data
        The prepared data, if at hand, so that a file of one's own is not read again.

    Raises
    ------
    ExperimentError
        If there is no such format, or this network does not go into it.
    SaveError
        If the file cannot be written.
    """
    chosen: Format = find(FORMATS, format, "format")
    return chosen.write(Outgoing(record, tensors, data), Path(path), overwrite)


def snapshot(trainer: Trainer) -> dict[str, Tensor]:
    """Copy the weights as they are to be exported: those before an iteration in progress.

    Each tensor is a contiguous copy on the CPU, so that training may go on meanwhile. Call it
    in the thread that trains.
    """
    with trainer.settled():
        state = trainer.network.state_dict()
        return {name: t.detach().cpu().contiguous().clone() for name, t in state.items()}


def described(record: Record) -> dict[str, str]:
    """Return what a file of weights says of where they come from."""
    from lab.engine.records import record_text

    return {
        "format": "pt",
        "nabla": METADATA_VERSION,
        "title": record.experiment.title,
        "step": str(record.steps),
        "experiment": record_text(record),
    }


def _safetensors(outgoing: Outgoing, path: Path, overwrite: bool) -> Path:
    from lab.files.weights import write_safetensors

    metadata = described(outgoing.record)
    return write_safetensors(path, outgoing.tensors, metadata, overwrite=overwrite)


def _pt(outgoing: Outgoing, path: Path, overwrite: bool) -> Path:
    from lab.files.weights import write_pt

    return write_pt(path, outgoing.tensors, overwrite=overwrite)


def _onnx(outgoing: Outgoing, path: Path, overwrite: bool) -> Path:
    from lab.engine.data import prepare
    from lab.engine.onnx_export import model_bytes
    from lab.files.atomic import write_bytes

    record = outgoing.record
    data = outgoing.data or prepare(record.experiment)
    model = model_bytes(record.experiment, data, outgoing.tensors, described(record))
    return write_bytes(path, model, overwrite=overwrite)


def _python(outgoing: Outgoing, path: Path, overwrite: bool) -> Path:
    from lab.engine.data import prepare
    from lab.engine.script import needs_arrays, script
    from lab.engine.script_data import arrays_in_bytes

    record = outgoing.record
    data = outgoing.data or prepare(record.experiment)
    files = {path: script(record, path.name, data).encode()}
    beside = path.with_suffix(".npz")
    if needs_arrays(record.experiment):
        if path == beside:
            raise ExperimentError(f"{path.name}: its data go there; let the script end in .py.")
        files = {beside: arrays_in_bytes(data), **files}
    _write_together(files, overwrite)
    return path


def _write_together(files: dict[Path, bytes], overwrite: bool) -> None:
    """Write all files or none: every one lies whole on the disk before the first is named."""
    staged: list[Staged] = []
    try:
        for path, content in files.items():
            staged.append(Staged(path, overwrite=overwrite, need=len(content)))
            with told(path):
                staged[-1].stream.write(content)
        for part, content in zip(staged, files.values(), strict=True):
            part.publish(same_bytes(content))
    finally:
        for part in staged:
            part.discard()


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format(
            "safetensors",
            "Weights, safetensors",
            ".safetensors",
            "The weights, with the description of the run in their metadata.",
            _safetensors,
        ),
        Format(
            "pt",
            "Weights, PyTorch",
            ".pt",
            "The state dict, for torch.load(weights_only=True).",
            _pt,
        ),
        Format(
            "onnx",
            "Network, ONNX",
            ".onnx",
            "The trained network for other runtimes, for batches of any size.",
            _onnx,
        ),
        Format(
            "python",
            "Run, Python script",
            ".py",
            "The whole run in plain PyTorch; it prints the same losses.",
            _python,
        ),
    )
}
