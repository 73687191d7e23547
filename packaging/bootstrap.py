"""Set Nabla up and start it, or test it, with one command on Linux, macOS and Windows.

::

    python3 packaging/bootstrap.py run [arguments of nabla]
    python3 packaging/bootstrap.py test [arguments of pytest]

Everything goes into ``.venv`` at the project's root. The first start fills it, a later one
only looks at a stamp. Standard library only.

Why this file and `interpreters` use no newer syntax than Python 3.8: an old Python must get
far enough to look for a newer one on the machine, or to say one clear sentence.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import interpreters
from problems import SetupError

COMMANDS = ("run", "test")
ROOT = Path(__file__).resolve().parents[1]
USAGE = "Usage: python3 packaging/bootstrap.py run [arguments] | test [arguments of pytest]"


def main(arguments: list[str]) -> int:
    """Carry out one command and return its exit code: 0 done, 1 failed, 2 wrong request."""
    if not arguments or arguments[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        return _carried_out(arguments)
    except SetupError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"Set-up failed: {error}; put that right and run it again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted; the same command goes on where it stopped.", file=sys.stderr)
    return 1


def _carried_out(arguments: list[str]) -> int:
    if interpreters.VERSION not in interpreters.SUPPORTED:
        newer = interpreters.chosen(ROOT)
        return interpreters.replace_process([newer.executable, __file__, *arguments])
    import commands  # needs Python 3.11

    return commands.COMMANDS[arguments[0]](ROOT, arguments[1:])


if __name__ == "__main__":
    os.environ.pop("__PYVENV_LAUNCHER__", None)  # macOS: it would point .venv at another Python
    sys.exit(main(sys.argv[1:]))
