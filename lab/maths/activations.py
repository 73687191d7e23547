"""Activations φ(z), each beside its derivative φ′(z); arrays of any shape in, the same out.

Where a function has a corner, the derivative there is the one that torch takes. ``PReLU`` is
the leaky ReLU whose slope is a weight; softmax, which mixes units, is in `lab.maths.layers`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import erf, expit

if TYPE_CHECKING:
    from collections.abc import Callable

Array = npt.NDArray[np.float64]

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Source: Klambauer et al., "Self-Normalizing Neural Networks", arXiv:1706.02515."""
LINEAR_FROM = 20.0
"""Softplus is taken as its asymptote where βz is larger, as torch does."""


@dataclass(frozen=True, slots=True)
class Activation:
    """``value(z, **options)`` and ``slope(z, **options)``."""

    value: Callable[..., Array]
    slope: Callable[..., Array]


def sigmoid(z: Array) -> Array:
    """Return 1/(1 + e⁻ᶻ)."""
    return np.asarray(expit(z))


def sigmoid_slope(z: Array) -> Array:
    """Return σ(z)(1 − σ(z)), 1/4 at most."""
    return sigmoid(z) * sigmoid(-z)


def tanh_slope(z: Array) -> Array:
    """Return 1 − tanh²(z)."""
    return 1 - np.tanh(z) ** 2


def relu(z: Array) -> Array:
    """Return max(0, z)."""
    return np.maximum(z, 0.0)


def step(z: Array) -> Array:
    """Return 1 where z > 0, else 0."""
    return (z > 0).astype(float)


def leaky_relu(z: Array, negative_slope: float) -> Array:
    """Return z, or a share of it below zero."""
    return np.where(z > 0, z, negative_slope * z)


def leaky_relu_slope(z: Array, negative_slope: float) -> Array:
    """Return 1, or the share below zero."""
    return np.where(z > 0, 1.0, negative_slope)


def elu(z: Array, alpha: float) -> Array:
    """Return z, or α(eᶻ − 1) below zero. Source: Clevert et al., arXiv:1511.07289."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0.0)))


def elu_slope(z: Array, alpha: float) -> Array:
    """Return 1, or αeᶻ below zero."""
    return np.where(z > 0, 1.0, alpha * np.exp(np.minimum(z, 0.0)))


def selu(z: Array) -> Array:
    """Return ELU times a scale, so that means of 0 and variances of 1 are kept."""
    return SELU_SCALE * elu(z, SELU_ALPHA)


def selu_slope(z: Array) -> Array:
    """Return the slope of ELU times the same scale."""
    return SELU_SCALE * elu_slope(z, SELU_ALPHA)


def celu(z: Array, alpha: float) -> Array:
    """Return max(0, z) + min(0, α(e^{z/α} − 1)). Source: Barron, arXiv:1704.07483."""
    return elu(z / alpha, 1.0) * alpha


def celu_slope(z: Array, alpha: float) -> Array:
    """Return 1, or e^{z/α} below zero."""
    return elu_slope(z / alpha, 1.0)


def normal_share(z: Array) -> Array:
    """Return Φ(z), the share of a standard normal distribution below z."""
    return np.asarray((1 + erf(z / np.sqrt(2))) / 2)


def normal_density(z: Array) -> Array:
    """Return the density e^{−z²/2}/√(2π)."""
    return np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)


def gelu(z: Array, approximate: str) -> Array:
    """Return zΦ(z), or its approximation by tanh. Source: arXiv:1606.08415."""
    if approximate == "tanh":
        return z * (1 + np.tanh(_gelu_inside(z))) / 2
    return z * normal_share(z)


def gelu_slope(z: Array, approximate: str) -> Array:
    """Return Φ(z) + z times the density, or the derivative of the approximation."""
    if approximate == "tanh":
        t = np.tanh(_gelu_inside(z))
        inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * z**2)
        return (1 + t) / 2 + z * (1 - t**2) * inner / 2
    return normal_share(z) + z * normal_density(z)


def _gelu_inside(z: Array) -> Array:
    return np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)


def silu(z: Array) -> Array:
    """Return zσ(z). Source: Ramachandran et al., arXiv:1710.05941 (Swish)."""
    return z * sigmoid(z)


def silu_slope(z: Array) -> Array:
    """Return σ(z)(1 + z(1 − σ(z)))."""
    return sigmoid(z) * (1 + z * sigmoid(-z))


def hardsigmoid(z: Array) -> Array:
    """Return min(1, max(0, z/6 + 1/2))."""
    return np.clip(z / 6 + 0.5, 0.0, 1.0)


def hardsigmoid_slope(z: Array) -> Array:
    """Return 1/6 between −3 and 3, else 0."""
    return np.where((z > -3) & (z < 3), 1 / 6, 0.0)


def hardswish(z: Array) -> Array:
    """Return z · hardsigmoid(z). Source: Howard et al., arXiv:1905.02244."""
    return z * hardsigmoid(z)


def hardswish_slope(z: Array) -> Array:
    """Return z/3 + 1/2 between −3 and 3, 0 below, 1 above."""
    return np.where(z <= -3, 0.0, np.where(z < 3, z / 3 + 0.5, 1.0))


def softplus(z: Array, beta: float) -> Array:
    """Return log(1 + e^{βz})/β, without overflow."""
    return np.where(beta * z > LINEAR_FROM, z, np.logaddexp(0.0, beta * z) / beta)


def softplus_slope(z: Array, beta: float) -> Array:
    """Return σ(βz)."""
    return np.where(beta * z > LINEAR_FROM, 1.0, sigmoid(beta * z))


def mish(z: Array) -> Array:
    """Return z tanh(softplus(z)). Source: Misra, arXiv:1908.08681."""
    return z * np.tanh(np.logaddexp(0.0, z))


def mish_slope(z: Array) -> Array:
    """Return t + zσ(z)(1 − t²), with t = tanh(softplus(z))."""
    t = np.tanh(np.logaddexp(0.0, z))
    return t + z * sigmoid(z) * (1 - t**2)


def softsign(z: Array) -> Array:
    """Return z/(1 + |z|)."""
    return z / (1 + np.abs(z))


def softsign_slope(z: Array) -> Array:
    """Return 1/(1 + |z|)²."""
    return 1 / (1 + np.abs(z)) ** 2


def relu6(z: Array) -> Array:
    """Return min(6, max(0, z))."""
    return np.clip(z, 0.0, 6.0)


def relu6_slope(z: Array) -> Array:
    """Return 1 between 0 and 6, else 0."""
    return ((z > 0) & (z < 6)).astype(float)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(lambda z: z, np.ones_like),
    "step": Activation(step, np.zeros_like),
    "sigmoid": Activation(sigmoid, sigmoid_slope),
    "hardsigmoid": Activation(hardsigmoid, hardsigmoid_slope),
    "tanh": Activation(np.tanh, tanh_slope),
    "relu": Activation(relu, step),
    "leaky_relu": Activation(leaky_relu, leaky_relu_slope),
    "elu": Activation(elu, elu_slope),
    "selu": Activation(selu, selu_slope),
    "celu": Activation(celu, celu_slope),
    "gelu": Activation(gelu, gelu_slope),
    "silu": Activation(silu, silu_slope),
    "hardswish": Activation(hardswish, hardswish_slope),
    "mish": Activation(mish, mish_slope),
    "softplus": Activation(softplus, softplus_slope),
    "softsign": Activation(softsign, softsign_slope),
    "relu6": Activation(relu6, relu6_slope),
}
"""By the name of the layer kind, whose options are the keyword arguments."""
