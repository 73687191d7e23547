"""The menus of the builder: kinds to add, what can be done with a layer, and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QCursor, QGuiApplication
from PySide6.QtWidgets import QMenu, QToolButton

from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.panels.network import formulas
from lab.ui.controls import IconButton

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from lab.panels.network.editor import Editor
    from lab.panels.network.model import Floats

_HEADS = {"normalisation": "Normalisation", "activation": "Activation", "dropout": "Dropout"}


class Menus(QObject):
    """Makes menus when they are wanted, and carries out what was chosen in them."""

    fit_wanted = Signal()
    open_wanted = Signal()
    keys_wanted = Signal()
    told = Signal(str)

    def __init__(self, editor: Editor, parent: QWidget) -> None:
        super().__init__(parent)
        self._editor = editor
        self._place = "layers.0"  # where a layer goes that is chosen from a menu
        self._path: str | None = None  # the layer that a menu is about
        self.tensors: dict[str, Floats] = {}  # the weights in sight, by their full names
        self.add_button = QToolButton(parent)
        self.add_button.setText("+ Add layer")
        self.add_button.setToolTip("Add a layer behind the selected one, or before the last")
        self.add_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more_button = IconButton("more", "More for this panel", parent)
        self.more_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._kinds = self._kind_menu()
        self.add_button.setMenu(self._kinds)
        self._kinds.aboutToShow.connect(self._on_kinds_opening)
        self._more = self._more_menu()
        self.more_button.setMenu(self._more)
        self._is_placed = False

    @property
    def _widget(self) -> QWidget:
        """The view: its parent, of which a reference of one's own would be a cycle."""
        return cast("QWidget", self.parent())

    # Kinds.

    def _kind_menu(self) -> QMenu:
        menu = QMenu(self._widget)
        subs: dict[str, QMenu] = {}
        for kind in LAYERS.values():
            if kind.holds_layers or kind.is_foreign:  # those have commands of their own
                continue
            target = menu
            if kind.role:
                if kind.role not in subs:
                    subs[kind.role] = menu.addMenu(_HEADS[kind.role])
                target = subs[kind.role]
            action = target.addAction(kind.title)
            action.setProperty("kind", kind.name)
            action.setToolTip(kind.summary)
        menu.setToolTipsVisible(True)
        menu.triggered.connect(self._on_kind_chosen)
        return menu

    @Slot()
    def _on_kinds_opening(self) -> None:
        if not self._is_placed:
            self._place = self._editor.place_after(self.selected)

    @property
    def selected(self) -> str | None:
        """The selected layer, as the editor's bridge has it."""
        return self._editor.selected()

    @Slot(object)
    def _on_kind_chosen(self, action: QAction) -> None:
        self._editor.insert(str(action.property("kind")), self._place)

    def insert_at(self, path: str) -> None:
        """Ask for a kind at the mouse, and put it where a path says."""
        self._place, self._is_placed = path, True
        self._kinds.popup(QCursor.pos())
        self._is_placed = False

    def insert_after(self, path: str | None) -> None:
        """Ask for a kind, and put it behind a layer."""
        self._place, self._is_placed = self._editor.place_after(path), True
        self._kinds.popup(self.add_button.mapToGlobal(self.add_button.rect().bottomLeft()))
        self._is_placed = False

    def skip(self, path: str | None) -> None:
        """Put a skip connection around a layer."""
        if path is not None:
            self._editor.skip(path, path)

    # One layer.

    def open_for(self, path: str | None, place: QPoint) -> None:
        """Open the menu of a layer; without one, that of the ground."""
        if path is None:
            self._more.popup(place)
            return
        self._path = path
        menu = QMenu(self._widget)
        block = self._editor.block(path)
        is_skip = block is not None and bool(block.inner)
        for words, slot in (
            ("Remove the skip connection" if is_skip else "Remove", self._on_remove),
            ("Duplicate", self._on_duplicate),
            ("Copy", self._on_copy),
            ("Cut", self._on_cut),
            ("Paste behind", self._on_paste),
            ("Skip connection around it", self._on_skip),
        ):
            menu.addAction(words, slot)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    @Slot()
    def _on_remove(self) -> None:
        self._editor.remove(self._path)

    @Slot()
    def _on_duplicate(self) -> None:
        self._editor.duplicate(self._path)

    @Slot()
    def _on_copy(self) -> None:
        self._editor.copy(self._path)

    @Slot()
    def _on_cut(self) -> None:
        self._editor.cut(self._path)

    @Slot()
    def _on_paste(self) -> None:
        self._editor.paste(self._path)

    @Slot()
    def _on_skip(self) -> None:
        self.skip(self._path)

    # The whole.

    def _more_menu(self) -> QMenu:
        menu = QMenu(self._widget)
        menu.setToolTipsVisible(True)
        self.keep = menu.addAction("Keep the weights of untouched layers")
        self.keep.setCheckable(True)
        self.keep.setToolTip("A changed network begins with what the others have learned")
        self.keep.toggled.connect(self._on_keep_toggled)
        menu.addAction("Open a network...").triggered.connect(self._on_open)
        menu.addSeparator()
        menu.addAction("Copy the formula (LaTeX)", self._on_latex)
        self._with_weights = menu.addAction(
            "Copy the formula with its weights (LaTeX)", self._on_latex_with_weights
        )
        menu.aboutToShow.connect(self._on_more_opening)
        menu.addAction("Copy the code (PyTorch)", self._on_code)
        menu.addAction("Paste layers", self._on_paste_at_end)
        menu.addSeparator()
        menu.addAction("See all of the network").triggered.connect(self._on_fit)
        menu.addAction("Keys of the canvas").triggered.connect(self._on_keys)
        return menu

    @Slot()
    def _on_open(self) -> None:
        self.open_wanted.emit()

    @Slot()
    def _on_fit(self) -> None:
        self.fit_wanted.emit()

    @Slot()
    def _on_keys(self) -> None:
        self.keys_wanted.emit()

    def _copy(self, text: str, what: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.told.emit(f"{what} is on the clipboard.")

    @Slot(bool)
    def _on_keep_toggled(self, is_on: bool) -> None:
        self._editor.keeps_weights = is_on

    @Slot()
    def _on_latex(self) -> None:
        self._copy(formulas.copyable(self._editor.layers()), "The formula")

    @Slot()
    def _on_more_opening(self) -> None:
        is_small = bool(self.tensors) and formulas.is_small(self.tensors)
        self._with_weights.setEnabled(is_small)
        most = f"Only for networks of at most {formulas.MOST_NUMBERS} weights"
        self._with_weights.setToolTip("" if is_small else most)

    @Slot()
    def _on_latex_with_weights(self) -> None:
        text = formulas.copyable(self._editor.layers(), self.tensors)
        self._copy(text, "The formula with its weights")

    @Slot()
    def _on_code(self) -> None:
        from lab.panels.network.code import code

        wanted = self._editor.ends()
        if wanted is None:
            return
        try:
            self._copy(code(self._editor.layers(), *wanted), "The code")
        except ExperimentError as error:
            self._editor.refused.emit(str(error))

    @Slot()
    def _on_paste_at_end(self) -> None:
        self._editor.paste(self.selected)
