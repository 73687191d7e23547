"""The canvas: what is painted, and what the mouse, the wheel and the keys mean on it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lab.panels.network.camera import Camera, fitted
from lab.panels.network.edges import fan
from lab.panels.network.hits import Hit, gap_x, hit
from lab.panels.network.model import NetworkState, scale_of
from lab.panels.network.overview import Overview
from lab.panels.network.painting import (
    HEAD,
    Canvassed,
    paint_bands,
    paint_chosen,
    paint_columns,
    paint_ground,
    paint_headers,
    paint_problems,
    paint_skips,
    paint_weights,
)
from lab.panels.network.scene import is_wide
from lab.panels.network.strokes import line_pen, paint_strokes, strokes
from lab.ui import theme
from lab.ui.paint_guard import forgive, guarded

if TYPE_CHECKING:
    from PySide6.QtGui import (
        QContextMenuEvent,
        QHelpEvent,
        QImage,
        QKeyEvent,
        QMouseEvent,
        QPainterPath,
        QPaintEvent,
        QPen,
        QResizeEvent,
        QWheelEvent,
    )

    from lab.panels.network.edges import Fan
    from lab.panels.network.model import Seen
    from lab.panels.network.scene import Scene

NOTCH = 120
DRAGGED = 8
ZOOM = 1.2


class NetworkCanvas(QWidget):
    """Paints a scene, and tells what a person means by a gesture; it changes nothing itself.

    Signals
    -------
    layer_chosen, unit_chosen, weight_chosen : object
        A path, (path, index) and (path, name, index); None where nothing was hit.
    weight_asked : object
        A weight that is to be edited by hand, as ``weight_chosen``.
    widened : str, int
        A layer is to have so many units more.
    moved : str, int
        A layer is to stand before the column of a number.
    skipped : str, str
        A skip connection is wanted around two layers and those between.
    inserting : int
        A layer is wanted before the column of a number.
    menu_wanted : object, object
        The menu of a layer (None: of the ground), at a place of the screen.
    """

    layer_chosen = Signal(object)
    unit_chosen = Signal(object)
    weight_chosen = Signal(object)
    weight_asked = Signal(object)
    widened = Signal(str, int)
    moved = Signal(str, int)
    skipped = Signal(str, str)
    inserting = Signal(int)
    menu_wanted = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.now: Canvassed | None = None
        self._fans: list[Fan] = []
        self._curves: list[tuple[QPainterPath, QPen]] | None = None
        self._scale = 1.0
        self._is_placed = False  # by hand: then it is not fitted any more by itself
        self._pressed: tuple[QPointF, Hit, object] | None = None
        self._camera_then = Camera()
        self._drop: int | None = None
        self._bow: str | None = None  # the layer from which a skip is being drawn
        self._hover_gap: int | None = None
        self._turned, self._turned_on = 0, object()  # parts of a notch, and over what
        self.overview = Overview(self)
        self.overview.went_to.connect(self._on_went_to)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Network")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(*theme.PLOT_MINIMUM))
        theme.changed.connect(self._on_theme_changed)

    # What is shown.

    def show_scene(self, scene: Scene, state: NetworkState) -> None:
        """Show another network, or the same one drawn anew."""
        before = self.now
        camera = before.camera if before is not None else Camera()
        self.now = Canvassed(scene, camera, state)
        forgive(self)
        self._fans, self._curves, self._hover_gap = [], None, None
        self._pressed = self._drop = self._bow = None  # what was under the hand may be gone
        extent = scene.layout.width, scene.layout.bottom
        known = (before.scene.layout.width, before.scene.layout.bottom) if before else None
        is_other = before is None or before.scene.title != scene.title
        if is_other or (not self._is_placed and known != extent):
            self.fit(whole=False)
        self._tell_overview()
        self.update()

    def show_seen(self, seen: Seen | None, images: dict[str, list[QImage]]) -> None:
        """Show what is known of the network in training; None: nothing."""
        now = self.now
        if now is None:
            return
        now.seen, now.images, self._curves = seen, images, None
        tensors = {}
        if seen is not None:
            tensors = seen.gradients if now.state.show == "Gradient" else seen.weights
        self._fans = [
            fan(now.scene.layout, link, tensors[path, "weight"])
            for link in now.scene.layout.links
            if link.is_full
            and (path := now.scene.layout.columns[link.right].path, "weight") in tensors
        ]
        self._scale = scale_of([f.weights for f in self._fans])
        self.update()

    def show_state(self, state: NetworkState) -> None:
        """Show what is selected."""
        if self.now is not None and self.now.state != state:
            self.now.state, self._curves = state, None
            self._tell_overview()
            self.update()

    def show_loss(self, value: str, words: str) -> None:
        """Write the loss into its box."""
        if self.now is not None and self.now.loss_words != (value, words):
            self.now.loss_words = value, words
            self.update()

    @property
    def strongest(self) -> float:
        """How large a weight (or gradient) the strongest colour stands for."""
        return self._scale

    def has_edges(self) -> bool:
        """Whether weights are drawn one by one."""
        return bool(self._fans)

    # From where it is seen.

    def fit(self, *, whole: bool = True) -> None:
        """See all of the network, or what of it is large enough to be read."""
        if self.now is None:
            return
        layout = self.now.scene.layout
        half = layout.bottom + 8
        size, camera = (layout.width, 2 * half), self.now.camera
        for foot in (0.0, float(self.overview.height())):  # the strip is there if it must be
            room = (12.0, HEAD + 6.0, self.width() - 12.0, self.height() - foot - 8.0)
            camera = fitted(size, room, whole=whole)
            if camera.scale * layout.width <= room[2] - room[0] + 1:
                break
        self.now.camera = camera
        self._is_placed = False
        self._tell_overview()
        self.update()

    def look(self, camera: Camera) -> None:
        """See it from elsewhere."""
        if self.now is not None:
            self.now.camera = camera
            self._is_placed = True
            self._tell_overview()
            self.update()

    def show_column(self, place: int) -> None:
        """Move as little as it takes for a column to be seen."""
        if self.now is None:
            return
        head = self.now.head(place)
        over = max(head.right() + 8 - self.width(), 0.0) + min(head.left() - 8, 0.0)
        if over:
            self.look(self.now.camera.moved(-over, 0))

    def _tell_overview(self) -> None:
        now = self.now
        if now is None:
            return
        left = now.camera.to_place(0, 0)[0]
        right = now.camera.to_place(self.width(), 0)[0]
        selected = now.scene.layout.column_of(now.state.layer) if now.state.layer else None
        self.overview.show_part(now.scene, left, right, selected)
        height = self.overview.height()
        self.overview.setGeometry(0, self.height() - height, self.width(), height)

    @Slot(float)
    def _on_went_to(self, x: float) -> None:
        if self.now is not None:
            seen = self.now.camera.to_pixel(x, 0)[0]
            self.look(self.now.camera.moved(self.width() / 2 - seen, 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See the same, as far as there is room."""
        super().resizeEvent(event)
        if not self._is_placed:
            self.fit(whole=False)
        self._tell_overview()

    @Slot(object)
    def _on_theme_changed(self, _palette: object) -> None:
        self._curves = None
        self.update()

    # Painting.

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint everything; what cannot be painted falls silent until it changes."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_ground(painter, QRectF(self.rect()))
        now = self.now
        if now is not None:
            guarded(self, painter, partial(self._paint, painter, now))
        painter.end()

    def _paint(self, painter: QPainter, now: Canvassed) -> None:
        """Paint weights, columns and words, in this order."""
        area = QRectF(self.rect())
        paint_skips(painter, now)
        self._paint_links(painter, now)
        paint_columns(painter, now, area)
        paint_weights(painter, now, self._fans)
        paint_chosen(painter, now, self._fans)
        paint_problems(painter, now)
        painter.fillRect(QRectF(0, 0, area.width(), HEAD), theme.colour("base", 225))
        paint_headers(painter, now, area)
        self._paint_gesture(painter, now)

    def _paint_links(self, painter: QPainter, now: Canvassed) -> None:
        paint_bands(painter, now)
        if self._curves is None:
            chosen = now.state.unit
            if chosen is not None and not any(f.path == chosen[0] for f in self._fans):
                chosen = None
            self._curves = strokes(self._fans, self._scale, chosen)
        paint_strokes(painter, self._curves, now.camera)

    def _paint_gesture(self, painter: QPainter, now: Canvassed) -> None:
        """Paint where a layer would be put down, and where one could be added."""
        if self._drop is not None:
            x = gap_x(now, self._drop)
            painter.setPen(line_pen("accent", 2.0))
            painter.drawLine(QPointF(x, 6), QPointF(x, self.height() - 6))
        elif self._hover_gap is not None:
            middle = QPointF(gap_x(now, self._hover_gap), HEAD / 2)
            painter.setPen(line_pen("accent", 1.5))
            painter.setBrush(theme.colour("accent_fill"))
            painter.drawEllipse(middle, 9, 9)
            painter.drawLine(middle - QPointF(4, 0), middle + QPointF(4, 0))
            painter.drawLine(middle - QPointF(0, 4), middle + QPointF(0, 4))

    def hit(self, place: QPointF) -> tuple[Hit, object]:
        """Return what lies under a pixel, and which one."""
        return hit(self.now, self._fans, place) if self.now is not None else (Hit.NOTHING, None)

    # The mouse.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        place = event.position()
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        kind, which = self.hit(place)
        if event.button() is Qt.MouseButton.MiddleButton:
            kind, which = Hit.GROUND, None
        self._pressed = place, kind, which
        if self.now is not None:
            self._camera_then = self.now.camera
        if kind is Hit.HEADER and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._bow = str(which)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what was pressed: a layer to another place, or everything."""
        place = event.position()
        if self._pressed is None:
            self._hover(place)
            return
        start, kind, _ = self._pressed
        shift = place - start
        if self.now is None or abs(shift.x()) + abs(shift.y()) < DRAGGED:
            return
        if kind is Hit.HEADER and self._bow is None:
            self._drop = self._gap_under(place)
            self.update()
        elif kind is not Hit.HEADER:
            self.look(self._camera_then.moved(shift.x(), shift.y()))

    def _gap_under(self, place: QPointF) -> int:
        assert self.now is not None
        layout = self.now.scene.layout
        gap = layout.gap_at(self.now.camera.to_place(place.x(), 0)[0])
        return min(max(gap, 1), len(layout.columns) - 1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a click or a drag."""
        if self._pressed is None:
            return
        (start, kind, which), self._pressed = self._pressed, None
        drop, self._drop = self._drop, None
        bow, self._bow = self._bow, None
        self.update()
        if bow is not None:
            other, path = self.hit(event.position())
            if other is Hit.HEADER:
                self.skipped.emit(bow, str(path))
        elif drop is not None:
            self.moved.emit(str(which), drop)
        elif (event.position() - start).manhattanLength() < DRAGGED:
            self._click(kind, which)

    def _click(self, kind: Hit, which: object) -> None:
        if kind is Hit.GAP:
            assert isinstance(which, int)
            self.inserting.emit(which)
        elif kind is Hit.UNIT:
            self.unit_chosen.emit(which)
        elif kind in (Hit.WEIGHT, Hit.BIAS):
            self.weight_chosen.emit(which)
        elif kind is not Hit.GROUND:
            self.layer_chosen.emit(which if kind in (Hit.HEADER, Hit.SKIP) else None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit a weight by hand; on the ground, see everything."""
        kind, which = self.hit(event.position())
        if kind in (Hit.WEIGHT, Hit.BIAS):
            self.weight_asked.emit(which)
        elif kind is Hit.NOTHING:
            self.fit()

    def _hover(self, place: QPointF) -> None:
        kind, which = self.hit(place)
        gap = which if kind is Hit.GAP and isinstance(which, int) else None
        if gap != self._hover_gap:
            self._hover_gap = gap
            self.update()
        is_thing = kind is not Hit.NOTHING
        shape = Qt.CursorShape.PointingHandCursor if is_thing else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)

    def leaveEvent(self, event: QEvent) -> None:
        """Hide what only the mouse brings."""
        super().leaveEvent(event)
        if self._hover_gap is not None:
            self._hover_gap = None
            self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Widen the layer under the mouse by its header; elsewhere come nearer."""
        kind, which = self.hit(event.position())
        turn = event.angleDelta().y() or event.angleDelta().x()
        if self.now is None or not turn:
            return
        event.accept()
        if kind is Hit.HEADER:
            self._turned = turn + (self._turned if self._turned_on == which else 0)
            self._turned_on = which
            notches = int(self._turned / NOTCH)
            self._turned -= notches * NOTCH
            place = self.now.scene.layout.column_of(str(which))
            column = self.now.scene.layout.columns[place] if place is not None else None
            if notches and column is not None and is_wide(column):
                self.widened.emit(column.path, notches)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.look(self.now.camera.moved(turn / 2, 0))
        else:
            at = event.position()
            self.look(self.now.camera.zoomed(ZOOM ** (turn / NOTCH), at.x(), at.y()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with what lies under the mouse."""
        kind, which = self.hit(QPointF(event.pos()))
        path = which
        if kind in (Hit.UNIT, Hit.WEIGHT, Hit.BIAS):
            assert isinstance(which, tuple)
            path = which[0]
        self.menu_wanted.emit(path if isinstance(path, str) else None, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F sees everything; all other keys belong to the panel."""
        if event.key() == Qt.Key.Key_F and not event.modifiers():
            self.fit()
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        """Say what lies under the mouse."""
        if event.type() == QEvent.Type.ToolTip and self.now is not None:
            self._show_tip(event)  # type: ignore[arg-type]  # it is a QHelpEvent
            return True
        return bool(super().event(event))

    def _show_tip(self, event: QHelpEvent) -> None:
        from lab.panels.network.words import tip

        kind, which = self.hit(QPointF(event.pos()))
        assert self.now is not None
        words = tip(self.now, kind.name.lower(), which)
        QToolTip.showText(event.globalPos(), words, self) if words else QToolTip.hideText()

    def picture(self) -> QPixmap:
        """The canvas as it stands."""
        return self.grab()
