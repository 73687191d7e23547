"""Shapes, costs and initial weights against the modules that torch builds."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from lab.engine.experiment import Part, experiment, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import INITIALISATIONS, LAYERS
from lab.engine.networks import build_network, checked_sizes, leaf_modules, leaf_parts, sizes
from lab.engine.preflight import check_activations, check_batches

FLAT, IMAGE, SEQUENCE = (6,), (3, 9, 7), (5, 6)

CASES = {  # kind: shape that comes in, options
    "linear": [
        (FLAT, {"units": 4}),
        (FLAT, {"units": 4, "bias": False}),
        (FLAT, {}),
        (SEQUENCE, {"units": 4}),
    ],
    "conv2d": [
        (IMAGE, {"channels": 5}),
        (IMAGE, {"channels": 5, "kernel": 2, "stride": 3, "padding": 2, "bias": False}),
    ],
    "max_pool2d": [(IMAGE, {}), (IMAGE, {"kernel": 3, "stride": 2})],
    "avg_pool2d": [(IMAGE, {}), (IMAGE, {"kernel": 3, "stride": 1})],
    "residual": [
        (FLAT, {"layers": [{"kind": "linear", "units": 6}, {"kind": "tanh"}]}),
        (
            IMAGE,
            {
                "layers": [
                    {"kind": "conv2d", "channels": 3, "padding": 1},
                    {"kind": "batch_norm"},
                ]
            },
        ),
        (FLAT, {"layers": [{"kind": "residual", "layers": [{"kind": "linear", "units": 6}]}]}),
    ],
    "global_avg_pool2d": [(IMAGE, {})],
    "batch_norm": [(FLAT, {}), (IMAGE, {})],
    "sequence": [(FLAT, {}), (IMAGE, {})],
    "embedding": [(FLAT, {"tokens": 3, "dim": 4})],
    "positional_encoding": [(SEQUENCE, {}), (SEQUENCE, {"learned": True}), ((1, 1), {})],
    "attention": [
        (SEQUENCE, {}),
        (SEQUENCE, {"heads": 3, "causal": True, "bias": False}),
        ((1, 6), {"heads": 6}),
    ],
    "transformer_block": [
        (SEQUENCE, {"heads": 2, "hidden": 7}),
        (SEQUENCE, {"norm": "last", "activation": "relu", "causal": True}),
        (SEQUENCE, {"bias": False, "init": "xavier_normal"}),
    ],
    "gru": [(SEQUENCE, {"units": 4}), (SEQUENCE, {"units": 4, "returns": "all"})],
    "lstm": [(SEQUENCE, {"units": 4, "bias": False}), ((1, 6), {"units": 4, "returns": "all"})],
    "mean_over_tokens": [(SEQUENCE, {})],
}
ALL = [(FLAT, {}), (IMAGE, {}), (SEQUENCE, {})]
COUNTED = ("linear", "conv2d", "attention", "transformer_block", "gru", "lstm")


def layers_of(*described: object) -> tuple[Part, ...]:
    return experiment({"layers": list(described)}).layers


@pytest.mark.parametrize(
    ("kind", "shape", "options"),
    [
        (name, *case)
        for name, kind in LAYERS.items()
        if not kind.is_foreign
        for case in CASES.get(name, ALL)
    ],
)
def test_sizes_are_those_of_the_module(kind, shape, options):
    layers = layers_of({"kind": kind} | options)
    [size] = sizes(layers, shape, outputs=10)
    network = build_network(layers, shape, 10, seed=0)
    answer = network(torch.zeros(4, *shape))
    assert tuple(answer.shape[1:]) == size.shape_out
    assert sum(p.numel() for p in network.parameters()) == size.parameters
    assert size.shape_in == shape


@pytest.mark.parametrize(
    ("kind", "shape", "options"), [(k, *c) for k in COUNTED for c in CASES[k]]
)
def test_multiply_adds_are_those_that_torch_counts(kind, shape, options):
    from torch.utils.flop_counter import FlopCounterMode

    layers = layers_of({"kind": kind} | options)
    network = build_network(layers, shape, 10, seed=0)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, *shape))
    [size] = sizes(layers, shape, outputs=10)
    assert 2 * size.multiply_adds == counter.get_total_flops()


def test_names_of_leaves_are_those_of_the_state_dict():
    layers = layers_of("linear", {"kind": "residual", "layers": ["linear", "tanh"]})
    names = [n for n, _ in leaf_modules(build_network(layers, (10,), 10, 0))]
    assert names == ["0", "1.inner.0", "1.inner.1"]


# Initial weights.

UNIFORM = {"xavier_uniform", "kaiming_uniform", "default"}
WIDE, NARROW = 300, 200
VARIANCES = {
    "default": 1 / (3 * NARROW),
    "xavier_uniform": 2 / (NARROW + WIDE),
    "xavier_normal": 2 / (NARROW + WIDE),
    "kaiming_uniform": 2 / NARROW,
    "kaiming_normal": 2 / NARROW,
    "lecun_normal": 1 / NARROW,
    "normal": 0.05**2,
    "zeros": 0.0,
    "orthogonal": 1 / WIDE,
}


def weight_of(init: str, seed: int = 0, **options: object) -> torch.Tensor:
    layers = layers_of({"kind": "linear", "units": WIDE, "init": init} | options)
    return build_network(layers, (NARROW,), 1, seed)[0].weight.detach()


def test_every_initialisation_has_a_variance_here():
    assert set(VARIANCES) == set(INITIALISATIONS)


@pytest.mark.parametrize("init", sorted(VARIANCES))
def test_initial_weights_have_their_variance(init):
    weight = weight_of(init, std=0.05)
    n = weight.numel()
    kurtosis = 1.8 if init in UNIFORM else 3.0
    error = math.sqrt((kurtosis - 1) / n)  # relative deviation of a sample's variance
    assert weight.var().item() == pytest.approx(VARIANCES[init], rel=5 * error)
    assert abs(weight.mean().item()) <= 5 * math.sqrt(VARIANCES[init] / n)


def test_convolutions_count_the_whole_window_as_fan_in():
    layers = layers_of(
        {"kind": "conv2d", "channels": 64, "kernel": 5, "init": "kaiming_normal"}
    )
    weight = build_network(layers, (16, 9, 9), 1, 0)[0].weight
    assert weight.var().item() == pytest.approx(2 / (16 * 25), rel=0.05)


@pytest.mark.parametrize("kind", ["attention", "transformer_block", "gru", "lstm"])
def test_every_weight_of_a_sequence_begins_as_asked(kind):
    layers = layers_of({"kind": kind, "init": "normal", "std": 0.5, "gain": 2.0})
    network = build_network(layers, (5, 64), 1, 0)
    named = [
        (n, p) for n, p in network.named_parameters() if n.split(".")[-2:] != ["0", "bias"]
    ]
    drawn = {n: p for n, p in named if p.ndim > 1}
    assert len(drawn) == {"gru": 2, "lstm": 2, "attention": 4, "transformer_block": 6}[kind]
    for weight in drawn.values():
        assert weight.std().item() == pytest.approx(1.0, rel=0.1)
    biases = [p for n, p in named if "bias" in n]
    assert biases
    assert all((b == 0).all() for b in biases)


@pytest.mark.parametrize("units", [8, 20])
def test_orthogonal_weights_are_at_right_angles(units):
    layers = layers_of({"kind": "linear", "units": units, "init": "orthogonal"})
    w = build_network(layers, (20,), 1, 0)[0].weight.detach()
    torch.testing.assert_close(w @ w.T, torch.eye(units), atol=1e-5, rtol=0)


@pytest.mark.parametrize("init", sorted(set(INITIALISATIONS) - {"default"}))
def test_a_chosen_initialisation_begins_without_bias_and_takes_a_gain(init):
    layers = layers_of({"kind": "linear", "units": 5, "init": init})
    assert (build_network(layers, (4,), 1, 0)[0].bias == 0).all()
    torch.testing.assert_close(weight_of(init, gain=2.5), 2.5 * weight_of(init))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others():
    assert torch.equal(weight_of("default", 4), weight_of("default", 4))
    assert not torch.equal(weight_of("default", 4), weight_of("default", 5))


def test_building_leaves_torchs_own_random_numbers_as_they_were():
    torch.manual_seed(1)
    wanted = torch.rand(3)
    torch.manual_seed(1)
    weight_of("normal")
    assert torch.equal(torch.rand(3), wanted)


# What is refused, and how it is said.


def checked(*described: object, shape: tuple[int, ...] = FLAT, outputs: int = 10) -> None:
    checked_sizes(layers_of(*described), shape, outputs, slots=2, itemsize=4)


@pytest.mark.fault("N1")
@pytest.mark.fault("N2")
@pytest.mark.fault("N3")
@pytest.mark.fault("N4")
@pytest.mark.parametrize(
    ("layers", "shape", "told"),
    [
        ([], FLAT, "network is empty"),
        (["relu"], FLAT, "no layer has weights"),
        (
            ["relu", "linear"],
            IMAGE,
            r"layers\.1 \(Linear\): wanted features, got 3×9×7; put a flatten",
        ),
        (["conv2d"], FLAT, r"layers\.0 \(Convolution\): wanted an image"),
        (
            [{"kind": "conv2d", "kernel": 9}],
            (1, 3, 3),
            r"layers\.0 \(Convolution\): a window of 9 does not fit into 3",
        ),
        (
            ["max_pool2d", "max_pool2d"],
            (1, 3, 3),
            r"layers\.1 \(Max pooling\): a window of 2 does not fit into 1",
        ),
        (
            [{"kind": "linear", "units": 3}],
            FLAT,
            r"layers\.0: the loss wants 10 outputs, the network gives 3 features",
        ),
        (
            ["sequence", {"kind": "linear", "units": 10}, {"kind": "attention", "heads": 3}],
            IMAGE,
            r"layers\.2 \(Attention\): 3 heads cannot share 10 numbers evenly",
        ),
        (
            ["sequence", {"kind": "transformer_block", "heads": 4}],
            IMAGE,
            r"layers\.1 \(Transformer block\): 4 heads cannot share 21 numbers evenly",
        ),
        (["gru"], FLAT, r"layers\.0 \(GRU\): wanted a sequence .* got 6 features; put an emb"),
        (["attention"], IMAGE, r"layers\.0 \(Attention\): wanted a sequence .* got 3×9×7"),
        (["sequence", "batch_norm"], IMAGE, r"layers\.1 \(Batch.*the sequence 9×21; for that"),
        (["sequence", "conv2d"], IMAGE, r"layers\.1 \(Convolution\): wanted an image .* 9×21"),
        (["sequence", "sequence"], IMAGE, r"layers\.1 \(As a sequence\): 9×21 is a sequence"),
        (["sequence", "linear"], FLAT, r"layers\.1: the loss wants 10 outputs, .* gives 6×10"),
        (["tanh", "embedding"], FLAT, r"layers\.1 \(Embedding\): .* move it to the front"),
        (["embedding"], IMAGE, r"layers\.0 \(Embedding\): wanted features, got 3×9×7"),
        ([{"kind": "residual"}], FLAT, r"layers\.0 \(Residual block\): it holds no layers"),
        (
            [{"kind": "residual", "layers": [{"kind": "linear", "units": 5}]}],
            FLAT,
            r"layers\.0 \(Residual block\): 5 features cannot be added to 6 features",
        ),
        (
            [{"kind": "residual", "layers": ["tanh", "conv2d"]}],
            FLAT,
            r"layers\.0\.layers\.1 \(Convolution\)",
        ),
        (["relu"] * 2000, FLAT, "wanted at most 1000, got 2000"),
        (
            [{"kind": "residual", "layers": ["relu"] * 2000}],
            FLAT,
            "wanted at most 1000, got 2000",
        ),
        ([{"kind": "linear", "units": 10**6}] * 2, FLAT, "1,000,008,000,000 parameters need"),
    ],
)
def test_networks_that_cannot_be_are_refused_naming_the_layer(layers, shape, told):
    with pytest.raises(ExperimentError, match=told):
        checked(*layers, shape=shape)


@pytest.mark.fault("N2")
def test_refusing_the_largest_network_takes_no_memory():
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(ExperimentError):
        checked({"kind": "linear", "units": 10**6}, {"kind": "linear", "units": 10**6})
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.fault("N2")
def test_a_double_precision_network_counts_twice():
    layers = [
        {"kind": "linear", "units": 25_000},
        {"kind": "linear", "units": 25_000},
        "linear",
    ]
    asked = experiment({"data": "iris", "layers": layers})
    found = sizes(asked.layers, (4,), 3)
    total = sum(s.parameters for s in found)
    assert 16 * total < 16 * 2**30 < 32 * total
    checked_sizes(asked.layers, (4,), 3, slots=2, itemsize=4)
    with pytest.raises(ExperimentError, match="parameters need"):
        checked_sizes(asked.layers, (4,), 3, slots=2, itemsize=8)


@pytest.mark.fault("N2")
def test_outputs_of_a_batch_beyond_memory_are_refused_unless_cut_into_pieces():
    layers = [
        {"kind": "conv2d", "channels": 65536, "kernel": 1},
        "global_avg_pool2d",
        "flatten",
        "linear",
    ]
    asked = experiment({"data": "digit_images", "layers": layers, "batches": {"size": 1024}})
    found = sizes(asked.layers, (1, 8, 8), 10)
    with pytest.raises(ExperimentError, match=r"outputs of 1,024 samples need 1\d GiB.*micro"):
        check_activations(asked, found, 1437, 4)
    check_activations(asked.changed({"batches.micro": 2}), found, 1437, 4)


@pytest.mark.fault("N2")
def test_the_weights_of_attention_count_towards_the_memory_of_a_batch():
    layers = ["sequence", {"kind": "linear", "units": 8}, {"kind": "attention", "heads": 8},
              "mean_over_tokens", "linear"]  # fmt: skip
    asked = experiment({"layers": layers, "batches": {"size": 64}})
    found = sizes(asked.layers, (2048,), 10)
    assert found[2].held == 2048 * 8 + 4 * 2048 * 8 + 2 * 8 * 2048**2
    with pytest.raises(ExperimentError, match=r"outputs of 64 samples need 16 GiB.*micro"):
        check_activations(asked, found, 1437, 4)
    block = experiment({"layers": ["sequence", {"kind": "transformer_block", "heads": 1}]})
    around = experiment({"layers": ["sequence", {"kind": "residual", "layers": ["attention"]}]})
    (_, one), (_, two) = (sizes(e.layers, (64,), 1) for e in (block, around))
    assert one.held > two.held > 2 * 64**2


NORMALISED = ["linear", {"kind": "residual", "layers": ["batch_norm"]}]


@pytest.mark.fault("N4")
@pytest.mark.parametrize(
    ("size", "n", "drop_last", "told"),
    [
        (3, 10, False, r"leave a last batch of 1.*batches\.drop_last"),
        (3, 10, True, None),
        (1, 10, True, "needs batches of 2 or more"),
        (0, 10, False, None),
        (11, 10, False, "at most the 10 training samples, got 11"),
    ],
)
def test_a_last_batch_that_cannot_be_normalised_is_found_beforehand(size, n, drop_last, told):
    batches = {"size": size, "drop_last": drop_last}
    asked = experiment({"layers": NORMALISED, "batches": batches})
    if told is None:
        check_batches(asked, n)
        return
    with pytest.raises(ExperimentError, match=told):
        check_batches(asked, n)


@pytest.mark.fault("N4")
def test_torch_itself_would_have_failed_on_that_batch():
    with pytest.raises(ValueError, match="more than 1 value"):
        nn.BatchNorm1d(3)(torch.zeros(1, 3))


BLOCK = {
    "kind": "residual",
    "layers": [
        {"kind": "dropout", "p": 0.1},
        {"kind": "residual", "layers": ["tanh", {"kind": "dropout", "p": 0.2}]},
    ],
}


def test_one_walk_meets_every_layer_under_its_own_path():
    made = experiment({"layers": [BLOCK, {"kind": "dropout", "p": 0.3}, "linear"]})
    walked = list(nested(made.layers))
    assert [path for path, _ in walked] == [
        "layers.0",
        "layers.0.layers.0",
        "layers.0.layers.1",
        "layers.0.layers.1.layers.0",
        "layers.0.layers.1.layers.1",
        "layers.1",
        "layers.2",
    ]
    assert all(made.value(f"{path}.kind") == part.kind for path, part in walked)


def test_layers_and_modules_are_met_in_the_same_order():
    made = experiment({"layers": [BLOCK, {"kind": "dropout", "p": 0.3}, "linear"]})
    network = build_network(made.layers, (10,), 10, 0)
    modules = [type(m).__name__.lower() for _, m in leaf_modules(network)]
    assert modules == [p.kind for p in leaf_parts(made.layers)]
