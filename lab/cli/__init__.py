"""The command line: opens the window, or does the same work without one.

One file a group of commands, each with ``register(app)``. Nothing here imports torch or Qt
before a command that needs it has begun, and nothing but ``open``, ``screenshot`` and the
pictures of a run without a screen needs Qt at all.
"""

from __future__ import annotations

import logging
import sys


def main() -> None:
    """Carry out the command line of this process, and leave with its exit code.

    0: done; 1: it failed; 2: the request was wrong.
    """
    from lab.cli.program import program

    logging.getLogger("lab").addHandler(logging.NullHandler())  # one sentence is what we print
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may know fewer letters than we use
            stream.reconfigure(errors="backslashreplace")
    program()(prog_name="nabla")
