"""``nabla flow``: how large signals, gradients and updates are in every layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lab.engine.kinds import ExperimentError
from lab.panels.flow.model import described, in_words
from lab.presets import PRESETS, load

MOST_STEPS = 1_000_000_000
RECORD = "experiment.toml"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("flow")(flow)


def flow(
    target: Annotated[
        str, typer.Argument(metavar="DIR|PRESET", help="A trained run's folder, or a preset.")
    ],
    step: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_STEPS, help="After so many updates; else all of DIR's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure activations, gradients, weights and updates of every layer.

    Sizes are root mean squares over the numbers of a layer, of the iteration that comes next.
    Warnings say where gradients vanish or explode, units are dead or saturated, and what
    helps. The step is reached by carrying the run out once more.
    """
    from lab.engine.flow import measure
    from lab.engine.records import Record, read_record
    from lab.engine.run import Run

    if target in PRESETS:
        record, last = Record(load(target)), 0
    elif (Path(target) / RECORD).is_file():
        record = read_record(Path(target) / RECORD)
        last = record.recorded.steps or 0
    else:
        raise ExperimentError(
            f"{target!r} is neither a preset nor a folder with an {RECORD}; `nabla presets` "
            "lists what there is."
        )
    run = Run(record.experiment, edits=record.edits)
    run.advance(last if step is None else step)
    data = run.trainer.data
    asked = measure(run.trainer), run.settings, data.shape, data.encoding.outputs
    if as_json:
        typer.echo(json.dumps(described(*asked), allow_nan=False))
    else:
        typer.echo(in_words(*asked))
