"""A single term of a loss as torch has it, from the same outputs: the proof of the terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from lab.engine.losses import LOSSES, build_loss
from lab.maths.worked_losses import SIGMOID, wanted

if TYPE_CHECKING:
    from torch import Tensor

    from lab.maths.worked_losses import LocalLoss

H = 1e-5


def probability_of(loss: LocalLoss, place: int) -> float:
    """Return what torch makes of an output as a probability."""
    o = torch.tensor(loss.output[loss.row])
    p = torch.sigmoid(o) if loss.kind in SIGMOID else torch.softmax(o, 0)
    return float(p[place])


def term_of(loss: LocalLoss, place: int) -> float:
    """Return one term of the loss by torch's own function, the factor of its mean included."""
    return float(_term(loss, torch.tensor(loss.output[loss.row]), place))


def slope_of_term(loss: LocalLoss, place: int) -> tuple[float, float]:
    """Return the derivative of one term by its output: by autograd, and as a difference."""
    o = torch.tensor(loss.output[loss.row], requires_grad=True)
    (slope,) = torch.autograd.grad(_term(loss, o, place), o)
    h = torch.zeros_like(o)
    h[place] = H * max(1.0, abs(float(loss.output[loss.row, place])))
    with torch.no_grad():
        up, down = (_term(loss, o + sign * h, place) for sign in (1, -1))
    return float(slope[place]), float((up - down) / (2 * h[place]))


def _term(loss: LocalLoss, o: Tensor, place: int) -> Tensor:
    y = torch.tensor(wanted(loss)[loss.row])
    if loss.kind == "cross_entropy":
        share = torch.zeros_like(y)
        share[place] = y[place]
        return F.cross_entropy(o[None], share[None]) / loss.shares
    if loss.kind == "kl_div":
        logs = F.log_softmax(o, 0)
        return F.kl_div(logs, y, reduction="none")[place] / loss.shares
    judge = build_loss(LOSSES[loss.kind], dict(loss.options))
    if loss.kind == "multi_margin_loss":
        right = int(np.asarray(loss.target)[loss.row])
        if place == right:
            return 0.0 * o[place]
        pair = torch.stack([o[right], o[place]])[None]
        return judge(pair, torch.tensor([0])) * 2 / loss.shares
    return judge(o[place].reshape(1, 1), y[place].reshape(1, 1)) / loss.shares
