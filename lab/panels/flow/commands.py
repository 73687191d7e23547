"""``nabla flow``: how large signals, gradients and updates are in every layer."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lab.presets.targets import HELP, MOST_STEPS, carried_out


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("flow")(flow)


def flow(
    target: Annotated[str, typer.Argument(metavar="DIR|PRESET", help=HELP)],
    step: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_STEPS, help="After so many updates; else all of DIR's."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="Run the Python files that layers come from.")
    ] = False,
) -> None:
    """Measure activations, gradients, weights and updates of every layer.

    Sizes are root mean squares over the numbers of a layer, of the iteration that comes next.
    Warnings say where gradients vanish or explode, units are dead or saturated, and what
    helps. The step is reached by carrying the run out once more.
    """
    from lab.engine.flow import measure
    from lab.panels.flow.model import described, in_words

    run = carried_out(target, step, run_code=run_code)
    data = run.trainer.data
    asked = measure(run.trainer, run.settings), run.settings, data.shape, data.encoding.outputs
    if as_json:
        typer.echo(json.dumps(described(*asked), allow_nan=False))
    else:
        typer.echo(in_words(*asked))
