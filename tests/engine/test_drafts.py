"""Networks checked as they are drawn: the verdict of building, but every problem at once."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab.engine.data import prepare
from lab.engine.drafts import check, draft_of
from lab.engine.experiment import Part, experiment, nested
from lab.engine.kinds import ExperimentError
from lab.engine.layers import LAYERS
from lab.engine.networks import MAX_LAYERS, checked_sizes, sizes
from lab.engine.preflight import check_activations, check_batches
from lab.engine.trainer import Trainer

FLAT, IMAGE = (4,), (1, 8, 8)


def parts(*described: object) -> tuple[Part, ...]:
    """Parts as a person may draw them: not completed, not checked."""
    return tuple(Part.model_validate(one) for one in described)


def linear(units: int | None = None) -> dict[str, object]:
    return {"kind": "linear"} | ({"units": units} if units else {})


def conv(kernel: int) -> dict[str, object]:
    return {"kind": "conv2d", "kernel": kernel}


def block(*inner: object) -> dict[str, object]:
    return {"kind": "residual", "layers": list(inner)}


def told(*described, shape=FLAT, outputs=3, **more):
    found = check(parts(*described), shape, outputs, **more)
    return [(p.path, p.where, p.short) for p in found.problems]


# What is found, and what it is called.

NORM = "batch_norm"
CASES = [
    ([linear(10)], FLAT, [("layers.0", "out", "10 ≠ 3")]),
    ([block(linear(5)), linear()], FLAT, [("layers.0", "out", "5 ≠ 4")]),
    ([linear()], IMAGE, [("layers.0", "edge", "1×8×8 ≠ features")]),
    (["conv2d", linear()], FLAT, [("layers.0", "edge", "4 ≠ image")]),
    ([conv(9), "flatten", linear()], IMAGE, [("layers.0", "layer", "9 > 8")]),
    ([{"kind": "max_pool2d", "kernel": 30}, "flatten", linear()], IMAGE,
     [("layers.0", "layer", "30 > 8")]),
    ([block(), linear()], FLAT, [("layers.0", "layer", "empty")]),
    ([], FLAT, [("layers", "network", "empty")]),
    ([{"kind": "identity"}], (3,), [("layers", "network", "no weights")]),
    ([{"kind": "dropout", "p": 1.5}, linear()], FLAT, [("layers.0", "layer", "p = 1.5")]),
    ([linear(8) | {"units": 0}, linear()], FLAT, [("layers.0", "layer", "units = 0")]),
    ([linear(8) | {"units": 2.5}, linear()], FLAT, [("layers.0", "layer", "units = 2.5")]),
    ([linear(8) | {"units": 2**40}, linear()], FLAT,
     [("layers.0", "layer", "units = 1099511627776")]),
    ([{"kind": "attention", "heads": 3}, "mean_over_tokens", linear()], (6, 10),
     [("layers.0", "layer", "3 ∤ 10")]),
    (["attention", "flatten", linear()], (6,), [("layers.0", "edge", "6 ≠ sequence")]),
    ([linear(), "embedding", "flatten", linear()], FLAT, [("layers.1", "edge", "not first")]),
    (["sequence", NORM, "flatten", linear()], FLAT, [("layers.1", "edge", "4×1 ≠ features")]),
    (["nothing", linear()], FLAT, [("layers.0", "layer", "unknown")]),
    ([linear(10**6), linear(10**6), linear()], FLAT,
     [("layers", "network", "too large")]),
    (["relu"] * (MAX_LAYERS + 1) + [linear()], FLAT,
     [("layers", "network", "1002 > 1000")]),
    ([linear(10**6), linear()], FLAT, []),
]  # fmt: skip


@pytest.mark.fault("N1")
@pytest.mark.fault("N2")
@pytest.mark.fault("N3")
@pytest.mark.fault("N4")
@pytest.mark.parametrize(("layers", "shape", "wanted"), CASES)
def test_what_cannot_be_is_told_where_it_stands(layers, shape, wanted):
    assert told(*layers, shape=shape) == wanted


@pytest.mark.fault("N1")
def test_one_goes_on_behind_a_problem_and_finds_the_next():
    drawn = [
        conv(9),
        linear(6),
        block(linear(5), "tanh"),
        {"kind": "dropout", "p": -1},
        block(),
        linear(10),
    ]
    found = told(*drawn, shape=IMAGE)
    assert found == [
        ("layers.0", "layer", "9 > 8"),
        ("layers.1", "edge", "16×1×1 ≠ features"),
        ("layers.2", "out", "5 ≠ 6"),
        ("layers.3", "layer", "p = -1"),
        ("layers.4", "layer", "empty"),
        ("layers.5", "out", "10 ≠ 3"),
    ]


@pytest.mark.fault("N1")
def test_a_sentence_names_the_layer_and_both_numbers():
    (problem,) = check(parts(linear(10)), FLAT, 3).problems
    assert (
        problem.text
        == "layers.0 (Linear): the loss wants 3 outputs, the network gives 10 features."
    )


@pytest.mark.fault("N4")
@pytest.mark.parametrize(
    ("batch", "samples", "drop_last", "wanted"),
    [
        (32, 65, False, [("layers.1", "layer", "batch of 1")]),
        (32, 65, True, []),
        (32, 64, False, []),
        (0, 65, False, []),
        (1, 65, True, [("layers.1", "layer", "batch of 1")]),
        (1, None, True, [("layers.1", "layer", "batch of 1")]),
        (66, 65, False, [("batches.size", "network", "66 > 65")]),
    ],
)
def test_the_last_partial_batch_is_thought_of(batch, samples, drop_last, wanted):
    layers = [linear(5), NORM, linear()]
    found = told(*layers, batch=batch, samples=samples, drop_last=drop_last)
    assert found == wanted


@pytest.mark.fault("N2")
def test_outputs_of_a_batch_beyond_memory_are_told():
    layers = [{"kind": "conv2d", "channels": 65536, "kernel": 1}, "global_avg_pool2d",
              "flatten", linear()]  # fmt: skip
    assert told(*layers, shape=IMAGE, batch=2048) == [("layers", "network", "too large")]
    assert told(*layers, shape=IMAGE, batch=2048, micro=4) == []


# What it costs.


def test_shapes_and_costs_are_those_of_the_engine():
    layers = experiment({"layers": [conv(3), NORM, "flatten", block(linear(576), "tanh"),
                                    linear()]}).layers  # fmt: skip
    found = check(layers, IMAGE, 3)
    engines = sizes(layers, IMAGE, 3)
    for size in engines:
        mine = found.by_path[size.path]
        same = (mine.shape_in, mine.shape_out, mine.parameters, mine.multiply_adds)
        assert same == (size.shape_in, size.shape_out, size.parameters, size.multiply_adds)
    assert [d.path for d in found.layers] == [path for path, _ in nested(layers)]
    assert found.parameters == sum(s.parameters for s in engines)
    assert found.multiply_adds == sum(s.multiply_adds for s in engines)


def test_memory_is_weights_gradient_slots_and_activations():
    found = check(parts(linear(5), linear()), FLAT, 3, slots=2, itemsize=8, batch=10)
    p = 4 * 5 + 5 + 5 * 3 + 3
    memory = found.memory
    assert (memory.weights, memory.gradient, memory.optimizer) == (8 * p, 8 * p, 16 * p)
    assert memory.activations == 8 * 10 * (5 + 3)
    assert memory.total == 32 * p + 640
    assert found.layers[0].weight_bytes == 8 * 25
    assert found.layers[0].activation_bytes == 8 * 10 * 5


def test_what_is_held_at_once_is_a_piece_of_the_batch():
    layers = [linear(5), linear()]
    pieces = check(parts(*layers), FLAT, 3, batch=10, micro=3).memory
    assert pieces == check(parts(*layers), FLAT, 3, batch=4).memory
    described = {"data": "moons", "layers": layers, "batches": {"size": 32, "micro": 4}}
    data = prepare(experiment(described))
    found = draft_of(experiment(described), data).memory
    whole = draft_of(experiment(described | {"batches": {"size": 32}}), data).memory
    assert 4 * found.activations == whole.activations
    assert found.weights == whole.weights


def test_what_is_not_known_is_left_open():
    found = check(parts("nothing", "tanh", linear(6), "tanh", linear()), FLAT, 3)
    assert [d.shape_out for d in found.layers] == [None, None, (6,), (6,), (3,)]
    assert [d.parameters for d in found.layers] == [None, None, None, 0, 21]


def test_the_parts_are_left_alone():
    drawn = parts(linear(5), linear())
    check(drawn, FLAT, 3)
    assert drawn == parts(linear(5), linear())


# The verdict is that of building, whatever is drawn.

WIDTHS = st.sampled_from([1, 2, 3, 4, 5, 10])


@st.composite
def any_layer(draw, depth=2):
    name = draw(st.sampled_from([n for n in LAYERS if n != "module"]))
    kind = LAYERS[name]
    made: dict[str, object] = {"kind": name}
    for p in kind.parameters:
        if p.is_whole and draw(st.booleans()):
            made[p.name] = draw(WIDTHS)
    if kind.holds_layers:
        inner = any_layer(depth - 1) if depth else st.just({"kind": "tanh"})
        made["layers"] = draw(st.lists(inner, min_size=draw(st.integers(0, 1)), max_size=3))
    return made


ENDS = [[], ["flatten", "linear"], ["linear"]]
GIVEN = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def refusal(asked, shape, outputs, slots, samples):
    try:
        found = checked_sizes(asked.layers, shape, outputs, slots, 4)
        check_batches(asked, samples)
        check_activations(asked, found, samples, 4)
    except ExperimentError as error:
        return str(error)
    return ""


@GIVEN
@given(
    drawn=st.lists(any_layer(), max_size=5),
    end=st.sampled_from(ENDS),
    shape=st.sampled_from([FLAT, IMAGE, (3, 5, 7), (1,)]),
    batch=st.integers(0, 12),
    samples=st.integers(2, 10),
    drop_last=st.booleans(),
)
@example(drawn=[], end=[], shape=FLAT, batch=4, samples=9, drop_last=False)
def test_a_draft_has_no_problem_exactly_if_it_can_be_trained(
    drawn, end, shape, batch, samples, drop_last
):
    batches = {"size": batch, "drop_last": drop_last}
    asked = experiment({"layers": [*drawn, *end], "batches": batches})
    refused = refusal(asked, shape, 3, 2, samples)
    mine = check(asked.layers, shape, 3, 2, 4, batch, samples=samples, drop_last=drop_last)
    assert bool(refused) == bool(mine.problems), (refused, mine.problems)
    if refused and len(mine.problems) == 1:
        assert mine.problems[0].text.split(": ")[-1] == refused.split(": ")[-1]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    drawn=st.lists(any_layer(), max_size=4),
    end=st.sampled_from(ENDS),
    data=st.sampled_from(["iris", "digit_images", "moons"]),
    early=st.booleans(),
)
def test_a_sound_draft_is_one_that_a_trainer_takes_a_step_with(drawn, end, data, early):
    asked = experiment(
        {
            "data": data,
            "layers": [*drawn, *end],
            "batches": {"size": 8},
            "split": {"test_share": 0.0},
            "early_stopping": {"patience": int(early)},
        }
    )
    found = draft_of(asked, prepare(asked))
    if not found.is_sound:
        with pytest.raises(ExperimentError):
            Trainer(asked)
        return
    trainer = Trainer(asked)
    trainer.step()
    assert found.parameters == sum(p.numel() for p in trainer.network.parameters())


@pytest.mark.fault("N5")
def test_outputs_that_would_silently_be_spread_over_the_targets_are_told(make):
    """(N, 3) beside targets (N, 1): torch would spread them with no more than a warning."""
    asked = make(data={"kind": "curve"}, loss="mse_loss", layers=[linear(3)])
    (problem,) = draft_of(asked, prepare(asked)).problems
    assert (problem.path, problem.where, problem.short) == ("layers.0", "out", "3 ≠ 1")
    with pytest.raises(ExperimentError, match="the loss wants 1 outputs"):
        Trainer(asked)


def test_samples_that_are_no_tokens_are_told(make):
    asked = make(data="iris", layers=["embedding", "flatten", "linear"])
    (problem,) = draft_of(asked, prepare(asked)).problems
    assert (problem.path, problem.where, problem.short) == ("layers.0", "edge", "no tokens")
    with pytest.raises(ExperimentError, match="wanted whole numbers"):
        Trainer(asked)


def test_another_network_may_be_checked_in_its_place(make):
    asked = make()
    data = prepare(asked)
    assert draft_of(asked, data).is_sound
    wrong = draft_of(asked, data, parts(linear(7)))
    assert [p.short for p in wrong.problems] == ["7 ≠ 2"]


def test_neither_checking_nor_its_imports_need_torch():
    code = (
        "import sys; from lab.engine.drafts import check;"
        "from lab.engine.experiment import Part;"
        "assert check([Part(kind='linear'), Part(kind='tanh')], (4,), 3).is_sound;"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
