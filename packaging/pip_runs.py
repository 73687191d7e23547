"""Runs pip, and puts its failures into one sentence."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from problems import SetupError

if TYPE_CHECKING:
    from pathlib import Path

LOG = "pip.log"
PATIENCE = {"PIP_RETRIES": "5", "PIP_DEFAULT_TIMEOUT": "60"}  # unless the person says otherwise
TO_STDERR = 2  # standard output belongs to the program that is started afterwards
AGAIN = "run the same command again, what is already there is kept."
FULL = re.compile(r"No space left on device|Errno 28\b|not enough space on the disk", re.I)
NETWORK = re.compile(
    r"Could not fetch URL \S+ (?!404)|Connection ?(?:Error|broken|refused|reset)|HTTP error"
    r"|ReadTimeout|IncompleteRead|incomplete-download|ProxyError|SSLError",
    re.I,
)
INDEX_PAGE = re.compile(r"Could not fetch URL \S+/([^/\s]+)/: (?!404)")
NO_BUILD = re.compile(r"No matching distribution found for (\S+)")


class PipFailed(SetupError):
    """A failed run of pip, as one sentence; `is_not_found` if an index knew no such build."""

    def __init__(self, text: str, log: Path) -> None:
        super().__init__(sentence(text, log))
        self.is_not_found = bool(NO_BUILD.search(text))


def sentence(text: str, log: Path) -> str:
    """Say in one sentence why pip failed, from what it wrote.

    An index that does not answer stands only in the log; standard error then says no more
    than that nothing was found.
    """
    if FULL.search(text):
        return (
            f"The disk is full while installing into {log.parent}: free some space there or"
            f" in the temporary folder and {AGAIN}"
        )
    wanted = NO_BUILD.search(text)
    if NETWORK.search(text):
        asked_for = wanted or INDEX_PAGE.search(text)
        name = f" of {asked_for[1]}" if asked_for else ""
        return f"A download{name} failed: check the network and {AGAIN} Details: {log}"
    if wanted:
        return (
            f"There is no build of {wanted[1]} for this machine and this Python. Details: {log}"
        )
    lines = [line for line in text.splitlines() if line.startswith("ERROR")]
    reason = lines[0].removeprefix("ERROR: ") if lines else "no reason given"
    return f"Installing failed ({reason}): put that right and {AGAIN} Details: {log}"


def install(python: Path, venv: Path, *arguments: str) -> None:
    """Run ``pip install`` in an environment; progress goes to standard error.

    Raises
    ------
    PipFailed
        With one sentence; pip's own words are in the log that it names.
    """
    log = venv / LOG
    log.unlink(missing_ok=True)
    options = ["--no-input", "--disable-pip-version-check", "--log", str(log)]
    command = [str(python), "-I", "-m", "pip", *options, "install", *arguments]
    result = subprocess.run(
        command,
        env=PATIENCE | os.environ | {"PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore"},
        stdin=subprocess.DEVNULL,
        stdout=TO_STDERR,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode:
        raise PipFailed(_network_lines(log) + result.stderr, log)
    log.unlink(missing_ok=True)  # tens of megabytes that nobody needs any more


def _network_lines(log: Path) -> str:
    if not log.exists():
        return ""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    return "".join(line for line in lines if "Could not fetch URL" in line)
