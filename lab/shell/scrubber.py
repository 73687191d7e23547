"""The time line as a media player's, carrying the loss itself: one sees where to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.numerals import shown
from lab.shell.loss_curve import LossCurve
from lab.shell.ruler import short, ticks
from lab.ui import theme

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent, QWheelEvent

    from lab.engine.news import RunLook

MARGIN = 10
TOP, BOTTOM = 12, 22
PATIENCE_MS = 1000
"""After so long without reaching it, the next key no longer starts from the step asked for."""
SEEK_MS = 33


class Scrubber(QWidget):
    """The loss over all recorded steps; drag, click, wheel and keys move the cursor.

    ``sought`` carries a step, at most one a frame however fast the mouse moves.
    """

    sought = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._look: RunLook | None = None
        self._curve = LossCurve()
        self._wanted: int | None = None  # until the engine stands there
        self._sent: int | None = None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_over)
        self._is_dragging = False
        self._timer = QTimer(self, singleShot=True, interval=SEEK_MS)
        self._timer.timeout.connect(self._on_seek_time)
        self.setAccessibleName("Time line: the loss of every step")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumWidth(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self._on_theme_changed)

    # -- what is shown --------------------------------------------------------------------

    def show_look(self, look: RunLook) -> None:
        """Stand at the cursor of a look, under the curve of all that is recorded."""
        self._look = look
        if look.step == self._wanted and not self._is_dragging:
            self._on_patience_over()
        self.setAccessibleDescription(f"Step {look.step} of {look.newest}")
        if self.isVisible():
            self._curve.read(look, self._room().width(), self.height())
        self.update()

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self._curve.forget_pictures()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Read the curve anew, at the new number of pixels."""
        super().resizeEvent(event)
        if self._look is not None:
            self._curve.read(self._look, self._room().width(), self.height())

    # -- places ---------------------------------------------------------------------------

    @property
    def newest(self) -> int:
        """The last recorded step."""
        return self._look.newest if self._look is not None else 0

    @property
    def step(self) -> int:
        """Where the cursor stands: where the hand is, while a drag is under way."""
        if self._wanted is not None:
            return self._wanted
        return self._look.step if self._look is not None else 0

    def _room(self) -> QRectF:
        return QRectF(self.rect()).adjusted(MARGIN, TOP, -MARGIN, -BOTTOM)

    def x_of(self, step: float) -> float:
        """Where a step stands, in pixels."""
        room = self._room()
        return room.left() + room.width() * step / max(self.newest, 1)

    def step_at(self, x: float) -> int:
        """The step at a place."""
        room = self._room()
        share = (x - room.left()) / max(room.width(), 1)
        return round(min(max(share, 0.0), 1.0) * self.newest)

    # -- gestures -------------------------------------------------------------------------

    def _want(self, step: int) -> None:
        self._wanted = min(max(step, 0), self.newest)
        if not self._timer.isActive():
            self._on_seek_time()
            self._timer.start()
        self.update()

    @Slot()
    def _on_seek_time(self) -> None:
        """Send the newest wish; while the mouse is down the next one waits a frame."""
        if self._wanted is None:
            return
        if not self._is_dragging:
            self._patience.start()
        is_there = self._look is not None and self._wanted == self._look.step
        if self._wanted != self._sent and not (is_there and self._sent is None):
            self._sent = self._wanted
            self.sought.emit(self._wanted)

    @Slot()
    def _on_patience_over(self) -> None:
        """Take the engine's word for where it stands."""
        self._patience.stop()
        self._wanted = self._sent = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go where the mouse is."""
        if event.button() == Qt.MouseButton.LeftButton and self.newest:
            self._is_dragging = True
            self._want(self.step_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the cursor, or say what the place under the mouse is."""
        step = self.step_at(event.position().x())
        if self._is_dragging and step != self.step:
            self._wanted = step
            if not self._timer.isActive():
                self._timer.start()
            self.update()
        self._tell(step, event.globalPosition().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The last place of the drag is where the run stands."""
        if self._is_dragging:
            self._is_dragging = False
            self._timer.stop()
            self._wanted = self.step_at(event.position().x())
            self._on_seek_time()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A notch is a step, with Shift a hundredth of the line."""
        notches = event.angleDelta().y() or event.angleDelta().x()
        is_far = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        size = max(self.newest // 100, 1) if is_far else 1
        if notches and self.newest:
            self._want(self.step + (size if notches > 0 else -size))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Home, End and the page keys; the arrows step, as everywhere in the window."""
        page = max(self.newest // 20, 1)
        keys = Qt.Key
        places = {
            keys.Key_Home: 0,
            keys.Key_End: self.newest,
            keys.Key_PageUp: self.step - page,
            keys.Key_PageDown: self.step + page,
            keys.Key_Left: self.step - 1,
            keys.Key_Right: self.step + 1,
        }
        place = places.get(Qt.Key(event.key()))
        if place is None:
            super().keyPressEvent(event)
        else:
            self._want(place)

    def _tell(self, step: int, place: QPoint) -> None:
        look = self._look
        if look is None or not self.newest:
            return
        from lab.engine.edit_words import in_words  # there by now; not before the first paint

        row = look.history.row(step)
        words = f"Step {step:,}" + (f": loss {shown(row['loss'])}" if row else "")
        told = zip(look.edits, in_words(look.edits, look.settings.layers), strict=True)
        made = [words for edit, words in told if edit.step == step]
        scale = ["The curve is the loss" + (", on a log scale" if self._curve.is_log else "")]
        QToolTip.showText(place, "\n".join([words, *made, *scale]), self)

    # -- painting -------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The curve filled up to the cursor, ticks, edits, and the cursor with its number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = self._room()
        if self._look is None or not self.newest:
            painter.fillRect(QRectF(room.left(), room.bottom(), room.width(), 1), _ink("line"))
            painter.end()
            return
        x = self.x_of(self.step)
        badge, words = self._badge(room, x)
        self._paint_ticks(painter, room, badge)
        for left, right, is_past in ((room.left(), x, True), (x, room.right(), False)):
            if right - left < 1:
                continue
            painter.setClipRect(QRectF(left, 0, right - left, self.height()))
            self._curve.paint(painter, room, self.newest, is_past)
        painter.setClipping(False)
        self._paint_edits(painter, room)
        self._paint_cursor(painter, room, x, badge, words)
        painter.end()

    def _badge(self, room: QRectF, x: float) -> tuple[QRectF, str]:
        """Where the cursor's number stands, and the number."""
        words = short(self.step) if self.step >= 100_000 else str(self.step)
        font = theme.number_font("caption", bold=True)
        wide = QFontMetrics(font).horizontalAdvance(words) + 12
        left = min(max(x - wide / 2, 0), self.width() - wide)
        return QRectF(left, room.bottom() + 3, wide, 16), words

    def _paint_ticks(self, painter: QPainter, room: QRectF, badge: QRectF) -> None:
        """Marks and numbers; no number of which the cursor's would leave a piece."""
        painter.setFont(theme.number_font("caption"))
        painter.setPen(_ink("secondary"))
        for tick in ticks(self.newest, max(int(room.width() // 70), 2)):
            x = self.x_of(tick)
            painter.fillRect(QRectF(x, room.bottom(), 1, 3), _ink("line"))
            wide = painter.fontMetrics().horizontalAdvance(short(tick)) + 4
            area = QRectF(x - wide / 2, room.bottom() + 3, wide, BOTTOM - 4)
            if not area.intersects(badge):
                painter.drawText(area, Qt.AlignmentFlag.AlignCenter, short(tick))

    def _paint_edits(self, painter: QPainter, room: QRectF) -> None:
        look = self._look
        if look is None:
            return
        painter.setBrush(_ink("text"))
        for x in {round(self.x_of(e.step)) for e in look.edits if e.step <= self.newest}:
            painter.setPen(Qt.PenStyle.NoPen)
            top = room.top() - 9
            corners = (QPointF(x - 4, top), QPointF(x + 4, top), QPointF(x, top + 6))
            painter.drawPolygon(QPolygonF(list(corners)))
            painter.setPen(QPen(theme.colour("secondary", 140), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, top + 6), QPointF(x, room.bottom()))

    def _paint_cursor(
        self, painter: QPainter, room: QRectF, x: float, badge: QRectF, words: str
    ) -> None:
        painter.fillRect(QRectF(x - 1, room.top() - 8, 2, room.height() + 8), _ink("text"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_ink("text"))
        painter.drawRoundedRect(badge, 3, 3)
        painter.setFont(theme.number_font("caption", bold=True))
        painter.setPen(_ink("base"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
        if self.hasFocus():
            painter.setPen(QPen(_ink("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(badge.adjusted(-1.5, -1.5, 1.5, 1.5), 4, 4)


def _ink(role: str) -> QColor:
    return theme.colour(role)
