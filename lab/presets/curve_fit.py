"""A curve drawn through 200 noisy points, 1-32-32-1.

The slow wave is found first, the quick one after it: networks learn low frequencies before
high ones.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 2000,
    "data": {"kind": "curve", "function": "waves", "samples": 200, "noise": 0.05},
    "batches": {"size": 32},
    "layers": [
        {"kind": "linear", "units": 32},
        "tanh",
        {"kind": "linear", "units": 32},
        "tanh",
        "linear",
    ],
    "loss": "mse_loss",
    "optimizer": {"kind": "adam", "learning_rate": 0.01},
}
