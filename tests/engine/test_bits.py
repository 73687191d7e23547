"""What fixes the bits: description, seed, device and log of edits, and nothing else."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
import torch

from lab.engine.kinds import ExperimentError
from lab.engine.phases import Phase
from lab.engine.run import Run
from lab.engine.timeline import Edit

STEPS = 60  # twelve epochs


def states(run: Run) -> list[torch.Tensor]:
    """Return the state after every step of the current branch."""
    return [state_at(run, k) for k in range(run.newest + 1)]


def state_at(run: Run, step: int) -> torch.Tensor:
    run.seek(step)
    return run.bench.state.vector.clone()


def headless(experiment, steps=STEPS, edits=()) -> list[torch.Tensor]:
    """Return the state after every step of a run that nobody looks at."""
    run, found = Run(experiment, edits=edits), []
    for _ in range(steps):
        found.append(run.trainer.state.vector.clone())
        run.step()
    return [*found, run.trainer.state.vector.clone()]


def assert_same(a: list[torch.Tensor], b: list[torch.Tensor]) -> None:
    assert len(a) == len(b)
    different = [k for k, (x, y) in enumerate(zip(a, b, strict=True)) if not torch.equal(x, y)]
    assert not different, f"steps {different} differ"


def disturb(run: Run, rng: random.Random) -> None:
    """Do one of the things that must not matter."""
    match rng.randrange(7):
        case 0:
            run.advance_phase()
        case 1:
            run.seek(rng.randint(0, run.newest))
            run.bench.evaluate()
            run.seek(run.newest)
        case 2:
            run.trainer.evaluate()
        case 3:
            run.bench.answers(run.bench.test_x)
            run.bench.batch_indices()
        case 4:
            torch.manual_seed(rng.randrange(1000))
            torch.rand(rng.randrange(50))
        case 5:
            for _ in range(rng.randint(1, 3)):
                run.advance_phase()
            run.seek(run.newest)  # the half-done iteration is left
        case _:
            run.note_pace(rng.choice([1e-4, 1e-2, 1.0]))


@pytest.mark.parametrize("seed", range(3))
def test_neither_phases_nor_seeking_nor_looking_nor_memory_change_a_bit(noisy, seed):
    wanted = headless(noisy())
    rng = random.Random(seed)
    run = Run(noisy(), budget=rng.choice([1, 20_000, 10**6, 10**9]))
    while run.newest < STEPS:
        for _ in range(rng.randrange(4)):
            disturb(run, rng)
        if rng.random() < 0.5:
            run.step()
        elif run.newest < STEPS:
            run.advance_phase()
    assert torch.equal(state_at(run, STEPS), wanted[-1])
    assert_same(states(run)[: STEPS + 1], wanted)


@pytest.mark.parametrize(("budget", "step_s"), [(1, 0.01), (30_000, 1e-5)])
def test_every_step_is_found_again_to_the_bit_with_little_memory(noisy, budget, step_s):
    wanted = headless(noisy())
    run = Run(noisy(), budget=budget)
    run.timeline.step_s = step_s
    for _ in range(STEPS):
        run.step()
    assert_same(states(run), wanted)
    for k in (59, 0, 31, 7, 60):
        assert torch.equal(state_at(run, k), wanted[k])


def test_a_fresh_process_gives_the_same_bits(noisy, tmp_path):
    wanted = headless(noisy(), 20)[-1]
    described = tmp_path / "described.json"
    described.write_text(noisy().model_dump_json())
    code = (
        "import json, sys, torch\n"
        "from lab.engine.experiment import experiment\n"
        "from lab.engine.run import Run\n"
        "run = Run(experiment(json.load(open(sys.argv[1]))))\n"
        "run.advance(20)\n"
        "print(run.trainer.state.vector.numpy().tobytes().hex())\n"
    )
    asked = [sys.executable, "-c", code, str(described)]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    assert said == wanted.numpy().tobytes().hex()


EDITS = [
    {"optimizer.learning_rate": 0.03},
    {"optimizer.kind": "sgd", "optimizer.learning_rate": 0.05},
    {"optimizer.momentum": 0.9},
    {"layers.3.p": 0.6},
    {"batches.size": 20},
    {"clip.kind": "norm", "clip.max_norm": 0.5},
    {"regularisation.l2": 0.01},
    {"schedule.kind": "cosine"},
    {"optimizer.kind": "rmsprop", "optimizer.centered": True},
    {"batches.micro": 2},
    {"steps": 200},
]


def edited(experiment, budget=10**9) -> Run:
    run = Run(experiment, budget=budget)
    for changes in EDITS:
        run.advance(5)
        run.edit(changes)
    run.advance(5)
    return run


def test_the_log_of_edits_replays_to_the_bit(noisy):
    run = edited(noisy())
    assert_same(headless(noisy(), run.newest, run.timeline.current.all_edits()), states(run))


def test_edits_are_replayed_when_their_past_is_sought_with_little_memory(noisy):
    wanted = states(edited(noisy()))
    run = edited(noisy(), budget=1)
    run.timeline.step_s = 0.01
    assert_same(states(run), wanted)
    assert run.settings.optimizer.kind == "rmsprop"
    run.seek(12)
    assert run.settings.optimizer.kind == "sgd"
    assert run.settings.optimizer["momentum"] == 0.0


def test_an_edit_taken_back_amid_an_iteration_leaves_no_trace(noisy):
    wanted = headless(noisy(), 10)
    for changes, back in (
        ({"optimizer.learning_rate": 0.5}, {"optimizer.learning_rate": 0.01}),
        (
            {"optimizer.kind": "sgd"},
            {"optimizer.kind": "adam", "optimizer.learning_rate": 0.01},
        ),
        ({"batches.size": 3}, {"batches.size": 16}),
    ):
        run = Run(noisy())
        run.advance(5)
        run.edit(changes)
        run.advance_phase()
        run.edit(back)
        assert run.settings == noisy()
        run.advance(5)
        replayed = headless(noisy(), 10, run.timeline.current.all_edits())
        assert_same(states(run), replayed)
        if back != {"optimizer.kind": "adam", "optimizer.learning_rate": 0.01}:
            assert_same(states(run), wanted)


def test_options_of_another_kind_are_what_was_asked_for_even_where_they_equal_the_old(make):
    run = Run(make(optimizer={"kind": "sgd", "learning_rate": 0.03}))
    run.advance(2)
    asked = {"optimizer.kind": "rmsprop", "optimizer.learning_rate": 0.03}
    run.edit(asked)
    assert run.settings.optimizer["learning_rate"] == 0.03
    run.edit({"optimizer.kind": "adam", "optimizer.beta1": 0.8})
    run.edit({"optimizer.kind": "sgd"})  # which has no beta1
    run.step()
    assert run.settings.optimizer.kind == "sgd"
    plain = make(optimizer={"kind": "sgd", "learning_rate": 0.03})
    assert_same(headless(plain, 3, run.timeline.current.all_edits()), states(run))


def test_branches_share_their_past_and_overwrite_nothing(noisy):
    run = Run(noisy(), budget=50_000)
    run.advance(40)
    root = states(run)
    rows = [run.timeline.current.row(k) for k in range(1, 41)]
    run.seek(40)
    run.branch(25, {"optimizer.learning_rate": 0.1})
    run.advance(20)
    second = states(run)
    assert_same(second[:26], root[:26])
    assert not torch.equal(second[30], root[30])
    assert [run.timeline.current.row(k) for k in range(1, 26)] == rows[:25]
    assert_same(headless(noisy(), 45, run.timeline.current.all_edits()), second)
    run.switch(0)
    assert_same(states(run), root)
    assert [run.timeline.current.row(k) for k in range(1, 41)] == rows
    run.advance(5)
    assert_same(states(run), headless(noisy(), 45))
    run.switch(1)
    assert_same(states(run), second)


def test_a_branch_without_changes_goes_the_way_of_the_old_one_edits_at_the_fork_included(noisy):
    run = Run(noisy())
    run.advance(10)
    run.edit({"optimizer.learning_rate": 0.2})
    run.advance(10)
    wanted = states(run)
    run.seek(10)
    shown = run.settings
    assert shown.optimizer["learning_rate"] == 0.2
    run.advance(10)
    assert run.timeline.current.number == 1
    assert run.settings == shown
    assert_same(states(run), wanted)
    assert_same(headless(noisy(), 20, run.timeline.current.all_edits()), wanted)


def test_a_branch_of_a_branch_before_its_fork_takes_the_ancestors_settings(noisy):
    run = Run(noisy())
    run.advance(10)
    run.edit({"optimizer.learning_rate": 0.2})
    run.advance(10)
    root = states(run)
    run.branch(15, {"optimizer.learning_rate": 0.3})
    run.advance(5)
    run.seek(10)
    assert run.settings.optimizer["learning_rate"] == 0.2
    run.advance(5)
    assert_same(states(run), root[:16])


def test_pieces_of_a_batch_give_the_same_gradient_dropout_included(make):
    layers = [
        {"kind": "linear", "units": 12},
        {"kind": "relu"},
        {"kind": "dropout", "p": 0.4},
        {"kind": "linear"},
    ]
    gradients = []
    for micro in (1, 2, 3, 7, 16):
        run = Run(
            make(layers=layers, batches={"size": 16, "micro": micro}, precision="float64")
        )
        run.advance(4)
        for _ in range(3):
            run.advance_phase()
        assert run.phase is Phase.BACKWARD
        gradients.append(run.trainer.state.gradient.clone())
    for other in gradients[1:]:
        torch.testing.assert_close(other, gradients[0], rtol=1e-10, atol=1e-12)


def test_pieces_are_left_out_of_no_count_and_never_too_small_to_normalise(noisy):
    run = Run(noisy(batches={"size": 13, "micro": 64}))
    run.advance(3)
    counts = [b for n, b in run.trainer.network.named_buffers() if "num_batches" in n]
    assert [int(c) for c in counts] == [3]


def test_loaded_weights_begin_a_branch_and_are_found_again(noisy):
    run, other = Run(noisy()), Run(noisy(seed=8))
    run.advance(10)
    other.advance(5)
    tensors = {n: t.clone() for n, t in other.trainer.network.state_dict().items()}
    run.load_weights({n: t.numpy() for n, t in tensors.items()}, "other.safetensors")
    run.advance(5)
    wanted = states(run)
    for name in ("0.weight", "7.bias"):
        run.seek(10)
        assert torch.equal(run.bench.network.state_dict()[name], tensors[name])
    run.advance(5)  # from the past: a branch of the branch
    assert_same(states(run), wanted)
    assert [e.what for e in run.timeline.current.all_edits()] == ["weights"]
    with pytest.raises(ExperimentError, match=r"step 10.*other\.safetensors"):
        Run(noisy(), edits=run.timeline.current.all_edits())


def test_abandoning_an_iteration_puts_back_what_it_changed_and_nothing_else(noisy):
    run = Run(noisy())
    run.advance(5)
    wanted = run.trainer.state.vector.clone()
    run.trainer.abandon()  # there is none to abandon
    assert torch.equal(run.trainer.state.vector, wanted)
    run.seek(2)
    run.branch(3)
    run.trainer.abandon()
    assert torch.equal(run.trainer.state.vector, headless(noisy(), 3)[-1])
    run.switch(0)
    for phases in (1, 2, 3):
        for _ in range(phases):
            run.advance_phase()
        run.trainer.abandon()
        assert torch.equal(run.trainer.state.vector, wanted)


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (Edit(3, "seed", 3, 4), "seed"),
        (Edit(3, "optimizer.learning_rate", 0.1, float("nan")), "learning_rate"),
        (Edit(3, "optimizer.beta1", 0.1, 0.2), "beta1"),
        (Edit(3, "nothing.here", 0, 1), "nothing.here"),
        (Edit(3, "batches.size", 16, 1000), "batches.size"),
    ],
)
def test_a_log_that_cannot_be_carried_out_is_refused_before_the_first_step(make, edit, told):
    with pytest.raises(ExperimentError, match=told):
        Run(make(), edits=[edit])


@pytest.mark.parametrize("step", [-1, 11])
def test_steps_not_carried_out_are_refused(make, step):
    run = Run(make())
    run.advance(10)
    for act in (run.seek, run.branch):
        with pytest.raises(ExperimentError, match=f"step: wanted 0 to 10, got {step}"):
            act(step)
    with pytest.raises(ExperimentError, match="branch: wanted 0 to 0"):
        run.switch(step)
    assert run.cursor == 10
