"""Attention looks at a whole sequence of brackets at once, and says whether they are balanced.

No token looks at later ones: the mean over all before it tells how many are still open.
"""

from __future__ import annotations

BLOCK = {"kind": "transformer_block", "heads": 2, "hidden": 32, "causal": True}

EXPERIMENT = {
    "steps": 1000,
    "data": {"kind": "brackets", "samples": 2000, "pairs": 10},
    "split": {"standardise": False},
    "batches": {"size": 64},
    "layers": [
        {"kind": "embedding", "tokens": 2, "dim": 16},
        "positional_encoding",
        BLOCK,
        BLOCK,
        "layer_norm",
        "mean_over_tokens",
        "linear",
    ],
    "loss": "binary_cross_entropy_with_logits",
    "optimizer": {"kind": "adam", "learning_rate": 0.003},
}
