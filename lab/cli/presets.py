"""``nabla presets``: the ready experiments."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lab.presets import DEFAULT, PRESETS


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("presets")(presets)


def presets(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List the ready experiments."""
    if as_json:
        rows = [
            {
                "name": p.name,
                "title": p.title,
                "summary": p.summary,
                "default": p.name == DEFAULT,
            }
            for p in PRESETS.values()
        ]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    width = max(map(len, PRESETS))
    for preset in PRESETS.values():
        typer.echo(f"{preset.name:<{width}}  {preset.summary}")
