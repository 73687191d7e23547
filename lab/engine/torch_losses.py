"""A single term of a loss as torch has it, from the same outputs: the proof of the terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from lab.engine.losses import LOSSES, build_loss
from lab.maths.worked_losses import SIGMOID, wanted

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from lab.maths.worked_losses import LocalLoss


def probability_of(loss: LocalLoss, place: int) -> float:
    """Return what torch makes of an output as a probability."""
    o = torch.tensor(loss.output[loss.row])
    p = torch.sigmoid(o) if loss.kind in SIGMOID else torch.softmax(o, 0)
    return float(p[place])


def term_of(loss: LocalLoss, place: int) -> float:
    """Return one term of the loss by torch's own function, the factor of its mean included."""
    return float(_term(loss, torch.tensor(loss.output[loss.row]), place))


def slope_of(loss: LocalLoss, place: int, *, is_term: bool) -> float:
    """Return the derivative of a term, or of a probability, by its own output: autograd's."""
    o = torch.tensor(loss.output[loss.row], requires_grad=True)
    if is_term:
        value = _term(loss, o, place)
    else:
        value = (torch.sigmoid(o) if loss.kind in SIGMOID else torch.softmax(o, 0))[place]
    (slope,) = torch.autograd.grad(value, o)
    return float(slope[place])


def _term(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    return TERMS.get(loss.kind, _alone)(loss, o, place) / loss.shares


def _target(loss: LocalLoss) -> Tensor:
    return torch.tensor(wanted(loss)[loss.row])


def _judge(loss: LocalLoss) -> Callable[[Tensor, Tensor], Tensor]:
    return build_loss(LOSSES[loss.kind], dict(loss.options))


def _alone(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    """Return the loss of one output as if there were no others."""
    return _judge(loss)(o[place].reshape(1, 1), _target(loss)[place].reshape(1, 1))


def _cross_entropy(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    y = _target(loss)
    share = torch.zeros_like(y)
    share[place] = y[place]
    return F.cross_entropy(o[None], share[None])


def _divergence(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    return F.kl_div(F.log_softmax(o, 0), _target(loss), reduction="none")[place]


def _margin(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    right = int(np.asarray(loss.target)[loss.row])
    if place == right:
        return 0.0 * o[place]
    pair = torch.stack([o[right], o[place]])[None]
    return _judge(loss)(pair, torch.tensor([0])) * 2


TERMS: dict[str, Callable[[LocalLoss, Tensor, int], Tensor]] = {
    "cross_entropy": _cross_entropy,
    "kl_div": _divergence,
    "multi_margin_loss": _margin,
}
"""By the name of a loss whose terms depend on all outputs; of any other each stands alone."""
