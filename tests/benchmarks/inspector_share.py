"""What an open inspector costs the training, and how long the window stands still for it.

    xvfb-run -a python tests/benchmarks/inspector_share.py [preset] [--seconds 4] [--rounds 5]

In one process, in turns: the engine trains with the window hidden from it, with the inspector
alone shown (at the Backward stop, with a number in question), and with it hidden. Printed: the
share of the lone steps per second that is kept, median over rounds, and how late a 5 ms timer
of the window's thread fires while it is shown.
"""

from __future__ import annotations

import argparse
import statistics
from time import perf_counter
from typing import TYPE_CHECKING

from window_share import Lateness, wait, wait_for

from lab.engine.questioned import Number
from lab.panels.inspector.view import InspectorView
from lab.presets import load
from lab.ui import theme
from lab.ui.bridge import EngineBridge

if TYPE_CHECKING:
    from collections.abc import Callable


class Stage:
    """An inspector on a run that trains for ever."""

    def __init__(self, preset: str) -> None:
        self.bridge = EngineBridge()
        self.view = InspectorView(self.bridge)
        self.view.resize(728, 700)
        self.view.show()
        self.bridge.load(load(preset))
        wait_for(lambda: self.view.seen is not None)
        self.view.stops.chosen.emit("Backward")
        self.view.question(Number("0", "d_out", 0))
        wait_for(lambda: self.view.page.card.explanation is not None)
        self.bridge._worker.play(until=2**60)
        wait(1)

    def speed(self, seconds: float) -> float:
        run = self.bridge._worker._run
        before, began = run.newest, perf_counter()
        wait(seconds)
        return (run.newest - before) / (perf_counter() - began)

    def alone(self, seconds: float) -> float:
        self.view.hide()
        self.bridge._frames.stop()
        found = self.speed(seconds)
        self.bridge._frames._timer.start()
        return found

    def shown(self, seconds: float) -> float:
        self.view.show()
        wait(0.3)
        return self.speed(seconds)

    def hidden(self, seconds: float) -> float:
        self.view.hide()
        wait(0.3)
        return self.speed(seconds)


def measure(preset: str, seconds: float, rounds: int) -> None:
    stage, late = Stage(preset), Lateness()
    shares: dict[str, list[float]] = {"shown": [], "hidden": []}
    ways: dict[str, Callable[[float], float]] = {"shown": stage.shown, "hidden": stage.hidden}
    alone = 0.0
    for _ in range(rounds):
        before = stage.alone(seconds)
        found = {name: way(seconds) for name, way in ways.items()}
        alone = (before + stage.alone(seconds)) / 2
        for name, speed in found.items():
            shares[name].append(speed / alone)
    stage.shown(0.5)
    late.start()
    wait(3 * seconds)
    late.stop()
    kept = {name: statistics.median(found) for name, found in shares.items()}
    print(
        f"{preset:12} alone {alone:7.0f} steps/s   inspector shown {kept['shown']:.2f}"
        f"   hidden {kept['hidden']:.2f}\n{'':12} a 5 ms timer is late: {late.in_words()}",
        flush=True,
    )
    stage.bridge.close(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", nargs="?", default="playground")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    theme.apply(app, "light")
    measure(asked.preset, asked.seconds, asked.rounds)


if __name__ == "__main__":
    main()
