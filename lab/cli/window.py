"""``nabla open`` and ``nabla screenshot``: the commands that draw. Qt is imported inside."""

from __future__ import annotations

import os
import re
from pathlib import Path  # noqa: TC003 - typer reads it
from typing import Annotated, Literal

import typer

from lab.cli import screens
from lab.cli.answers import FailedError, RequestError
from lab.cli.train import MOST_STEPS
from lab.engine.kinds import find
from lab.presets import PRESETS
from lab.shell import registry
from lab.shell.workspaces import WORKSPACES

Theme = Literal["dark", "light"]
SMALLEST, LARGEST, MOST_PIXELS = 16, 8192, 64_000_000

QUIET = "default.warning=false"
"""Qt remarks on standard error what drawing in memory cannot do; what fails is told by us."""

NO_QT = (
    "There is no window without PySide6 and pyqtgraph; install them with "
    "`pip install nabla-lab`, or use `nabla train`."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("open")(open_)
    app.command("screenshot")(screenshot)


def open_(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="An experiment (.toml), a table (.csv, .tsv), arrays (.npy, .npz) or weights "
            "(.safetensors, .pt); without a screen an experiment.",
        ),
    ] = None,
) -> None:
    """Open the window, with a file if one is named."""
    raise typer.Exit(opened(file))


def opened(file: Path | None) -> int:
    """Open the window and return its exit code; without a screen do the work without one.

    Raises
    ------
    RequestError, FailedError
        If there is no such file; if Qt is not installed.
    """
    if file is not None and not file.is_file():
        raise RequestError(f"{file}: there is no such file.")
    if screens.is_missing():
        from lab.cli.headless import headless

        return headless(file)
    require_qt()
    from lab.app import open_window

    return open_window(file)


def screenshot(
    out: Annotated[Path, typer.Option(help="PNG file to write.", show_default=False)],
    preset: Annotated[str, typer.Option(help="The experiment shown.", show_default=False)],
    workspace: Annotated[str, typer.Option(help="Arrangement of panels.")] = "Build",
    theme: Annotated[Theme, typer.Option(help="dark or light.")] = "dark",
    size: Annotated[str, typer.Option(help="Width and height.")] = "1280x800",
    scale: Annotated[float, typer.Option(min=0.25, max=8, help="Pixels for each.")] = 1.0,
    steps: Annotated[
        int, typer.Option(min=0, max=MOST_STEPS, help="Steps trained before it.")
    ] = 200,
    overwrite: Annotated[bool, typer.Option(help="Replace the file.")] = False,
) -> None:
    """Take a picture of the window.

    It is drawn in memory where there is no screen.
    """
    find(PRESETS, preset, "--preset")
    arranged = _workspace(workspace)
    wanted = _size(size, scale)
    _check_file(out, overwrite)
    require_qt()
    os.environ.setdefault("QT_LOGGING_RULES", QUIET)
    from lab import app

    shown = arranged, theme, wanted, scale, steps
    app.screenshot(preset, out, *shown, overwrite=overwrite)
    typer.echo(f"Written to {out}.")


def _workspace(name: str) -> str:
    known = {w.name.lower(): w.name for w in WORKSPACES if w.hero in registry.names()}
    if name.lower() not in known:
        choices = ", ".join(known.values())
        raise RequestError(f"--workspace: {name!r} is not known; choose from {choices}.")
    return known[name.lower()]


def _size(text: str, scale: float) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})[x×]([0-9]{1,6})", text)
    if not found:
        raise RequestError(f"--size: wanted width and height as 1280x800, got {text!r}.")
    width, height = int(found[1]), int(found[2])
    sides = sorted((width * scale, height * scale))
    if sides[0] < SMALLEST or sides[1] > LARGEST or sides[0] * sides[1] > MOST_PIXELS:
        raise RequestError(
            f"--size: {text} at scale {scale:g} does not fit: wanted {SMALLEST} to "
            f"{LARGEST:,} pixels a side and at most {MOST_PIXELS // 1_000_000} million in all."
        )
    return width, height


def _check_file(out: Path, overwrite: bool) -> None:
    if out.suffix.lower() != ".png":
        raise RequestError(f"--out: a picture is written as .png, not as {out.name!r}.")
    if os.path.lexists(out) and not overwrite:
        raise RequestError(f"--out: {out} is there already; allow it with --overwrite.")
    if not out.absolute().parent.is_dir():
        raise RequestError(f"--out: the folder {out.absolute().parent} does not exist.")


def require_qt() -> None:
    """Check that what draws is installed.

    Raises
    ------
    FailedError
        If it is not.
    """
    if not screens.has_qt():
        raise FailedError(NO_QT)
