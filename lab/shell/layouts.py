"""Layouts as text, sealed: Qt is given only what Qt wrote, unharmed, in this very version.

Why: ``QMainWindow.restoreState`` dies of a single flipped byte (12 of 253 positions on 6.9.3).
So a layout carries its digest, the version of Qt and the names of the panels; where one of
them differs there is no layout, and the default one is used.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import qVersion

if TYPE_CHECKING:
    from collections.abc import Mapping


def sealed(blob: bytes, panels: tuple[str, ...]) -> dict[str, Any]:
    """Return a layout of Qt as it goes into the settings."""
    return {
        "qt": qVersion(),
        "panels": list(panels),
        "sha256": _digest(blob, panels),
        "state": base64.b64encode(blob).decode(),
    }


def opened(seal: Mapping[str, Any] | None, panels: tuple[str, ...]) -> bytes | None:
    """Return the layout, or None if anything about it is not as it was written."""
    if not seal or seal.get("qt") != qVersion() or seal.get("panels") != list(panels):
        return None
    try:
        blob = base64.b64decode(str(seal.get("state", "")), validate=True)
    except (binascii.Error, ValueError):
        return None
    return blob if seal.get("sha256") == _digest(blob, panels) else None


def _digest(blob: bytes, panels: tuple[str, ...]) -> str:
    return hashlib.sha256(b"\0".join([blob, qVersion().encode(), *_names(panels)])).hexdigest()


def _names(panels: tuple[str, ...]) -> list[bytes]:
    return [name.encode() for name in panels]
