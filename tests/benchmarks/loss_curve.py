"""How long the loss panel takes to show one more frame of a run of 10⁶ recorded steps.

    QT_QPA_PLATFORM=offscreen python tests/benchmarks/loss_curve.py

Each frame has 1,000 new steps (30,000 steps a second at 30 frames) and is timed from the look
to the last pixel. Prints one JSON object; ``spikes_seen`` counts 20 planted spikes.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

STEPS, NEW, FRAMES, EVERY = 1_000_000, 1_000, 200, 23


class Feed(QObject):
    """Stands where the bridge stands; looks are made by hand."""

    looked = Signal(object)
    look = None

    def turn_of(self, _view):  # type: ignore[no-untyped-def]
        """Every view has its turn at once."""
        return self


def filled(branch, steps: int, rng: np.random.Generator) -> None:
    """Append rows of a falling, noisy loss and an evaluation at each 23rd step."""
    first = branch.newest + 1
    s = np.arange(first, first + steps)
    loss = 2.0 / (1 + s / 5e3) * np.exp(0.3 * rng.normal(size=steps)) + 1e-3
    rows = np.stack([loss, loss * 3, np.full(steps, 0.01), np.ones(steps)], axis=1)
    branch.steps.extend(rows)
    at = s[s % EVERY == 0]
    level = 2.0 / (1 + at / 5e3) + 1e-3
    share = 1 - 0.3 * level
    branch.evaluations.extend(np.stack([at, level, share, level * 1.2, share], axis=1))


def look_of(branch, experiment, data):
    """A look at the newest step of a branch."""
    from lab.engine.news import BranchLook, History

    return SimpleNamespace(
        run=1, step=branch.newest, newest=branch.newest, phase=0, branch=0, edits=(),
        branches=(BranchLook(0, None, 0, branch.newest),), history=History(branch),
        settings=experiment, data=data, numbers=None, playing=False, speed=None,
    )  # fmt: skip


def spikes_seen(view, branch) -> int:
    """Of 20 spikes planted in the record, those that reach their height in the drawing."""
    drawn = np.concatenate([y for _x, y in view.steps.parts(view.plot.current_view())])
    heights = 1e3 + np.arange(20)
    return int(sum(np.isclose(drawn, h, rtol=1e-12).any() for h in heights))


def main() -> None:
    """Fill a branch, feed the panel, time frames."""
    from lab.engine.data import prepare
    from lab.engine.timeline import Timeline
    from lab.panels.loss.view import LossView
    from lab.presets import load
    from lab.ui import theme

    app = QApplication.instance() or QApplication([])
    theme.apply(app, "light")
    experiment = load("digits-mlp")
    data, rng = prepare(experiment), np.random.default_rng(0)
    branch = Timeline(experiment).current
    filled(branch, STEPS, rng)
    whole = branch.steps._rows.published[0]
    feed = Feed()
    view = LossView(feed)
    view.resize(450, 420)
    view.show()
    times, paints = [], []
    for _frame in range(FRAMES + 10):
        filled(branch, NEW, rng)
        feed.look = look_of(branch, experiment, data)
        began = time.perf_counter()
        feed.looked.emit(feed.look)
        updated = time.perf_counter()
        view.plot.view.viewport().repaint()
        times.append(updated - began)
        paints.append(time.perf_counter() - began)
        app.processEvents()
    update, frame = np.array(times[10:]) * 1e3, np.array(paints[10:]) * 1e3
    print(json.dumps({
        "steps": branch.newest,
        "rows_whole": len(whole),
        "update_ms_median": round(float(np.median(update)), 2),
        "update_ms_p99": round(float(np.percentile(update, 99)), 2),
        "with_painting_ms_median": round(float(np.median(frame)), 2),
        "with_painting_ms_p99": round(float(np.percentile(frame, 99)), 2),
        "spikes_seen": planted(view, experiment, data, feed),
    }))  # fmt: skip


def planted(view, experiment, data, feed) -> int:
    """Show a run of 10⁶ steps with 20 spikes of one step each."""
    from lab.engine.timeline import Timeline

    rng = np.random.default_rng(1)
    branch = Timeline(experiment).current
    loss = np.exp(rng.normal(size=STEPS))
    where = np.arange(20) * (STEPS // 20) + rng.integers(STEPS // 25, size=20)
    loss[where] = 1e3 + np.arange(20)
    branch.steps.extend(np.stack([loss, loss, loss, loss], axis=1))
    branch.evaluations.append((0, 1, 0.5, 1, 0.5))
    feed.look = look_of(branch, experiment, data)
    feed.look.run = 2
    feed.looked.emit(feed.look)
    return spikes_seen(view, branch)


if __name__ == "__main__":
    main()
