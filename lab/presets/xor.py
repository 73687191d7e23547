"""XOR solved by four hidden units, 2-4-1.

Each unit draws one line; together they cut the plane so that opposite squares agree. Four is
few: with another seed it may be caught with a corner still wrong.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 1500,
    "data": {"kind": "xor", "samples": 500, "noise": 0.0},
    "batches": {"size": 16},
    "layers": [
        {"kind": "linear", "units": 4, "init": "xavier_normal"},
        "tanh",
        {"kind": "linear", "init": "xavier_normal"},
    ],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "adam", "learning_rate": 0.05},
}
