"""A module that is imported when it is first used.

Why: tables of layers, losses and optimizers are read by the window for their names, and the
window must be painted before torch, which takes seconds to import, is asked for anything.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class LazyModule:
    """Stands in for a module; the first attribute asked for imports it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)  # found at once the next time
        return value
