"""How a command ends: an exit code, and one sentence if anything was wrong."""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from lab.engine.kinds import ExperimentError
from lab.files.errors import LoadError, SaveError

FAILED, WRONG = 1, 2

UsageError, ClickException = typer.BadParameter.__mro__[1:3]
"""Typer's own errors, which it keeps under different names from version to version."""


WORDS = {
    "Value error, ": "",
    "Input should be greater than or equal to": "wanted at least",
    "Input should be less than or equal to": "wanted at most",
    "Input should be a valid integer.*": "wanted a whole number",
    "Input should be a valid number.*": "wanted a number",
}


class RequestError(Exception):
    """What was asked for cannot be: one sentence, exit code 2."""


class FailedError(Exception):
    """What was asked for was right and did not work out: one sentence, exit code 1."""


class Commands(TyperGroup):
    """All commands: whatever goes wrong in one ends in one sentence on standard error."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Take ``nabla FILE`` for ``nabla open FILE``."""
        if args[0] not in self.commands and Path(args[0]).is_file():
            args = ["open", *args]
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Carry out a command line and leave the process."""
        extra["standalone_mode"] = False
        try:
            code = super().main(*args, **extra)
        except Exception as error:
            code, text = ending_of(error)
            print(text, file=sys.stderr)
        if code == 130:  # what a shell says of Ctrl-C; here there are three codes only
            code = FAILED
            print("Interrupted; nothing was left behind.", file=sys.stderr)
        sys.exit(code if isinstance(code, int) else 0)


def ending_of(error: Exception) -> tuple[int, str]:
    """Return the exit code and the sentence that an error ends in."""
    if isinstance(error, ClickException):
        text = _one_line(_plain(error.format_message()))  # type: ignore[attr-defined]
        return WRONG, text if text.endswith((".", "?")) else f"{text}."
    if isinstance(error, RequestError | ExperimentError | LoadError):
        return WRONG, _one_line(str(error))
    if isinstance(error, FailedError | SaveError):
        return FAILED, _one_line(str(error))
    if isinstance(error, typer.Abort):
        return FAILED, "Interrupted."
    return FAILED, _own_fault(error)


def _plain(text: str) -> str:
    """Say what was wanted in our words instead of in those of the checker."""
    for pattern, words in WORDS.items():
        text = re.sub(pattern, words, text)
    return text


def _own_fault(error: Exception) -> str:
    if isinstance(error, MemoryError) or _is_out_of_memory(error):
        return "There is not enough memory for this; make the network or the batches smaller."
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = _one_line(f"{type(error).__name__}: {error}").rstrip(".")
    return f"Nabla failed: {what} ({Path(place.filename).name}, line {place.lineno})."


def _is_out_of_memory(error: Exception) -> bool:
    if "torch" not in sys.modules:
        return False
    from lab.engine.memory import is_out_of_memory

    return is_out_of_memory(error)


def _one_line(text: str) -> str:
    return " ".join(text.split())
