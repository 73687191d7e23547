"""The panels of the lab, in the order of the menu. A new panel is one more line here.

Names only: neither Qt nor torch is imported before a panel is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.ui.panel import PanelSpec

PANELS: tuple[tuple[str, str], ...] = (
    ("run", "lab.panels.run.view"),
    ("data", "lab.panels.data.view"),
    ("loss", "lab.panels.loss.view"),
    ("network", "lab.panels.network.view"),
    ("inspector", "lab.panels.inspector.view"),
    ("flow", "lab.panels.flow.view"),
)


def names() -> tuple[str, ...]:
    """Return the names of all panels."""
    return tuple(name for name, _module in PANELS)


def load(name: str) -> PanelSpec:
    """Import one panel and return its spec.

    Raises
    ------
    LookupError
        If there is no such panel.
    """
    for known, module in PANELS:
        if known == name:
            panel: PanelSpec = import_module(module).PANEL
            return panel
    raise LookupError(f"name: wanted one of {', '.join(names())}; got {name!r}")


def commands(name: str) -> str:
    """Return the module of a panel's command-line commands; it may not exist."""
    module = dict(PANELS)[name]
    return f"{module.rpartition('.')[0]}.commands"


def panel_of(modules: tuple[str, ...]) -> str | None:
    """Return the panel that the innermost of some module names belongs to, or None."""
    packages = {module.rpartition(".")[0]: name for name, module in PANELS}
    for module in reversed(modules):
        for package, name in packages.items():
            if module == package or module.startswith(f"{package}."):
                return name
    return None
