"""The torch modules that the lab brings itself; small enough to be pasted into a script."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Dropout(nn.Module):
    """Switch units off with probability p, and scale the others by 1/(1 − p).

    The mask comes from a generator of its own, seeded anew for every step: a step that is
    gone back to drops the same units, and nothing else that draws numbers can change them. A
    piece of a batch (``place``) gets its rows of the mask of the whole.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p
        self.seed = 0
        self.place = (
            0,
            0,
        )  # first row, and size of the batch x is a piece of (0: x is all)
        self.mask: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x * mask / (1 - p)`` in training, ``x`` otherwise."""
        if not self.training or self.p == 0:
            return x
        generator = torch.Generator(x.device).manual_seed(self.seed)
        first, whole = self.place
        mask = x.new_empty((whole or len(x), *x.shape[1:]))
        self.mask = mask.bernoulli_(1 - self.p, generator=generator)[first : first + len(x)]
        return x * self.mask / (1 - self.p)

    def extra_repr(self) -> str:
        """Return the arguments, so that the repr is the code that builds it."""
        return f"{self.p}"


class Step(nn.Module):
    """1 where z > 0, else 0. Its derivative is 0 wherever it has one."""

    def forward(self, z: Tensor) -> Tensor:
        """Return the step of each element."""
        return (z > 0).to(z.dtype) + 0 * z  # the second term carries the zero gradient back


class CELU(nn.CELU):
    """max(0, z) + min(0, α(e^{z/α} − 1)), in double precision as exact as any other.

    Why not torch's own: its backward pass rounds 1/α to single precision (torch 2.13).
    """

    def forward(self, z: Tensor) -> Tensor:
        """Return α times the ELU of z/α."""
        return self.alpha * F.elu(z / self.alpha)


class Hardsigmoid(nn.Hardsigmoid):
    """min(1, max(0, z/6 + 1/2)), in double precision as exact as any other.

    Why not torch's own: its backward pass takes 1/6 in single precision (torch 2.13).
    """

    def forward(self, z: Tensor) -> Tensor:
        """Return a sixth of the ReLU6 of z + 3."""
        return F.relu6(z + 3) / 6


class Residual(nn.Module):
    """Add what comes in to what the layers inside make of it: ``x + F(x)``."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x + inner(x)``."""
        inner: Tensor = self.inner(x)
        return x + inner


def initialise(module: nn.Module, name: str, std: float, gain: float) -> None:
    """Draw the weights of a layer, times ``gain``; its biases become 0.

    ``default`` keeps what torch has drawn, biases and all. Sources: Glorot and Bengio 2010, He
    et al. arXiv:1502.01852, LeCun et al. 1998, Saxe et al. arXiv:1312.6120.
    """
    for parameter in module.parameters():
        if parameter.ndim > 1:
            draw(parameter, name, std, gain)
        elif name != "default":
            nn.init.zeros_(parameter)


def draw(weight: Tensor, name: str, std: float, gain: float) -> None:
    """Draw one weight, units in rows, in the way of this name."""
    if name == "lecun_normal":
        nn.init.normal_(weight, std=weight[0].numel() ** -0.5)
    elif name == "normal":
        nn.init.normal_(weight, std=std)
    elif name.startswith("kaiming"):
        getattr(nn.init, f"{name}_")(weight, nonlinearity="relu")
    elif name != "default":
        getattr(nn.init, f"{name}_")(weight)
    with torch.no_grad():
        weight.mul_(gain)
