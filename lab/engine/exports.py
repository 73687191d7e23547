"""What leaves the engine: the weights in three formats, and the run as a Python script.

One line a format; menus, the command line and the tests read ``FORMATS``. Reading the table
needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lab.engine.foreign import require_own
from lab.engine.kinds import ExperimentError, find
from lab.files.atomic import IDLE_S, Staged, same_bytes, sweep_orphans, told

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event as Flag

    from torch import Tensor

    from lab.engine.data import Data
    from lab.engine.records import Record
    from lab.engine.trainer import Trainer

METADATA_VERSION = "1"


class Unwanted(Exception):
    """The export was left before its file had a name."""


@dataclass(frozen=True)
class Outgoing:
    """What is to be written: the run, its weights, and its prepared data if at hand.

    ``stop`` is given where training goes on beside this; once it is set, nothing is written.
    """

    record: Record
    tensors: dict[str, Tensor]
    data: Data | None = None
    stop: Flag | None = None

    @cached_property
    def prepared(self) -> Data:
        """The data that the network was trained on."""
        from lab.engine.data import prepare

        return self.data or prepare(self.record.experiment)

    def require_wanted(self) -> None:
        """Raise `Unwanted` if nobody waits for the file any more."""
        if self.stop is not None and self.stop.is_set():
            raise Unwanted


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
    stop: Flag | None = None,
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
    stop
        To be given, and set to leave, where a run trains meanwhile in another thread.

    Raises
    ------
    ExperimentError
        If there is no such format, or this network does not go into it.
    Unwanted
        If ``stop`` was set in time: there is no file then.
    SaveError
        If the file cannot be written.
    """
    chosen: Format = find(FORMATS, format, "format")
    outgoing = Outgoing(record, tensors, data, stop)
    outgoing.require_wanted()
    sweep_orphans(Path(path).parent, IDLE_S)
    return chosen.write(outgoing, Path(path), overwrite)


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
    """Write a model; that the file may be written is known before the seconds it takes."""
    staged = Staged(path, overwrite=overwrite)
    try:
        model = _model(outgoing)
        outgoing.require_wanted()
        with told(path):
            staged.stream.write(model)
        return staged.publish(same_bytes(model))
    finally:
        staged.discard()


def _model(outgoing: Outgoing) -> bytes:
    from lab.engine.onnx_export import Described, model_bytes
    from lab.engine.onnx_process import model_bytes_beside

    require_own(outgoing.record.experiment.layers, "ONNX cannot hold it; export the weights")
    record, data, stop = outgoing.record, outgoing.prepared, outgoing.stop
    asked = Described(record.experiment, data.shape, data.encoding.outputs, described(record))
    if stop is None:
        return model_bytes(asked, outgoing.tensors)
    return model_bytes_beside(asked, outgoing.tensors, stop)


def _python(outgoing: Outgoing, path: Path, overwrite: bool) -> Path:
    from lab.engine.script import needs_arrays, script
    from lab.engine.script_data import arrays_in_bytes

    record, data = outgoing.record, outgoing.prepared
    files = {path: script(record, path.name, data).encode()}
    beside = path.with_suffix(".npz")
    if needs_arrays(record.experiment):
        if path == beside:
            raise ExperimentError(f"{path.name}: its data go there; let the script end in .py.")
        files = {beside: arrays_in_bytes(data), **files}
    outgoing.require_wanted()
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
