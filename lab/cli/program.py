"""The program ``nabla``: all its commands, those that panels bring along included."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from lab import __version__
from lab.cli import doctor, export, presets, train, window
from lab.cli.answers import Commands
from lab.shell import registry

GROUPS = (presets, train, export, doctor, window)


def program() -> typer.Typer:
    """Build the command line; it is built anew for every process and test."""
    app = typer.Typer(
        cls=Commands,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(start)
    for group in GROUPS:
        group.register(app)
    register_panels(app)
    return app


def start(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """See the mathematics of a neural network working.

    Without a command the window opens; where there is no screen, the default preset is
    trained and its results are left in a folder.
    """
    if version:
        typer.echo(f"nabla {__version__}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        raise typer.Exit(window.opened(None))


def register_panels(app: typer.Typer) -> None:
    """Add the commands of every panel that has a ``commands`` module, without its view."""
    for name in registry.names():
        module = registry.commands(name)
        if _is_there(module):
            import_module(module).register(app)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even its package
        return False
