"""``nabla network``: layers with shapes and costs, the formula, the code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lab.engine.kinds import ExperimentError
from lab.engine.shapes import in_words
from lab.numerals import in_bytes
from lab.presets.targets import HELP, record_named

if TYPE_CHECKING:
    from lab.engine.data import Data
    from lab.engine.drafts import Draft, LayerDraft
    from lab.engine.experiment import Experiment


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("network")(network)


def network(
    target: Annotated[str, typer.Argument(metavar="DIR|PRESET", help=HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    as_latex: Annotated[
        bool, typer.Option("--latex", help="Print the formula in LaTeX.")
    ] = False,
    as_code: Annotated[
        bool, typer.Option("--code", help="Print PyTorch that builds it.")
    ] = False,
    run_code: Annotated[
        bool, typer.Option("--run-code", help="Run the Python files that layers come from.")
    ] = False,
) -> None:
    """Show a network: shapes, parameters, memory and multiply-adds of its layers.

    With --latex or --code the formula or the code alone; --json holds all of it.
    """
    from lab.engine.data import prepare
    from lab.engine.drafts import draft_of
    from lab.engine.foreign import permit

    experiment = record_named(target).experiment
    permit(experiment.layers, run_code)
    data = prepare(experiment)
    found = draft_of(experiment, data)
    if as_json:
        typer.echo(json.dumps(described(experiment, data, found), allow_nan=False))
    elif as_latex or as_code:
        typer.echo("\n\n".join(_texts(experiment, data, as_latex, as_code)))
    else:
        typer.echo(words(experiment, data, found))


def _texts(experiment: Experiment, data: Data, as_latex: bool, as_code: bool) -> list[str]:
    from lab.panels.network.code import code
    from lab.panels.network.formulas import copyable

    outputs = data.encoding.outputs
    found = [copyable(experiment.layers)] if as_latex else []
    return found + ([code(experiment.layers, data.shape, outputs)] if as_code else [])


def described(experiment: Experiment, data: Data, found: Draft) -> dict[str, Any]:
    """Return all there is to say of a network as plain values.

    ``code`` is None where it cannot be built or runs code of a file of its own.
    """
    from lab.panels.network.formulas import definitions, lines, whole

    code: str | None
    try:
        (code,) = _texts(experiment, data, as_latex=False, as_code=True)
    except ExperimentError:
        code = None
    memory = found.memory
    return {
        "title": experiment.title,
        "input": list(data.shape),
        "outputs": data.encoding.outputs,
        "layers": [_layer(one) for one in found.layers],
        "parameters": found.parameters,
        "multiply_adds": found.multiply_adds,
        "memory": {
            "weights": memory.weights,
            "gradient": memory.gradient,
            "optimizer": memory.optimizer,
            "activations": memory.activations,
            "total": memory.total,
        },
        "problems": [
            {"path": p.path, "where": p.where, "short": p.short, "text": p.text}
            for p in found.problems
        ],
        "formula": [line.latex for line in lines(experiment.layers)],
        "formula_in_one_line": whole(experiment.layers),
        "definitions": list(definitions(experiment.layers)),
        "code": code,
    }


def _layer(one: LayerDraft) -> dict[str, Any]:
    return {
        "path": one.path,
        "kind": one.kind,
        "shape_in": None if one.shape_in is None else list(one.shape_in),
        "shape_out": None if one.shape_out is None else list(one.shape_out),
        "parameters": one.parameters,
        "multiply_adds": one.multiply_adds,
        "weight_bytes": one.weight_bytes,
        "activation_bytes": one.activation_bytes,
    }


def words(experiment: Experiment, data: Data, found: Draft) -> str:
    """Return a table of the layers, the sums, and what is wrong."""
    rows: list[tuple[str, ...]] = [("layer", "gives", "parameters", "memory", "multiply-adds")]
    from lab.engine.numbering import numbers

    known = numbers(experiment.layers)
    rows += [_row(one, known[one.path]) for one in found.layers]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [f"{experiment.title}: {in_words(data.shape)} → {data.encoding.outputs}", ""]
    lines += [_line(row, widths) for row in rows]
    memory = found.memory
    lines += [
        "",
        f"{found.parameters:,} parameters, {found.multiply_adds:,} multiply-adds a sample.",
        f"Memory {in_bytes(memory.total)}: weights {in_bytes(memory.weights)}, gradient "
        f"{in_bytes(memory.gradient)}, optimizer {in_bytes(memory.optimizer)}, outputs of a "
        f"batch {in_bytes(memory.activations)}.",
    ]
    return "\n".join([*lines, *(problem.text for problem in found.problems)])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, second, *rest = (
        cell.ljust(w) if k < 2 else cell.rjust(w)
        for k, (cell, w) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, second, *rest]).rstrip()


def _row(one: LayerDraft, number: str) -> tuple[str, ...]:
    indent = "  " * number.count(".")
    return (
        f"{indent}{number} {one.title}",
        "?" if one.shape_out is None else in_words(one.shape_out),
        "?" if one.parameters is None else f"{one.parameters:,}",
        "?"
        if one.weight_bytes is None
        else in_bytes(one.weight_bytes + (one.activation_bytes or 0)),
        "?" if one.multiply_adds is None else f"{one.multiply_adds:,}",
    )
