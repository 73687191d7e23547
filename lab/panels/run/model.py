"""The rows of the form, made from a description and the engine's tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lab.engine.clips import CLIPS
from lab.engine.datasets import DATASETS
from lab.engine.edit_words import in_words
from lab.engine.experiment import PRECISIONS, TABLES, nested
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.numbering import numbers
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.rows import Row, described, kind_row, option_row, option_rows
from lab.engine.schedules import SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lab.engine.experiment import Experiment, Part
    from lab.engine.news import RunLook
    from lab.engine.timeline import Edit
    from lab.engine.trainer import Trainer

SHOWN_NOTES = 2
LONGEST_NOTE = 90


def rows(now: Experiment, devices: Mapping[str, str], samples: int) -> list[Row]:
    """Return the whole form; ``samples`` is the size of the training set, bounding batches."""
    return [
        *_data_rows(now, samples),
        *_optimizer_rows(now),
        *_regularisation_rows(now),
        *_reproduction_rows(now, devices),
    ]


def _data_rows(now: Experiment, samples: int) -> Iterator[Row]:
    yield Row("", "Data", "heading")
    yield kind_row("data", "Set", now.data, DATASETS)
    kind = DATASETS[now.data.kind]
    yield from option_rows("data", now.data, kind)
    if kind.has_columns:
        meaning = "what each column is read as, which one is predicted, and from which others"
        yield Row("data.kinds", "Table", "columns", "Columns…", meaning=meaning)
    split, batches = now.split, now.batches
    share = "share of the samples kept for the test"
    most = max(0.99, split.test_share)
    yield Row("split.test_share", "Test share", "number", split.test_share, {}, 0, most, share)
    meaning = "features shifted and scaled to mean 0 and deviation 1"
    yield Row("split.standardise", "Standardise", "tick", split.standardise, meaning=meaning)
    meaning = f"samples a step learns from; 0: all {samples:,} of the training set"
    most = max(samples, batches.size)
    yield Row("batches.size", "Batch size", "whole", batches.size, {}, 0, most, meaning)
    meaning = "a new random order every epoch"
    yield Row("batches.shuffle", "Shuffle", "tick", batches.shuffle, meaning=meaning)
    meaning = "leave out the last batch of an epoch where it is smaller than the others"
    yield Row("batches.drop_last", "Drop the rest", "tick", batches.drop_last, meaning=meaning)
    yield kind_row("loss", "Loss", now.loss, LOSSES)
    yield from option_rows("loss", now.loss, LOSSES[now.loss.kind])


def _optimizer_rows(now: Experiment) -> Iterator[Row]:
    yield Row("", "Optimizer", "heading")
    yield kind_row("optimizer", "Method", now.optimizer, OPTIMIZERS)
    yield from option_rows("optimizer", now.optimizer, OPTIMIZERS[now.optimizer.kind])
    yield kind_row("schedule", "Schedule", now.schedule, SCHEDULES)
    yield from option_rows("schedule", now.schedule, SCHEDULES[now.schedule.kind])


def _regularisation_rows(now: Experiment) -> Iterator[Row]:
    yield Row("", "Regularisation", "heading")
    penalties = now.regularisation
    bounds: tuple[Mapping[str, str], float, float] = ({}, 0, 1e6)
    yield Row("regularisation.l1", "L1 penalty", "number", penalties.l1, *bounds, "λ Σ|w|")
    yield Row("regularisation.l2", "L2 penalty", "number", penalties.l2, *bounds, "λ/2 Σw²")
    meaning = "takes η λ w off the weights beside the update"
    decay = now.weight_decay
    yield Row(
        "regularisation.weight_decay", "Weight decay", "number", decay, {}, 0, 1e3, meaning
    )
    yield kind_row("clip", "Clip gradient", now.clip, CLIPS)
    yield from option_rows("clip", now.clip, CLIPS[now.clip.kind])
    yield from _layer_rows(now.layers)
    meaning = "evaluations without a lower test loss until the run stops; 0: never"
    patience = now.early_stopping.patience
    yield Row(
        "early_stopping.patience", "Early stopping", "whole", patience, {}, 0, 1e6, meaning
    )


def _layer_rows(layers: tuple[Part, ...]) -> Iterator[Row]:
    """Yield what may change while training in any layer, also in those within blocks."""
    known = numbers(layers)
    for path, part in nested(layers):
        kind, number = LAYERS[part.kind], known[path]
        for parameter in (p for p in kind.parameters if p.live):
            row = option_row(f"{path}.{parameter.name}", parameter, part[parameter.name])
            if row:
                meaning = f"Layer {number}. {kind.summary}"
                yield replace(row, label=f"{kind.title} {number}", meaning=meaning)


def _reproduction_rows(now: Experiment, devices: Mapping[str, str]) -> Iterator[Row]:
    yield Row("", "Reproduce", "heading")
    meaning = "fixes data, initial weights, order and noise"
    yield Row("seed", "Seed", "whole", now.seed, {}, 0, 2**63 - 1, meaning)
    meaning = "where the run stops by itself, and what schedules are planned for"
    yield Row("steps", "Planned steps", "whole", now.steps, {}, 1, 1e9, meaning)
    meaning = "steps between two evaluations of the test set; 0: once an epoch"
    yield Row(
        "evaluate_every", "Evaluate every", "whole", now.evaluate_every, {}, 0, 1e9, meaning
    )
    precisions = {name: name for name in PRECISIONS}
    meaning = "; ".join(f"{k}: {v}" for k, v in PRECISIONS.items())
    yield Row("precision", "Precision", "choice", now.precision, precisions, meaning=meaning)
    known = dict(devices) | (
        {} if now.device in devices else {now.device: f"{now.device} (absent)"}
    )
    yield Row("device", "Device", "choice", now.device, known, meaning="what computes")


def question(bench: Trainer) -> dict[str, str]:
    """Return the devices there are: asked in the worker, where torch is at home."""
    from lab.engine.device import available

    return available()


def changes_for(look: RunLook, path: str, value: Any) -> dict[str, Any]:
    """Return what a change of one row takes.

    A set of points starts from those seen; another file is recognised anew, whatever was
    chosen for the columns of the one before.
    """
    if path == "data.kind" and DATASETS[value].is_drawn:
        return {path: value, "data.points": _points(look)}
    if path == "data.path":
        return {"data.kind": look.settings.data.kind, path: value}
    return {path: _as_described(look.settings, path, value)}


def _as_described(now: Experiment, path: str, value: Any) -> Any:
    """Return a field's value as the description has it: what was left open is None there."""
    part, _, name = path.partition(".")
    if part not in TABLES or name == "kind":
        return value
    kind = TABLES[part][getattr(now, part).kind]
    parameter = next(p for p in kind.parameters if p.name == name)
    return described(parameter, value)


