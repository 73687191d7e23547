"""Two spiral arms parted by a network with two hidden layers of 32.

The border is a straight line at first; it bends from the outer turn inwards.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 2000,
    "data": {"kind": "spiral", "samples": 500, "noise": 0.02},
    "batches": {"size": 32},
    "layers": [
        {"kind": "linear", "units": 32},
        "tanh",
        {"kind": "linear", "units": 32},
        "tanh",
        "linear",
    ],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "adam", "learning_rate": 0.01},
}
