"""What the window costs the engine, and the engine the window.

    xvfb-run -a python tests/benchmarks/window_share.py [preset] [--seconds 4] [--rounds 5]
        [--panels run,data,loss]

In one process, in turns: the worker trains alone (nobody takes looks), with the window and the
panels named shown, and with all panels hidden. Printed: the share of the lone steps per second
that is kept, median over rounds, and how late a 5 ms timer of the window's thread fires (p50,
p99, worst), with and without a job beside training.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["NABLA_HOME"] = tempfile.mkdtemp(prefix="nabla-bench-")

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer

from lab import app as nabla

TICK_MS = 5


class Lateness:
    """How late a 5 ms timer fires."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self._last = 0.0
        self._timer = QTimer(interval=TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_tick)

    def _on_tick(self) -> None:
        now = perf_counter()
        if self._last:
            self.late.append(max(1000 * (now - self._last) - TICK_MS, 0.0))
        self._last = now

    def start(self) -> None:
        self._last = 0.0
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def in_words(self) -> str:
        p50, p99 = np.percentile(self.late, [50, 99])
        return f"p50 {p50:4.1f}  p99 {p99:5.1f}  worst {max(self.late):5.1f} ms"


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def wait_for(condition: object, limit_s: float = 60) -> None:
    began = perf_counter()
    while not condition():  # type: ignore[operator]
        assert perf_counter() - began < limit_s, "it did not happen"
        wait(0.02)


def busy(run: object):  # type: ignore[no-untyped-def]
    """A job beside training: products of matrices, a few milliseconds a turn."""
    import torch

    a = torch.rand(256, 256)
    while True:
        yield float((a @ a).sum())


class Stage:
    """A window with everything in it, whose engine can be asked how fast it goes."""

    def __init__(self, preset: str, size: tuple[int, int]) -> None:
        self.stage = nabla.staged(preset, "Build", "light", size, 1.0, 5)
        self.window = self.stage.__enter__()
        self.bridge = self.window.bridge

    def steps_per_second(self, seconds: float) -> float:
        run = self.bridge._worker._run
        before, began = run.newest, perf_counter()
        wait(seconds)
        return (run.newest - before) / (perf_counter() - began)

    def alone(self, seconds: float) -> float:
        self.window.hide()
        self.bridge._frames.stop()
        found = self.steps_per_second(seconds)
        self.bridge._frames._timer.start()
        return found

    def shown(self, seconds: float) -> float:
        self.set_panels(True)
        return self.steps_per_second(seconds)

    def watch(self, seconds: float, late: Lateness) -> None:
        """Measure lateness apart: 200 calls a second are a load of their own on training."""
        self.set_panels(True)
        late.start()
        wait(seconds)
        late.stop()

    def hidden(self, seconds: float) -> float:
        self.set_panels(False)
        return self.steps_per_second(seconds)

    def set_panels(self, are_shown: bool) -> None:
        self.window.show()
        host = self.window.desk.host
        for name in host.docks:
            host.set_shown(name, are_shown and name in self.panels)
        wait(0.3)


def measure(preset: str, seconds: float, rounds: int, panels: tuple[str, ...]) -> None:
    stage = Stage(preset, (1280, 800))
    stage.panels = panels
    wait_for(lambda: stage.bridge.look is not None)
    stage.bridge._worker.play(until=2**60)
    wait(1)
    shown, hidden, late, late_with_job = [], [], Lateness(), Lateness()
    for _ in range(rounds):
        before = stage.alone(seconds)
        with_panels = stage.shown(seconds)
        without = stage.hidden(seconds)
        alone = (before + stage.alone(seconds)) / 2
        shown.append(with_panels / alone)
        hidden.append(without / alone)
    stage.watch(seconds * 3, late)
    stage.bridge.submit("busy", busy)
    stage.watch(seconds * 3, late_with_job)
    stage.bridge.cancel("busy")
    print(
        f"{preset:12} alone {alone:7.0f} steps/s   panels shown {statistics.median(shown):.2f}"
        f"   hidden {statistics.median(hidden):.2f}\n"
        f"{'':12} a 5 ms timer is late: {late.in_words()};"
        f" with a job: {late_with_job.in_words()}",
        flush=True,
    )
    stage.stage.__exit__(None, None, None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?", default="playground")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--panels", default="run,data,loss")
    asked = parser.parse_args()
    measure(asked.preset, asked.seconds, asked.rounds, tuple(asked.panels.split(",")))


if __name__ == "__main__":
    main()
