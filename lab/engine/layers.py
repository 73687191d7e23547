"""The table of layer kinds: what each takes, what shape it gives, how torch builds it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from lab.engine.foreign_building import MODULE
from lab.engine.kinds import Parameter
from lab.engine.layer_kinds import ACTIVATION as ACTIVATION
from lab.engine.layer_kinds import DROPOUT as DROPOUT
from lab.engine.layer_kinds import INIT, positive
from lab.engine.layer_kinds import INITIALISATIONS as INITIALISATIONS
from lab.engine.layer_kinds import NORMALISATION as NORMALISATION
from lab.engine.layer_kinds import ROLES as ROLES
from lab.engine.layer_kinds import LayerKind as LayerKind
from lab.engine.layer_kinds import Options as Options
from lab.engine.layer_kinds import options_of as options_of
from lab.engine.layer_kinds import require_built as require_built
from lab.engine.lazy import LazyModule
from lab.engine.sequence_layers import SEQUENCE_LAYERS
from lab.engine.shapes import Shape, channels, features, flattened, image, slid

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from lab.engine import modules
else:
    nn = LazyModule("torch.nn")
    modules = LazyModule("lab.engine.modules")


LINEAR_INIT = "xavier_normal"


def _activation(
    name: str,
    title: str,
    summary: str,
    module: str,
    *parameters: Parameter,
    is_own: bool = False,
    suits: str = "",
) -> LayerKind:
    """Return the entry of an elementwise layer whose options are those of torch's module."""
    return LayerKind(
        name,
        title,
        summary,
        parameters,
        build=lambda options, shape: getattr(modules if is_own else nn, module)(**options),
        is_activation=True,
        role=ACTIVATION,
        suits=suits,
    )


def _linear_shape(options: Options, shape: Shape) -> Shape:
    features(shape)
    return (*shape[:-1], options["units"])


def _conv_shape(options: Options, shape: Shape) -> Shape:
    _, height, width = image(shape)
    window = options["kernel"], options["stride"], options["padding"]
    return (options["channels"], slid(height, *window), slid(width, *window))


def _pool_shape(options: Options, shape: Shape) -> Shape:
    kept, height, width = image(shape)
    window = options["kernel"], options["stride"] or options["kernel"], 0
    return (kept, slid(height, *window), slid(width, *window))


def _global_shape(options: Options, shape: Shape) -> Shape:
    return (image(shape)[0], 1, 1)


def _conv_weights(options: Options, shape: Shape) -> int:
    fan_in = image(shape)[0] * int(options["kernel"]) ** 2
    return int(options["channels"]) * (fan_in + int(options["bias"]))


def _conv_cost(options: Options, shape: Shape) -> int:
    made, height, width = _conv_shape(options, shape)
    return made * height * width * image(shape)[0] * int(options["kernel"]) ** 2


def _batch_norm(options: Options, shape: Shape) -> nn.Module:
    make = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
    return make(shape[0], eps=options["eps"], momentum=options["momentum"])


def _batch_norm_shape(options: Options, shape: Shape) -> Shape:
    channels(shape)
    return shape


def _normalised(shape: Shape) -> list[int]:
    """Return the axes that layer normalisation goes over: of a sequence, each token's own."""
    return list(shape[-1:] if len(shape) == 2 else shape)


def _pool(module: str) -> Callable[[Options, Shape], nn.Module]:
    return lambda options, shape: getattr(nn, module)(
        options["kernel"], options["stride"] or options["kernel"]
    )


_MOST = 1_000_000
_KERNEL = Parameter("kernel", 2, "side of the window", 1, 1024)
_STRIDE = Parameter(
    "stride", None, "step of the window; empty: as wide as the window", 1, 1024, wants=int
)

