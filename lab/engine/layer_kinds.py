"""What an entry of the table of layers is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError, Kind, Parameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import nn

    from lab.engine.shapes import Shape

Options = dict[str, Any]

NORMALISATION, ACTIVATION, DROPOUT = ROLES = ("normalisation", "activation", "dropout")
"""In the order in which they follow the layer that they belong to."""

INITIALISATIONS = {
    "default": "torch's own: uniform within ±1/√fan-in",
    "xavier_uniform": "Glorot, uniform: variance 2/(fan-in + fan-out)",
    "xavier_normal": "Glorot, normal",
    "kaiming_uniform": "He, uniform: variance 2/fan-in, for ReLU",
    "kaiming_normal": "He, normal",
    "lecun_normal": "LeCun: variance 1/fan-in",
    "orthogonal": "rows or columns of length 1, at right angles",
    "zeros": "all zero: every unit learns the same",
    "normal": "normal with the deviation asked for",
}

INIT = (
    Parameter("init", "default", "how its weights begin", choices=tuple(INITIALISATIONS)),
    Parameter("std", 0.01, "deviation of the normal initialisation", 0, 1e3),
    Parameter("gain", 1.0, "factor on the initial weights", 0, 1e3),
    Parameter("bias", True, "adds a bias"),
)
"""Options of a layer whose weights can begin in several ways."""


@dataclass(frozen=True, slots=True)
class LayerKind(Kind):
    """A layer: ``shape`` maps one sample's shape, ``build`` makes the torch module.

    ``cost`` counts multiply-adds for one sample, ``weights`` the parameters, from the options
    and the shape that comes in; ``kept`` the numbers that it keeps for the way back besides
    what it hands on, where they are many. A layer that holds others has ``wrap`` in place of
    ``build``, which makes its module (with the layers as its ``inner``) from theirs; ``shape``
    then gets what comes out of them, and ``needs_same_shape`` says that it has to be what went
    in.

    One that is ``made_of`` others says which, as they stand in a description, from its options;
    a unit left open in them is as wide as what comes in. ``wrap`` makes its module, too, but in
    a description it is a layer like any other.

    ``closing`` is the option that, left open, becomes as many as the loss needs; ``has_modes``
    says that it computes otherwise in training, ``least_rows`` how many samples it needs then;
    ``vocabulary`` is the option that says how many tokens it knows, if it takes numbers of
    tokens; ``untold`` names options of the module that its repr does not tell. ``role`` says
    what it is to the layer before it, where it keeps the shape: its normalisation, its
    activation or its dropout; ``suits`` the initialisation that suits weights before an
    activation, where it does not follow from the slope, and ``norm`` the normalisation that
    suits what a layer gives. ``width`` is the option that says how many numbers it gives, and
    ``can_grow`` that a wider one holds a narrower in its first rows and columns.
    ``keeps_numbers`` says that it only lays them out anew, ``mixes`` of an activation that each
    number it gives depends on several (as in a softmax), ``is_foreign`` that it runs code of
    a person's own.
    """

    shape: Callable[[Options, Shape], Shape] = lambda options, shape: shape
    build: Callable[[Options, Shape], nn.Module] | None = None
    weights: Callable[[Options, Shape], int] = lambda options, shape: 0
    cost: Callable[[Options, Shape], int] = lambda options, shape: 0
    kept: Callable[[Options, Shape], int] = lambda options, shape: 0
    is_activation: bool = False
    wrap: Callable[..., nn.Module] | None = None
    needs_same_shape: bool = False
    closing: str = ""
    has_modes: bool = False
    least_rows: int = 1
    vocabulary: str = ""
    made_of: Callable[[Options], Sequence[str | Options]] | None = None
    untold: tuple[str, ...] = ()
    role: str = ""
    suits: str = ""
    width: str = ""
    can_grow: bool = False
    keeps_numbers: bool = False
    mixes: bool = False
    norm: str = "layer_norm"
    is_foreign: bool = False

    @property
    def holds_layers(self) -> bool:
        """Whether a description of it holds layers."""
        return self.wrap is not None and self.made_of is None

    @property
    def is_drawn(self) -> bool:
        """Whether its weights begin as the options of `INITIALISATIONS` say."""
        return set(INIT) <= set(self.parameters)


def positive(name: str, default: float, meaning: str, symbol: str = "") -> Parameter:
    """Return an option that is a number above 0."""
    return Parameter(name, default, meaning, 0, open_low=True, symbol=symbol)


def options_of(kind: LayerKind, options: Mapping[str, Any], outputs: int) -> Options:
    """Return the options with an open number of units closed to what the loss needs."""
    given = dict(options)
    if kind.closing and given[kind.closing] is None:
        given[kind.closing] = outputs
    return given


def require_built(kind: LayerKind) -> Callable[[Options, Shape], nn.Module]:
    """Return the builder of a kind that torch builds by itself."""
    if kind.build is None:
        raise ExperimentError(f"{kind.name} is built from the layers inside it.")
    return kind.build
