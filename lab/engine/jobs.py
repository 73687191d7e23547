"""Jobs: generators that take turns with training; each ``yield`` is a place to stop.

What a job yields is a partial result, or a future (see `aside`), for which it then waits
without holding training up.
"""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import Future, wait
from itertools import count
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from lab.engine.kinds import ExperimentError
from lab.engine.news import Event, Partial, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lab.engine.mailbox import Mailbox
    from lab.engine.run import Run

    Steps = Generator[object, None, object]
    Job = Callable[[Run], Steps]

FAREWELL_S = 1.0
"""The longest that the end of the engine waits for a thread that is writing a file."""

T = TypeVar("T")
log = logging.getLogger(__name__)


def described(error: BaseException) -> tuple[str, str]:
    """Return one sentence and the traceback of an error, keeping none of its frames alive."""
    text = str(error) or type(error).__name__
    if not isinstance(error, ExperimentError):
        text = f"{type(error).__name__}: {text}".splitlines()[0]
    detail = "".join(traceback.format_exception(error))
    traceback.clear_frames(error.__traceback__)
    return text, detail


def aside(work: Callable[[], T]) -> Future[T]:
    """Carry something out in a thread of its own; a job that yields the future waits for it.

    The work must leave the run alone, as training goes on, and draw torch's own random numbers
    only within `lab.engine.seeds.drawing`.
    """
    future: Future[T] = Future()

    def carry_out() -> None:
        try:
            found = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(found)

    Thread(target=carry_out, name="lab-aside", daemon=True).start()
    return future


class Jobs:
    """The jobs under way, one a channel; only the worker thread touches them.

    ``wake`` is called, from any thread, when what a job has waited for is there.
    """

    numbers = count(1)

    def __init__(
        self, mailbox: Mailbox, tell: Callable[[Event], None], wake: Callable[[], None]
    ) -> None:
        self._mailbox, self._tell, self._wake = mailbox, tell, wake
        self._running: dict[str, tuple[int, Steps]] = {}
        self._awaited: dict[str, Future[object]] = {}

    def __bool__(self) -> bool:
        """Say whether any has something to do now."""
        return any(map(self._is_due, self._running))

    def _is_due(self, channel: str) -> bool:
        return channel not in self._awaited or self._awaited[channel].done()

    def start(self, channel: str, number: int, job: Job, run: Run) -> None:
        """Begin a job in place of whatever ran on its channel."""
        self.cancel(channel)
        try:
            steps = job(run)
        except Exception as error:
            log.exception("the job on %r could not begin", channel)
            self._tell(Event(channel, number, Status.FAILED, *described(error)))
            return
        self._running[channel] = number, steps
        self._tell(Event(channel, number, Status.STARTED))

    def cancel(self, channel: str) -> None:
        """Close a job, which runs its ``finally`` blocks."""
        if channel in self._running:
            self._end(channel, Status.CANCELLED)

    def cancel_all(self) -> None:
        """Close every job, and give what is done beside them a moment to tidy up."""
        beside = list(self._awaited.values())
        for channel in list(self._running):
            self.cancel(channel)
        wait(beside, FAREWELL_S)

    def take_turns(self) -> None:
        """Advance every job by one step."""
        for channel in filter(self._is_due, list(self._running)):
            self._advance(channel)

    def _advance(self, channel: str) -> None:
        number, steps = self._running[channel]
        self._awaited.pop(channel, None)
        try:
            self._take(channel, number, next(steps))
        except StopIteration:
            self._end(channel, Status.FINISHED)
        except Exception as error:
            log.exception("the job on %r failed", channel)
            self._end(channel, Status.FAILED, error)

    def _take(self, channel: str, number: int, found: object) -> None:
        if isinstance(found, Future):
            self._awaited[channel] = found
            found.add_done_callback(lambda _: self._wake())
        else:
            self._mailbox.put(channel, Partial(number, found))

    def _end(self, channel: str, status: Status, error: Exception | None = None) -> None:
        number, steps = self._running.pop(channel)
        self._awaited.pop(channel, None)
        try:
            steps.close()
        except Exception as failure:
            log.exception("the job on %r failed while closing", channel)
            status, error = Status.FAILED, failure
        text, detail = described(error) if error else ("", "")
        self._tell(Event(channel, number, status, text, detail))
