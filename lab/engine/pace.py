"""How fast training goes, and how fast it may go."""

from __future__ import annotations

from time import perf_counter

MEMORY_S = 0.5


class Pace:
    """Steps per second over the last half second, and the next moment a step is due."""

    def __init__(self) -> None:
        self.limit: float | None = None
        self.steps_per_second = 0.0
        self.step_s = 0.0
        self.forget()

    def forget(self) -> None:
        """Begin to measure anew."""
        self._since, self._steps = perf_counter(), 0
        self.steps_per_second = 0.0
        self._next = 0.0

    @property
    def is_limited(self) -> bool:
        """Whether single steps are due at set moments."""
        return self.limit is not None

    @property
    def is_due(self) -> bool:
        """Whether a step may be taken now."""
        return self.limit is None or perf_counter() >= self._next

    @property
    def rest(self) -> float:
        """Seconds until the next step is due."""
        return 0.0 if self.limit is None else max(self._next - perf_counter(), 0.0)

    def note(self, steps: int, seconds: float) -> None:
        """Take down that steps have been carried out just now."""
        now = perf_counter()
        self.step_s = seconds / max(steps, 1)
        if self.limit is not None:
            self._next = max(self._next + 1 / self.limit, now)
        self._steps += steps
        if now - self._since >= MEMORY_S:
            self.steps_per_second = self._steps / (now - self._since)
            self._since, self._steps = now, 0
