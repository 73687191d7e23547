"""A recurrent network reads brackets one by one, and says whether they are balanced.

At first it guesses: there are always as many of one as of the other. Then its state learns to
keep how many are open, and to remember that once there was one too few.
"""

from __future__ import annotations

EXPERIMENT = {
    "steps": 600,
    "data": {"kind": "brackets", "samples": 2000, "pairs": 10},
    "split": {"standardise": False},
    "batches": {"size": 64},
    "layers": [
        {"kind": "embedding", "tokens": 2, "dim": 4},
        {"kind": "gru", "units": 16},
        "linear",
    ],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "adam", "learning_rate": 0.01},
    "clip": {"kind": "norm", "max_norm": 1.0},
}
