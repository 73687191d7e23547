"""Exported scripts, run as a stranger would: their losses are the run's to the last digit."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from lab.engine.experiment import experiment
from lab.engine.exports import export
from lab.engine.layers import LAYERS
from lab.engine.losses import LOSSES
from lab.engine.optimizers import OPTIMIZERS
from lab.engine.records import record_of
from lab.engine.run import Run
from lab.engine.schedules import SCHEDULES
from lab.engine.timeline import Edit
from lab.presets import load

if TYPE_CHECKING:
    from pathlib import Path

STEPS = 20
MLP = [{"kind": "linear", "units": 8}, "tanh", "linear"]
NOISY = [{"kind": "linear", "units": 16}, "relu", {"kind": "dropout", "p": 0.3}, "linear"]
BLOCK = {
    "kind": "residual",
    "layers": [
        {"kind": "conv2d", "channels": 6, "kernel": 3, "padding": 1, "init": "lecun_normal"},
        "batch_norm",
        {"kind": "dropout", "p": 0.1},
        "relu",
    ],
}
CNN = [
    {"kind": "conv2d", "channels": 6, "kernel": 3, "padding": 1, "init": "kaiming_normal"},
    "batch_norm",
    "relu",
    BLOCK,
    {"kind": "max_pool2d", "kernel": 2},
    {"kind": "avg_pool2d", "kernel": 2},
    "flatten",
    {"kind": "linear", "init": "orthogonal", "gain": 0.5},
]
POINTS = [[0.1 * i, (-1) ** i * 0.37, i % 3] for i in range(40)]
TWO = {"data": {"kind": "moons", "samples": 90}, "batches": {"size": 10}, "layers": MLP}
DIGITS = {"data": "digits", "batches": {"size": 64}, "layers": NOISY}
ODD_TITLE = 'Ends """ here \\N and $there\n{}'

BLOCK_OF_TOKENS = {"kind": "transformer_block", "heads": 2, "hidden": 12, "dropout": 0.2}
SEQUENCE = [
    {"kind": "embedding", "tokens": 2, "dim": 8},
    "positional_encoding",
    {"kind": "positional_encoding", "learned": True},
    {"kind": "attention", "heads": 2, "causal": True, "bias": False},
    BLOCK_OF_TOKENS | {"causal": True},
    BLOCK_OF_TOKENS | {"norm": "last", "activation": "relu", "init": "xavier_normal"},
    {"kind": "gru", "units": 6, "returns": "all"},
    {"kind": "lstm", "units": 5, "returns": "all", "init": "orthogonal", "bias": False},
    {"kind": "residual", "layers": [{"kind": "linear", "units": 5}, "layer_norm", "softmax"]},
    "mean_over_tokens",
    "linear",
]
BRACKETS = {
    "data": {"kind": "brackets", "samples": 80, "pairs": 4},
    "split": {"standardise": False},
    "batches": {"size": 16},
}

FLAT_KINDS = [n for n, k in LAYERS.items() if k.is_activation or n.endswith("norm")]


def chain(kinds: list[str]) -> list:
    """Put a linear layer before each, so that none is fed by another's zeros alone."""
    before = {"kind": "linear", "units": 6, "init": "xavier_uniform"}
    return [*(part for kind in kinds for part in (before, kind)), "linear"]


