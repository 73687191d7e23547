"""``nabla train``: carry out an experiment without a window."""

from __future__ import annotations

import json
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab.cli.answers import FAILED, RequestError
from lab.cli.metrics import EVERY, thinning
from lab.cli.outputs import checked, new_folder
from lab.cli.progress import Progress
from lab.cli.training import Request, train_into
from lab.engine.foreign import permit
from lab.presets import PRESETS, load

if TYPE_CHECKING:
    from lab.cli.training import Summary
    from lab.engine.device import Device
    from lab.engine.records import Record
    from lab.engine.run import Run

BUDGET = 64 * 2**20
"""Bytes of history: nobody goes back in a run without a window."""

MOST_STEPS = 1_000_000_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("train")(train)


def train(
    target: Annotated[
        str, typer.Argument(metavar="PRESET|FILE.toml", help="A preset or a file.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the results.", show_default=False)],
    steps: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_STEPS, help="Stop here; schedules keep their horizon."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed.")] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or cuda:N.")] = None,
    every: Annotated[
        int, typer.Option(min=1, help="Beyond 100,000 steps, write every n-th.")
    ] = EVERY,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace earlier results in --out.")] = False,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="Run the Python files that layers come from.")
    ] = False,
) -> None:
    """Train a preset or a file.

    It writes metrics.jsonl, weights.safetensors and experiment.toml, which trained again
    gives the same weights.
    """
    folder = checked(out, overwrite)
    record = changed(record_named(target), seed=seed, device=device)
    permit(record.experiment.layers, run_code)
    request = requested(record, steps, every)
    run = begun(record, refuse_absent=device is not None)
    tell(
        run.trainer.device.notice,
        *run.trainer.data.notes,
        thinning(request.last, every, " (--every)"),
    )
    summary = carried_out(run, request, folder)
    shown = json.dumps({**summary.as_json(), "out": str(folder)}, ensure_ascii=False)
    typer.echo(shown if as_json else f"{summary.in_words()} See {folder}.")
    if not summary.ending.is_good:
        tell(f"{summary.ending.text.rstrip('.')}; what was done up to there is in {folder}.")
        raise typer.Exit(FAILED)


def record_named(target: str) -> Record:
    """Return a preset by its name, or the record in a file.

    Raises
    ------
    RequestError, LoadError
        If it is neither, or no sound record.
    """
    from lab.engine.records import Record, read_record

    if target in PRESETS:
        return Record(load(target))
    path = Path(target)
    if path.suffix == ".toml" or path.exists():
        return read_record(path)
    near = get_close_matches(target, PRESETS, 1)
    guess = f"did you mean {near[0]}?" if near else "`nabla presets` lists what there is."
    raise RequestError(f"{target!r} is neither a preset nor a file; {guess}")


def changed(record: Record, **changes: Any) -> Record:
    """Return a record with some settings replaced; None leaves one as it is."""
    from dataclasses import replace

    given = {name: value for name, value in changes.items() if value is not None}
    return replace(record, experiment=record.experiment.changed(given)) if given else record


def begun(record: Record, refuse_absent: bool = False) -> Run:
    """Return a run that is ready to be carried out.

    Raises
    ------
    ExperimentError
        If it cannot be trained, or with ``refuse_absent`` if its device is not here.
    """
    device = _device(record.experiment.device, refuse_absent)
    from lab.engine.run import Run

    return Run(record.experiment, device, record.edits, BUDGET)


def _device(name: str, refuse_absent: bool) -> Device:
    from lab.engine.device import granted, wanted

    return wanted(name) if refuse_absent else granted(name)


def requested(record: Record, steps: int | None = None, every: int = EVERY) -> Request:
    """Return what is to be done: so many steps, else those recorded, else the horizon."""
    if steps is not None:
        return Request(steps, every)
    return Request(record.steps, every, record.recorded.steps is not None)


def carried_out(run: Run, request: Request, folder: Path) -> Summary:
    """Carry out a run, and leave its results in a folder or nothing at all."""
    with new_folder(folder) as staged:
        return train_into(staged, run, request, Progress(request.last))


def tell(*sentences: str) -> None:
    """Say on standard error what there is to say."""
    for sentence in filter(None, sentences):
        typer.echo(sentence, err=True)
