"""``nabla export``: the weights of a finished run in another format, or the run as a script."""

from __future__ import annotations

import os
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli.answers import RequestError
from lab.cli.outputs import RECORD, WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

    from lab.engine.records import Record


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export)


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a trained run.")],
    form: Annotated[
        str,
        typer.Option("--format", help="safetensors, pt, onnx or python.", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help="File to write.", show_default=False)],
    overwrite: Annotated[bool, typer.Option(help="Replace the file.")] = False,
) -> None:
    """Write a trained network as another file.

    DIR is what `train` has filled.
    """
    from lab.engine import exports

    if form not in exports.FORMATS:
        known = ", ".join(exports.FORMATS)
        raise RequestError(f"--format: {form!r} is not known; choose from {known}.")
    if os.path.lexists(out) and not overwrite:
        raise RequestError(f"--out: {out} is there already; allow it with --overwrite.")
    if not folder.is_dir():
        raise RequestError(f"{folder} is not a folder; name one that `nabla train` has filled.")
    if not out.absolute().parent.is_dir():
        raise RequestError(f"--out: the folder {out.absolute().parent} does not exist.")
    record, tensors = trained(folder)
    written = exports.export(record, tensors, form, out, overwrite=overwrite)
    typer.echo(f"Written to {written}.")


def trained(folder: Path) -> tuple[Record, dict[str, Tensor]]:
    """Return what a folder of results holds.

    Raises
    ------
    LoadError
        If the record or the weights are missing or damaged.
    """
    from lab.engine.records import read_record
    from lab.files.weights import read_safetensors

    return read_record(folder / RECORD), read_safetensors(folder / WEIGHTS).tensors