CASES: dict[str, tuple[dict, list[Edit]]] = {
    "adam_dropout": ({**DIGITS, "optimizer": "adam", "title": ODD_TITLE}, []),
    "cnn": ({"data": "digit_images", "batches": {"size": 50}, "layers": CNN, "seed": 3}, []),
    "iris_float64": (
        {
            "data": "iris",
            "precision": "float64",
            "batches": {"size": 16, "drop_last": True},
            "layers": MLP,
            "optimizer": {"kind": "rmsprop", "momentum": 0.5, "centered": True},
            "regularisation": {"l1": 0.001, "l2": 0.01},
            "clip": {"kind": "norm", "max_norm": 0.2},
            "schedule": {"kind": "cosine", "floor": 0.1},
            "steps": 30,
        },
        [],
    ),
    "curve_nadam": (
        {
            "data": {"kind": "curve", "function": "stairs", "samples": 70},
            "batches": {"size": 0},
            "layers": MLP,
            "loss": "huber_loss",
            "optimizer": "nadam",
            "split": {"standardise": False, "test_share": 0.0},
        },
        [],
    ),
    "nadam_float64": ({**TWO, "optimizer": "nadam", "precision": "float64"}, []),
    "adamw_warm": (
        {
            **TWO,
            "optimizer": "adamw",
            "regularisation": {"weight_decay": 0.1},
            "schedule": {"kind": "warmup_cosine", "steps": 7},
        },
        [],
    ),
    "points": ({"data": {"kind": "points", "points": POINTS}, "layers": MLP}, []),
    "bfloat16": ({**DIGITS, "precision": "bfloat16"}, []),
    "in_pieces": ({**DIGITS, "batches": {"size": 64, "micro": 3}}, []),
    "in_order": ({**TWO, "batches": {"size": 7, "shuffle": False}}, []),
    "clip_value": ({**TWO, "clip": {"kind": "value", "limit": 0.01}}, []),
    "edits": (
        {**DIGITS, "optimizer": {"kind": "sgd", "learning_rate": 0.1}},
        [
            Edit(5, "optimizer.learning_rate", 0.1, 0.05),
            Edit(9, "clip.kind", "none", "norm"),
            Edit(9, "clip.max_norm", 1.0, 0.3),
            Edit(12, "optimizer.kind", "sgd", "adam"),
            Edit(15, "batches.size", 64, 50),
        ],
    ),
    "edits_of_memory": (
        {**TWO, "optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": True}},
        [
            Edit(3, "optimizer.momentum", 0.9, 0.0),
            Edit(6, "optimizer.momentum", 0.0, 0.5),
            Edit(8, "optimizer.kind", "sgd", "rmsprop"),
            Edit(10, "optimizer.centered", False, True),
            Edit(12, "optimizer.alpha", 0.99, 0.9),
            Edit(14, "optimizer.kind", "rmsprop", "adamw"),
            Edit(14, "optimizer.beta1", 0.9, 0.8),
            Edit(17, "regularisation.weight_decay", None, 0.0),
        ],
    ),
    "edits_of_the_rest": (
        {**DIGITS, "schedule": {"kind": "exponential", "gamma": 0.9}},
        [
            Edit(0, "layers.2.p", 0.3, 0.5),
            Edit(4, "regularisation.l1", 0.0, 1e-3),
            Edit(5, "schedule.kind", "exponential", "one_cycle"),
            Edit(6, "regularisation.l2", 0.0, 1e-2),
            Edit(6, "steps", 1000, 25),
            Edit(8, "batches.micro", 1, 4),
            Edit(10, "batches.shuffle", True, False),
            Edit(12, "batches.micro", 4, 1),
            Edit(13, "batches.size", 64, 0),
            Edit(15, "clip.kind", "none", "value"),
            Edit(16, "schedule.kind", "one_cycle", "constant"),
            Edit(20, "optimizer.kind", "adam", "sgd"),
        ],
    ),
    "sequence": (
        {**BRACKETS, "layers": SEQUENCE, "optimizer": "adamw"},
        [Edit(6, "layers.4.dropout", 0.2, 0.5)],
    ),
    "sequence_bfloat16": ({**BRACKETS, "layers": SEQUENCE, "precision": "bfloat16"}, []),
    "rows": ({"data": "digit_images", "layers": ["sequence", "gru", "linear"]}, []),
    "in_tokens": ({**TWO, "layers": ["sequence", "lstm", "linear"]}, []),
    **{f"preset_{n}": (load(n).model_dump(), []) for n in ("playground", "digits-mlp")},
    **{f"rule_{n}": ({**TWO, "optimizer": n}, []) for n in OPTIMIZERS},
    **{
        f"schedule_{n}": ({**TWO, "optimizer": "sgd", "schedule": n, "steps": 15}, [])
        for n in SCHEDULES
    },
    **{f"loss_{n}": ({**TWO, "loss": n}, []) for n, k in LOSSES.items() if k.encodings},
    **{
        f"layers_{group[0]}": ({**TWO, "layers": chain(group)}, [])
        for group in (FLAT_KINDS[i : i + 5] for i in range(0, len(FLAT_KINDS), 5))
    },
    **{
        f"data_{n}": ({"data": n, "layers": MLP, "loss": loss}, [])
        for n, loss in (
            ("circle", "hinge_loss"),
            ("xor", "binary_cross_entropy_with_logits"),
            ("gaussians", "mse_loss"),
            ("spiral", "kl_div"),
            ("wine", "multi_margin_loss"),
            ("breast_cancer", "cross_entropy"),
            ("diabetes", "l1_loss"),
        )
    },
}
OWN_FILES = ("own_table", "own_arrays")
NAMES = (*CASES, *OWN_FILES)

