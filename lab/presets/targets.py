"""What a command is about: a ready experiment by its name, or the folder of a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lab.presets import PRESETS, load

if TYPE_CHECKING:
    from lab.engine.records import Record
    from lab.engine.run import Run

RECORD = "experiment.toml"
MOST_STEPS = 1_000_000_000
HELP = "A trained run's folder, or a preset."


def record_named(target: str) -> Record:
    """Return the record of a folder, or that of a ready experiment with no step carried out.

    Raises
    ------
    ExperimentError
        If it is neither.
    """
    from lab.engine.kinds import ExperimentError
    from lab.engine.records import Record, read_record

    if target in PRESETS:
        return Record(load(target))
    if (Path(target) / RECORD).is_file():
        return read_record(Path(target) / RECORD)
    raise ExperimentError(
        f"{target!r} is neither a preset nor a folder with an {RECORD}; `nabla presets` lists "
        "what there is."
    )


def carried_out(target: str, step: int | None, *, run_code: bool = False) -> Run:
    """Carry a run out once more: to a step, or else as far as the folder's was.

    ``run_code`` allows the Python files that layers come from.
    """
    from lab.engine.foreign import permit
    from lab.engine.run import Run

    record = record_named(target)
    permit(record.experiment.layers, run_code)
    run = Run(record.experiment, edits=record.edits)
    recorded = 0 if target in PRESETS else record.recorded.steps or 0
    run.advance(recorded if step is None else step)
    return run
