"""Where the first number that is not finite stands: sample, layer, loss, gradient, weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from lab.engine.networks import leaf_modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn

    from lab.engine.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Finding:
    """The first tensor of an iteration that is not finite."""

    step: int
    tensor: str
    bad: int
    size: int
    sample: int | None = None

    def __str__(self) -> str:
        where = (
            f", first in sample {self.sample} of the data" if self.sample is not None else ""
        )
        return (
            f"Step {self.step}: {self.tensor} is not finite "
            f"({self.bad:,} of {self.size:,} values{where})."
        )


class Diverged(ArithmeticError):
    """An iteration met a number that is not finite; the state before it is kept."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def find(trainer: Trainer) -> Finding:
    """Look for the first tensor that is not finite, in the order an iteration makes them.

    The half-done iteration of ``trainer`` is left as if it had not begun.
    """
    step = trainer.step_number + 1
    gradients = {
        n: p.grad.clone() for n, p in trainer.network.named_parameters() if p.grad is not None
    }
    for name, tensor, has_samples in _tensors(trainer, gradients):
        bad = ~torch.isfinite(tensor)
        if bad.any():
            sample = _first_sample(trainer, bad) if has_samples else None
            return Finding(step, name, int(bad.sum()), bad.numel(), sample)
    return Finding(step, "the loss", 1, 1)


def find_after_update(trainer: Trainer) -> Finding | None:
    """Look for what an update has broken: a weight, or what the optimizer keeps."""
    weights = trainer.network.named_parameters()
    kept = trainer.state.optimizer_state.items()
    named = [(f"the weight {n}", w.detach()) for n, w in weights]
    named += [(f"what the optimizer keeps as {n}", t) for n, t in kept]
    for name, tensor in named:
        bad = ~torch.isfinite(tensor)
        if bad.any():
            where = f"{name}, after its update,"
            return Finding(trainer.step_number, where, int(bad.sum()), bad.numel())
    return None


def _tensors(
    trainer: Trainer, gradients: dict[str, Tensor]
) -> Iterator[tuple[str, Tensor, bool]]:
    """Yield name, tensor and whether its rows are samples."""
    for name, parameter in trainer.network.named_parameters():
        yield f"the weight {name}", parameter.detach(), False
    x, _ = trainer.batches.at(trainer.step_number + 1)
    yield "the input", x, True
    yield from _outputs(trainer)
    yield "the loss", torch.tensor(trainer.loss_value), False
    for name, gradient in gradients.items():
        yield f"the gradient of {name}", gradient, False


def _outputs(trainer: Trainer) -> list[tuple[str, Tensor, bool]]:
    """Carry out the forward pass once more, and keep what every layer gives.

    A batch that is computed in pieces is put together again.
    """
    seen: dict[str, list[Tensor]] = {}

    def keep(label: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: Tensor) -> None:
            seen.setdefault(label, []).append(output.detach())

        return hook

    trainer.discard()
    labels = (
        (f"the output of layer {n} ({type(m).__name__})", m)
        for n, m in leaf_modules(trainer.network)
    )
    hooks = [module.register_forward_hook(keep(label)) for label, module in labels]
    try:
        trainer.forward()
        trainer.discard()
    finally:
        for hook in hooks:
            hook.remove()
    return [(label, torch.cat(parts), True) for label, parts in seen.items()]


def _first_sample(trainer: Trainer, bad: Tensor) -> int:
    """Return the row of the data in which the first bad value stands."""
    row = int(bad.reshape(len(bad), -1).any(dim=1).nonzero()[0])
    rows = trainer.data.train[trainer.batches.indices(trainer.step_number + 1)]
    return int(rows[row])