def is_taken_over(look: RunLook, changes: Mapping[str, Any]) -> bool:
    """Say whether changes that were asked for are in force."""
    return all(look.settings.value(path) == value for path, value in changes.items())


def _points(look: RunLook) -> tuple[tuple[float, float, int], ...]:
    """Return the points of the plane that are shown, at most 1,000, or the corners of XOR."""
    data = look.data
    if data.kind.picture != "plane":
        return ((-1.0, -1.0, 0), (1.0, 1.0, 0), (-1.0, 1.0, 1), (1.0, -1.0, 1))
    rows = zip(data.original[:1000].tolist(), data.labels[:1000].tolist(), strict=True)
    return tuple((x[0], x[1], int(label)) for x, label in rows)


def edits_in_words(edits: tuple[Edit, ...], layers: Sequence[Part] = ()) -> list[str]:
    """Return one line an edit, the newest first."""
    told = zip(edits, in_words(edits, layers), strict=True)
    return [f"Step {edit.step:,}: {words}" for edit, words in told][::-1]


def notes(look: RunLook, said: str = "") -> list[str]:
    """Return what a person should know of a run just loaded: what was changed or left out."""
    known = [said, look.notice if look.notice not in said else ""]
    own = look.data.notes if look.data.kind.is_own else ()
    left_out_first = sorted(own, key=lambda note: "left out" not in note)
    told = [note[:1].upper() + note[1:].rstrip(".") + "." for note in left_out_first]
    return [*filter(None, known), *told]


def summary(told: list[str], said: str = "") -> str:
    """Return as much of the notes as a narrow banner has room for; what was said goes whole."""
    shown = [*(t for t in told if t == said), *(t for t in told if t != said)][:SHOWN_NOTES]
    cut = [t if t == said or len(t) <= LONGEST_NOTE else t[:LONGEST_NOTE] + "…" for t in shown]
    more = len(told) - len(shown)
    return " ".join([*cut, *([f"{more} more."] if more else [])])


def reading(look: RunLook) -> str:
    """Return what is being trained, in words."""
    data = look.data
    return f"{len(data.train):,} to train, {len(data.test):,} to test."


def step_of_edit(look: RunLook) -> str:
    """Say where a change would take effect: here, or on a branch."""
    if look.step < look.newest:
        return f"Changes branch at step {look.step:,}."
    return ""
