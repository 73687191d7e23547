"""``nabla doctor``: what is installed here, what works, and what to do about the rest."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lab import __version__
from lab.cli import screens
from lab.cli.answers import FAILED
from lab.versions import FOR_THE_WINDOW, NEEDED, PACKAGES, installed, known_bad_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHONS = ((3, 11), (3, 14))
"""From, and below."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what was found, and what is broken about it, if it is."""

    name: str
    value: str
    problem: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look at versions, screen and devices.

    The exit code is 1 if something is broken.
    """
    found = list(findings())
    problems = [f.problem for f in found if f.problem]
    if as_json:
        rows = [asdict(f) for f in found]
        typer.echo(json.dumps({"is_sound": not problems, "findings": rows}))
    else:
        _show(found)
    if problems:
        raise typer.Exit(FAILED)


def _show(found: list[Finding]) -> None:
    width = max(len(f.name) for f in found)
    for finding in found:
        mark = "broken" if finding.problem else "ok"
        typer.echo(f"{mark:<6}  {finding.name:<{width}}  {finding.value}")
        if finding.problem:
            typer.echo(f"{'':<6}  {'':<{width}}  {finding.problem}")


def findings() -> Iterator[Finding]:
    """Yield everything that was looked at."""
    yield Finding("Nabla", __version__)
    yield _python()
    yield Finding("System", f"{platform.platform()}, {os.cpu_count()} cores")
    yield from _packages()
    yield from (Finding("Known fault", "found", text) for text in known_bad_pairs())
    yield from _window()
    yield _devices()


def _python() -> Finding:
    from_, below = PYTHONS
    fits = from_ <= sys.version_info[:2] < below
    wanted = f"Nabla needs Python {from_[0]}.{from_[1]} or newer, below {below[0]}.{below[1]}."
    return Finding("Python", platform.python_version(), "" if fits else wanted)


def _packages() -> Iterator[Finding]:
    there = installed()
    for name in PACKAGES:
        if name in there:
            yield Finding(name, there[name])
        elif name in NEEDED or name in FOR_THE_WINDOW:
            what = "nothing runs" if name in NEEDED else "there is no window"
            yield Finding(name, "not installed", f"Without {name} {what}; install it with pip.")
        else:
            yield Finding(name, "not installed (an extra)")


def _window() -> Iterator[Finding]:
    """Yield what Qt says of screen and OpenGL; without OpenGL 3-D is drawn as a map."""
    if not screens.has_qt():
        return
    try:
        drawn_on, opengl = screens.probe()
    except OSError as error:
        yield Finding("Screen", "Qt does not start", f"{error}.")
        return
    missing = screens.is_missing()
    yield Finding("Screen", "none; pictures are drawn in memory" if missing else drawn_on)
    yield Finding("OpenGL", opengl or "none; surfaces are drawn as maps")


def _devices() -> Finding:
    try:
        from lab.engine.device import available

        names = available()
    except Exception as error:  # a broken installation raises whatever it likes
        said = " ".join(str(error).split())
        return Finding("Devices", "torch does not load", f"{type(error).__name__}: {said}")
    titled = (name if name == "cpu" else f"{name} ({title})" for name, title in names.items())
    return Finding("Devices", ", ".join(titled))
