"""The first picture of TensorFlow Playground: a disc within a ring, 2-4-2-1.

Tanh everywhere, targets −1 and +1, squared error, half of the points kept for the test; one
step here is one batch of ten. https://playground.tensorflow.org
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 5000,
    "data": {"kind": "circle", "samples": 500, "noise": 0.0},
    "split": {"test_share": 0.5},
    "batches": {"size": 10},
    "layers": [
        {"kind": "linear", "units": 4},
        "tanh",
        {"kind": "linear", "units": 2},
        "tanh",
        "linear",
        "tanh",
    ],
    "loss": "mse_loss",
    "optimizer": {"kind": "sgd", "learning_rate": 0.03},
}
