"""What a person asked for: frozen, validated, serialisable.

Together with the log of edits it fixes every bit of a run: nothing else may. Options live in
tables (``lab.engine.optimizers`` and its like), so a description holds names and values only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_serializer,
    model_validator,
)

from lab.engine.clips import CLIPS
from lab.engine.datasets import DATASETS
from lab.engine.kinds import ExperimentError, Kind, find, shown
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.schedules import SCHEDULES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PRECISIONS = {
    "float32": "single precision: about 7 digits",
    "float64": "double precision: about 16 digits",
    "bfloat16": "mixed: weights in float32, layers in bfloat16 where that is safe",
}

TABLES: dict[str, Mapping[str, Kind]] = {
    "data": DATASETS,
    "loss": LOSSES,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "clip": CLIPS,
}

NEEDS_RESET = (
    "data",
    "split",
    "layers",
    "loss",
    "precision",
    "device",
    "seed",
    "threads",
    "title",
)
"""What a run cannot take over while it runs; of an option its ``Parameter.live`` says it."""


class Part(BaseModel):
    """A kind and its options, written flat: ``{kind = "adam", learning_rate = 0.001}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    options: tuple[tuple[str, Any], ...] = ()
    layers: tuple[Part, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_flat(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"kind": given}
        if not isinstance(given, dict) or "options" in given or "kind" not in given:
            return given
        rest = {k: v for k, v in given.items() if k not in {"kind", "layers"}}
        inner = {"layers": given["layers"]} if "layers" in given else {}
        return {"kind": given["kind"], "options": tuple(rest.items()), **inner}

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        flat = {"kind": self.kind, **{k: v for k, v in self.options if v is not None}}
        return flat | ({"layers": [p.model_dump() for p in self.layers]} if self.layers else {})

    def __getitem__(self, name: str) -> Any:
        return dict(self.options)[name]

    def as_dict(self) -> dict[str, Any]:
        """Return the options by name."""
        return dict(self.options)

    def completed(self, table: Mapping[str, Kind], where: str) -> Part:
        """Return the part with checked options and the defaults of the rest."""
        kind: Kind = find(table, self.kind, where)
        if self.layers and not getattr(kind, "holds_layers", False):
            raise ExperimentError(f"{where}: {kind.name} holds no layers.")
        inner = tuple(
            p.completed(table, f"{where}.layers.{i}") for i, p in enumerate(self.layers)
        )
        options = kind.complete(dict(self.options), where)
        return self.model_copy(update={"options": options, "layers": inner})


def nested(layers: Sequence[Part], path: str = "layers") -> Iterator[tuple[str, Part]]:
    """Yield every layer with its path, one that holds others before those it holds."""
    for index, part in enumerate(layers):
        here = f"{path}.{index}"
        yield here, part
        yield from nested(part.layers, f"{here}.layers")


class Split(BaseModel):
    """Which samples are kept for the test, and whether features are standardised."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_share: float = Field(0.2, ge=0, lt=1)
    standardise: bool = True


class Batches(BaseModel):
    """How samples are handed to a step; ``size`` 0 is the whole training set at once.

    ``micro`` counts the pieces a batch is computed in: the same gradient up to rounding (but
    for batch normalisation), in less memory.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(32, ge=0, le=10_000_000)
    shuffle: bool = True
    drop_last: bool = False
    micro: int = Field(1, ge=1, le=65536)


class Regularisation(BaseModel):
    """Penalties on all parameters, and decay apart from the gradient.

    The objective is ``loss + l1 Σ|w| + l2/2 Σw²``; ``weight_decay`` takes ``η λ w`` off the
    weights beside the update (None: what the rule is known for, 0.01 for AdamW).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    l1: float = Field(0.0, ge=0, le=1e6, allow_inf_nan=False)
    l2: float = Field(0.0, ge=0, le=1e6, allow_inf_nan=False)
    weight_decay: float | None = Field(None, ge=0, le=1e3, allow_inf_nan=False)


class EarlyStopping(BaseModel):
    """Stop when the test loss has not fallen for ``patience`` evaluations; 0: never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    patience: int = Field(0, ge=0, le=1_000_000)
    min_delta: float = Field(0.0, ge=0, allow_inf_nan=False)


class Experiment(BaseModel):
    """Everything that decides a run.

    ``steps`` is the horizon that schedules are planned for, and where a run stops by itself;
    ``evaluate_every`` counts steps between two looks at the test set (0: once an epoch).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field("Untitled", max_length=200)
    seed: int = Field(0, ge=0, lt=2**63)
    steps: int = Field(1000, ge=1, le=1_000_000_000)
    evaluate_every: int = Field(0, ge=0, le=1_000_000_000)
    device: str = Field("cpu", max_length=20)
    precision: str = "float32"
    threads: int = Field(1, ge=1, le=256)
    data: Part = Part(kind="digits")
    split: Split = Split()
    batches: Batches = Batches()
    layers: tuple[Part, ...] = ()
    loss: Part = Part(kind="cross_entropy")
    optimizer: Part = Part(kind="adam")
    schedule: Part = Part(kind="constant")
    clip: Part = Part(kind="none")
    regularisation: Regularisation = Regularisation()
    early_stopping: EarlyStopping = EarlyStopping()

    @model_validator(mode="after")
    def _completed(self) -> Experiment:
        for name, table in TABLES.items():
            self.__dict__[name] = getattr(self, name).completed(table, name)
        layers = enumerate(self.layers)
        self.__dict__["layers"] = tuple(p.completed(LAYERS, f"layers.{i}") for i, p in layers)
        if self.precision not in PRECISIONS:
            known = ", ".join(PRECISIONS)
            raise ExperimentError(
                f"precision: {self.precision!r} is not known; choose from {known}."
            )
        return self

    @property
    def weight_decay(self) -> float:
        """The decoupled decay in force."""
        if self.regularisation.weight_decay is not None:
            return self.regularisation.weight_decay
        return OPTIMIZERS[self.optimizer.kind].weight_decay

    def changed(self, changes: Mapping[str, Any]) -> Experiment:
        """Return another description: ``{"optimizer.learning_rate": 0.01}`` and the like.

        A path names a field, an option, or a layer by its index; a new ``kind`` starts from
        its own defaults.

        Raises
        ------
        ExperimentError
            For a path there is not, or a value out of its range.
        """
        described = self.model_dump()
        described["layers"] = list(described["layers"])
        for path, value in changes.items():
            _set(described, path.split("."), value, path)
        return experiment(described)

    def value(self, path: str) -> Any:
        """Return what stands at a path, as ``changed`` names it (None if left open)."""
        found: Any = self.model_dump()
        for key in path.split("."):
            found = found[int(key)] if isinstance(found, list | tuple) else found.get(key)
        return found


def experiment(described: Mapping[str, Any]) -> Experiment:
    """Build an experiment from plain values, as they stand in a file.

    Raises
    ------
    ExperimentError
        In one sentence: what, where, what was wanted.
    """
    try:
        return Experiment.model_validate(dict(described))
    except ValidationError as error:
        raise ExperimentError(_in_words(error)) from None


def needs_reset(path: str) -> bool:
    """Say whether a change of this path needs the run to begin anew."""
    first, last = path.split(".")[0], path.split(".")[-1]
    table = LAYERS if first == "layers" else TABLES.get(first, {})
    named = [p for kind in table.values() for p in kind.parameters if p.name == last]
    return not all(p.live for p in named) if named else first in NEEDS_RESET


def _set(described: Any, keys: list[str], value: Any, path: str) -> None:
    *way, last = keys
    target = described
    try:
        for key in way:
            target = target[int(key) if isinstance(target, list) else key]
        if last == "kind":
            target.clear()
        target[int(last) if isinstance(target, list) else last] = value
    except (KeyError, IndexError, ValueError, TypeError, AttributeError):
        raise ExperimentError(f"{path}: there is no such setting.") from None


def _in_words(error: ValidationError) -> str:
    """Return the first complaint as a sentence."""
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, ExperimentError):
        return str(cause)
    where = ".".join(str(p) for p in first["loc"][:12]) or "experiment"
    if first["type"] == "extra_forbidden":
        return f"{where}: there is no such setting."
    wanted = first["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return f"{where}: wanted {wanted}, got {shown(first['input'])}."