LAYERS: dict[str, LayerKind] = {
    k.name: k
    for k in (
        LayerKind(
            "linear",
            "Linear",
            "z = Wa + b: every unit sees every value.",
            (
                Parameter(
                    "units",
                    None,
                    "outputs; empty: as many as the loss needs",
                    1,
                    _MOST,
                    wants=int,
                ),
                *INIT,
            ),
            shape=_linear_shape,
            build=lambda o, s: nn.Linear(features(s), o["units"], bias=o["bias"]),
            weights=lambda o, s: o["units"] * (features(s) + o["bias"]),
            cost=lambda o, s: o["units"] * prod(s),
            closing="units",
            width="units",
            can_grow=True,
        ),
        LayerKind(
            "conv2d",
            "Convolution",
            "The same small window of weights at every place of the image.",
            (
                Parameter("channels", 16, "output channels", 1, 65536),
                Parameter("kernel", 3, "side of the window", 1, 1024),
                Parameter("stride", 1, "step of the window", 1, 1024),
                Parameter("padding", 0, "zeros around the image", 0, 1024),
                *INIT,
            ),
            shape=_conv_shape,
            build=lambda o, s: nn.Conv2d(
                image(s)[0],
                o["channels"],
                o["kernel"],
                stride=o["stride"],
                padding=o["padding"],
                bias=o["bias"],
            ),
            weights=_conv_weights,
            cost=_conv_cost,
            norm="batch_norm",
            width="channels",
            can_grow=True,
        ),
        LayerKind(
            "max_pool2d",
            "Max pooling",
            "The largest value of each window.",
            (_KERNEL, _STRIDE),
            shape=_pool_shape,
            build=_pool("MaxPool2d"),
        ),
        LayerKind(
            "avg_pool2d",
            "Average pooling",
            "The mean of each window.",
            (_KERNEL, _STRIDE),
            shape=_pool_shape,
            build=_pool("AvgPool2d"),
        ),
        LayerKind(
            "global_avg_pool2d",
            "Global average pooling",
            "The mean of each channel.",
            shape=_global_shape,
            build=lambda o, s: nn.AdaptiveAvgPool2d(1),
        ),
        LayerKind(
            "flatten",
            "Flatten",
            "All values in one row.",
            shape=lambda o, s: flattened(s),
            build=lambda o, s: nn.Flatten(),
            keeps_numbers=True,
        ),
        LayerKind(
            "dropout",
            "Dropout",
            "Switches units off at random while training, and scales the rest by 1/(1 − p).",
            (
                Parameter(
                    "p", 0.5, "share switched off", 0, 1, open_high=True, live=True, symbol="p"
                ),
            ),
            build=lambda o, s: modules.Dropout(o["p"]),
            has_modes=True,
            role=DROPOUT,
        ),
        LayerKind(
            "batch_norm",
            "Batch normalisation",
            "(x − μ)/σ ⊙ γ + β over the batch.",
            (
                positive("eps", 1e-5, "keeps the division finite", "ε"),
                Parameter("momentum", 0.1, "share of the new batch in the running mean", 0, 1),
            ),
            shape=_batch_norm_shape,
            build=_batch_norm,
            weights=lambda o, s: 2 * s[0],
            has_modes=True,
            least_rows=2,
            role=NORMALISATION,
            can_grow=True,
        ),
        LayerKind(
            "layer_norm",
            "Layer normalisation",
            "(x − μ)/σ ⊙ γ + β over each sample, or each token of a sequence.",
            (positive("eps", 1e-5, "keeps the division finite", "ε"),),
            build=lambda o, s: nn.LayerNorm(_normalised(s), eps=o["eps"]),
            weights=lambda o, s: 2 * prod(_normalised(s)),
            role=NORMALISATION,
        ),
        LayerKind(
            "residual",
            "Residual block",
            "h + F(h): the layers inside learn what to add.",
            wrap=lambda *inner: modules.Residual(*inner),
            needs_same_shape=True,
        ),
        *SEQUENCE_LAYERS,
        MODULE,
        _activation("identity", "Identity", "φ(z) = z", "Identity", suits=LINEAR_INIT),
        LayerKind(
            "step",
            "Step",
            "1 where z > 0, else 0; its derivative is 0.",
            build=lambda o, s: modules.Step(),
            suits=LINEAR_INIT,
            is_activation=True,
            role=ACTIVATION,
        ),
        _activation("sigmoid", "Sigmoid", "1/(1 + e⁻ᶻ)", "Sigmoid"),
        _activation(
            "hardsigmoid",
            "Hard sigmoid",
            "min(1, max(0, z/6 + 1/2))",
            "Hardsigmoid",
            is_own=True,
        ),
        _activation("tanh", "Tanh", "(eᶻ − e⁻ᶻ)/(eᶻ + e⁻ᶻ)", "Tanh"),
        _activation("relu", "ReLU", "max(0, z)", "ReLU"),
        _activation(
            "leaky_relu",
            "Leaky ReLU",
            "z, or a small share of it below zero",
            "LeakyReLU",
            Parameter("negative_slope", 0.01, "slope below zero", 0, 1e3),
        ),
        LayerKind(
            "prelu",
            "PReLU",
            "Leaky ReLU whose slope is learned.",
            (Parameter("init", 0.25, "first slope"),),
            build=lambda o, s: nn.PReLU(init=o["init"]),
            weights=lambda o, s: 1,
            is_activation=True,
            role=ACTIVATION,
            untold=("init",),
        ),
        _activation(
            "elu", "ELU", "z, or α(eᶻ − 1) below zero", "ELU", positive("alpha", 1.0, "α", "α")
        ),
        _activation(
            "selu", "SELU", "ELU scaled so that variance stays 1", "SELU", suits="lecun_normal"
        ),
        _activation(
            "celu",
            "CELU",
            "max(0, z) + min(0, α(e^{z/α} − 1))",
            "CELU",
            positive("alpha", 1.0, "α", "α"),
            is_own=True,
        ),
        _activation(
            "gelu",
            "GELU",
            "z Φ(z), Φ the normal distribution",
            "GELU",
            Parameter("approximate", "none", "exact, or by tanh", choices=("none", "tanh")),
        ),
        _activation("silu", "SiLU (Swish)", "z σ(z)", "SiLU"),
        _activation("hardswish", "Hard swish", "z · hardsigmoid(z)", "Hardswish"),
        _activation("mish", "Mish", "z tanh(softplus(z))", "Mish"),
        _activation(
            "softplus", "Softplus", "log(1 + e^{βz})/β", "Softplus", positive("beta", 1.0, "β")
        ),
        _activation("softsign", "Softsign", "z/(1 + |z|)", "Softsign"),
        _activation("relu6", "ReLU6", "min(6, max(0, z))", "ReLU6"),
        LayerKind(
            "softmax",
            "Softmax",
            "eᶻⁱ/Σeᶻʲ over the units.",
            build=lambda o, s: nn.Softmax(dim=2 if len(s) == 2 else 1),
            suits=LINEAR_INIT,
            mixes=True,
            is_activation=True,
            role=ACTIVATION,
        ),
    )
}
