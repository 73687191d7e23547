"""The torch modules of sequences, written plainly; small enough to be pasted into a script.

A sequence is (N, T, D): N samples of T tokens, D numbers each.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Embedding(nn.Embedding):
    """Look up the vector of each token; tokens come as numbers of any type, (N, T)."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors, (N, T, D)."""
        return super().forward(x.long())


class AsSequence(nn.Module):
    """Take the rows of an image, or the numbers of a sample, for the tokens of a sequence."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, H, CW) of images (N, C, H, W), and (N, D, 1) of features (N, D)."""
        return x.unsqueeze(2) if x.ndim == 2 else x.transpose(1, 2).flatten(2)


class PositionalEncoding(nn.Module):
    """Add to every token what tells its place: waves of falling frequency, or learned numbers.

    Source: Vaswani et al., arXiv:1706.03762, section 3.5.
    """

    def __init__(self, tokens: int, width: int, learned: bool = False) -> None:
        super().__init__()
        self.tokens, self.width, self.learned = tokens, width, learned
        start = nn.Parameter(torch.empty(tokens, width).normal_(std=0.02)) if learned else None
        self.weight: nn.Parameter | None
        self.register_parameter("weight", start)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` and the place of each token, (N, T, D)."""
        return x + (self.waves(x) if self.weight is None else self.weight)

    def waves(self, x: Tensor) -> Tensor:
        """Return sin(p/10000^{2i/D}) in the even columns 2i, cos in the odd ones, (T, D)."""
        place, column = (torch.arange(n, device=x.device) for n in (self.tokens, self.width))
        angle = place[:, None] / 10_000.0 ** ((column - column % 2).double() / self.width)
        return torch.where(column % 2 == 0, angle.sin(), angle.cos()).to(x.dtype)

    def extra_repr(self) -> str:
        """Return the arguments, so that the repr is the code that builds it."""
        return f"{self.tokens}, {self.width}, learned={self.learned}"


class Attention(nn.Module):
    """Let every token look at all: softmax(QKᵀ/√d)V, in several heads side by side.

    The keys have no bias: it would add the same to all that a token compares, which softmax
    does not see. Source: Vaswani et al., arXiv:1706.03762, section 3.2.
    """

    def __init__(
        self, width: int, heads: int = 1, causal: bool = False, bias: bool = True
    ) -> None:
        super().__init__()
        self.width, self.heads, self.causal = width, heads, causal
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=bias)
        self.out = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return what each token gathers of the others, (N, T, D)."""
        mixed = self.weights(x) @ self._by_head(self.value(x))  # (N, H, T, d)
        gathered: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return gathered

    def weights(self, x: Tensor) -> Tensor:
        """Return how much each token looks at which, (N, H, T, T); rows sum to 1."""
        query, key = self._by_head(self.query(x)), self._by_head(self.key(x))
        scores = query @ key.transpose(2, 3) / (self.width // self.heads) ** 0.5
        if self.causal:  # nobody looks at what comes later
            later = torch.ones(scores.shape[2:], dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(later, -torch.inf)
        return torch.softmax(scores, dim=3)

    def _by_head(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)  # (N, H, T, d)

    def extra_repr(self) -> str:
        """Return the arguments, so that the repr is the code that builds it."""
        bias = self.out.bias is not None
        return f"{self.width}, heads={self.heads}, causal={self.causal}, bias={bias}"


class Recurrent(nn.Module):
    """What goes through a sequence token by token and remembers: its weights.

    ``weight_ih`` meets the token and ``weight_hh`` the state, each a block of rows a gate.
    They begin uniform within ±1/√units, as torch has it.
    """

    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def __init__(self, gates: int, width: int, units: int, returns: str, bias: bool) -> None:
        super().__init__()
        self.width, self.units, self.returns, self.has_bias = width, units, returns, bias
        rows, bound = gates * units, units**-0.5
        self.weight_ih = nn.Parameter(torch.empty(rows, width).uniform_(-bound, bound))
        self.weight_hh = nn.Parameter(torch.empty(rows, units).uniform_(-bound, bound))
        for name in ("bias_ih", "bias_hh"):
            start = nn.Parameter(torch.empty(rows).uniform_(-bound, bound)) if bias else None
            self.register_parameter(name, start)

    def of_tokens(self, x: Tensor) -> tuple[Tensor, ...]:
        """Return what the gates get of each token, T tensors (N, gates · units)."""
        return F.linear(x, self.weight_ih, self.bias_ih).unbind(1)

    def handed_on(self, states: list[Tensor]) -> Tensor:
        """Return all states, (N, T, units), or the last, (N, units)."""
        return torch.stack(states, dim=1) if self.returns == "all" else states[-1]

    def extra_repr(self) -> str:
        """Return the arguments, so that the repr is the code that builds it."""
        return f"{self.width}, {self.units}, returns={self.returns!r}, bias={self.has_bias}"


class GRU(Recurrent):
    """Gated recurrent unit: h ← (1 − z) ⊙ n + z ⊙ h, gates r, z and candidate n.

    Source: Cho et al., arXiv:1406.1078, in the variant of torch.
    """

    def __init__(
        self, width: int, units: int, returns: str = "last", bias: bool = True
    ) -> None:
        super().__init__(3, width, units, returns, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states after each token, or the last."""
        h = x.new_zeros(x.shape[0], self.units)
        states = []
        for of_token in self.of_tokens(x):
            of_state = F.linear(h, self.weight_hh, self.bias_hh)
            (r, z, n), (r_h, z_h, n_h) = of_token.chunk(3, dim=1), of_state.chunk(3, dim=1)
            r, z = torch.sigmoid(r + r_h), torch.sigmoid(z + z_h)
            n = torch.tanh(n + r * n_h)
            h = n + z * (h - n)
            states.append(h)
        return self.handed_on(states)


class LSTM(Recurrent):
    """Long short-term memory: c ← f ⊙ c + i ⊙ g, h = o ⊙ tanh c, gates i, f, o, candidate g.

    Source: Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    def __init__(
        self, width: int, units: int, returns: str = "last", bias: bool = True
    ) -> None:
        super().__init__(4, width, units, returns, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return the states after each token, or the last."""
        h = c = x.new_zeros(x.shape[0], self.units)
        states = []
        for of_token in self.of_tokens(x):
            sums = of_token + F.linear(h, self.weight_hh, self.bias_hh)
            i, f, g, o = sums.chunk(4, dim=1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
            states.append(h)
        return self.handed_on(states)


class MeanOverTokens(nn.Module):
    """The mean of all tokens of a sequence."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, D) of (N, T, D)."""
        return x.mean(dim=1)


class TransformerBlock(nn.Module):
    """Attention and a feed-forward network, each normalised and added to what came in."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layers inside make of a sequence, (N, T, D)."""
        made: Tensor = self.inner(x)
        return made
