"""The pass and the update as torch makes them: in float64 as a proof, or as the run does."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lab.engine.clips import CLIPS
from lab.engine.flat import pieces
from lab.engine.losses import LOSSES, build_loss
from lab.engine.modules import Dropout
from lab.engine.networks import leaf_modules
from lab.engine.optimizers import OPTIMIZERS, bare_step, build_optimizer
from lab.engine.proofs import Recorded, _Keeper
from lab.engine.seeds import seed_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor, nn

    from lab.engine.trainer import Trainer
    from lab.maths.activations import Array


def own_pass(
    trainer: Trainer, x: Array, target: Any, *, training: bool
) -> tuple[nn.Module, dict[str, Recorded], Array]:
    """Pass samples through a copy of the network as the trainer does, in its precision.

    Dropouts draw the masks of the very iteration that is in progress, or comes next, and a
    batch goes in as many pieces as it would. The network itself is left as it is.

    Returns
    -------
    copy
        The copy, whose dropouts hold their masks.
    records
        What went through each layer by its name, in float64.
    output
        What the network gave.
    """
    copy = deepcopy(trainer.network).train(training)
    drawn = [m for m in copy.modules() if isinstance(m, Dropout)]
    for index, module in enumerate(drawn):
        seed = seed_of(trainer.experiment.seed, f"dropout/{index}", trainer.step_number + 1)
        module.seed, module.mask = seed, None
    leaves = dict(leaf_modules(copy))
    kept = {name: _Keeper(module, training=False) for name, module in leaves.items()}
    count = trainer.pieces_of(len(x)) if training else 1
    xs, targets = (np.array_split(t, count) for t in (x, target))
    begins = np.cumsum([0, *map(len, xs)])
    passed: list[dict[str, list[Array]]] = []
    outputs, masks = [], []
    for piece, wanted, begin in zip(xs, targets, begins, strict=False):
        for module in drawn:
            module.place = (int(begin), len(x))
        outputs.append(_pass(trainer, copy, piece, wanted, len(piece) / len(x)))
        passed.append({name: _passed(one) for name, one in kept.items()})
        masks.append([module.mask for module in drawn])
    for module, *own in zip(drawn, *masks, strict=True):
        module.place, module.mask = (0, 0), None if own[0] is None else torch.cat(own)
    records = {n: _record(leaf, [p[n] for p in passed]) for n, leaf in leaves.items()}
    for leaf in leaves.values():
        leaf._forward_hooks.clear()
        leaf._forward_pre_hooks.clear()
    for parameter in copy.parameters():
        parameter.grad = None
    return copy, records, np.concatenate(outputs)


def _pass(trainer: Trainer, network: nn.Module, x: Array, target: Any, share: float) -> Array:
    """Pass samples forward and back, and return what the network gave."""
    start = _tensor(trainer, x).requires_grad_(x.dtype.kind == "f")
    output = _answer(trainer, network, start)
    loss = trainer.experiment.loss
    judge = build_loss(LOSSES[loss.kind], loss.as_dict())
    wanted = torch.as_tensor(np.array(target), device=trainer.device.torch)
    wanted = wanted if trainer.data.encoding.name == "index" else wanted.to(trainer.dtype)
    torch.autograd.backward(judge(output, wanted) * share)
    return _double(output)


def _passed(kept: _Keeper) -> list[Array]:
    return [_double(kept.a), _double(kept.z), _slope(kept.a), _slope(kept.z)]


def _record(module: nn.Module, passed: Iterable[list[Array]]) -> Recorded:
    """Put together what has passed a layer in pieces."""
    a, z, d_a, d_z = (np.concatenate(parts) for parts in zip(*passed, strict=True))
    return Recorded(a, z, d_a, d_z, {n: _slope(p) for n, p in module.named_parameters()})


def _slope(tensor: Tensor) -> Array:
    return _double(tensor.grad if tensor.grad is not None else torch.zeros_like(tensor))


def _tensor(trainer: Trainer, x: Array) -> Tensor:
    found = torch.as_tensor(np.array(x), device=trainer.device.torch)
    return found.to(trainer.dtype) if found.is_floating_point() else found


def _answer(trainer: Trainer, network: nn.Module, x: Tensor) -> Tensor:
    if trainer.experiment.precision != "bfloat16":
        output: Tensor = network(x)
        return output
    with torch.autocast(trainer.device.torch.type, torch.bfloat16):
        output = network(x)
    return output.float()


def _double(tensor: Tensor) -> Array:
    return np.array(tensor.detach().cpu().double().numpy())


@dataclass(frozen=True, slots=True, eq=False)
class TorchUpdate:
    """What torch's optimizer makes of gradients: updates and slots by the weight's name.

    ``count`` is its own count of updates, this one included; NaN where it keeps none.
    """

    deltas: dict[str, Array]
    state: dict[str, dict[str, Array]]
    count: float


def torch_update(
    trainer: Trainer, gradients: Mapping[str, Array], dtype: torch.dtype | None = None
) -> TorchUpdate:
    """Return the update of the next iteration by torch.optim, on copies of weights and state.

    Penalties, clipping and decay are added as the trainer adds them. In the run's own
    precision, ``dtype``, this is what the trainer will do; without one it is found in float64
    and from zero, where no digits of a small update are lost in a large weight.
    """
    is_proof, dtype = dtype is None, dtype or torch.float64
    settings = trainer.experiment
    own = list(trainer.network.parameters())
    names = [n for n, _ in trainer.network.named_parameters()]
    device = trainer.device.torch
    joined = np.concatenate([gradients[n].ravel() for n in names])
    g = torch.as_tensor(joined).to(device, dtype)
    before = trainer.state.values.to(dtype, copy=True)
    weights = torch.nn.Parameter(before.clone())
    rule = build_optimizer(
        OPTIMIZERS[settings.optimizer.kind], settings.optimizer.as_dict(), weights
    )
    rule.state[weights].update(_state(trainer, dtype))
    penalty, clip = settings.regularisation, settings.clip
    if penalty.l1:
        g.add_(before.sign(), alpha=penalty.l1)
    if penalty.l2:
        g.add_(before, alpha=penalty.l2)
    bound = CLIPS[clip.kind].bound
    if bound is not None:
        bound(g, float(torch.linalg.vector_norm(g)), clip.as_dict())
    rate = trainer.learning_rate
    weights.grad, rule.param_groups[0]["lr"] = g, rate
    if is_proof:
        weights.data.zero_().sub_(before, alpha=rate * settings.weight_decay)
        begun = torch.zeros_like(before)
    else:
        weights.data.mul_(1 - rate * settings.weight_decay)
        begun = before
    bare_step(rule)()
    after = weights.data.double() - begun.double()
    moved = dict(zip(names, _cut(after, own), strict=True))
    slots = {
        slot: dict(zip(names, _cut(tensor, own), strict=True))
        for slot, tensor in rule.state[weights].items()
        if tensor.numel() == before.numel() and tensor.ndim
    }
    count = rule.state[weights].get("step", torch.tensor(torch.nan))
    return TorchUpdate(moved, slots, float(count))


def _cut(vector: Tensor, like: list[Any]) -> list[Array]:
    return [_double(piece) for piece in pieces(vector, like)]


def _state(trainer: Trainer, dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        name: tensor.to(torch.float32 if name == "step" else dtype, copy=True)
        for name, tensor in trainer.state.optimizer_state.items()
    }
