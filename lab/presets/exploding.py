"""Gradients that explode: twenty hidden layers whose weights begin five times too large.

Each layer multiplies the gradient that comes back, so the first gets a hundred thousand times
what the last one gets; every update throws the weights somewhere else, and the loss leaps
above that of a guess, ln 10 = 2.303. Set the gain of all layers to 1 and the same network
learns. B. Poole et al., arXiv:1606.05340.
"""

from __future__ import annotations

_STEEP = {"kind": "linear", "units": 32, "init": "xavier_normal", "gain": 5.0}

EXPERIMENT = {
    "steps": 500,
    "data": "digits",
    "batches": {"size": 64},
    "layers": [
        *[_STEEP, "tanh"] * 20,
        {"kind": "linear", "init": "xavier_normal", "gain": 5.0},
    ],
    "loss": "cross_entropy",
    "optimizer": {"kind": "sgd", "learning_rate": 0.01},
}
