"""The settings that every step of an exported script needs, at first and after each edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.edits import settings_in
from lab.engine.literals import Code
from lab.engine.networks import leaf_parts
from lab.engine.optimizers import OPTIMIZERS, torch_options
from lab.engine.schedules import SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lab.engine.experiment import Experiment
    from lab.engine.timeline import Edit

Values = dict[str, Any]
BATCHES = frozenset({"batch_size", "per_epoch", "shuffle"})


@dataclass(frozen=True)
class Settings:
    """What is in force before the first step, and what changes after which step.

    ``start`` holds every setting, ``edits`` those that an edit has changed. ``used`` names
    what has an effect at any time: a penalty of 0 from first to last has none.
    """

    start: Values
    edits: dict[int, Values]
    used: frozenset[str]
    schedules: tuple[str, ...]

    @property
    def edited(self) -> frozenset[str]:
        """The settings that change while the run goes on; those of batches do so together."""
        found = frozenset(name for changes in self.edits.values() for name in changes)
        return found | BATCHES if found & BATCHES else found


def settings_of(experiment: Experiment, log: Iterable[Edit], n: int) -> Settings:
    """Follow the log of edits through a run on ``n`` training samples."""
    stages = dict(_stages(experiment, tuple(log)))
    resolved = {step: _resolved(stage, n) for step, stage in stages.items()}
    start, *_ = resolved.values()
    used = frozenset(name for now in resolved.values() for name in _used(now, n))
    edits, before = {}, start
    for step, now in resolved.items():
        changes = {k: v for k, v in now.items() if k in used and v != before[k]}
        edits.update({step: changes} if changes else {})
        before = now
    return Settings(start, edits, used, tuple({s.schedule.kind for s in stages.values()}))


def _stages(experiment: Experiment, log: Sequence[Edit]) -> Iterator[tuple[int, Experiment]]:
    """Yield each step after which something was edited, and the description from there on."""
    yield -1, experiment
    now = experiment
    for step in sorted({edit.step for edit in log}):
        now = now.changed(settings_in({e.what: e.new for e in log if e.step == step}))
        yield step, now


def _resolved(e: Experiment, n: int) -> Values:
    schedule = SCHEDULES[e.schedule.kind]
    clip = e.clip.as_dict()
    return {
        "learning_rate": e.optimizer["learning_rate"],
        "optimizer": _rule(e),
        "schedule": (Code(schedule.factor.__name__), e.schedule.as_dict()),
        "horizon": e.steps,
        **_batches(e, n),
        "dropout": tuple(p["p"] for p in leaf_parts(e.layers) if p.kind == "dropout"),
        "l1": e.regularisation.l1,
        "l2": e.regularisation.l2,
        "weight_decay": e.weight_decay,
        "clip_norm": clip.get("max_norm", 0.0),
        "clip_value": clip.get("limit", 0.0),
    }


def _rule(e: Experiment) -> tuple[str, Values, Values]:
    """Return torch's name of the rule, its options, and its memory before the first step."""
    kind, options = OPTIMIZERS[e.optimizer.kind], e.optimizer.as_dict()
    named = torch_options(options)
    del named["lr"]
    if kind.is_fused and e.precision != "float64":
        named["fused"] = True
    memory = dict.fromkeys(kind.slots_for(options)) | dict(kind.counters)
    return kind.torch_name, named, memory


def _batches(e: Experiment, n: int) -> Values:
    """Return the sizes that ``lab.engine.batches.BatchPlan`` comes to."""
    size = min(e.batches.size or n, n)
    rest = 0 if e.batches.drop_last else n % size
    return {
        "batch_size": size,
        "per_epoch": max(n // size, 1) + bool(rest),
        "shuffle": e.batches.shuffle and size < n,
        "pieces": e.batches.micro,
    }


def _used(now: Values, n: int) -> Iterator[str]:
    yield from ("learning_rate", "optimizer")
    yield from (k for k in ("l1", "l2", "weight_decay", "clip_norm", "clip_value") if now[k])
    if now["dropout"]:
        yield "dropout"
    if now["schedule"][0] != "constant":
        yield from ("schedule", "horizon")
    if now["batch_size"] < n:
        yield from BATCHES
    if now["pieces"] > 1:
        yield "pieces"
