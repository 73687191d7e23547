"""A run written out as one Python file that needs neither Nabla nor anything of it.

The file makes the arithmetic of ``lab.engine.trainer`` in its order, from the same data, first
weights, batches and masks, and replays the log of edits; so its losses are the run's, to the
bit. Formulas are carried over as source; the rest is a template that holds the training loop
(``resources/run_script.txt``), of which only what this run needs is kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from lab.engine.data import prepare
from lab.engine.edits import require_replayable
from lab.engine.foreign import require_own
from lab.engine.hand_edits import is_by_hand, number
from lab.engine.lazy import LazyModule
from lab.engine.literals import Code, keywords, literal, wrapped
from lab.engine.losses import LOSSES
from lab.engine.networks import blank_network, least_rows
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.schedules import SCHEDULES
from lab.engine.script_data import DataCode, data_code
from lab.engine.script_network import first_weights, layer_lines
from lab.engine.script_settings import Settings, settings_of
from lab.engine.script_sources import carried, renamed
from lab.engine.script_template import filled
from lab.engine.seeds import seed_of
from lab.resources import path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from lab.engine import batches, modules, trainer
    from lab.engine.data import Data
    from lab.engine.experiment import Experiment
    from lab.engine.records import Record
else:
    batches = LazyModule("lab.engine.batches")
    modules = LazyModule("lab.engine.modules")
    trainer = LazyModule("lab.engine.trainer")


_IMPORTS = (
    (r"\bmath\.", "import math"),
    (r"\bsys\.", "import sys"),
    (r"\bIterator\[", "from collections.abc import Iterator"),
    (r"\bblake2b\(", "from hashlib import blake2b"),
    (r"\bPath\(", "from pathlib import Path"),
    (r"\bSimpleNamespace\(", "from types import SimpleNamespace"),
    (r": Any\b", "from typing import Any"),
    ("", ""),
    (r"\bnp\.", "import numpy as np"),
    ("", "import torch"),
    (r"\bF\.", "import torch.nn.functional as F"),
    (r"\bdatasets\.", "from sklearn import datasets"),
    ("", "from torch import Tensor, nn"),
    (r"\bArray\b", "\nArray = np.ndarray"),
)
"""In the order of the file: an import is made if the script matches its pattern."""

_MEANINGS = {
    "horizon": "steps that the schedule is planned for",
    "batch_size": "samples in a batch",
    "pieces": "in which a batch is computed",
    "clip_norm": "the gradient is shortened to this length",
    "clip_value": "bound of every element of the gradient",
    "weight_decay": "share of the weights, times the learning rate, taken off at a step",
}


def script(record: Record, file_name: str, data: Data | None = None) -> str:
    """Return the text of the file.

    Parameters
    ----------
    record
        The run. Without any step, the script takes those of the description.
    file_name : str
        What the file will be called; for data of one's own, `needs_arrays`, the arrays go
        beside it under the same name with the ending ``.npz``.
    data
        The prepared data, if they are at hand; otherwise they are prepared anew.

    Raises
    ------
    ExperimentError
        If the description cannot be trained, or its file not be read.
    """
    require_replayable(record.edits)
    require_own(record.experiment.layers, "a script cannot hold it; export the weights")
    parts = _Parts(record, file_name, data or prepare(record.experiment))
    text = path("run_script.txt").read_text("utf-8")
    body = filled(text, {**parts.values, "imports": ""}, parts.on)
    return filled(text, {**parts.values, "imports": _imports(body)}, parts.on)


def needs_arrays(experiment: Experiment) -> bool:
    """Say whether the script reads its data from a file beside it."""
    return data_code(experiment).file


def _imports(body: str) -> str:
    lines = [line for pattern, line in _IMPORTS if re.search(pattern, body)]
    return "\n".join(lines)


@dataclass(frozen=True)
class _Parts:
    """What is put into the template for one run."""

    record: Record
    file_name: str
    made: Data

    @cached_property
    def experiment(self) -> Experiment:
        return self.record.experiment

    @cached_property
    def data(self) -> DataCode:
        return data_code(self.experiment)

    @cached_property
    def network(self) -> nn.Sequential:
        made = self.made
        return blank_network(self.experiment.layers, made.shape, made.encoding.outputs)

    @cached_property
    def settings(self) -> Settings:
        return settings_of(self.experiment, self.record.edits, len(self.made.train))

    @cached_property
    def on(self) -> frozenset[str]:
        """The marks of the template that hold."""
        settings, e = self.settings, self.experiment
        edited = settings.edited
        on = set(settings.used) | {f"{name}_edited" for name in edited}
        on |= {"normalised"} if least_rows(e.layers) > 1 else set()
        on |= {"edits"} if edited else set()
        on |= {"by_hand"} if self._weights_by_hand else set()
        on |= {"file"} if self.data.file else set()
        on |= {"standardise"} if e.split.standardise and not self.data.file else set()
        on |= {"mixed"} if e.precision == "bfloat16" else set()
        on |= {"batches"} if "batch_size" in settings.used else set()
        on |= {"batches_edited"} if "batch_size" in edited else set()
        on |= {"memory"} if self._needs_memory else set()
        on |= {"rate"} if self._needs_memory or edited & {"learning_rate"} else set()
        return frozenset(on | ({"rate"} if "schedule" in on else set()))

    @property
    def _wish(self) -> str:
        """The device of the run: the CPU where it computed although another was wished for."""
        on_cpu = self.record.recorded.device == "CPU"
        return "cpu" if on_cpu else self.experiment.device

    @property
    def _needs_memory(self) -> bool:
        """Whether the state of the optimizer has to be laid out as the engine does.

        torch makes the same at the first step, but where an edit takes it over, on a GPU, and
        for numbers that it keeps in single precision beside weights in double.
        """
        _, _, memory = self.settings.start["optimizer"]
        doubled = self.experiment.precision == "float64" and "mu_product" in memory
        return doubled or self._wish != "cpu" or "optimizer" in self.settings.edited

    @cached_property
    def values(self) -> dict[str, str]:
        """What the names of the template stand for."""
        e, encoding = self.experiment, self.made.encoding
        loss = LOSSES[e.loss.kind]
        assert loss.formula is not None
        return {
            "title": _in_docstring(e.title) or "Untitled",
            "file_name": _in_docstring(self.file_name),
            "versions": _versions(self.data.needs_sklearn),
            "steps": str(self.record.steps or e.steps),
            "seed": str(e.seed),
            "device": _device(self._wish),
            "dtype": "torch.float64" if e.precision == "float64" else "torch.float32",
            "threads": str(e.threads),
            "constants": self._constants(),
            "seed_of": carried(seed_of),
            "data_sources": self.data.sources,
            "load": self.data.load,
            "encoding": literal(encoding.name),
            "classes": str(self.made.classes),
            "target_dtype": "" if encoding.name == "index" else ", DTYPE",
            "modules": carried(*self._modules()),
            "layers": "\n".join(layer_lines(e.layers, self.network)),
            "initialise": "\n".join(first_weights(e.layers)),
            "loss": renamed(loss.formula, "loss", e.loss.as_dict()),
            "training_sources": carried(*self._training()),
            "start_and_edits": f"{self._start_and_edits()}\n{self._set_by_hand()}".strip(),
            **self._loop(),
        }

    def _modules(self) -> Iterator[Any]:
        used = dict.fromkeys(type(m) for m in self.network.modules())
        yield from (c for c in used if c.__module__.startswith("lab."))
        if any(first_weights(self.experiment.layers)):
            yield modules.initialise

    def _training(self) -> Iterator[Any]:
        if "batches" in self.on:
            yield batches.order_of_epoch
        if "schedule" in self.on:
            yield from (SCHEDULES[kind].factor for kind in self.settings.schedules)
        if "clip_norm" in self.on:
            yield trainer.norm

    # Settings: constants where nobody has edited them, otherwise attributes of ``now``.

    def _constants(self) -> str:
        lines = [_assignment(name, value) for name, value in self.data.constants.items()]
        shown = self.settings.used - self.settings.edited - _INLINE
        for name in (n for n in self.settings.start if n in shown):
            lines.append(
                _assignment(name.upper(), self.settings.start[name], _MEANINGS.get(name))
            )
        if self._needs_memory and "optimizer" not in self.settings.edited:
            lines.append(_assignment("OPTIMIZER", self.settings.start["optimizer"]))
        return "\n".join(lines)

    def _named(self, setting: str) -> str:
        return f"now.{setting}" if setting in self.settings.edited else setting.upper()

    def _loop(self) -> dict[str, str]:
        """Return what the training loop calls its settings."""
        names = ("batch_size", "shuffle", "pieces")
        return {
            **{name: self._named(name) for name in names},
            "per_epoch": self._per_epoch(),
            "optimizer": self._optimizer(),
            "answer": "answer(net, " if "mixed" in self.on else "net(",
            "rate": self._rate(),
            "lr": "rate" if "rate" in self.on else "LEARNING_RATE",
        }

    def _per_epoch(self) -> str:
        if "per_epoch" in self.settings.edited:
            return "now.per_epoch"
        n = "len(train_x)"
        return (
            f"{n} // BATCH_SIZE"
            if self.experiment.batches.drop_last
            else f"-(-{n} // BATCH_SIZE)"
        )

    def _optimizer(self) -> str:
        if self._needs_memory:
            return f"optimizer = optimizer_of({self._named('optimizer')}, weights)"
        name, options, _ = self.settings.start["optimizer"]
        decays = {k.torch_name: k.weight_decay for k in OPTIMIZERS.values()}
        plain = {"weight_decay": 0.0} if decays[name] else {}  # torch has it of its own
        rate = {"lr": Code(self._named("learning_rate"))}
        shown = {k: v for k, v in options.items() if v}  # what is off is off in torch, too
        return wrapped(
            f"optimizer = torch.optim.{name}", f"[weights]{keywords(rate | shown | plain)}"
        )

    def _rate(self) -> str:
        rate = self._named("learning_rate")
        if "schedule" not in self.on:
            return rate
        horizon = self._named("horizon")
        if "schedule" in self.settings.edited:
            return f"{rate} * schedule(step - 1, {horizon}, **options)"
        formula, options = self.settings.start["schedule"]
        return f"{rate} * {formula}(step - 1, {horizon}{keywords(options)})"

    @cached_property
    def _weights_by_hand(self) -> dict[int, tuple[tuple[str, int, float], ...]]:
        """The weights set by hand after each step: name, place, value."""
        made = [e for e in self.record.edits if is_by_hand(e.what)]
        return {
            step: tuple((*number(e.what), e.new) for e in made if e.step == step)
            for step in sorted({e.step for e in made})
        }

    def _set_by_hand(self) -> str:
        if not self._weights_by_hand:
            return ""
        return (
            "# Weights that were set by hand after which step: name, place row by row, value\n"
            f"WEIGHTS = {literal(self._weights_by_hand, 0, 10)}"
        )

    def _start_and_edits(self) -> str:
        settings = self.settings
        if not settings.edits:
            return ""
        start = {name: v for name, v in settings.start.items() if name in settings.edited}
        return (
            "# Settings that were edited while the run went on: as they began, and what they\n"
            f"# became after which step\nSTART = {literal(start, 0, 8)}\n"
            f"EDITS = {literal(settings.edits, 0, 8)}"
        )


_INLINE = frozenset({"optimizer", "schedule", "per_epoch", "dropout"})
"""Settings that are no constant of the script, as they stand where they are used."""


def _assignment(name: str, value: Any, meaning: str | None = None) -> str:
    comment = f"  # {meaning}" if meaning else ""
    return f"{name} = {literal(value, 0, len(name) + 3)}{comment}"


def _in_docstring(text: str) -> str:
    """Return a foreign text on one line, with nothing that could end a docstring."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.replace("\\", "/").replace('"', "'").split())


def _device(wish: str) -> str:
    """Return the device a script asks for: as the engine does, the CPU if it is not there."""
    cuda = re.fullmatch(r"cuda(?::(\d+))?", wish)
    if not cuda:
        return '"cpu"'
    index = int(cuda[1] or 0)
    return f'"cuda:{index}" if torch.cuda.device_count() > {index} else "cpu"'


def _versions(has_sklearn: bool) -> str:
    """Return the libraries and their versions, in words."""
    from importlib.metadata import version

    names = ["torch", "numpy", *(["scikit-learn"] if has_sklearn else [])]
    shown = [f"{name} {version(name)}" for name in names]
    return f"{', '.join(shown[:-1])} and {shown[-1]}"
