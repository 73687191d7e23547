"""What a panel is, and the frame that every panel fills.

A frame is a row of controls (40 px), a place for banners, the picture, and one line (31 px)
that says in words what is seen. It has no frames and no shadows: panels part by one line.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from lab.ui import theme
from lab.ui.messages import Banner, ElidedLabel, EmptyState, IconButton, Kind, ProgressRow
from lab.ui.threads import in_gui_thread

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from PySide6.QtGui import QPaintEvent


READ_S = 0.2
"""Numbers in words change no more often, or nobody could read them."""


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """A line of the registry: how a panel is called, and how it is made of a bridge.

    ``summary`` is one sentence for the start page and the command palette; ``shortcut`` is a
    portable key sequence such as ``Ctrl+1``.
    """

    name: str
    title: str
    make: Callable[[Any], QWidget]
    shortcut: str | None = None
    summary: str = ""


class PanelFrame(QWidget):
    """Controls above, the picture in the middle, one reading below.

    All methods belong to the window's thread and assert it.
    """

    subtitle_changed = Signal(str)
    empty_pressed = Signal()
    banner_acted = Signal()
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subtitle = ""
        self._said: str | Callable[[], str] = ""
        self._written_at = 0.0
        self._late = QTimer(self, singleShot=True, interval=round(1500 * READ_S))
        self._late.timeout.connect(self._write_reading)
        self._banner: Banner | None = None
        self._progress: ProgressRow | None = None
        self._empty: EmptyState | None = None
        self._controls = QWidget(self)
        self._row = QHBoxLayout(self._controls)
        self._slot = QVBoxLayout()
        self._stack = QStackedWidget(self)
        self._reading = ElidedLabel("", self)
        self._copy = IconButton("copy", "Copy this line", self, side=24)
        self._copy.clicked.connect(self._on_copy_clicked)
        self._arrange()
        theme.changed.connect(self._on_theme_changed)

    def _arrange(self) -> None:
        self._controls.setFixedHeight(theme.CONTROLS_ROW)
        self._row.setContentsMargins(theme.MARGIN, 0, theme.PADDING, 0)
        self._row.setSpacing(theme.GAP)
        self._row.addStretch(1)
        self._slot.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._controls)
        column.addLayout(self._slot)
        column.addWidget(self._stack, 1)
        column.addWidget(self._make_reading_row())
        self._controls.hide()

    def _make_reading_row(self) -> QWidget:
        line = QWidget(self)
        line.setFixedHeight(theme.READING_ROW)
        row = QHBoxLayout(line)
        row.setContentsMargins(theme.MARGIN, 1, theme.PADDING, 0)
        row.addWidget(self._reading, 1)
        row.addWidget(self._copy)
        self._copy.setEnabled(False)
        return line

    @in_gui_thread
    def add_control(self, widget: QWidget, *, at_right: bool = False) -> None:
        """Add a control to the upper row, at its left end or at its right."""
        stretch = next(i for i in range(self._row.count()) if self._row.itemAt(i).spacerItem())
        self._row.insertWidget(self._row.count() if at_right else stretch, widget)
        self._controls.show()

    @in_gui_thread
    def set_picture(self, widget: QWidget) -> None:
        """Make a widget the picture; one that was there before is deleted."""
        old = self.picture()
        self._stack.insertWidget(0, widget)
        if old is not None and old is not widget:
            self._stack.removeWidget(old)
            old.deleteLater()
        self._stack.setCurrentWidget(widget)

    @in_gui_thread
    def picture(self) -> QWidget | None:
        """The picture, or None where there is none yet."""
        widgets = (self._stack.widget(i) for i in range(self._stack.count()))
        return next((w for w in widgets if w is not self._empty), None)

    @in_gui_thread
    def set_reading(self, text: str | Callable[[], str]) -> None:
        """Say in one line of plain text what is seen now, or how to find the words.

        It is found and written no more often than it can be read: a row of numbers that
        changes with every frame says nothing and costs a tenth of the frame.
        """
        self._said = text
        if monotonic() - self._written_at >= READ_S:
            self._write_reading()
        elif not self._late.isActive():
            self._late.start()

    @Slot()
    def _write_reading(self) -> None:
        self._late.stop()
        self._written_at = monotonic()
        said = self.reading()
        self._reading.set_text(said)
        self._copy.setEnabled(bool(said))

    @in_gui_thread
    def reading(self) -> str:
        """The line as it stands."""
        words = self._said if isinstance(self._said, str) else self._said()
        return " ".join(words.split())

    @in_gui_thread
    def set_subtitle(self, text: str) -> None:
        """What stands beside the title of the dock, such as the sizes of the network."""
        if text != self._subtitle:
            self._subtitle = text
            self.subtitle_changed.emit(text)

    @in_gui_thread
    def subtitle(self) -> str:
        """What stands beside the title now."""
        return self._subtitle

    @in_gui_thread
    def show_banner(self, kind: Kind, text: str, action: str | None = None) -> Banner:
        """Tell what happened and what to do; a second banner takes the place of the first.

        The button tells ``banner_acted``, here and on the banner that is returned.
        """
        if self._banner is None:
            self._banner = Banner(kind, text, action, self)
            self._banner.acted.connect(self.banner_acted)
            self._slot.addWidget(self._banner)
        self._banner.show_message(kind, text, action)
        self._banner.show()
        return self._banner

    @in_gui_thread
    def hide_banner(self) -> None:
        """Take the banner away."""
        if self._banner is not None:
            self._banner.hide()

    @in_gui_thread
    def show_progress(
        self, share: float | None, text: str = "", left_s: float | None = None
    ) -> None:
        """Show work under way, with a button that tells ``cancelled``."""
        if self._progress is None:
            self._progress = ProgressRow(text, self)
            self._progress.cancelled.connect(self.cancelled)
            self._slot.addWidget(self._progress)
        self._progress.set_progress(share, text, left_s)
        self._progress.show()

    @in_gui_thread
    def hide_progress(self) -> None:
        """The work is over."""
        if self._progress is not None:
            self._progress.hide()

    @in_gui_thread
    def set_empty(self, sentence: str, button: str | None = None) -> None:
        """Show a sentence instead of the picture; the button tells ``empty_pressed``."""
        if self._empty is None:
            self._empty = EmptyState(sentence, button, self)
            self._empty.pressed.connect(self.empty_pressed)
            self._stack.addWidget(self._empty)
        self._empty.set_words(sentence, button)
        self._stack.setCurrentWidget(self._empty)

    @in_gui_thread
    def show_picture(self) -> None:
        """Show the picture again after ``set_empty``."""
        picture = self.picture()
        if picture is not None:
            self._stack.setCurrentWidget(picture)

    @in_gui_thread
    def is_empty(self) -> bool:
        """Whether a sentence stands where the picture would be."""
        return self._stack.currentWidget() is self._empty

    @Slot()
    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self._reading.text())

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ground, and the line above the reading."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("base"))
        bottom = self.height() - theme.READING_ROW
        painter.fillRect(QRect(0, bottom, self.width(), 1), theme.colour("line"))
        painter.end()
