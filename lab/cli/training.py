"""Carrying out a run to its end, and leaving what came of it in a folder."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lab.cli.metrics import FILE_NAME as METRICS
from lab.cli.metrics import WHOLE, Metrics, finite
from lab.cli.outputs import RECORD, WEIGHTS
from lab.files.atomic import told, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from lab.cli.progress import Progress
    from lab.engine.run import Run

BLOCK = 1024
"""Steps between two writings; the time line keeps far more whole."""

BLOCK_S = 0.1


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: ``finished``, ``early``, ``interrupted`` or ``diverged``, and why."""

    how: str
    text: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it ended as it should."""
        return self.how in {"finished", "early"}


@dataclass(frozen=True, slots=True)
class Request:
    """How far to go and what to write of it; a run that ``is_replay`` is not stopped early.

    Someone went on behind the place where it stopped by itself, so the replay does too.
    """

    last: int
    every: int
    is_replay: bool = False


def train_into(folder: Path, run: Run, request: Request, progress: Progress) -> Summary:
    """Carry out a run up to a step, and write metrics, weights and record into a folder."""
    began = perf_counter()
    with told(folder / METRICS):
        stream = open(folder / METRICS, "x", encoding="utf-8")  # noqa: SIM115 - just below
    with stream:
        metrics = Metrics(run, stream, request.every)

        def report() -> None:
            with told(folder / METRICS):
                metrics.write_new()
                os.utime(folder)  # somebody is at work here
            progress.show(run)

        ending = carry_out(run, request, report)
        run.evaluate()
        with told(folder / METRICS):
            metrics.write_new(is_last=True)
            stream.flush()
            os.fsync(stream.fileno())
    progress.end()
    write_results(folder, run)
    return Summary(run, ending, metrics.rows, request.every, perf_counter() - began)


def carry_out(run: Run, request: Request, report: Callable[[], None]) -> Ending:
    """Step as far as asked, or to where the run has to stop, reporting now and then."""
    from lab.engine.autopsy import Diverged

    try:
        with asked_to_stop() as stop:
            ending = _stepped(run, request, report, stop)
    except Diverged as error:
        ending = Ending("diverged", str(error))
    report()
    return ending


def _stepped(
    run: Run, request: Request, report: Callable[[], None], stop: threading.Event
) -> Ending:
    seen, since = run.newest, perf_counter()
    while run.newest < request.last:
        if stop.is_set():
            return Ending(
                "interrupted", f"Interrupted at step {run.newest:,} of {request.last:,}."
            )
        run.step()
        if run.early_stop and not request.is_replay:
            return Ending("early", run.early_stop)
        now = perf_counter()
        if run.newest - seen >= BLOCK or now - since > BLOCK_S:
            run.note_pace((now - since) / (run.newest - seen))
            report()
            seen, since = run.newest, perf_counter()
    return Ending("finished")


@contextmanager
def asked_to_stop() -> Generator[threading.Event, None, None]:
    """Yield what Ctrl-C or SIGTERM sets, so that the step in progress ends first.

    A second Ctrl-C does not wait. Outside the main thread nothing is set.
    """
    stop, before = threading.Event(), {}

    def ask(number: int, frame: Any) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    with suppress(ValueError):
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write_results(folder: Path, run: Run) -> None:
    """Write the weights, with the description in their metadata, and the record.

    One entry of metadata only: the format writes several in an order that changes from one
    process to the next, and equal weights are to be equal files.
    """
    from lab.engine.exports import snapshot
    from lab.engine.records import record_of, record_text
    from lab.files.weights import write_safetensors

    text = record_text(record_of(run))
    write_safetensors(folder / WEIGHTS, snapshot(run.trainer), {"experiment": text})
    write_bytes(folder / RECORD, text.encode())


@dataclass(frozen=True)
class Summary:
    """What came of a run."""

    run: Run
    ending: Ending
    rows: int
    every: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return it as one object for ``--json``."""
        run, experiment = self.run, self.run.experiment
        row = run.timeline.current.row(run.newest) or {}
        return {
            "title": experiment.title,
            "steps": run.newest,
            "ending": self.ending.how,
            "text": self.ending.text,
            "diverged_at": run.timeline.current.diverged_at,
            "loss": finite(row.get("loss")),
            **self.results,
            "parameters": sum(s.parameters for s in run.trainer.sizes),
            "seed": experiment.seed,
            "device": run.trainer.device.name,
            "threads": experiment.threads,
            "seconds": round(self.seconds, 3),
            "metrics": {"rows": self.rows, "every_step_to": WHOLE, "then_every": self.every},
        }

    @property
    def results(self) -> dict[str, float | None]:
        """Loss and accuracy over both sets, with the weights that were written."""
        found = self.run.timeline.current.evaluation_at(self.run.newest) or {}
        names = ("train_loss", "accuracy", "test_loss", "test_accuracy")
        return {name: finite(found.get(name)) for name in names}

    def in_words(self) -> str:
        """Return it as a sentence."""
        results = self.results
        parts = [f"{self.run.experiment.title}: {self.run.newest:,} steps"]
        if results["train_loss"] is not None:
            parts.append(f"loss over the training set {results['train_loss']:.4g}")
        for name, label in (("accuracy", "accuracy"), ("test_accuracy", "test accuracy")):
            if results[name] is not None:
                parts.append(f"{label} {results[name]:.1%}")
        return ", ".join(parts) + "."
