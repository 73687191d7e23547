"""How soon Pause stops an iteration that takes long.

    python tests/benchmarks/stop_latency.py [--times 50] [--big]

A 12 × 2048² MLP, and with ``--big`` one whose iteration takes seconds (a larger batch). Pause
is pressed at a random moment of the iteration, in the worker as the window does it. Printed:
the iteration's own time, and from the press to the word PAUSED p50, p99 and worst.
"""

from __future__ import annotations

import argparse
import queue
import random
import statistics
import sys
import threading
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lab.engine.experiment import Experiment, experiment
from lab.engine.news import Event, Status
from lab.engine.run import Run
from lab.engine.worker import Worker

LIMIT_MS = 100.0
WIDTH, DEPTH = 2048, 12


def deep(batch: int) -> Experiment:
    layers: list[object] = []
    for _ in range(DEPTH):
        layers += [{"kind": "linear", "units": WIDTH}, "relu"]
    return experiment(
        {
            "title": "Deep",
            "data": "digits",
            "layers": [*layers, "linear"],
            "batches": {"size": batch},
            "optimizer": {"kind": "sgd", "learning_rate": 1e-4},
            "steps": 1_000_000,
            "evaluate_every": 1_000_000,
        }
    )


def own_time(asked: Experiment) -> float:
    """Seconds of one iteration, with nothing beside it."""
    run = Run(asked)
    run.step()
    began = perf_counter()
    run.step()
    return perf_counter() - began


def latencies(asked: Experiment, step_s: float, times: int) -> list[float]:
    """Milliseconds from the press to the word, for presses at random moments."""
    events: queue.Queue[Event] = queue.Queue()
    worker, rng, found = Worker(events.put), random.Random(1), []
    wait = threading.Event().wait
    worker.load(asked)
    until(events, Status.LOADED)
    try:
        for _ in range(times):
            worker.play()
            until(events, Status.STARTED)
            wait(rng.uniform(0.05, 1.0) * step_s)
            began = perf_counter()
            worker.pause()
            until(events, Status.PAUSED)
            found.append(1000 * (perf_counter() - began))
    finally:
        worker.close(60)
    return found


def until(events: queue.Queue[Event], status: Status) -> None:
    while (event := events.get(timeout=120)).status is not status:
        assert event.status not in {Status.FAILED, Status.REFUSED}, event.text


def measure(batch: int, times: int) -> bool:
    asked = deep(batch)
    step_s = own_time(asked)
    found = sorted(latencies(asked, step_s, times))
    p99 = found[min(len(found) - 1, round(0.99 * len(found)))]
    print(
        f"{DEPTH} × {WIDTH}², batch {batch:5}: an iteration {1000 * step_s:6.0f} ms; "
        f"pause after p50 {statistics.median(found):5.1f}  p99 {p99:5.1f}  "
        f"worst {found[-1]:5.1f} ms ({times} presses)",
        flush=True,
    )
    return p99 <= LIMIT_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--big", action="store_true")
    asked = parser.parse_args()
    is_good = measure(64, asked.times)
    if asked.big:
        is_good &= measure(1437, max(asked.times // 5, 5))
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
