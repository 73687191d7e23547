"""Gradients that vanish: eight hidden layers of sigmoids.

The slope of a sigmoid is at most 1/4, so each layer shrinks the gradient that comes back; the
first layers get a millionth of it, and the loss stays near ln 10 = 2.303, a guess among ten.
With ReLU and Kaiming's initialisation the same network learns.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 500,
    "data": "digits",
    "batches": {"size": 64},
    "layers": [*[{"kind": "linear", "units": 32}, "sigmoid"] * 8, "linear"],
    "loss": "cross_entropy",
    "optimizer": {"kind": "sgd", "learning_rate": 0.1},
}
