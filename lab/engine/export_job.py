"""An export as a job: the weights are copied at once, the file is written beside training."""

from __future__ import annotations

from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING

from lab.engine.exports import export, snapshot
from lab.engine.jobs import aside
from lab.engine.records import record_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from lab.engine.run import Run


def exporting(
    name: str, path: Path, overwrite: bool, run: Run
) -> Generator[object, None, object]:
    """Write the run as it is at the cursor now; a job of the worker.

    It fails as `lab.engine.exports.export` does; cancelled before the file has its name, it
    leaves none.
    """
    stop = Flag()
    record, tensors = record_of(run, run.cursor), snapshot(run.bench)
    work = partial(export, record, tensors, name, path, overwrite, run.bench.data, stop)
    return _written(work, stop)


def _written(work: Callable[[], Path], stop: Flag) -> Generator[object, None, object]:
    try:
        writing = aside(work)
        yield writing
        return writing.result()
    finally:
        stop.set()
