"""What gestures on the canvas and settings of the card do to the network; all can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from lab.engine.experiment import Part, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import ACTIVATION, LAYERS
from lab.panels.network import edits
from lab.panels.network.blocks import blocks, leaves, owner
from lab.panels.network.layout import INPUT, LOSS
from lab.panels.network.properties import changed
from lab.ui.drafts import drawn, edit_network
from lab.ui.undo import set_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.engine.drafts import Draft
    from lab.panels.network.blocks import Block
    from lab.panels.network.scene import Scene
    from lab.ui.bridge import EngineBridge

    Layers = tuple[Part, ...]


WIDTH, MOST_WIDE = 8, 64
"""Units of a new layer where nothing suggests how many, and at most."""


class Editor(QObject):
    """Edits what is drawn. ``refused`` tells in a sentence what cannot be.

    ``keeps_weights`` says whether a changed network begins with the weights of the layers that
    were left alone.
    """

    refused = Signal(str)

    def __init__(self, bridge: EngineBridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.keeps_weights = False
        self.draft: Draft | None = None  # what is known of the layers as drawn

    def layers(self) -> Layers:
        """Return the layers as drawn."""
        return drawn(self._bridge)

    def selected(self) -> str | None:
        """Return the selected layer, or None."""
        path = self._bridge.selection.get("layer")
        return path if isinstance(path, str) else None

    def ends(self) -> tuple[tuple[int, ...], int] | None:
        """Return the shape of a sample and how many outputs the loss wants."""
        look = self._bridge.look
        return (look.data.shape, look.data.encoding.outputs) if look is not None else None

    def block(self, path: str | None) -> Block | None:
        """Return the block a layer belongs to, or None."""
        return owner(blocks(self.layers()), path) if path else None

    def _edit(
        self, words: str, change: Callable[[Layers], Layers], *, is_step: bool = False
    ) -> bool:
        """Carry an edit out; one step of a gesture joins those before it when undone."""
        before = self.layers()
        joins = is_step and words == self._bridge.undo_stack.undoText()
        try:
            after = change(before)
            if after != before:
                keep = self.keeps_weights
                edit_network(self._bridge, after, words, keep_weights=keep, joins=joins)
        except ExperimentError as error:
            self.refused.emit(str(error))
            return False
        return True

    # Layers in and out.

    def insert(self, kind: str, path: str) -> str | None:
        """Put a kind of layer where a path says, and select it; return its path."""
        made = self._new(kind, path)
        words = f"add {LAYERS[kind].title.lower()}"
        if not self._edit(words, lambda row: edits.insert(row, path, *made)):
            return None
        self._select(path)
        return path

    def _new(self, kind: str, path: str) -> list[Part | str]:
        """Return a layer as wide as what comes in, with the activation that others have."""
        closing = LAYERS[kind].closing
        if not closing:
            return [kind]
        found = self.draft.by_path.get(path) if self.draft is not None else None
        shape = found.shape_in if found is not None else None
        wide = shape[0] if shape is not None and len(shape) == 1 else WIDTH
        made = Part.model_validate({"kind": kind, closing: min(wide, MOST_WIDE)})
        return [made, *self._usual_activation()]

    def _usual_activation(self) -> list[Part | str]:
        used = [part.kind for _, part in nested(self.layers())]
        found = [kind for kind in used if LAYERS[kind].role == ACTIVATION]
        return [max(found, key=found.count) if found else "tanh"]

    def insert_after(self, kind: str, path: str | None) -> str | None:
        """Put a kind of layer behind another's block; without one, before the last layer."""
        return self.insert(kind, self.place_after(path))

    def place_after(self, path: str | None) -> str:
        """Return the place behind a block; without one, where a new layer is meant to go."""
        block = self.block(path)
        if block is None:
            return f"layers.{max(len(self.layers()) - 1, 0)}"
        row, _, index = block.last.rpartition(".")
        return f"{row}.{int(index) + 1}"

    def place_at(self, scene: Scene, gap: int) -> str:
        """Return the place before a column: before a block, where the column begins one."""
        column = scene.layout.columns[min(gap, len(scene.layout.columns) - 1)]
        if column.path == LOSS:
            return f"layers.{len(self.layers())}"
        if column.path == INPUT:
            return "layers.0"
        path = column.path
        while path.endswith(".layers.0"):
            path = path.removesuffix(".layers.0")
        return path

    def remove(self, path: str | None) -> None:
        """Take a layer out with what follows it in its service; of a skip, the skip alone."""
        block = self.block(path)
        if block is None:
            return
        if block.inner:
            self._edit("remove the skip connection", lambda row: edits.unwrap(row, block.path))
        else:
            title = LAYERS[block.main.kind].title.lower()
            self._edit(f"remove {title}", lambda row: edits.remove(row, *block.paths))
        self._select(None)

    def move(self, path: str, before: str) -> None:
        """Put a block where a path says."""
        block = self.block(path)
        if block is not None and before not in block.paths:
            self._edit("move a layer", lambda row: edits.move(row, block.paths, before))
            self._select(None)

    def shift(self, path: str | None, steps: int) -> None:
        """Let a block change places with its neighbour."""
        block = self.block(path)
        if block is None:
            return
        row = self._row_of(block)
        place = row.index(block) + (steps if steps < 0 else steps + 1)
        if 0 <= place <= len(row):
            before = row[place].path if place < len(row) else self.place_after(row[-1].path)
            self.move(block.path, before)

    def _row_of(self, block: Block) -> list[Block]:
        above = self.block(block.path.rpartition(".layers.")[0])
        return list(above.inner if above is not None else blocks(self.layers()))

    def duplicate(self, path: str | None) -> None:
        """Put a copy behind a block."""
        block = self.block(path)
        if block is not None:
            self._edit("duplicate", lambda row: edits.duplicate(row, *block.paths))

    def copy(self, path: str | None) -> bool:
        """Put a block on the clipboard, as text."""
        block = self.block(path)
        if block is not None:
            QGuiApplication.clipboard().setText(edits.copied(self.layers(), *block.paths))
        return block is not None

    def cut(self, path: str | None) -> None:
        """Take a block out, to the clipboard."""
        if self.copy(path):
            self.remove(path)

    def paste(self, path: str | None) -> None:
        """Put the layers on the clipboard behind a block."""
        text, place = QGuiApplication.clipboard().text(), self.place_after(path)
        if self._edit("paste", lambda row: edits.insert(row, place, *edits.pasted(text))):
            self._select(place)

    # What layers are.

    def widen(self, path: str | None, more: int) -> None:
        """Give a layer more units or channels, or fewer."""
        block = self.block(path)
        if block is not None:
            words = f"width of {block.title}"
            self._edit(words, lambda row: edits.widen(row, block.path, more), is_step=True)

    def skip(self, first: str, last: str) -> None:
        """Put a skip connection around two blocks and those between."""
        begin, end = self.block(first), self.block(last)
        if begin is None or end is None:
            return
        if edits.places(begin.path) > edits.places(end.path):
            begin, end = end, begin
        self._edit("skip connection", lambda row: edits.wrap(row, begin.path, end.last))

    def set(self, path: str, value: object) -> bool:
        """Change one line of the settings of a block."""
        block = self.block(path.rpartition(".")[0])
        if block is None:
            return False
        name = path.rpartition(".")[2].replace("_", " ")
        return self._edit(
            f"{name} of {block.title}", lambda row: changed(row, block, path, value)
        )

    def set_weight(self, which: tuple[str, str, int], value: float) -> None:
        """Set one weight of the network in training by hand."""
        try:
            set_weights(self._bridge, {which: value}, f"{which[1]} by hand")
        except ExperimentError as error:
            self.refused.emit(str(error))

    def neighbour(self, path: str | None, steps: int) -> str | None:
        """Return the path of the block so many further on; from none, the first."""
        row = [block.path for block in leaves(blocks(self.layers()))]
        block = self.block(path)
        if not row:
            return None
        if block is None or block.path not in row:
            return row[0] if steps > 0 else row[-1]
        return row[min(max(row.index(block.path) + steps, 0), len(row) - 1)]

    def _select(self, path: str | None) -> None:
        self._bridge.select("unit", None)
        self._bridge.select("weight", None)
        self._bridge.select("layer", path)
