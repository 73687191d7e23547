"""A run written down: ``experiment.toml``, which fed back gives the same weights.

At the top stands the description, then ``[[edits]]`` made while it ran, then ``[recorded]``:
where it stopped and what it ran on. A value that is not set is left out, as TOML has no null.
"""

from __future__ import annotations

import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lab.engine.datasets import DATASETS
from lab.engine.edits import WEIGHTS, is_of_weights, require_replayable
from lab.engine.experiment import Experiment, experiment, needs_reset
from lab.engine.hand_edits import checked, is_by_hand
from lab.engine.kinds import ExperimentError
from lab.files.errors import LoadError, StrPath, reading
from lab.files.sources import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lab.engine.run import Run
    from lab.engine.timeline import Edit

FORMAT = 1
LARGEST = 64 * 2**20
"""Bytes of a file; drawn points may be many, a description is not."""

FILE_NAME = "experiment.toml"


class Recorded(BaseModel):
    """Where a run stopped, and what it ran on; None and empty where nobody wrote it down."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    steps: int | None = Field(None, ge=0, le=1_000_000_000)
    torch: str = ""
    device: str = ""
    threads: int = Field(1, ge=1, le=256)


@dataclass(frozen=True, slots=True)
class Record:
    """A description, the edits made while it ran, and where it was carried out."""

    experiment: Experiment
    edits: tuple[Edit, ...] = ()
    recorded: Recorded = field(default_factory=Recorded)

    @property
    def steps(self) -> int:
        """Where the run stopped, or where it would stop by itself."""
        done = self.recorded.steps
        return self.experiment.steps if done is None else done


def record_of(run: Run, step: int | None = None) -> Record:
    """Write down a run as it was at a step, or at its newest with what was edited since."""
    import torch

    made = run.timeline.current.all_edits()
    edits = made if step is None else tuple(e for e in made if _leads_to(e, step))
    step = run.newest if step is None else step
    recorded = Recorded(
        steps=step,
        torch=str(torch.__version__),
        device=run.trainer.device.title,
        threads=run.experiment.threads,
    )
    return Record(run.experiment, edits, recorded)


def _leads_to(edit: Edit, step: int) -> bool:
    """Say whether an edit counts at a step: weights count from the step they were set at."""
    return edit.step < step or (edit.step == step and is_of_weights(edit.what))


def record_text(record: Record) -> str:
    """Return the record as the text of a TOML file.

    Raises
    ------
    ExperimentError
        If a text in it, a path for instance, is not valid Unicode.
    """
    import tomli_w

    described = {"format": FORMAT, **record.experiment.model_dump()}
    if record.edits:
        described["edits"] = [asdict(edit) for edit in record.edits]
    described["recorded"] = record.recorded.model_dump()
    text = tomli_w.dumps(_without_none(described))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        place = ascii(text[error.start : error.start + 20])
        raise ExperimentError(
            f"experiment: a name in it is not valid text, near {place}; rename it."
        ) from None
    return text


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_none(v) for k, v in value.items() if v is not None}
    return [_without_none(v) for v in value] if isinstance(value, list | tuple) else value


def read_record(path: StrPath) -> Record:
    """Read a record, or a description that somebody wrote by hand.

    A relative path of a data file is taken from the record's own folder where it is found
    there, so that a folder may move with its data.

    Raises
    ------
    LoadError
        In one sentence, for whatever is no record or asks for what there is not.
    """
    with reading(path, "it is not valid TOML", "Mend it, or write a new one by training"):
        text = read_bytes(path, LARGEST).decode()
        described = _parsed(path, text)
    with reading(path, "it does not describe an experiment"):
        try:
            return _beside_its_data(record_from(described), Path(path).absolute().parent)
        except ExperimentError as error:
            raise LoadError(path, str(error).rstrip(".")) from None


def _parsed(path: StrPath, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        what, _, place = message.partition(" (at ")
        raise LoadError(
            path, f"it is not valid TOML: {what}", place.rstrip(")") or None
        ) from None


def record_from(described: Mapping[str, Any]) -> Record:
    """Build a record from plain values, as they stand in a file.

    Raises
    ------
    ExperimentError
        In one sentence: what, where, what was wanted.
    """
    rest = dict(described)
    _check_format(rest.pop("format", FORMAT))
    edits, recorded = rest.pop("edits", []), rest.pop("recorded", {})
    asked = experiment(rest)
    return Record(asked, tuple(_checked(asked, edits)), _recorded(recorded))


def _check_format(number: Any) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ExperimentError(f"format: wanted {FORMAT}, got {number!r}.")
    if number > FORMAT:
        raise ExperimentError(
            f"format: {number} was written by a newer Nabla; update this one, "
            f"which knows {FORMAT}."
        )


def _recorded(given: Any) -> Recorded:
    try:
        return Recorded.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("recorded", *map(str, first["loc"])))
        if first["type"] == "extra_forbidden":
            raise ExperimentError(f"{where}: there is no such entry.") from None
        wanted = first["msg"].removeprefix("Input should be ").removeprefix("a valid ")
        raise ExperimentError(f"{where}: wanted {wanted}, got {first['input']!r}.") from None


def _checked(now: Experiment, given: Any) -> Iterable[Edit]:
    """Yield the edits, having tried each on the description that it will meet."""
    if not isinstance(given, list) or not all(isinstance(e, dict) for e in given):
        raise ExperimentError("edits: wanted a list of tables, each an [[edits]].")
    edits = [_edit(e, f"edits.{i}") for i, e in enumerate(given)]
    for index, edit in sorted(enumerate(edits), key=lambda pair: pair[1].step):
        where = f"edits.{index}"
        if is_by_hand(edit.what):
            _require_finite(edit, where)
            continue
        if edit.what == WEIGHTS:
            require_replayable([edit])
        if needs_reset(edit.what):
            raise ExperimentError(
                f"{where}: {edit.what} cannot change while a run goes on; set it at the top."
            )
        try:
            now = now.changed({edit.what: edit.new})
        except ExperimentError as error:
            raise ExperimentError(f"{where}: {error}") from None
    return edits


def _require_finite(edit: Edit, where: str) -> None:
    try:
        checked(edit.what, edit.new)
    except ExperimentError as error:
        raise ExperimentError(f"{where}: {error}") from None


def _edit(entry: dict[str, Any], where: str) -> Edit:
    from lab.engine.timeline import Edit  # with torch; most records have no edits

    for name in entry:
        if name not in {"step", "what", "old", "new"}:
            raise ExperimentError(f"{where}.{name}: there is no such entry.")
    step, what = entry.get("step"), entry.get("what")
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise ExperimentError(f"{where}.step: wanted a step from 0 on, got {step!r}.")
    if not isinstance(what, str):
        raise ExperimentError(f"{where}.what: wanted the name of a setting, got {what!r}.")
    return Edit(step, what, entry.get("old"), entry.get("new"))


def _beside_its_data(record: Record, folder: Path) -> Record:
    data = record.experiment.data
    path = data.as_dict().get("path")
    if not DATASETS[data.kind].is_own or not path or Path(path).expanduser().is_absolute():
        return record
    beside = folder / path
    found = beside if beside.exists() else Path(path).absolute()
    moved = record.experiment.changed({"data.path": str(found)})
    return Record(moved, record.edits, record.recorded)
