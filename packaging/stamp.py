"""The mark of a finished environment: what it was made from, and what stands in it.

It is written last and at once, so that an environment with a stamp is whole, and one whose
making was cut short has none.
"""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NAME = "nabla-stamp.json"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an environment was made from, its extras, and the distributions found in it."""

    digest: str
    extras: frozenset[str]
    distributions: frozenset[str]


def digest(root: Path, version: str) -> str:
    """Return a hash of all that decides what is installed, and where.

    The folder belongs to it: a moved checkout is installed anew.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    table = project["project"]
    names = ("name", "dependencies", "optional-dependencies", "scripts", "requires-python")
    parts = {name: table.get(name) for name in names}
    parts |= {"root": str(root), "python": version, "build": project.get("build-system")}
    parts["setuptools"] = project.get("tool", {}).get("setuptools")
    text = json.dumps(parts, sort_keys=True)
    constraints = (root / "packaging" / "constraints.txt").read_bytes()
    return hashlib.sha256(text.encode() + constraints).hexdigest()


def distributions(venv: Path) -> frozenset[str]:
    """Return the names of the installed distributions' folders, with their versions."""
    return frozenset(folder.name for folder in site_packages(venv).glob("*.dist-info"))


def site_packages(venv: Path) -> Path:
    """Return the folder that packages are installed in; it need not exist."""
    on_windows = venv / "Lib" / "site-packages"
    return next(venv.glob("lib/python3.*/site-packages"), on_windows)


def read(venv: Path) -> Stamp | None:
    """Return an environment's stamp, or None if it has none that can be read."""
    try:
        found = json.loads((venv / NAME).read_text(encoding="utf-8"))
        extras, names = frozenset(found["extras"]), frozenset(found["distributions"])
        return Stamp(str(found["digest"]), extras, names)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def write(venv: Path, stamp: Stamp) -> None:
    """Put a stamp on a finished environment, whole or not at all."""
    values = {
        "digest": stamp.digest,
        "extras": sorted(stamp.extras),
        "distributions": sorted(stamp.distributions),
    }
    half = venv / (NAME + ".half")
    half.write_text(json.dumps(values, indent=1), encoding="utf-8")
    os.replace(half, venv / NAME)


def remove(venv: Path) -> None:
    """Take the stamp off, before anything in the environment is changed."""
    (venv / NAME).unlink(missing_ok=True)
