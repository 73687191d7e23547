"""Data from description to batches: every source loads, split, standardised, in turn."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from lab.engine import samples
from lab.engine.batches import BatchPlan, order_of_epoch
from lab.engine.data import prepare
from lab.engine.datasets import CURVES, DATASETS
from lab.engine.experiment import Batches, experiment
from lab.engine.kinds import ExperimentError
from lab.engine.losses import LOSSES
from lab.engine.preparation import split, statistics


def table_file(folder, rows) -> str:
    path = folder / "own.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("a", "b", "kind"), *rows])
    return str(path)


def own_rows(n: int = 40) -> list[tuple[object, ...]]:
    rng = np.random.default_rng(0)
    return [(*rng.normal(size=2).round(4), "cat" if i % 2 else "dog") for i in range(n)]


def own_sources(folder) -> dict[str, dict[str, object]]:
    """Write a file for every kind of own data, and return the options that read it."""
    arrays = folder / "own.npz"
    np.savez(arrays, x=np.arange(80.0).reshape(20, 4), y=np.arange(20) % 3)
    for name in ("cat", "dog"):
        (folder / "pictures" / name).mkdir(parents=True)
        for i in range(3):
            image = Image.fromarray(np.full((6, 6), 40 * i, np.uint8))
            image.save(folder / "pictures" / name / f"{i}.png")
    return {
        "csv": {"path": table_file(folder, own_rows())},
        "arrays": {"path": str(arrays)},
        "image_folder": {"path": str(folder / "pictures")},
        "points": {"points": [[0.1 * i, -0.2 * i, i % 3] for i in range(12)]},
    }


def loss_for(kind: str) -> str:
    return "mse_loss" if kind in {"curve", "diabetes"} else "cross_entropy"


SHAPES = {
    "digits": (1797, (64,), 10),
    "digit_images": (1797, (1, 8, 8), 10),
    "iris": (150, (4,), 3),
    "wine": (178, (13,), 3),
    "breast_cancer": (569, (30,), 2),
    "diabetes": (442, (10,), 0),
    "curve": (200, (1,), 0),
    "brackets": (2000, (20,), 2),
    "points": (12, (2,), 3),
    "csv": (40, (2,), 2),
    "arrays": (20, (4,), 3),
    "image_folder": (6, (1, 6, 6), 2),
}


@pytest.mark.parametrize("kind", sorted(DATASETS))
def test_every_source_gives_samples_split_and_standardised(kind, tmp_path):
    options = own_sources(tmp_path).get(kind, {})
    asked = experiment({"data": {"kind": kind} | options, "loss": loss_for(kind), "seed": 5})
    data = prepare(asked)
    n, shape, classes = SHAPES.get(kind, (500, (2,), 2))
    assert (len(data.x), data.shape, data.classes) == (n, shape, classes)
    assert sorted([*data.train, *data.test]) == list(range(n))
    assert len(data.test) == round(0.2 * n)
    assert len(data.labels) == len(data.target) == n
    axes = (0, 2, 3) if len(shape) == 3 else 0
    trained = data.x[data.train]
    np.testing.assert_allclose(trained.mean(axis=axes), 0, atol=1e-10)
    spread = trained.std(axis=axes)
    assert (np.isclose(spread, 1) | (spread == 0)).all()
    assert len(data.feature_names) in {0, shape[0]}
    assert not data.x.flags.writeable


@pytest.mark.parametrize(
    "kind", ["circle", "xor", "gaussians", "spiral", "moons", "curve", "brackets"]
)
def test_made_data_is_a_function_of_the_seed(kind):
    def x(seed: int) -> np.ndarray:
        asked = {"data": kind, "loss": loss_for(kind), "seed": seed}
        return prepare(experiment(asked)).x

    np.testing.assert_array_equal(x(1), x(1))
    assert not np.array_equal(x(1), x(2)) or kind == "curve"


def test_the_way_back_to_the_units_of_the_source():
    from sklearn.datasets import load_wine

    data = prepare(experiment({"data": "wine"}))
    assert data.is_standardised
    np.testing.assert_allclose(data.original, load_wine().data, rtol=1e-12)
    plain = prepare(experiment({"data": "wine", "split": {"standardise": False}}))
    np.testing.assert_array_equal(plain.x, load_wine().data)
    assert not plain.is_standardised


def test_the_test_set_is_standardised_by_the_training_set_alone():
    data = prepare(experiment({"data": "iris", "split": {"test_share": 0.5}}))
    train = data.original[data.train]
    np.testing.assert_allclose(data.mean, train.mean(axis=0))
    np.testing.assert_allclose(data.deviation, train.std(axis=0))


@pytest.mark.fault("F15")
def test_a_feature_that_never_changes_becomes_zero_and_is_named(tmp_path):
    rows = [(7, b, kind) for _, b, kind in own_rows()]
    path = tmp_path / "constant.npz"
    x = np.array([(float(a), float(b)) for a, b, _ in rows])
    np.savez(path, x=x, y=np.arange(len(x)) % 2)
    data = prepare(experiment({"data": {"kind": "arrays", "path": str(path)}}))
    assert (data.x[:, 0] == 0).all()
    assert any("x0" in note for note in data.notes)
    mean, deviation = statistics(np.full((5, 1), 1e9) + np.zeros(1))
    assert (mean, deviation) == (1e9, 1)


@pytest.mark.fault("M2")
def test_a_number_that_is_none_is_refused_naming_its_row(tmp_path):
    x = np.zeros((1000, 3))
    x[:, 0] = np.arange(1000)
    x[777, 1] = np.nan
    x[900, 2] = np.inf
    path = tmp_path / "bad.npz"
    np.savez(path, x=x, y=np.arange(1000) % 2)
    with pytest.raises(ExperimentError, match="777"):
        prepare(experiment({"data": {"kind": "arrays", "path": str(path)}}))


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ([], "draw at least two points"),
        ([[0, 0, 1]], "draw at least two points"),
        ([[0, 0], [1, 1]], "rows of x, y and a class"),
        ([1, 2, 3], "rows of x, y and a class"),
        ([["a", 0, 1], [0, 0, 1]], "rows of x, y and a class"),
        ([[0, 0, 1], [0, 0, 8]], "classes from 0 to 7"),
        ([[0, 0, 1], [0, 0, 0.5]], "classes from 0 to 7"),
        ([[0, 0, 1], [0, 0, float("nan")]], "finite coordinates"),
        ("text", "wanted a list"),
    ],
)
def test_drawn_points_that_are_none_are_refused(points, told):
    with pytest.raises(ExperimentError, match=told):
        prepare(experiment({"data": {"kind": "points", "points": points}}))


@pytest.mark.parametrize("kind", ["csv", "arrays", "image_folder"])
@pytest.mark.parametrize(
    ("path", "told"), [("", r"data\.path: name the file"), ("gone", "gone")]
)
def test_a_file_that_is_not_there_is_told_in_a_sentence(kind, path, told, tmp_path):
    asked = experiment({"data": {"kind": kind, "path": path and str(tmp_path / path)}})
    with pytest.raises(ExperimentError, match=told):
        prepare(asked)


@pytest.mark.fault("F15")
def test_one_class_alone_is_refused(tmp_path):
    path = tmp_path / "one.npz"
    np.savez(path, x=np.eye(4), y=np.zeros(4, int))
    with pytest.raises(ExperimentError, match="all samples are of one class"):
        prepare(experiment({"data": {"kind": "arrays", "path": str(path)}}))


@example(n=2, share=0.99, seed=0)  # one is left for training
@given(n=st.integers(2, 3000), share=st.floats(0, 0.99), seed=st.integers(0, 2**63 - 1))
def test_a_split_is_a_partition_and_a_function_of_the_seed(n, share, seed):
    train, test = split(n, share, seed)
    assert len(train) >= 1
    assert len(test) == min(round(n * share), n - 1)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(n))
    np.testing.assert_array_equal(split(n, share, seed)[1], test)


def test_every_loss_can_judge_some_data():
    for name, kind in LOSSES.items():
        two = prepare(experiment({"data": "moons", "loss": name}))
        assert two.encoding == kind.encoding(2)


@pytest.mark.parametrize("name", CURVES)
def test_curves_are_their_formulas_without_noise(name):
    x, y = getattr(samples, name)(101, 0.0, np.random.default_rng(0))
    formulas = {
        "sine": lambda x: np.sin(np.pi * x),
        "waves": lambda x: np.sin(3 * x) + 0.3 * np.cos(9 * x),
        "bump": lambda x: np.exp(-8 * x * x),
        "stairs": lambda x: np.floor(3 * x) / 3,
        "line": lambda x: 2 * x - 0.5,
        "absolute": abs,
    }
    np.testing.assert_allclose(y, formulas[name](x[:, 0]), atol=1e-12)


def test_plane_sets_are_where_they_are_said_to_be():
    rng = np.random.default_rng(0)
    x, y = samples.circle(400, 0.0, rng)
    radius = np.hypot(*x.T)
    assert radius[y == 1].max() <= 0.5
    assert radius[y == 0].min() >= 0.7
    x, y = samples.xor(400, 0.0, rng)
    np.testing.assert_array_equal(y, x[:, 0] * x[:, 1] < 0)
    x, y = samples.gaussians(4000, 0.0, rng)
    np.testing.assert_allclose(x[y == 1].mean(axis=0), 0.5, atol=0.02)
    for make in (samples.spiral, samples.moons):
        x, y = make(401, 0.0, rng)
        assert x.shape == (401, 2)
        assert 200 <= y.sum() <= 201


# Batches.


@st.composite
def plans(draw: st.DrawFn) -> tuple[BatchPlan, int, Batches]:
    n = draw(st.integers(1, 60))
    shuffle, drop = draw(st.booleans()), draw(st.booleans())
    spec = Batches(size=draw(st.integers(0, n)), shuffle=shuffle, drop_last=drop)
    x = torch.arange(n)
    return BatchPlan(x.reshape(-1, 1), x, spec, draw(st.integers(0, 9))), n, spec


@settings(deadline=None)
@given(plans())
def test_every_epoch_is_a_permutation_cut_into_batches(made):
    plan, n, spec = made
    size = spec.size or n
    for epoch in range(3):
        steps = range(epoch * plan.per_epoch + 1, (epoch + 1) * plan.per_epoch + 1)
        batches = [plan.indices(s) for s in steps]
        seen = np.concatenate(batches)
        assert len(set(seen)) == len(seen)
        assert len(seen) == (n - n % size if spec.drop_last else n)
        assert all(len(b) == size for b in batches[:-1])
        if not spec.shuffle:
            np.testing.assert_array_equal(seen, np.arange(len(seen)))


@settings(deadline=None)
@given(plans(), st.lists(st.integers(1, 200), min_size=1, max_size=20))
def test_a_batch_is_a_function_of_its_step_in_any_order(made, steps):
    plan, _, spec = made
    again = BatchPlan(plan._x, plan._y, spec, plan._seed)
    wanted = {s: again.indices(s).copy() for s in sorted(steps)}
    for step in steps:
        x, y = plan.at(step)
        np.testing.assert_array_equal(y.numpy(), wanted[step])
        np.testing.assert_array_equal(x[:, 0].numpy(), wanted[step])
        np.testing.assert_array_equal(plan.indices(step), wanted[step])


def test_another_epoch_and_another_seed_have_another_order():
    orders = [tuple(order_of_epoch(50, e, s, shuffle=True)) for e in range(3) for s in range(3)]
    assert len(set(orders)) == 9


def test_the_batch_in_use_is_that_of_the_iteration_in_progress_or_the_last(make):
    from lab.engine.trainer import Trainer

    trainer = Trainer(make())
    first = trainer.batch_indices()
    trainer.forward()
    np.testing.assert_array_equal(trainer.batch_indices(), first)
    np.testing.assert_array_equal(trainer.target, trainer.data.target[first])
    trainer.step()
    np.testing.assert_array_equal(trainer.batch_indices(), first)
    trainer.forward()
    assert not np.array_equal(trainer.batch_indices(), first)
    assert set(trainer.batch_indices()) <= set(trainer.data.train)


def test_what_is_wrong_in_a_file_is_told_with_its_name(tmp_path):
    values = np.random.default_rng(0).normal(size=(30, 3))
    values[18, 1] = np.nan
    path = tmp_path / "mine.npz"
    np.savez(path, x=values, y=np.arange(30) % 2)
    asked = experiment({"data": {"kind": "arrays", "path": str(path)}, "layers": ["linear"]})
    with pytest.raises(ExperimentError, match=r"mine\.npz.*row 18"):
        prepare(asked)
