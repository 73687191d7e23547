"""Where the pictures of ``resources/icons`` lie."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "resources" / "icons"
