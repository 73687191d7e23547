"""Finds files of ``resources/``, from a checkout or an installed build."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def path(*parts: str) -> Path:
    """Return where a file or folder of the resources is.

    Parameters
    ----------
    *parts : str
        Names below ``resources/``; none for the folder itself.

    Raises
    ------
    FileNotFoundError
        If there is no such file: the installation is not whole.

    Examples
    --------
    >>> path("README.md").name
    'README.md'
    """
    found = _folder().joinpath(*parts)
    if not found.exists():
        raise FileNotFoundError(f"{found}: this file of Nabla is missing; install it again.")
    return found


def _folder() -> Path:
    package = Path(str(files("lab")))
    installed = package / "_resources"  # see packaging/wheel_resources.py
    return installed if installed.is_dir() else package.parent / "resources"
