"""Jobs: generators that take turns with training; each ``yield`` is a place to stop."""

from __future__ import annotations

import logging
import traceback
from itertools import count
from typing import TYPE_CHECKING

from lab.engine.kinds import ExperimentError
from lab.engine.news import Event, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lab.engine.mailbox import Mailbox
    from lab.engine.run import Run

    Steps = Generator[object, None, object]
    Job = Callable[[Run], Steps]

log = logging.getLogger(__name__)


def described(error: BaseException) -> tuple[str, str]:
    """Return one sentence and the traceback of an error, keeping none of its frames alive."""
    text = str(error) or type(error).__name__
    if not isinstance(error, ExperimentError):
        text = f"{type(error).__name__}: {text}".splitlines()[0]
    detail = "".join(traceback.format_exception(error))
    traceback.clear_frames(error.__traceback__)
    return text, detail


class Jobs:
    """The jobs under way, one a channel; only the worker thread touches them."""

    numbers = count(1)

    def __init__(self, mailbox: Mailbox, tell: Callable[[Event], None]) -> None:
        self._mailbox, self._tell = mailbox, tell
        self._running: dict[str, tuple[int, Steps]] = {}

    def __bool__(self) -> bool:
        return bool(self._running)

    def start(self, channel: str, number: int, job: Job, run: Run) -> None:
        """Begin a job in place of whatever ran on its channel."""
        self.cancel(channel)
        self._running[channel] = number, job(run)
        self._tell(Event(channel, number, Status.STARTED))

    def cancel(self, channel: str) -> None:
        """Close a job, which runs its ``finally`` blocks."""
        if channel in self._running:
            self._end(channel, Status.CANCELLED)

    def cancel_all(self) -> None:
        """Close every job."""
        for channel in list(self._running):
            self.cancel(channel)

    def take_turns(self) -> None:
        """Advance every job by one step."""
        for channel in list(self._running):
            self._advance(channel)

    def _advance(self, channel: str) -> None:
        _, steps = self._running[channel]
        try:
            self._mailbox.put(channel, next(steps))
        except StopIteration:
            self._end(channel, Status.FINISHED)
        except Exception as error:
            log.exception("the job on %r failed", channel)
            self._end(channel, Status.FAILED, error)

    def _end(self, channel: str, status: Status, error: Exception | None = None) -> None:
        number, steps = self._running.pop(channel)
        try:
            steps.close()
        except Exception as failure:
            log.exception("the job on %r failed while closing", channel)
            status, error = Status.FAILED, failure
        text, detail = described(error) if error else ("", "")
        self._tell(Event(channel, number, status, text, detail))
