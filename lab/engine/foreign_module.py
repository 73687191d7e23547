"""The torch module round a foreign one, and its translation into layers of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from lab.engine import modules
from lab.engine.seeds import drawing

if TYPE_CHECKING:
    from collections.abc import Callable

    Described = dict[str, Any]


class Sharing(TorchDispatchMode):  # type: ignore[no-untyped-call]  # of torch's base
    """Has torch's own generator for each single draw, and in between leaves it to others.

    For code of a person's own that may never end, and of whose numbers nothing depends.
    """

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Carry an operation out; one that draws waits for its turn."""
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **(kwargs or {}))
        with drawing(0):
            return func(*args, **(kwargs or {}))


def sharing() -> Sharing:
    """Return a block in which a person's code may draw random numbers and never end."""
    return Sharing()  # type: ignore[no-untyped-call]  # of torch's base


class Foreign(nn.Module):
    """A module of a person's own as one layer, whatever it is made of.

    Its dropouts become the lab's, so that a step that is gone back to drops the same units.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = _with_own_dropout(net)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the module makes of samples."""
        made: Tensor = self.net(x)
        return made


def _with_own_dropout(net: nn.Module) -> nn.Module:
    if type(net) is nn.Dropout:
        return modules.Dropout(net.p)
    for name, child in net.named_children():
        if type(child) is nn.Dropout:
            setattr(net, name, modules.Dropout(child.p))
        else:
            _with_own_dropout(child)
    return net


# Translation.


class Opaque(ValueError):
    """A module that no layer of the table is exactly."""


def translated(net: nn.Module) -> tuple[list[Described], dict[str, Tensor]]:
    """Return the layers that a module is exactly, as a description has them, with weights.

    Only plain sequences of torch's own modules can be: any other has a forward pass that
    could do anything.

    Raises
    ------
    Opaque
        If it is not one.
    """
    layers: list[Described] = []
    tensors: dict[str, Tensor] = {}
    for module in _in_order(net):
        state = module.state_dict()
        tensors |= {f"{len(layers)}.{n}": t.detach().clone() for n, t in state.items()}
        layers.append(_described(module))
    return layers, tensors


def _in_order(net: nn.Module) -> list[nn.Module]:
    if isinstance(net, Foreign):
        return _in_order(net.net)
    if not isinstance(net, nn.Sequential):
        return [net]
    if type(net).forward is not nn.Sequential.forward or net._forward_hooks:
        raise Opaque(type(net).__name__)
    return [one for child in net.children() for one in _in_order(child)]


def _described(module: nn.Module) -> Described:
    read = _READERS.get(type(module))
    if read is None or module._forward_hooks or module._forward_pre_hooks:
        raise Opaque(type(module).__name__)
    return read(module)


def _require(module: nn.Module, **wanted: Any) -> None:
    if any(getattr(module, name) != value for name, value in wanted.items()):
        raise Opaque(type(module).__name__)


def _side(module: nn.Module, name: str) -> int:
    """Return the side of a square window."""
    value = getattr(module, name)
    sides = value if isinstance(value, tuple) else (value, value)
    if len(set(sides)) != 1 or not isinstance(sides[0], int):
        raise Opaque(type(module).__name__)
    return sides[0]


def _linear(m: Any) -> Described:
    return {"kind": "linear", "units": m.out_features, "bias": m.bias is not None}


def _conv(m: Any) -> Described:
    _require(m, dilation=(1, 1), groups=1, padding_mode="zeros")
    sides = {n: _side(m, name) for n, name in _WINDOW.items()}
    bias = m.bias is not None
    return {"kind": "conv2d", "channels": m.out_channels, **sides, "bias": bias}


_WINDOW = {"kernel": "kernel_size", "stride": "stride", "padding": "padding"}


def _max_pool(m: Any) -> Described:
    _require(m, dilation=1, ceil_mode=False, return_indices=False, padding=0)
    return _pool("max_pool2d", m)


def _avg_pool(m: Any) -> Described:
    _require(m, ceil_mode=False, padding=0, divisor_override=None)
    return _pool("avg_pool2d", m)


def _pool(kind: str, m: nn.Module) -> Described:
    return {"kind": kind, "kernel": _side(m, "kernel_size"), "stride": _side(m, "stride")}


def _global_pool(m: Any) -> Described:
    if m.output_size not in (1, (1, 1)):
        raise Opaque("AdaptiveAvgPool2d")
    return {"kind": "global_avg_pool2d"}


def _flatten(m: Any) -> Described:
    _require(m, start_dim=1, end_dim=-1)
    return {"kind": "flatten"}


def _batch_norm(m: Any) -> Described:
    _require(m, affine=True, track_running_stats=True)
    if m.momentum is None:
        raise Opaque("BatchNorm")
    return {"kind": "batch_norm", "eps": m.eps, "momentum": m.momentum}


def _layer_norm(m: Any) -> Described:
    if not m.elementwise_affine or m.bias is None:
        raise Opaque("LayerNorm")
    return {"kind": "layer_norm", "eps": m.eps}


def _prelu(m: Any) -> Described:
    _require(m, num_parameters=1)
    return {"kind": "prelu"}


def _softplus(m: Any) -> Described:
    _require(m, threshold=20)
    return {"kind": "softplus", "beta": m.beta}


def _softmax(m: Any) -> Described:
    _require(m, dim=1)
    return {"kind": "softmax"}


def _plain(kind: str, *options: str) -> Callable[[Any], Described]:
    return lambda m: {"kind": kind} | {name: getattr(m, name) for name in options}


_READERS: dict[type[nn.Module], Callable[[Any], Described]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _avg_pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.Flatten: _flatten,
    nn.Dropout: _plain("dropout", "p"),
    modules.Dropout: _plain("dropout", "p"),
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.LayerNorm: _layer_norm,
    nn.Identity: _plain("identity"),
    nn.Sigmoid: _plain("sigmoid"),
    nn.Hardsigmoid: _plain("hardsigmoid"),
    nn.Tanh: _plain("tanh"),
    nn.ReLU: _plain("relu"),
    nn.LeakyReLU: _plain("leaky_relu", "negative_slope"),
    nn.PReLU: _prelu,
    nn.ELU: _plain("elu", "alpha"),
    nn.SELU: _plain("selu"),
    nn.CELU: _plain("celu", "alpha"),
    nn.GELU: _plain("gelu", "approximate"),
    nn.SiLU: _plain("silu"),
    nn.Hardswish: _plain("hardswish"),
    nn.Mish: _plain("mish"),
    nn.Softplus: _softplus,
    nn.Softsign: _plain("softsign"),
    nn.ReLU6: _plain("relu6"),
    nn.Softmax: _softmax,
}


def agrees(mine: nn.Module, theirs: nn.Module, shape: tuple[int, ...]) -> bool:
    """Say whether two modules in evaluation answer alike, to rounding, on some samples."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(4, *shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        a, b = (m.double().eval()(x) for m in (mine, theirs))
    return a.shape == b.shape and bool(torch.allclose(a, b, rtol=1e-12, atol=1e-12))
