r"""The LaTeX of every layer kind: what it makes of ``a``, and the definition of its name.

Formulas are in columns (Wa + b), as books have them: tokens too, and the softmax of attention
is that of each column. Batches and tokens run in rows where they are computed. A test walks the
table of layers: each kind has an entry that can be drawn.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Symbol = Callable[[str], str]
"""From a parameter's name to how it is written: ``W^{(1)}``, or its numbers."""
Writing = Callable[[str, Symbol, dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Formula:
    r"""How a kind is written.

    ``writing`` makes LaTeX of what comes in, the symbols of its parameters and its options;
    ``symbols`` names the parameters, ``definition`` says what a name such as
    :math:`\mathrm{ReLU}` stands for; ``defining`` says so where it depends on options.
    """

    writing: Writing
    definition: str = ""
    symbols: tuple[tuple[str, str], ...] = ()
    defining: Callable[[dict[str, Any]], str] | None = None

    def defined(self, options: dict[str, Any]) -> str:
        """Return the definition as the options of a layer have it."""
        return self.definition if self.defining is None else self.defining(options)


def bracketed(a: str) -> str:
    """Return ``a`` in brackets that grow with it."""
    return rf"\left({a}\right)"


def factor(a: str) -> str:
    """Return ``a`` as something that can be multiplied: in brackets, if it is a sum."""
    return a if _ATOM.fullmatch(a) or _is_call(a) else bracketed(a)


def _is_call(a: str) -> bool:
    """Say whether ``a`` is one function of something: its first bracket ends it."""
    if not _HEAD.match(a):
        return False
    depth = 0
    for found in _SIDES.finditer(a):
        depth += 1 if found[0] == r"\left" else -1
        if depth == 0:
            return found.end() == len(a) - 1
    return False


_SIDES = re.compile(r"\\(?:left|right)(?![a-z])")
_HEAD = re.compile(r"\\(?:mathrm\{\w+\}|[a-z]+)(?:[_^](?:\w|\{[^{}]*\}))*\\left\(")
_ATOM = re.compile(r"\\?\w+(?:[_^](?:\w|\{[^{}]*\}))*")


def _named(name: str, definition: str = "") -> Formula:
    head = name if name.startswith("\\") else rf"\mathrm{{{name}}}"
    return Formula(lambda a, symbol, options: f"{head}{bracketed(a)}", definition)


def _affine(product: str) -> Writing:
    def writing(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
        made = f"{symbol('weight')} {product} {factor(a)}".replace("  ", " ")
        return f"{made} + {symbol('bias')}" if options.get("bias", True) else made

    return writing


def _normalised(name: str) -> Writing:
    return lambda a, symbol, options: (
        rf"{symbol('weight')} \odot \mathrm{{{name}}}{bracketed(a)} + {symbol('bias')}"
    )


def _dropout(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
    return rf"\mathrm{{dropout}}_{{{options.get('p', 0.5):g}}}{bracketed(a)}"


def _with_option(name: str, option: str, default: float, definition: str) -> Formula:
    def writing(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
        return rf"\mathrm{{{name}}}_{{{options.get(option, default):g}}}{bracketed(a)}"

    return Formula(writing, definition)


def _attention(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
    heads = int(options.get("heads", 1))
    below = f"_{{{heads}}}" if heads > 1 else ""
    above = r"^{\mathrm{causal}}" if options.get("causal") else ""
    return rf"\mathrm{{Attention}}{below}{above}{bracketed(a)}"


def _recurrent(name: str) -> Writing:
    def writing(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
        last = "" if options.get("returns") == "all" else "_T"
        return rf"\mathrm{{{name}}}{last}{bracketed(a)}"

    return writing


def _position(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
    return f"{a} + {symbol('weight') if options.get('learned') else 'P'}"


def _module(a: str, symbol: Symbol, options: dict[str, Any]) -> str:
    plain = re.sub(r"\W|_", "", str(options.get("name", ""))) or "Module"
    return rf"\mathrm{{{plain}}}{bracketed(a)}"


def _with_biases(terms: str, *names: str) -> Callable[[dict[str, Any]], str]:
    """Return a definition with `` + name`` in place of each ``<name>``, or nothing there."""

    def defining(options: dict[str, Any]) -> str:
        made = terms
        for name in names:
            made = made.replace(f"<{name}>", f" + {name}" if options.get("bias", True) else "")
        return made

    return defining


def _attending(options: dict[str, Any]) -> str:
    mask = r" + C" if options.get("causal") else ""
    masked = r",\; C_{ij} = \begin{cases}-\infty & i > j\\ 0 & i \le j\end{cases}"
    written = (
        r"\mathrm{Attention}(a) = W_O V\,\mathrm{softmax}\left("
        rf"\frac{{K^{{\top}} Q}}{{\sqrt{{d}}}}{mask}\right)<b_O>,"
        r"\quad Q = W_Q a<b_Q>,\; K = W_K a,\; V = W_V a<b_V>"
    )
    made = _with_biases(written, "b_O", "b_Q", "b_V")(options)
    return made + masked if mask else made


_gru = _with_biases(
    r"\begin{aligned}"
    r"r &= \sigma(W_r a_t<b_r> + U_r h<c_r>)\\"
    r"z &= \sigma(W_z a_t<b_z> + U_z h<c_z>)\\"
    r"n &= \tanh(W_n a_t<b_n> + r \odot (U_n h<c_n>))\\"
    r"h &\leftarrow (1-z) \odot n + z \odot h"
    r"\end{aligned}",
    *(f"{letter}_{gate}" for letter in "bc" for gate in "rzn"),
)
_lstm = _with_biases(
    r"\begin{aligned}"
    r"i &= \sigma(W_i a_t<b_i> + U_i h<c_i>)\\"
    r"f &= \sigma(W_f a_t<b_f> + U_f h<c_f>)\\"
    r"o &= \sigma(W_o a_t<b_o> + U_o h<c_o>)\\"
    r"g &= \tanh(W_g a_t<b_g> + U_g h<c_g>)\\"
    r"c &\leftarrow f \odot c + i \odot g\\"
    r"h &= o \odot \tanh(c)"
    r"\end{aligned}",
    *(f"{letter}_{gate}" for letter in "bc" for gate in "ifog"),
)


def _gelu(options: dict[str, Any]) -> str:
    if options.get("approximate") == "tanh":
        inner = r"\sqrt{2/\pi}\,(z + 0.044715\,z^3)"
        return rf"\mathrm{{GELU}}(z) = \frac{{z}}{{2}}\left(1 + \tanh({inner})\right)"
    return r"\mathrm{GELU}(z) = z\,\Phi(z)"


_WB = (("weight", "W"), ("bias", "b"))
_GB = (("weight", r"\gamma"), ("bias", r"\beta"))
_GATES = (("weight_ih", "W"), ("weight_hh", "U"), ("bias_ih", "b"), ("bias_hh", "c"))
_HEADS = tuple(
    (f"{part}.{name}", rf"{letter}_{{{of}}}")
    for part, of in (("query", "Q"), ("key", "K"), ("value", "V"), ("out", "O"))
    for name, letter in _WB
)

FORMULAS: dict[str, Formula] = {
    "linear": Formula(_affine(""), "", _WB),
    "conv2d": Formula(
        _affine(r"\ast"),
        r"(W \ast a)_{oij} = \sum_{c,u,v} W_{ocuv}\, a_{c,\,si+u,\,sj+v}",
        _WB,
    ),
    "max_pool2d": _named(
        "maxpool", r"\mathrm{maxpool}(a)_{cij} = \max_{u,v<k} a_{c,\,si+u,\,sj+v}"
    ),
    "avg_pool2d": _named(
        "avgpool",
        r"\mathrm{avgpool}(a)_{cij} = \frac{1}{k^2}\sum_{u,v<k} a_{c,\,si+u,\,sj+v}",
    ),
    "global_avg_pool2d": _named(
        "mean", r"\mathrm{mean}(a)_{c} = \frac{1}{HW}\sum_{i,j} a_{cij}"
    ),
    "flatten": _named("vec", r"\mathrm{vec}(a) = (a_1, a_2, \ldots)^{\top}"),
    "dropout": Formula(
        _dropout,
        r"\mathrm{dropout}_p(a) = \frac{m \odot a}{1-p},\quad m_i \sim \mathrm{Bernoulli}(1-p)",
    ),
    "batch_norm": Formula(
        _normalised("BN"),
        r"\mathrm{BN}(a) = \frac{a-\mu_B}{\sqrt{\sigma_B^2+\varepsilon}}",
        _GB,
    ),
    "layer_norm": Formula(
        _normalised("LN"),
        r"\mathrm{LN}(a) = \frac{a-\mu}{\sqrt{\sigma^2+\varepsilon}}",
        _GB,
    ),
    "residual": Formula(lambda a, symbol, options: rf"{a} + F{bracketed(a)}"),
    "sequence": _named("seq", r"\mathrm{seq}(a) = (a_1, \ldots, a_T)"),
    "embedding": Formula(
        lambda a, symbol, options: rf"{symbol('weight')}_{{{a}}}",
        r"E_{x} = (E_{x_1}, \ldots, E_{x_T})",
        (("weight", "E"),),
    ),
    "positional_encoding": Formula(
        _position,
        r"P_{p,2i} = \sin\frac{p}{10000^{2i/D}},\quad P_{p,2i+1} = \cos\frac{p}{10000^{2i/D}}",
        (("weight", "P"),),
    ),
    "attention": Formula(
        _attention,
        _attending({}),
        _HEADS,
        _attending,
    ),
    "transformer_block": _named("Block"),
    "gru": Formula(
        _recurrent("GRU"),
        _gru({}),
        _GATES,
        _gru,
    ),
    "lstm": Formula(
        _recurrent("LSTM"),
        _lstm({}),
        _GATES,
        _lstm,
    ),
    "mean_over_tokens": _named(
        "mean", r"\mathrm{mean}(a) = \frac{1}{T}\sum_{t} a_t"
    ),
    "identity": Formula(lambda a, symbol, options: a),
    "step": _named("H", r"\mathrm{H}(z) = \begin{cases}1 & z > 0\\ 0 & z \le 0\end{cases}"),
    "sigmoid": _named(r"\sigma", r"\sigma(z) = \frac{1}{1+e^{-z}}"),
    "hardsigmoid": _named(
        "hardsigmoid",
        r"\mathrm{hardsigmoid}(z) = \min(1, \max(0, \frac{z}{6}+\frac{1}{2}))",
    ),
    "tanh": _named(r"\tanh", r"\tanh(z) = \frac{e^{z}-e^{-z}}{e^{z}+e^{-z}}"),
    "relu": _named("ReLU", r"\mathrm{ReLU}(z) = \max(0, z)"),
    "leaky_relu": _with_option(
        "LeakyReLU",
        "negative_slope",
        0.01,
        r"\mathrm{LeakyReLU}_{\alpha}(z) = \max(0, z) + \alpha\min(0, z)",
    ),
    "prelu": Formula(
        lambda a, symbol, options: (
            rf"\max\left(0, {a}\right) + {symbol('weight')}\min\left(0, {a}\right)"
        ),
        "",
        (("weight", r"\alpha"),),
    ),
    "elu": _with_option(
        "ELU",
        "alpha",
        1.0,
        r"\mathrm{ELU}_{\alpha}(z) = "
        r"\begin{cases}z & z > 0\\ \alpha(e^{z}-1) & z \le 0\end{cases}",
    ),
    "selu": _named(
        "SELU",
        r"\mathrm{SELU}(z) = 1.0507\,"
        r"\begin{cases}z & z > 0\\ 1.6733(e^{z}-1) & z \le 0\end{cases}",
    ),
    "celu": _with_option(
        "CELU",
        "alpha",
        1.0,
        r"\mathrm{CELU}_{\alpha}(z) = \max(0, z) + \min(0, \alpha(e^{z/\alpha}-1))",
    ),
    "gelu": Formula(
        lambda a, symbol, options: rf"\mathrm{{GELU}}{bracketed(a)}", _gelu({}), (), _gelu
    ),
    "silu": _named("SiLU", r"\mathrm{SiLU}(z) = z\,\sigma(z)"),
    "hardswish": _named(
        "hardswish",
        r"\mathrm{hardswish}(z) = z\min(1, \max(0, \frac{z}{6}+\frac{1}{2}))",
    ),
    "mish": _named("Mish", r"\mathrm{Mish}(z) = z\tanh(\ln(1+e^{z}))"),
    "softplus": _with_option(
        "softplus",
        "beta",
        1.0,
        r"\mathrm{softplus}_{\beta}(z) = \frac{\ln(1+e^{\beta z})}{\beta}",
    ),
    "softsign": _named("softsign", r"\mathrm{softsign}(z) = \frac{z}{1+\left|z\right|}"),
    "relu6": _named("ReLU6", r"\mathrm{ReLU6}(z) = \min(6, \max(0, z))"),
    "softmax": _named(
        "softmax", r"\mathrm{softmax}(z)_i = \frac{e^{z_i}}{\sum_j e^{z_j}}"
    ),
    "module": Formula(_module),
}  # fmt: skip