DRIVER = """
import contextlib, io, json, pathlib, runpy, sys, warnings
import sklearn.datasets, torch
sys.modules["lab"] = None  # a script that wants it fails
warnings.simplefilter("error")
printed = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    sys.argv = [str(path)]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(path), run_name="__main__")
    printed[path.stem] = out.getvalue()
print(json.dumps(printed))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("scripts")


@pytest.fixture(scope="module")
def own_files(tmp_path_factory):
    place = tmp_path_factory.mktemp("own")
    rng = np.random.default_rng(1)
    rows = ["length,colour,weight", *(f"{x:.3f},{'red' if x > 0 else 'blue'},{x * 2 + 1:.3f}"
                                      for x in rng.normal(size=60))]  # fmt: skip
    (place / "table.csv").write_text("\n".join(rows))
    x = np.asfortranarray(rng.normal(size=(50, 5)))
    np.savez(place / "arrays.npz", x=x, y=np.arange(50) % 3)
    table = {"kind": "csv", "path": str(place / "table.csv"), "target": "weight"}
    arrays = {"kind": "arrays", "path": str(place / "arrays.npz")}
    plain = {"layers": MLP, "precision": "float64", "split": {"standardise": False}}
    return {
        "own_table": ({"data": table, "layers": MLP, "loss": "mse_loss"}, []),
        "own_arrays": ({"data": arrays, **plain}, []),
    }


@pytest.fixture(scope="module")
def runs(folder, own_files):
    """Carry every case out, export it, and keep the run."""
    torch.set_num_threads(1)
    made = {}
    for name, (description, edits) in {**CASES, **own_files}.items():
        run = Run(experiment(description), edits=edits)
        run.advance(STEPS)
        export(record_of(run), {}, "python", folder / f"{name}.py", data=run.trainer.data)
        made[name] = run
    return made


@pytest.fixture(scope="module")
def printed(folder, runs):
    """What the scripts print, one after the other in a Python that has no lab."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", DRIVER, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def losses(run: Run) -> list[float]:
    rows = [run.timeline.current.row(step) for step in range(1, run.newest + 1)]
    return [row["loss"] for row in rows]


def lines(run: Run) -> str:
    return "".join(f"{i} {value!r}\n" for i, value in enumerate(losses(run), 1))


def imported(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_a_script_prints_the_losses_of_its_run_to_the_last_digit(name, runs, printed):
    assert printed[name] == lines(runs[name])


def test_a_script_runs_alone_and_takes_a_number_of_steps(folder, runs, tmp_path):
    alone = shutil.copy(folder / "edits.py", tmp_path / "ähnlich mit Lücke.py")
    command = [sys.executable, "-I", "-W", "error::SyntaxWarning", str(alone), "16"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == lines(runs["edits"]).splitlines()[:16]


@pytest.mark.parametrize(
    "name", ["adam_dropout", "cnn", "iris_float64", "curve_nadam", "points", *OWN_FILES]
)
def test_a_script_can_be_imported_for_its_data_network_and_loss(name, folder, runs, capsys):
    trainer, script = runs[name].trainer, imported(folder / f"{name}.py")
    assert capsys.readouterr().out == ""
    wanted = trainer.train_x, trainer.train_y, trainer.test_x, trainer.test_y
    for found, want in zip(script.data(), wanted, strict=True):
        assert found.dtype == want.dtype
        assert torch.equal(found, want)
    first = Run(runs[name].experiment).trainer
    state = script.network().state_dict()
    assert list(state) == list(first.network.state_dict())
    for key, tensor in first.network.state_dict().items():
        assert torch.equal(state[key], tensor)
    output = trainer.answers(trainer.train_x[:9])
    mine = script.loss(output, trainer.train_y[:9])
    assert mine.item() == trainer._loss(output, trainer.train_y[:9]).item()


@pytest.mark.parametrize("name", NAMES)
def test_a_script_imports_nothing_but_torch_numpy_and_scikit_learn(name, folder, runs):
    allowed = {
        "__future__",
        "collections",
        "hashlib",
        "math",
        "pathlib",
        "sys",
        "types",
        "typing",
    }
    tree = ast.parse((folder / f"{name}.py").read_text("utf-8"))
    roots = {
        a.name.split(".")[0]
        for n in ast.walk(tree)
        if isinstance(n, ast.Import)
        for a in n.names
    }
    roots |= {n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert roots <= allowed | {"torch", "numpy", "sklearn"}


@pytest.mark.parametrize("name", NAMES)
def test_a_script_contains_no_recorded_result(name, folder, runs):
    numbers = set(re.findall(r"\d+\.\d{6,}", (folder / f"{name}.py").read_text("utf-8")))
    recorded = {f"{v:.9f}"[:8] for v in losses(runs[name])}
    assert not {n[:8] for n in numbers} & recorded


def test_scripts_are_clean_code_without_a_line_too_many(folder, runs):
    select = ["--select", "E,F,W,I,UP,B,PIE,SIM", "--ignore", "B905"]
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "100"]
    done = subprocess.run([*command, *select, str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    lengths = {p.stem: len(p.read_text("utf-8").splitlines()) for p in folder.glob("*.py")}
    assert lengths["preset_playground"] < 210
    assert max(lengths.values()) < 550


def test_no_name_of_the_template_is_left(folder, runs):
    for path in folder.glob("*.py"):
        text = path.read_text("utf-8")
        assert "#?" not in text
        assert not re.search(r"\$\w", text.split('"""', 2)[2]), path.name
