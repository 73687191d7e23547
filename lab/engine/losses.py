"""The table of losses, each with the targets it wants and what its outputs mean.

Targets are encoded by what the loss wants: ``index`` (int64 class), ``zero_one`` and ``sign``
(one float, 0/1 or −1/+1, for two classes), ``one_hot`` (C floats), ``value`` (a float).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError, Kind, Parameter
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
    import torch.nn.functional as F
    from torch import Tensor
else:
    torch = LazyModule("torch")
    F = LazyModule("torch.nn.functional")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How targets are written for a loss, and the number of outputs that answers them."""

    name: str
    outputs: int


@dataclass(frozen=True, slots=True)
class LossKind(Kind):
    """A loss: the formula, the targets it takes, the unit of its value.

    ``encodings`` lists what it can be given, from ``index zero_one sign one_hot value``.
    ``answer`` says how an output is read: ``softmax`` and ``sigmoid`` are probabilities,
    ``score`` is a number to compare, ``value`` an estimate.
    """

    formula: Callable[..., Tensor] | None = None
    encodings: tuple[str, ...] = ()
    unit: str = ""
    answer: str = "score"

    def encoding(self, classes: int) -> Encoding:
        """Return how the targets of ``classes`` classes (0: numbers) are to be written.

        Raises
        ------
        ExperimentError
            If this loss cannot judge such targets.
        """
        wanted = _CLASS_ENCODINGS[min(classes, 3)]
        for name in wanted:
            if name in self.encodings:
                return Encoding(name, 1 if name in {"sign", "zero_one", "value"} else classes)
        targets = f"{classes} classes" if classes else "numbers"
        fitting = ", ".join(n for n, k in LOSSES.items() if set(wanted) & set(k.encodings))
        raise ExperimentError(
            f"loss: {self.name} cannot judge {targets}; choose from {fitting}."
        )


_CLASS_ENCODINGS = {
    0: ("value",),
    1: ("index", "one_hot"),
    2: ("index", "zero_one", "sign", "one_hot"),
    3: ("index", "one_hot"),
}


def mse_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean of (output − target)². Shapes (N, K)."""
    return F.mse_loss(output, target)


def l1_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean of |output − target|. Shapes (N, K)."""
    return F.l1_loss(output, target)


def huber_loss(output: Tensor, target: Tensor, delta: float) -> Tensor:
    """Quadratic up to an error of delta, linear beyond. Shapes (N, K)."""
    return F.huber_loss(output, target, delta=delta)


def cross_entropy(output: Tensor, target: Tensor, label_smoothing: float) -> Tensor:
    """Mean of −log softmax(output)[target]. Shapes (N, C) and (N,)."""
    return F.cross_entropy(output, target, label_smoothing=label_smoothing)


def binary_cross_entropy_with_logits(output: Tensor, target: Tensor) -> Tensor:
    """Mean of −t log σ(o) − (1 − t) log(1 − σ(o)). Shapes (N, 1)."""
    return F.binary_cross_entropy_with_logits(output, target)


def hinge_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean of max(0, 1 − target · output), target −1 or +1. Shapes (N, 1)."""
    return torch.clamp(1 - target * output, min=0).mean()


def multi_margin_loss(output: Tensor, target: Tensor, margin: float) -> Tensor:
    """Mean over the wrong classes of max(0, margin − o[target] + o[j]). Shapes (N, C), (N,)."""
    return F.multi_margin_loss(output, target, margin=margin)


def kl_div(output: Tensor, target: Tensor, smoothing: float) -> Tensor:
    """Mean over samples of Σ t log(t / softmax(output)), t the smoothed one-hot target."""
    smoothed = target * (1 - smoothing) + smoothing / target.shape[1]
    return F.kl_div(F.log_softmax(output, dim=1), smoothed, reduction="batchmean")


_ANY_VALUE = ("value", "sign", "one_hot")
_SMOOTHING = Parameter("smoothing", 0.1, "share spread over all classes", 0, 1, open_high=True)

LOSSES: dict[str, LossKind] = {
    k.name: k
    for k in (
        LossKind(
            "cross_entropy",
            "Cross-entropy",
            "−log of the probability given to the right class.",
            (
                Parameter(
                    "label_smoothing",
                    0.0,
                    "share spread over all classes",
                    0,
                    1,
                    open_high=True,
                ),
            ),
            cross_entropy,
            ("index",),
            "nats",
            "softmax",
        ),
        LossKind(
            "binary_cross_entropy_with_logits",
            "Binary cross-entropy",
            "Cross-entropy of one logit and two classes.",
            (),
            binary_cross_entropy_with_logits,
            ("zero_one",),
            "nats",
            "sigmoid",
        ),
        LossKind(
            "mse_loss",
            "Mean squared error",
            "Mean of the squared difference.",
            (),
            mse_loss,
            _ANY_VALUE,
            "squared units",
        ),
        LossKind(
            "l1_loss",
            "Mean absolute error",
            "Mean of the absolute difference.",
            (),
            l1_loss,
            _ANY_VALUE,
            "units",
        ),
        LossKind(
            "huber_loss",
            "Huber",
            "Squared for small errors, absolute for large ones.",
            (Parameter("delta", 1.0, "where it turns linear", 0, open_low=True, symbol="δ"),),
            huber_loss,
            _ANY_VALUE,
            "squared units",
        ),
        LossKind(
            "hinge_loss",
            "Hinge",
            "Nothing beyond the margin, linear before it; two classes.",
            (),
            hinge_loss,
            ("sign",),
            "margin",
        ),
        LossKind(
            "multi_margin_loss",
            "Multi-class hinge",
            "Every wrong class has to stay a margin below the right one.",
            (Parameter("margin", 1.0, "distance wanted", 0, open_low=True),),
            multi_margin_loss,
            ("index",),
            "margin",
        ),
        LossKind(
            "kl_div",
            "Kullback–Leibler",
            "Divergence of the answer from the smoothed target.",
            (_SMOOTHING,),
            kl_div,
            ("one_hot",),
            "nats",
            "softmax",
        ),
    )
}


def build_loss(
    kind: LossKind, options: Mapping[str, Any]
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return ``loss(output, target)`` with the options filled in."""
    assert kind.formula is not None
    return partial(kind.formula, **options) if options else kind.formula
