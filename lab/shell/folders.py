"""Where settings and logs live; ``NABLA_HOME`` takes the place of both."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

NAME = "nabla"


def settings_folder() -> Path:
    """Return the folder of the settings; it is made if need be."""
    home = os.environ.get("NABLA_HOME")
    return _made(Path(home) if home else Path(platformdirs.user_config_dir(NAME, False)))


def log_folder() -> Path:
    """Return the folder of the log; it is made if need be."""
    home = os.environ.get("NABLA_HOME")
    return _made(Path(home) / "log" if home else Path(platformdirs.user_log_dir(NAME, False)))


def _made(folder: Path) -> Path:
    """Make a folder; where that is forbidden, a temporary one serves for this session."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="nabla-"))
    return folder
