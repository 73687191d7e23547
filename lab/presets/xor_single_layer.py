"""XOR asked of a network that cannot: no hidden layer, so its border is one straight line.

However long it trains, at least a quarter of the points stay on the wrong side, and the loss
settles at ln 2 = 0.693: a coin toss. Minsky and Papert, "Perceptrons", 1969.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 1000,
    "data": {"kind": "xor", "samples": 500, "noise": 0.0},
    "batches": {"size": 16},
    "layers": ["linear"],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "adam", "learning_rate": 0.03},
}
