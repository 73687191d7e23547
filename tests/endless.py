"""A run that never ends by itself and takes no time to begin."""

ENDLESS = {
    "title": "Endless",
    "steps": 1_000_000_000,
    "data": {"kind": "circle", "samples": 100},
    "layers": [{"kind": "linear", "units": 8}, "tanh", "linear"],
    "loss": "binary_cross_entropy_with_logits",
}
