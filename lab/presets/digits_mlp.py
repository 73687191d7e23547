"""Handwritten digits read by a plain network, 64-128-128-10.

Watch the test accuracy pass 95 % within the first dozen epochs, while the training loss goes
on falling: the network begins to know its training set by heart.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 1000,
    "data": "digits",
    "batches": {"size": 64},
    "layers": [
        {"kind": "linear", "units": 128},
        "relu",
        {"kind": "linear", "units": 128},
        "relu",
        "linear",
    ],
    "loss": "cross_entropy",
    "optimizer": {"kind": "adam", "learning_rate": 0.001},
}
