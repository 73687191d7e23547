"""The table of optimizers: the update rules of torch.optim, over one flat parameter vector."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import unwrap
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import Kind, Parameter
from lab.engine.lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch
else:
    torch = LazyModule("torch")


@dataclass(frozen=True, slots=True)
class OptimizerKind(Kind):
    """An update rule.

    ``slots`` are the tensors of the size of the weights that it keeps between steps, and
    ``counters`` its single numbers, each with its value before the first step; the names are
    those of ``torch.optim``'s state. ``symbols`` are what formulas call them,
    ``weight_decay`` is the decoupled decay that the rule is known for.
    """

    slots: tuple[str, ...] = ()
    counters: tuple[tuple[str, float], ...] = ()
    symbols: tuple[str, ...] = ()
    torch_name: str = ""
    is_fused: bool = False
    weight_decay: float = 0.0

    def slots_for(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the slots that these options need: plain SGD keeps no velocity."""
        needless = {
            "momentum_buffer": not options.get("momentum"),
            "grad_avg": not options.get("centered"),
        }
        return tuple(s for s in self.slots if not needless.get(s, False))


def torch_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options under the names that torch.optim has for them."""
    named = {("lr" if k == "learning_rate" else k): v for k, v in options.items()}
    if "beta1" in named:
        named["betas"] = (named.pop("beta1"), named.pop("beta2"))
    if named.get("nesterov") and not named["momentum"]:
        named["nesterov"] = False  # torch refuses the pair, which does nothing
    return named


def build_optimizer(
    kind: OptimizerKind, options: Mapping[str, Any], weights: torch.nn.Parameter
) -> torch.optim.Optimizer:
    """Build the torch optimizer of one flat parameter, fused where torch has it fused.

    Weight decay is left at 0: penalties and decay are added by the trainer, the same way for
    every rule (see ``lab.engine.trainer``).
    """
    fused = {"fused": True} if kind.is_fused and weights.dtype == torch.float32 else {}
    make = getattr(torch.optim, kind.torch_name)
    built: torch.optim.Optimizer = make(
        [weights], weight_decay=0.0, **torch_options(options), **fused
    )
    return built


def bare_step(optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    """Return ``optimizer.step`` without the profiler's mark and the hooks around it.

    The rule is torch's own to the bit; what is left out costs small networks a tenth of a step.
    """
    rule = unwrap(type(optimizer).step)

    def step() -> None:
        with torch.no_grad():
            rule(optimizer)

    return step


def _rate(default: float) -> Parameter:
    return Parameter(
        "learning_rate",
        default,
        "length of a step",
        0,
        1e6,
        open_low=True,
        live=True,
        symbol="η",
    )


def _share(name: str, default: float, meaning: str, symbol: str) -> Parameter:
    return Parameter(name, default, meaning, 0, 1, open_high=True, live=True, symbol=symbol)


_MOMENTUM = _share("momentum", 0.0, "share of the last step kept", "μ")
_BETA1 = _share("beta1", 0.9, "memory of the gradient's mean", "β₁")
_BETA2 = _share("beta2", 0.999, "memory of the gradient's square", "β₂")


def _eps(default: float) -> Parameter:
    return Parameter(
        "eps", default, "keeps the division finite", 0, open_low=True, live=True, symbol="ε"
    )


_COUNT = (("step", 0.0),)
_MOMENTS = ("exp_avg", "exp_avg_sq")

OPTIMIZERS: dict[str, OptimizerKind] = {
    o.name: o
    for o in (
        OptimizerKind(
            "sgd",
            "SGD",
            "θ ← θ − η∇L; with momentum v ← μv + g, θ ← θ − ηv.",
            (
                _rate(0.03),
                _MOMENTUM,
                Parameter("nesterov", False, "look ahead along the velocity", live=True),
            ),
            slots=("momentum_buffer",),
            symbols=("v",),
            torch_name="SGD",
            is_fused=True,
        ),
        OptimizerKind(
            "rmsprop",
            "RMSprop",
            "Divides by the root of a running mean of g².",
            (
                _rate(0.01),
                _share("alpha", 0.99, "memory of the gradient's square", "α"),
                _eps(1e-8),
                _MOMENTUM,
                Parameter("centered", False, "subtract the mean gradient's square", live=True),
            ),
            slots=("square_avg", "momentum_buffer", "grad_avg"),
            counters=_COUNT,
            symbols=("E[g²]", "v", "E[g]"),
            torch_name="RMSprop",
        ),
        OptimizerKind(
            "adagrad",
            "Adagrad",
            "Divides by the root of the sum of g².",
            (_rate(0.01), _eps(1e-10)),
            slots=("sum",),
            counters=_COUNT,
            symbols=("Σg²",),
            torch_name="Adagrad",
            is_fused=True,
        ),
        OptimizerKind(
            "adadelta",
            "Adadelta",
            "Scales by the root mean square of past steps over that of gradients.",
            (_rate(1.0), _share("rho", 0.9, "memory of both squares", "ρ"), _eps(1e-6)),
            slots=("square_avg", "acc_delta"),
            counters=_COUNT,
            symbols=("E[g²]", "E[Δ²]"),
            torch_name="Adadelta",
        ),
        OptimizerKind(
            "adam",
            "Adam",
            "θ ← θ − η m̂/(√v̂ + ε), both moments corrected for their start at zero.",
            (_rate(0.001), _BETA1, _BETA2, _eps(1e-8)),
            slots=_MOMENTS,
            counters=_COUNT,
            symbols=("m", "v"),
            torch_name="Adam",
            is_fused=True,
        ),
        OptimizerKind(
            "adamw",
            "AdamW",
            "Adam with decoupled weight decay (0.01 unless told otherwise).",
            (_rate(0.001), _BETA1, _BETA2, _eps(1e-8)),
            slots=_MOMENTS,
            counters=_COUNT,
            symbols=("m", "v"),
            torch_name="AdamW",
            is_fused=True,
            weight_decay=0.01,
        ),
        OptimizerKind(
            "nadam",
            "NAdam",
            "Adam that looks ahead as Nesterov's momentum does.",
            (
                _rate(0.002),
                _BETA1,
                _BETA2,
                _eps(1e-8),
                Parameter("momentum_decay", 0.004, "decay of the momentum", 0, live=True),
            ),
            slots=_MOMENTS,
            counters=(*_COUNT, ("mu_product", 1.0)),
            symbols=("m", "v"),
            torch_name="NAdam",
        ),
        OptimizerKind(
            "radam",
            "RAdam",
            "Adam that waits until its variance estimate can be trusted.",
            (_rate(0.001), _BETA1, _BETA2, _eps(1e-8)),
            slots=_MOMENTS,
            counters=_COUNT,
            symbols=("m", "v"),
            torch_name="RAdam",
        ),
    )
}
