"""Named arrangements of panels: what stands where before a person moves anything.

A workspace is shown once the panel it is about exists; the others are promises kept in a table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workspace:
    """Columns from left to right, each a stack of panels, with their widths at 1280 px.

    ``hero`` is the panel it is about.
    """

    name: str
    hero: str
    columns: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]
    meaning: str

    def here(self, panels: tuple[str, ...]) -> Workspace:
        """Return the workspace with those of its panels that exist."""
        kept = [
            (tuple(p for p in column if p in panels), width)
            for column, width in zip(self.columns, self.widths, strict=True)
        ]
        there = [(column, width) for column, width in kept if column]
        columns, widths = tuple(c for c, _ in there), tuple(w for _, w in there)
        return Workspace(self.name, self.hero, columns, widths, self.meaning)

    @property
    def panels(self) -> tuple[str, ...]:
        """All its panels."""
        return tuple(p for column in self.columns for p in column)


WORKSPACES = (
    Workspace(
        "Build",
        "network",
        (("run",), ("network",), ("data", "loss")),
        (310, 512, 450),
        "Settings, the network, its answer and the loss",
    ),
    Workspace(
        "Inspect",
        "inspector",
        (("inspector",), ("network", "flow")),
        (728, 552),
        "Question every number: formula, values, gradient, check",
    ),
    Workspace(
        "Landscape",
        "landscape",
        (("run",), ("landscape",), ("loss",)),
        (310, 540, 428),
        "The surface on which the optimizer walks",
    ),
    Workspace(
        "Language",
        "embeddings",
        (("embeddings",), ("concepts",)),
        (728, 552),
        "Words as vectors",
    ),
    Workspace(
        "Attention",
        "attention",
        (("attention",), ("inspector",)),
        (728, 552),
        "Which token looks at which",
    ),
    Workspace(
        "Lecture",
        "data",
        (("data",), ("loss",)),
        (760, 520),
        "Answer and loss side by side, large, without settings",
    ),
)


def present(panels: tuple[str, ...]) -> tuple[Workspace, ...]:
    """Return the workspaces whose hero exists, each with the panels that exist.

    Where no hero exists at all, the first one stands with what there is.
    """
    found = tuple(w.here(panels) for w in WORKSPACES if w.hero in panels)
    return found or (WORKSPACES[0].here(panels),)


def find(name: str, panels: tuple[str, ...]) -> Workspace:
    """Return a workspace by its name, the first one if there is none of that name."""
    known = present(panels)
    return next((w for w in known if w.name == name), known[0])
