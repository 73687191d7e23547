"""The status line: where one stands, in words; what the run is; how much is remembered."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from lab.shell.bands import STATUS, Band
from lab.ui import theme
from lab.ui.messages import ElidedLabel

if TYPE_CHECKING:
    from PySide6.QtGui import QAction

    from lab.engine.experiment import Part
    from lab.engine.news import RunLook

BUDGET_MB = 512
NOTICE_MS = 6000
TITLE = 32


class StatusLine(Band):
    """What a look says in a sentence; news stand in its place for some seconds."""

    branch_chosen = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(STATUS, "top", parent)
        self._sentence = ""
        self._look: RunLook | None = None
        self._left = ElidedLabel("", self)
        self._branch = QPushButton(self)
        self._branch.setProperty("role", "link")
        self._branch.setFixedHeight(20)
        self._branch.setToolTip("Go to another branch of this run")
        self._branch.clicked.connect(self._on_branch_clicked)
        self._branch.hide()
        self._menu = QMenu(self)
        self._menu.triggered.connect(self._on_branch_triggered)
        self._run, self._memory, self._saved = (_secondary(self) for _ in range(3))
        self._notice = QTimer(self, singleShot=True, interval=NOTICE_MS)
        self._notice.timeout.connect(self._on_notice_over)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, 1, theme.MARGIN, 0)
        row.setSpacing(theme.GROUP_GAP)
        row.addWidget(self._left, 1)
        for widget in (self._branch, self._run, self._memory, self._saved):
            row.addWidget(widget)
        self.set_saved("")

    def text(self) -> str:
        """What stands at the left."""
        return self._left.text()

    def tell(self, words: str) -> None:
        """Say a piece of news for some seconds."""
        if words:
            self._left.set_text(words)
            self._notice.start()

    def set_sentence(self, words: str) -> None:
        """Say what is the case, under the news."""
        self._sentence = words
        if not self._notice.isActive():
            self._left.set_text(words)

    def show_look(self, look: RunLook) -> None:
        """Describe a look; news of another step are over."""
        before, self._look = self._look, look
        if before is not None and (before.run, before.step) != (look.run, look.step):
            self._notice.stop()
        self.set_sentence(sentence_of(look))
        self._run.setText(described(look))
        self._memory.setText(f"Time line {look.timeline_bytes / 2**20:.1f} of {BUDGET_MB} MB")
        self._branch.setVisible(len(look.branches) > 1)
        self._branch.setText(f"Branch {look.branch + 1} of {len(look.branches)}")

    def set_saved(self, words: str) -> None:
        """Say whether the experiment is saved."""
        self._saved.setText(words)
        self._saved.setVisible(bool(words))

    @Slot()
    def _on_notice_over(self) -> None:
        self._left.set_text(self._sentence)

    @Slot()
    def _on_branch_clicked(self) -> None:
        if self._look is None:
            return
        self._menu.clear()
        for branch in self._look.branches:
            root = "the first" if branch.parent is None else f"from step {branch.fork:,}"
            action = self._menu.addAction(
                f"Branch {branch.number + 1}: {root}, to step {branch.newest:,}"
            )
            action.setData(branch.number)
            action.setCheckable(True)
            action.setChecked(branch.number == self._look.branch)
        self._menu.popup(self._branch.mapToGlobal(self._branch.rect().topLeft()))

    @Slot(object)
    def _on_branch_triggered(self, action: QAction) -> None:
        self.branch_chosen.emit(int(action.data()))


def sentence_of(look: RunLook) -> str:
    """Say where the cursor stands, and what playing on would do."""
    if look.playing:
        return (
            f"Training towards step {look.horizon:,}."
            if look.step < look.horizon
            else ("Training.")
        )
    if look.step < look.newest:
        where = f"Viewing step {look.step:,} of {look.newest:,}."
        return f"{where} Playing on from here starts a branch."
    if look.phase:
        done = ("forward pass", "loss", "backward pass")[look.phase - 1]
        return f"Step {look.step + 1:,}: {done} done. Forward, loss, backward, update."
    if not look.newest:
        return "Ready at step 0: Space plays, N makes one step, P one phase."
    return f"At step {look.step:,}, the newest. Space plays on."


def described(look: RunLook) -> str:
    """Name data, network and optimizer: ``Spiral, 2-6-4-2, tanh, Adam``."""
    from lab.engine.layers import LAYERS
    from lab.engine.optimizers import OPTIMIZERS

    settings = look.settings
    units = [str(w) for w in widths(settings.layers, look.data.encoding.outputs)]
    features = look.data.x.shape[1:]
    size = "\u00d7".join(map(str, features)) if features else "1"
    kinds = [p.kind for p in settings.layers if LAYERS[p.kind].is_activation]
    title = look.title if len(look.title) <= TITLE else f"{look.title[: TITLE - 1]}\u2026"
    parts = [title, "-".join([size, *shortened(units)]), *dict.fromkeys(kinds)]
    return ", ".join([*(p for p in parts if p), OPTIMIZERS[settings.optimizer.kind].title])


def shortened(units: list[str]) -> list[str]:
    """Return widths with long rows of equal ones counted: ``32\u00d720``."""
    runs = [(unit, len(list(same))) for unit, same in groupby(units)]
    return [
        part
        for unit, count in runs
        for part in ([f"{unit}\u00d7{count}"] if count > 3 else [unit] * count)
    ]


def widths(layers: tuple[Part, ...], outputs: int) -> list[int]:
    """Return the widths of the layers that have one; one left open has that of the outputs."""
    from lab.engine.experiment import nested
    from lab.engine.layers import LAYERS

    wide = [(part, LAYERS[part.kind].width) for _, part in nested(layers)]
    return [part[name] or outputs for part, name in wide if name]


def _secondary(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", "secondary")
    return label
