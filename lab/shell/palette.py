"""The command palette: type a few letters of what you want, press Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QPainter, QPen
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from lab.shell.actions import Actions, shown_keys
from lab.shell.matching import score
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent

WIDTH = 520
ROWS = 10
ROW_HEIGHT = 30
Index = QModelIndex | QPersistentModelIndex


class CommandList(QAbstractListModel):
    """The actions that match what was typed, the best first."""

    def __init__(self, actions: Actions, parent: QObject) -> None:
        super().__init__(parent)
        self._actions = actions
        self._found: list[QAction] = []
        self._step: int | None = None

    def search(self, typed: str) -> None:
        """Show what matches; a whole number offers to go to that step."""
        self.beginResetModel()
        self._step = int(typed) if typed.isascii() and typed.isdigit() else None
        self._found = [] if self._step is not None else matches(self._actions, typed)
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        """Rows of the list."""
        return 1 if self._step is not None else len(self._found)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text, meaning and keys of a row."""
        if role == Qt.ItemDataRole.DisplayRole:
            return self.words(index.row())[0]
        if role == Qt.ItemDataRole.ToolTipRole and self._step is None:
            return self._found[index.row()].statusTip()
        if role == Qt.ItemDataRole.UserRole:
            return self.words(index.row())[1]
        return None

    def words(self, row: int) -> tuple[str, str]:
        """What a row says at its left and at its right."""
        if self._step is not None:
            return f"Go to step {self._step:,}", ""
        action = self._found[row]
        return title(self._actions, action), "  ".join(shown_keys(action)[:1])

    def at(self, row: int) -> QAction | int | None:
        """The action of a row, or the step to go to."""
        if self._step is not None:
            return self._step
        return self._found[row] if 0 <= row < len(self._found) else None


def matches(actions: Actions, typed: str) -> list[QAction]:
    """Return the enabled actions that match, the best first; all of them for no letters."""
    scored = []
    for place, (_spec, action) in enumerate(actions.all()):
        points = score(typed, title(actions, action))
        if action.isEnabled() and points is not None:
            scored.append((-points if typed.strip() else 0.0, place, action))
    return [action for _points, _place, action in sorted(scored, key=lambda s: s[:2])]


def title(actions: Actions, action: QAction) -> str:
    """Return an action's text with the submenu it stands in, if that says more."""
    menu = actions.spec(action.objectName()).menu
    words = action.text().replace("&", "")
    return f"{menu.rpartition('/')[2]}: {words}" if "/" in menu else words


class _Rows(QStyledItemDelegate):
    """A row: the command at the left, its keys at the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        is_current = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined] # stubs lack it
        area: QRect = option.rect  # type: ignore[attr-defined] # stubs lack it
        if is_current:
            painter.fillRect(area, theme.colour("accent_fill"))
        inner = area.adjusted(theme.MARGIN, 0, -theme.MARGIN, 0)
        painter.setPen(theme.colour("accent_text" if is_current else "text"))
        flags = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, flags | Qt.AlignmentFlag.AlignLeft, str(index.data()))
        painter.setPen(theme.colour("secondary"))
        keys = str(index.data(Qt.ItemDataRole.UserRole))
        painter.drawText(inner, flags | Qt.AlignmentFlag.AlignRight, keys)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(WIDTH, ROW_HEIGHT)


class CommandPalette(QFrame):
    """A field and a list over the window; Escape or a click elsewhere closes it."""

    step_chosen = Signal(int)

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._before: QWidget | None = None  # what had the focus when it was opened
        self._field = QLineEdit(self)
        self._field.setPlaceholderText("Find a command, or type a step to go to")
        self._field.setAccessibleName("Find a command")
        self._model = CommandList(actions, self)
        self._list = QListView(self)
        self._list.setModel(self._model)
        self._list.setItemDelegate(_Rows(self._list))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.setUniformItemSizes(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setAccessibleName("Commands")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PADDING, theme.PADDING, theme.PADDING, theme.PADDING)
        column.setSpacing(theme.PADDING)
        column.addWidget(self._field)
        column.addWidget(self._list)
        self._field.installEventFilter(self)
        self._field.textChanged.connect(self._on_text_changed)
        self._list.clicked.connect(self._on_clicked)
        self.hide()

    @Slot()
    def open(self) -> None:
        """Show it, empty, over the middle of the window's upper edge."""
        self._before = QApplication.focusWidget()
        self._field.clear()
        self._on_text_changed("")
        self._place()
        self.show()
        self.raise_()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def found(self) -> tuple[str, ...]:
        """What the list shows now."""
        return tuple(self._model.words(row)[0] for row in range(self._model.rowCount()))

    def _place(self) -> None:
        parent = self._window
        width = min(WIDTH + 2 * theme.PADDING, parent.width() - 2 * theme.MARGIN)
        height = theme.CONTROL_HEIGHT + ROWS * ROW_HEIGHT + 3 * theme.PADDING
        room = parent.height() - 2 * theme.MARGIN
        self.setGeometry((parent.width() - width) // 2, 40, width, min(height, room))

    @Slot(str)
    def _on_text_changed(self, typed: str) -> None:
        self._model.search(typed.strip())
        self._list.setCurrentIndex(self._model.index(0, 0))

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self._carry_out(index.row())

    def _carry_out(self, row: int) -> None:
        chosen = self._model.at(row)
        self._leave()
        if isinstance(chosen, QAction):
            chosen.trigger()
        elif chosen is not None:
            self.step_chosen.emit(min(chosen, 2**31 - 1))

    def _leave(self) -> None:
        """Close, and give the keys back: Qt would hand them to whatever control is next."""
        before = self._before if self._before is not None and isValid(self._before) else None
        if before is None or not before.isVisible():
            before = self._window
        before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def _move(self, rows: int) -> None:
        last = self._model.rowCount() - 1
        row = min(max(self._list.currentIndex().row() + rows, 0), max(last, 0))
        self._list.setCurrentIndex(self._model.index(row, 0))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Keys of the field: up and down move, Enter carries out, Escape closes."""
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
            return False
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # while it is open, no key belongs to the window
            return True
        return event.type() == QEvent.Type.KeyPress and self._on_key(event)  # type: ignore[arg-type] # it is a key event

    def _on_key(self, event: QKeyEvent) -> bool:
        keys = Qt.Key
        moves = {keys.Key_Up: -1, keys.Key_Down: 1, keys.Key_PageUp: -8, keys.Key_PageDown: 8}
        key = Qt.Key(event.key())
        if key in moves:
            self._move(moves[key])
        elif key in (keys.Key_Return, keys.Key_Enter):
            self._carry_out(self._list.currentIndex().row())
        elif key == keys.Key_Escape:
            self._leave()
        else:
            return False
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A sheet with a thin line round it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.colour("line"), 1))
        painter.setBrush(theme.colour("base"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 6, 6)
        painter.end()
