"""``nabla inspect``: one sample's pass through a network, every tensor, every proof."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from lab.panels.inspector.model import described, in_words, inspect
from lab.panels.inspector.naming import number_named
from lab.panels.inspector.words import as_plain, explained
from lab.presets.targets import HELP, MOST_STEPS, carried_out

if TYPE_CHECKING:
    from lab.engine.trainer import Trainer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("inspect")(inspect_)


def inspect_(
    target: Annotated[str, typer.Argument(metavar="DIR|PRESET", help=HELP)],
    step: Annotated[
        int | None,
        typer.Option(min=0, max=MOST_STEPS, help="After so many updates; else all of DIR's."),
    ] = None,
    sample: Annotated[int, typer.Option(min=0, help="Row of the data.")] = 0,
    layer: Annotated[
        str | None, typer.Option(help="This layer only, by its name in the state dict.")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Explain one number of --layer, such as delta[1] or grad_weight[0,2].",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="Run the Python files that layers come from.")
    ] = False,
) -> None:
    """Pass one sample forward and back, and prove it.

    Every tensor is found by written-out formulas in float64 and compared with autograd and
    with finite differences. The step is reached by carrying the run out once more.
    """
    from lab.engine.stand_in import stand_in

    run = carried_out(target, step, run_code=run_code)
    trainer = stand_in(run.trainer, run.settings)
    if explain is not None:
        typer.echo(_explained(trainer, sample, layer, explain, as_json))
        return
    found = inspect(trainer, sample)
    text = json.dumps(described(found, layer), allow_nan=False) if as_json else None
    typer.echo(text if text is not None else in_words(found, layer))


def _explained(
    trainer: Trainer, sample: int, layer: str | None, wanted: str, as_json: bool
) -> str:
    from lab.engine.explaining import explain
    from lab.engine.microscope import look_into

    iteration = look_into(trainer, sample, with_update=True)
    made = explain(iteration, number_named(iteration, layer, wanted))
    return json.dumps(as_plain(made), allow_nan=False) if as_json else explained(made)
