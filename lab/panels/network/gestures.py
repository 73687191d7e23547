"""Gestures on the canvas, the card and the menus: what they select, and what they edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Qt, Slot

from lab.panels.network.keys import WORDS

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint

    from lab.panels.network.view import NetworkView
    from lab.ui.bridge import EngineBridge


class Gestures(QObject):
    """Carries a person's gestures from the parts of a view to the editor and the bridge."""

    def __init__(self, view: NetworkView, bridge: EngineBridge) -> None:
        super().__init__(view)
        self._bridge = bridge
        canvas, card, menus = view.canvas, view.card, view.menus
        canvas.layer_chosen.connect(self.choose_layer)
        canvas.unit_chosen.connect(self.choose_unit)
        canvas.weight_chosen.connect(self.choose_weight)
        canvas.weight_asked.connect(self._on_weight_asked)
        canvas.widened.connect(view.editor.widen)
        canvas.skipped.connect(view.editor.skip)
        canvas.moved.connect(self._on_moved)
        canvas.inserting.connect(self._on_inserting)
        canvas.menu_wanted.connect(self._on_menu_wanted)
        card.changed.connect(view.editor.set)
        card.weight_edited.connect(self._on_weight_edited)
        menus.fit_wanted.connect(canvas.fit)
        menus.open_wanted.connect(view.opening.ask)
        menus.keys_wanted.connect(self._on_keys_wanted)
        menus.told.connect(self._on_told)
        view.editor.refused.connect(self._on_refused)
        view.opening.failed.connect(self._on_refused)
        view.opening.told.connect(self._on_told)

    @property
    def _view(self) -> NetworkView:
        """The view: its parent, of which a reference of one's own would be a cycle."""
        return cast("NetworkView", self.parent())

    @Slot(object)
    def choose_layer(self, path: object) -> None:
        """Select a layer and nothing in it; None: nothing at all."""
        self._bridge.select("unit", None)
        self._bridge.select("weight", None)
        self._bridge.select("layer", path)

    @Slot(object)
    def choose_unit(self, which: object) -> None:
        """Select a unit, (path, index)."""
        self._bridge.select("weight", None)
        self._bridge.select("unit", which)

    @Slot(object)
    def choose_weight(self, which: object) -> None:
        """Select a weight, (path, name, index)."""
        self._bridge.select("unit", None)
        self._bridge.select("weight", which)

    def go_to(self, path: str | None) -> None:
        """Select a layer and bring it into sight."""
        self.choose_layer(path)
        scene = self._view.scene
        place = scene.layout.column_of(path) if scene is not None and path else None
        if place is not None:
            self._view.canvas.show_column(place)

    @Slot(object)
    def _on_weight_asked(self, which: object) -> None:
        self.choose_weight(which)
        self._view.card.weight.setFocus(Qt.FocusReason.OtherFocusReason)
        self._view.card.weight.selectAll()

    @Slot(float)
    def _on_weight_edited(self, value: float) -> None:
        which = self._view.state.weight
        if which is not None:
            self._view.editor.set_weight(which, value)

    @Slot(str, int)
    def _on_moved(self, path: str, gap: int) -> None:
        if self._view.scene is not None:
            self._view.editor.move(path, self._view.editor.place_at(self._view.scene, gap))

    @Slot(int)
    def _on_inserting(self, gap: int) -> None:
        if self._view.scene is not None:
            self._view.menus.insert_at(self._view.editor.place_at(self._view.scene, gap))

    @Slot(object, object)
    def _on_menu_wanted(self, path: str | None, place: QPoint) -> None:
        self.choose_layer(path)
        self._view.menus.open_for(path, place)

    @Slot(str)
    def _on_refused(self, words: str) -> None:
        self._view.show_banner("warning", words)
        self._view.card.show_again()

    @Slot(str)
    def _on_told(self, words: str) -> None:
        self._view.show_banner("info", words)

    @Slot()
    def _on_keys_wanted(self) -> None:
        keys = "; ".join(f"{key}: {what}" for key, what in WORDS)
        self._view.show_banner("info", f"On the canvas. {keys}.")
