"""The only crossing between the engine's thread and the window's.

Looks wait in the worker's mailbox until the frame timer takes the newest; events arrive by a
queued signal, each after the look it speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QUndoStack

from lab.engine.news import Status
from lab.engine.worker import Worker
from lab.ui.boards import DraftBoard
from lab.ui.finding import Finder
from lab.ui.frames import Frames, Turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from PySide6.QtWidgets import QWidget

    from lab.engine.carrying import Keep
    from lab.engine.experiment import Experiment
    from lab.engine.hand_edits import Before, Place
    from lab.engine.jobs import Job
    from lab.engine.looks import Question
    from lab.engine.news import Event, RunLook
    from lab.engine.timeline import Edit

_ENDS_OF_LOADING = (Status.LOADED, Status.REFUSED, Status.FAILED)


class EngineBridge(QObject):
    """What views listen to and speak to; lives in the window's thread.

    Signals
    -------
    wished
        Another run was asked for: what is shown until it is there is the old one.
    looked : RunLook
        At most once a frame, before the views have their turns; the newest always arrives.
    stood : RunLook
        The look of a run that has changed otherwise than by training on: it was loaded,
        played, paused or edited, or the cursor was moved.
    happened : Event
        Every event, in order, after the look it speaks of.
    partial : str, object
        The newest partial result of the newest job on a channel, at most once a frame.
    selected : str, object
        Something was selected: its kind and which one, see `select`.
    """

    wished = Signal()
    looked = Signal(object)
    stood = Signal(object)
    happened = Signal(object)
    partial = Signal(str, object)
    selected = Signal(str, object)
    _event_posted = Signal(object)
    _load_ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.look: RunLook | None = None
        self.wish: Experiment | None = None  # what is being loaded, until it is there
        self._loads = 0  # asked for and not ended yet: the last of them is the wish
        self.selection: dict[str, object] = {}  # what was selected last, by kind
        self.undo_stack = QUndoStack(self)
        self.board = DraftBoard(self)
        self.finder = Finder(self)
        self._jobs: dict[str, int] = {}  # the newest number by channel
        self._event_posted.connect(self._on_event_posted, Qt.ConnectionType.QueuedConnection)
        self._load_ended.connect(self._on_load_ended, Qt.ConnectionType.QueuedConnection)
        self._worker = Worker(on_event=self._event_posted.emit)
        self._frames = Frames(self._take, self._worker, self)

    # Commands: they return at once, and what comes of them arrives as looks and events.

    def load(
        self,
        experiment: Experiment,
        edits: Iterable[Edit] = (),
        *,
        adapt: bool = False,
        keep: Keep | None = None,
    ) -> None:
        """Begin a run; the one before it is kept with its history.

        ``adapt`` lets loss and network follow data that they do not fit; ``keep`` has it begin
        from the weights of layers that were there before, and the event says which.
        """
        self._wish_for(experiment)
        self._worker.load(experiment, edits, adapt=adapt, keep=keep)
        self._worker.post(self._load_ended.emit)

    def recall(self, run: int, otherwise: Experiment) -> None:
        """Go back to an earlier run, or begin it anew where it is kept no more."""
        self._wish_for(otherwise)
        self._worker.recall(run, otherwise)
        self._worker.post(self._load_ended.emit)

    def _wish_for(self, experiment: Experiment) -> None:
        now = self.wish or (self.look.settings if self.look else None)
        if now is None or experiment.layers != now.layers:
            self.board.put(None)  # another network was asked for than the one being drawn
        self.wish = experiment
        self._loads += 1
        self.wished.emit()

    def play(self) -> None:
        """Train until told otherwise, or until the run's horizon."""
        self._worker.play()

    def pause(self) -> None:
        """Stop training."""
        self._worker.pause()

    @Slot()
    def toggle(self) -> None:
        """Play, or pause."""
        if self.look and self.look.playing:
            self.pause()
        else:
            self.play()

    @Slot()
    def step(self) -> None:
        """Carry out one iteration; in the past, go on by one step."""
        self._worker.step()

    @Slot()
    def step_back(self) -> None:
        """Go back by one step."""
        self._worker.seek(-1, relative=True)

    @Slot()
    def phase(self) -> None:
        """Carry out one phase of an iteration."""
        self._worker.phase()

    def seek(self, step: int) -> None:
        """Put the cursor on a step."""
        self._worker.seek(step)

    def run_to(self, step: int) -> None:
        """Go to a step, training if it lies ahead."""
        self._worker.run_to(step)

    def branch(self, step: int, changes: Mapping[str, Any] | None = None) -> None:
        """Begin a branch at a step, with other settings if asked."""
        self._worker.branch(step, changes or {})

    def switch(self, branch: int) -> None:
        """Go to another branch."""
        self._worker.switch(branch)

    def edit(self, changes: Mapping[str, Any]) -> None:
        """Change settings that may change while the run goes on."""
        self._worker.edit(changes)

    @Slot()
    def reset(self) -> None:
        """Begin the run anew from the same initial weights."""
        self._worker.reset()

    @Slot()
    def new_seed(self) -> None:
        """Begin the run anew from other initial weights."""
        self._worker.reset(new_seed=True)

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most so fast; None: as fast as possible."""
        self._worker.set_speed(steps_per_second)

    def load_weights(self, tensors: Mapping[str, Any], source: str) -> None:
        """Go on from other weights, on a branch that begins at the cursor."""
        self._worker.load_weights(tensors, source)

    def set_weights(self, values: Mapping[Place, float], text: str) -> None:
        """Set single weights from the cursor on, as one thing that can be undone.

        ``{("layers.0", "weight", 5): 0.25}`` sets the sixth number of that parameter. What the
        optimizer remembers of it stays as it is.

        Raises
        ------
        ExperimentError
            If a value is no finite number: nothing has changed then.
        """
        from lab.ui.undo import set_weights

        set_weights(self, values, text)

    def write_weights(self, values: Mapping[Place, float], before: Before) -> None:
        """Set single weights; ``before`` is told what they were, for `take_back_weights`."""
        self._worker.set_weights(values, before)

    def take_back_weights(self, before: Before) -> None:
        """Give weights that were set the values they had."""
        self._worker.take_back(before)

    def watch(self, name: str, question: Question) -> None:
        """Have a question answered in every look from now on."""
        self._worker.watch(name, question)

    def unwatch(self, name: str) -> None:
        """Have a question answered no more."""
        self._worker.unwatch(name)

    def submit(self, channel: str, job: Job) -> int:
        """Begin a job in place of whatever runs on its channel, and return its number."""
        self._jobs[channel] = self._worker.submit(channel, job)
        return self._jobs[channel]

    def cancel(self, channel: str) -> None:
        """End a job at its next place to stop; nothing more is drawn of it."""
        self._jobs.pop(channel, None)
        self._worker.cancel(channel)

    def select(self, kind: str, which: object) -> None:
        """Select something everywhere; None selects nothing of that kind.

        A ``sample`` is a row of the data; a ``layer`` its path in the description, such as
        ``layers.2``; a ``unit`` a layer's path and an index into what it hands on, flattened;
        a ``weight`` a layer's path, the parameter's name and the index of one number in it,
        flattened. A unit or weight brings its layer with it, and goes with it when another is
        selected.
        """
        if kind in ("unit", "weight") and isinstance(which, tuple):
            self.select("layer", which[0])
        if kind == "layer":
            self._drop_selection_outside(which)
        if self.selection.get(kind) != which:
            self.selection[kind] = which
            self.selected.emit(kind, which)

    def _drop_selection_outside(self, layer: object) -> None:
        """Select no unit and no weight of another layer."""
        for kind in ("unit", "weight"):
            held = self.selection.get(kind)
            if isinstance(held, tuple) and held[0] != layer:
                self.select(kind, None)

    def close(self, timeout: float = 2.0) -> None:
        """End the engine.

        Raises
        ------
        TimeoutError
            If an iteration takes longer than ``timeout`` seconds.
        """
        self._frames.stop()
        self._worker.close(timeout)

    def turn_of(self, view: QWidget) -> Turn:
        """A turn in every frame for a view that draws; connect its ``looked``.

        What is only a few words may listen to the bridge's own ``looked``.
        """
        return self._frames.turn_of(view)

    @Slot(object)
    def _on_event_posted(self, event: Event) -> None:
        look = self._take()
        if look is not None:
            self._frames.serve_all(look)
        else:
            self._frames.serve_rest()
        if event.channel == "run" and event.status in _ENDS_OF_LOADING and self._loads <= 1:
            self.wish = None
        self.happened.emit(event)

    @Slot()
    def _on_load_ended(self) -> None:
        self._loads -= 1

    def _take(self) -> RunLook | None:
        """Take over what is new, tell it, and return the look if there is a new one."""
        taken = self._worker.take()
        look: RunLook | None = taken.pop("run", None)
        for channel, found in taken.items():
            if self._jobs.get(channel) == found.number:
                self.partial.emit(channel, found.value)
        if look is not None:
            before, self.look = self.look, look
            self.looked.emit(look)
            if before is None or not look.playing or standing(before) != standing(look):
                self.stood.emit(look)
        return look


def standing(look: RunLook) -> tuple[object, ...]:
    """What of a look does not change by training on."""
    edits = len(look.edits), look.settings
    return look.run, look.branch, len(look.branches), look.playing, look.speed, *edits
