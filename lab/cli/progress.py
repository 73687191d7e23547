"""Progress of a run in one line of a terminal; silent where nobody is looking."""

from __future__ import annotations

import sys
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.engine.run import Run

REFRESH_S = 0.1


class Progress:
    """Shows the step, the loss, the pace and the time left on standard error."""

    def __init__(self, last: int) -> None:
        self._last, self._began, self._shown = last, perf_counter(), 0.0
        self._is_watched = sys.stderr.isatty()

    def show(self, run: Run) -> None:
        """Draw the line anew, at most ten times a second."""
        now = perf_counter()
        if not self._is_watched or now - self._shown < REFRESH_S:
            return
        self._shown = now
        print(f"\r\x1b[K{self._line(run, now - self._began)}", end="", file=sys.stderr)
        sys.stderr.flush()

    def _line(self, run: Run, seconds: float) -> str:
        done = run.newest
        row = run.timeline.current.row(done) or {}
        pace = done / max(seconds, 1e-9)
        left = (self._last - done) / max(pace, 1e-9)
        loss = f"  loss {row['loss']:.4g}" if row else ""
        return f"step {done:,} of {self._last:,}{loss}  {pace:,.0f} steps/s  {left:.0f} s left"

    def end(self) -> None:
        """Take the line away."""
        if self._is_watched and self._shown:
            print("\r\x1b[K", end="", file=sys.stderr)
            sys.stderr.flush()
