"""The kinds of layers for sequences: tokens, their places, attention, recurrence.

The shape of a sequence is (T, D): T tokens, D numbers each.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from lab.engine.kinds import ExperimentError, Parameter
from lab.engine.layer_kinds import INIT, LayerKind, Options
from lab.engine.lazy import LazyModule
from lab.engine.shapes import Shape, flat, in_words, sequence

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.engine import sequence_modules as modules
else:
    modules = LazyModule("lab.engine.sequence_modules")

_MOST = 1_000_000
_HEADS = Parameter("heads", 1, "how many look side by side, each at a part of D", 1, 1024)
_CAUSAL = Parameter("causal", False, "no token looks at later ones")
_RETURNS = Parameter(
    "returns", "last", "the state after the last token, or after each", choices=("last", "all")
)


def _as_sequence(options: Options, shape: Shape) -> Shape:
    if len(shape) == 1:
        return (shape[0], 1)
    if len(shape) == 2:
        raise ExperimentError(f"{in_words(shape)} is a sequence already; remove this layer.")
    channels, height, width = shape
    return (height, channels * width)


def _headed(options: Options, shape: Shape) -> Shape:
    """Return the shape if its D numbers can be shared out among the heads."""
    width, heads = sequence(shape)[1], options["heads"]
    if width % heads:
        raise ExperimentError(
            f"{heads} heads cannot share {width} numbers evenly; choose heads that divide "
            f"{width}."
        )
    return shape


def _attention_cost(options: Options, shape: Shape) -> int:
    tokens, width = sequence(shape)
    return 4 * tokens * width**2 + 2 * tokens**2 * width


def _attention_weights(options: Options, shape: Shape) -> int:
    width = sequence(shape)[1]
    return 4 * width**2 + 3 * width * int(options["bias"])


def _attention_kept(options: Options, shape: Shape) -> int:
    """Queries, keys, values and what they gather; the scores of all heads, and the weights."""
    tokens, width = sequence(shape)
    return 4 * tokens * width + 2 * int(options["heads"]) * tokens**2


def _recurrent(
    name: str, title: str, summary: str, gates: int, build: Callable[..., Any]
) -> LayerKind:
    """Return the entry of a layer whose gates are each a sum of token and state."""

    def shape(options: Options, shape: Shape) -> Shape:
        tokens, units = sequence(shape)[0], options["units"]
        return (tokens, units) if options["returns"] == "all" else (units,)

    def weights(options: Options, shape: Shape) -> int:
        units = int(options["units"])
        return gates * units * (sequence(shape)[1] + units + 2 * int(options["bias"]))

    def cost(options: Options, shape: Shape) -> int:
        (tokens, width), units = sequence(shape), int(options["units"])
        return tokens * gates * units * (width + units)

    return LayerKind(
        name,
        title,
        summary,
        (Parameter("units", 32, "numbers that it remembers", 1, 65536), _RETURNS, *INIT),
        shape=shape,
        build=lambda o, s: build(s[1], o["units"], o["returns"], o["bias"]),
        width="units",
        weights=weights,
        cost=cost,
        kept=lambda o, s: 2 * (gates + 2) * o["units"] * sequence(s)[0],
    )


def _block(options: Options) -> list[str | Options]:
    """Return what a transformer block is made of, as a description has it."""
    start = {parameter.name: options[parameter.name] for parameter in INIT}
    drop = {"kind": "dropout", "p": options["dropout"]}
    heads = {"heads": options["heads"], "causal": options["causal"]}
    look = {"kind": "attention", **heads, **start}
    widen, narrow = (
        {"kind": "linear", **start, **u} for u in ({"units": options["hidden"]}, {})
    )
    parts = ([look, drop], [widen, options["activation"], narrow, drop])
    made: list[str | Options] = []
    for part in parts:
        if options["norm"] == "first":
            made.append({"kind": "residual", "layers": ["layer_norm", *part]})
        else:
            made += [{"kind": "residual", "layers": part}, "layer_norm"]
    return made


@lru_cache(maxsize=4096)
def _totals(options: tuple[tuple[str, Any], ...], shape: Shape) -> tuple[int, int, int]:
    """Return parameters, multiply-adds and numbers held of all layers of a block together."""
    from lab.engine.networks import completed, sizes  # which build on the table

    inner = sizes(completed(_block(dict(options))), shape, shape[1])
    counts = ((s.parameters, s.multiply_adds, s.held) for s in inner)
    parameters, multiply_adds, held = map(sum, zip(*counts, strict=True))
    return parameters, multiply_adds, held


def _total(which: int) -> Callable[[Options, Shape], int]:
    return lambda options, shape: _totals(tuple(options.items()), _headed(options, shape))[
        which
    ]


SEQUENCE_LAYERS = (
    LayerKind(
        "sequence",
        "As a sequence",
        "Rows of an image, or single numbers, become the tokens of a sequence.",
        shape=_as_sequence,
        build=lambda o, s: modules.AsSequence(),
    ),
    LayerKind(
        "embedding",
        "Embedding",
        "A vector for each token, looked up by its number and learned.",
        (
            Parameter("tokens", 16, "how many there are, numbered from 0", 1, _MOST),
            Parameter("dim", 16, "numbers a token becomes", 1, 65536),
        ),
        shape=lambda o, s: (flat(s), o["dim"]),
        build=lambda o, s: modules.Embedding(o["tokens"], o["dim"]),
        width="dim",
        can_grow=True,
        weights=lambda o, s: o["tokens"] * o["dim"],
        vocabulary="tokens",
    ),
    LayerKind(
        "positional_encoding",
        "Positional encoding",
        "Adds sin(p/10000^{2i/D}) and cos, so that a token's place p can be told.",
        (Parameter("learned", False, "numbers that are learned instead of waves"),),
        shape=lambda o, s: sequence(s),
        build=lambda o, s: modules.PositionalEncoding(s[0], s[1], o["learned"]),
        weights=lambda o, s: s[0] * s[1] * o["learned"],
    ),
    LayerKind(
        "attention",
        "Attention",
        "softmax(QKᵀ/√d)V: every token gathers from those that it looks at.",
        (_HEADS, _CAUSAL, *INIT),
        shape=_headed,
        build=lambda o, s: modules.Attention(s[1], o["heads"], o["causal"], o["bias"]),
        weights=_attention_weights,
        cost=_attention_cost,
        kept=_attention_kept,
    ),
    LayerKind(
        "transformer_block",
        "Transformer block",
        "Attention, then two linear layers; each normalised and added to its input.",
        (
            _HEADS,
            Parameter("hidden", 64, "units between the two linear layers", 1, _MOST),
            Parameter(
                "activation",
                "gelu",
                "between the two linear layers",
                choices=("gelu", "relu", "silu", "tanh"),
            ),
            Parameter("dropout", 0.0, "share switched off", 0, 1, open_high=True, live=True),
            Parameter(
                "norm",
                "first",
                "before each part, or after it is added",
                choices=("first", "last"),
            ),
            _CAUSAL,
            *INIT,
        ),
        shape=_headed,
        weights=_total(0),
        cost=_total(1),
        kept=_total(2),
        wrap=lambda *inner: modules.TransformerBlock(*inner),
        made_of=_block,
    ),
    _recurrent(
        "gru",
        "GRU",
        "h ← (1 − z) ⊙ n + z ⊙ h, token by token: gates decide what is remembered.",
        3,
        lambda *arguments: modules.GRU(*arguments),
    ),
    _recurrent(
        "lstm",
        "LSTM",
        "c ← f ⊙ c + i ⊙ g, h = o ⊙ tanh c: a memory beside what is handed on.",
        4,
        lambda *arguments: modules.LSTM(*arguments),
    ),
    LayerKind(
        "mean_over_tokens",
        "Mean over tokens",
        "The mean of all tokens: one vector a sequence.",
        shape=lambda o, s: sequence(s)[1:],
        build=lambda o, s: modules.MeanOverTokens(),
    ),
)
