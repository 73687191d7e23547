"""Questions and what is made of the answers, against the trainer's own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn import metrics

from lab.engine.experiment import experiment
from lab.engine.looks import look_at
from lab.engine.pace import Pace
from lab.engine.run import Run
from lab.panels.data import book as books
from lab.panels.data import model
from lab.panels.data.atlas import Brightness, atlas
from lab.panels.data.book import ROWS, AnswerBook
from lab.panels.data.maths import Box, sigmoid, softmax
from lab.panels.data.model import DataState
from lab.panels.data.questions import AskLine, AskMap, AskRows


def small(**changes):
    return experiment(
        {
            "steps": 100,
            "seed": 3,
            "data": {"kind": "moons", "samples": 60, "noise": 0.2},
            "batches": {"size": 8},
            "layers": [{"kind": "linear", "units": 4}, "tanh", "linear"],
            "optimizer": {"kind": "adam", "learning_rate": 0.05},
            **changes,
        }
    )


@pytest.fixture
def run():
    made = Run(small())
    made.advance(30)
    return made


def look(run, questions=None, playing=False, number=1):
    answers = {name: ask(run.bench) for name, ask in (questions or {}).items()}
    return look_at(run, number, Pace(), playing, answers)


def told(run, rows=None):
    """A look with answers for some rows (all), and a book that has taken it."""
    every = np.arange(len(run.trainer.data.x))
    seen = look(run, {ROWS: AskRows(every if rows is None else rows)})
    book = AnswerBook()
    book.take(seen)
    return seen, book


def outputs(run):
    """All outputs in the order of ``data.x``, computed a second way."""
    trainer = run.bench
    x = torch.from_numpy(trainer.data.x.copy()).to(trainer.dtype)
    return trainer.answers(x).double().numpy()


# Questions.


def test_rows_get_their_own_answers_in_whatever_order_they_are_asked(run):
    rows = np.random.default_rng(0).permutation(60)[:25]
    found = AskRows(rows)(run.trainer)
    np.testing.assert_allclose(found.outputs, outputs(run)[rows], atol=1e-6)
    assert found.step == 30
    assert not found.outputs.flags.writeable


def test_the_rows_in_turn_come_round_to_all(run):
    ask = AskRows(np.array([5]), np.arange(60), chunk=13)
    seen = [ask(run.trainer).rows for _ in range(5)]
    assert all(5 in rows for rows in seen)
    assert set(np.concatenate(seen)) == set(range(60))


def test_rows_of_another_set_are_left_out(run):
    assert AskRows(np.array([500, 2]))(run.trainer).rows.tolist() == [2]
    assert AskRows(np.array([500]))(run.trainer) is None


def test_a_map_holds_the_answers_at_its_coordinates(run):
    box = Box(-3, 1, -2, 6)
    found = AskMap(box, 5)(run.trainer)
    grid = found.outputs.reshape(5, 5, -1)
    for row, column in ((0, 0), (0, 4), (3, 1), (4, 4)):
        place = [-3 + (column + 0.5) * 0.8, -2 + (row + 0.5) * 1.6]
        answer = run.trainer.answers(torch.tensor([place]))[0].double().numpy()
        np.testing.assert_allclose(grid[row, column], answer, atol=1e-6)


def test_a_map_is_not_asked_of_a_network_with_other_inputs():
    other = Run(small(data="iris"))
    assert AskMap(Box(0, 1, 0, 1), 4)(other.trainer) is None
    assert AskLine(0, 1)(other.trainer) is None


def test_a_line_holds_the_answers_along_it():
    run = Run(small(data={"kind": "curve", "samples": 30}, loss="mse_loss"))
    found = AskLine(-2.0, 2.0, 9)(run.trainer)
    assert found.x.tolist() == np.linspace(-2, 2, 9).tolist()
    direct = run.trainer.answers(
        torch.from_numpy(found.x[:, None].copy()).to(run.trainer.dtype)
    )
    np.testing.assert_allclose(found.outputs, direct[:, 0].numpy(), atol=1e-6)


# The book.


def test_answers_are_kept_with_their_steps(run):
    seen, book = told(run, np.arange(10))
    assert book.known.tolist() == [True] * 10 + [False] * 50
    assert not book.is_exact(seen)
    run.advance(1)
    later = look(run, {ROWS: AskRows(np.arange(5, 60))})
    book.take(later)
    assert book.steps.tolist() == [30] * 5 + [31] * 55
    assert book.predicted()[0] >= 0


def test_another_branch_makes_old_answers_unknown(run):
    _, book = told(run)
    run.branch(20)
    book.take(look(run))
    assert not book.known.any()


def test_another_run_begins_an_empty_book(run):
    _, book = told(run)
    other = Run(small(data="iris"))
    book.take(look(other, number=2))
    assert book.outputs.shape == (150, 3)
    assert not book.known.any()


def test_the_first_question_is_small_and_the_next_is_as_large_as_time_allows(run, monkeypatch):
    monkeypatch.setattr(books, "FIRST_ROWS", 20)
    book, seen = AnswerBook(), look(run)
    book.take(seen)
    assert len(book.question(seen, np.array([59])).always) == 21
    book.seconds_a_row = 1e-9
    assert book.question(seen, np.empty(0, np.int64)).always.tolist() == list(range(60))


def test_where_time_is_short_the_wanted_are_asked_always_and_the_others_in_turn(monkeypatch):
    run = Run(small(data={"kind": "moons", "samples": 600}))
    book, seen = AnswerBook(), look(run, playing=True)
    book.take(seen)
    monkeypatch.setattr(books, "WHOLE_S", 0.0)
    book.seconds_a_row = books.PLAYING_S / 100
    asked = book.question(seen, np.array([7, 9]))
    assert asked.always.tolist() == [7, 9]
    assert 16 <= asked.chunk <= 100
    paused = replace(seen, playing=False)
    book.seconds_a_row = books.PAUSED_S / 200
    while (asked := book.question(paused, np.array([599]))) is not None:
        if not book.known[599]:
            assert 599 in asked.always
        book.take(look(run, {ROWS: asked}))
        book.seconds_a_row = books.PAUSED_S / 200
    assert book.is_exact(paused)


@pytest.mark.parametrize(
    ("loss", "answer"),
    [
        ("cross_entropy", "softmax"),
        ("binary_cross_entropy_with_logits", "sigmoid"),
        ("mse_loss", "score"),
        ("hinge_loss", "score"),
    ],
)
def test_answers_agree_with_the_trainers_accuracy_for_every_kind_of_loss(loss, answer):
    run = Run(small(loss=loss))
    run.advance(30)
    seen, book = told(run)
    assert book.answer == answer
    wrong, evaluation = book.wrong(seen), run.trainer.evaluate()
    assert 1 - wrong[seen.data.train].mean() == pytest.approx(evaluation.accuracy)
    assert 1 - wrong[seen.data.test].mean() == pytest.approx(evaluation.test_accuracy)


def test_probabilities_are_those_of_the_outputs(run):
    _, book = told(run)
    np.testing.assert_allclose(book.scores(), softmax(outputs(run)), atol=1e-6)
    single = Run(small(loss="binary_cross_entropy_with_logits"))
    _, book = told(single)
    np.testing.assert_allclose(book.scores()[:, 1], sigmoid(outputs(single))[:, 0], atol=1e-6)


# Which samples.


def test_filters(run):
    seen, book = told(run)
    wrong = np.flatnonzero(outputs(run).argmax(axis=1) != seen.data.labels)
    wanted = {
        "All samples": np.arange(60),
        "Training": seen.data.train,
        "Test": seen.data.test,
        "Wrong": wrong,
        "In batch": np.sort(run.trainer.batch_indices()),
        "Class B": np.flatnonzero(seen.data.labels == 1),
    }
    for name, rows in wanted.items():
        found = model.members(seen, book, DataState(filter=name))
        np.testing.assert_array_equal(found, rows)


def test_a_cell_of_the_confusion_matrix_holds_its_samples(run):
    seen, book = told(run)
    counts = model.confusion(seen, book, "All")
    for pair in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rows = model.members(seen, book, DataState(pair=pair))
        assert len(rows) == counts[pair]


def test_orders_put_the_worst_and_the_least_sure_first(run):
    seen, book = told(run)
    shares = softmax(outputs(run))
    true = shares[np.arange(60), seen.data.labels]
    every = np.arange(60)
    worst = model.ordered(seen, book, every, "Worst first")
    assert (np.diff(true[worst]) >= -1e-6).all()
    least = model.ordered(seen, book, every, "Least sure")
    assert (np.diff(shares.max(axis=1)[least]) >= -1e-6).all()
    most = model.ordered(seen, book, every, "Most sure")
    assert (np.diff(shares.max(axis=1)[most]) <= 1e-6).all()
    assert model.ordered(seen, book, every, "In order") is every


def test_unanswered_samples_come_last(run):
    seen, book = told(run, np.array([3, 4]))
    order = model.ordered(seen, book, np.arange(6), "Worst first")
    assert set(order[:2]) == {3, 4}
    assert order[2:].tolist() == [0, 1, 2, 5]


def test_pages_stay_in_range():
    rows = np.arange(10)
    assert model.page_of(rows, 1, 4)[0].tolist() == [4, 5, 6, 7]
    assert model.page_of(rows, 99, 4) == (pytest.approx(np.array([8, 9])), 2)
    assert model.page_of(rows[:0], 3, 4)[1] == 0


@pytest.mark.parametrize("name", model.SETS)
def test_confusion_counts_the_chosen_set(run, name):
    seen, book = told(run)
    rows = {"All": np.arange(60), "Training": seen.data.train, "Test": seen.data.test}[name]
    wanted = metrics.confusion_matrix(
        seen.data.labels[rows], outputs(run).argmax(axis=1)[rows], labels=[0, 1]
    )
    np.testing.assert_array_equal(model.confusion(seen, book, name), wanted)


# Readings.


def test_the_reading_counts_what_is_right(run):
    seen, book = told(run)
    right = outputs(run).argmax(axis=1) == seen.data.labels
    train, test = (100 * right[r].mean() for r in (seen.data.train, seen.data.test))
    assert model.reading(seen, book) == (
        f"Step 30: {train:.1f} % right in training, {test:.1f} % in test; "
        f"{int((~right).sum())} of 60 wrong."
    )


def test_answers_of_an_earlier_step_are_called_so(run):
    _, book = told(run)
    before = model.reading(look(run), book)
    run.advance(2)
    assert model.reading(look(run), book) == before
    assert before.startswith("Step 30: ")


def test_answers_of_several_steps_are_not_counted_where_there_is_an_evaluation(run):
    _, book = told(run)
    run.advance(2)
    seen = look(run, {ROWS: AskRows(np.arange(10))})
    book.take(seen)
    row = run.timeline.current.evaluation_at(32)
    train, test = 100 * row["accuracy"], 100 * row["test_accuracy"]
    wanted = f"Step {int(row['step'])}: {train:.1f} % right in training, {test:.1f} % in test."
    assert model.reading(seen, book) == wanted
    count = int(book.wrong(seen).sum())
    said = model.reading(replace(seen, evaluation=None), book)
    assert said == f"Answers of steps 30 to 32: {count} of 60 wrong."


def test_while_training_a_small_set_is_asked_whole_now_and_then(run):
    seen, book = told(run)
    book.seconds_a_row = 5e-6
    asked = book.question(replace(seen, playing=True), np.arange(3))
    assert len(asked.always) == 60
    assert 60 * 5e-6 / asked._pause_s <= 0.02
    book.seconds_a_row = 0.01
    asked = book.question(replace(seen, playing=True), np.arange(3))
    assert len(asked.always) < 60


def test_a_large_set_is_looked_at_in_part_and_it_is_said(run, monkeypatch):
    monkeypatch.setattr(books, "MOST_ROWS", 10)
    book, seen = AnswerBook(), look(run)
    book.take(seen)
    seen = look(run, {ROWS: AskRows(book.looked_at)})
    book.take(seen)
    assert model.reading(seen, book).endswith("of 20 of 60 samples looked at.")


def test_the_reading_of_a_regression_is_in_the_targets_unit():
    run = Run(small(data={"kind": "curve", "samples": 30}, loss="mse_loss"))
    run.advance(5)
    seen, book = told(run)
    errors = outputs(run)[:, 0] - seen.data.labels
    train, test = (np.sqrt((errors[r] ** 2).mean()) for r in (seen.data.train, seen.data.test))
    worst = int(np.abs(errors).argmax())
    assert model.reading(seen, book) == (
        f"Step 5: typical error {train:.3g} train, {test:.3g} test; "
        f"largest {abs(errors[worst]):.3g} (sample {worst})."
    )


def test_without_answers_nothing_is_claimed(run):
    book, seen = AnswerBook(), look(run)
    book.take(seen)
    assert model.reading(seen, book) == "Step 30: no answers yet."


# Modes, words, images, drawing.


@pytest.mark.parametrize(
    ("data", "mode"),
    [
        ("moons", "drawn"),
        ("digits", "images"),
        ("digit_images", "images"),
        ("iris", "classes"),
        ("diabetes", "values"),
        ("curve", "curve"),
    ],
)
def test_every_kind_of_data_has_its_picture(data, mode):
    loss = "mse_loss" if mode in ("values", "curve") else "cross_entropy"
    layers = ["flatten", "linear"] if data == "digit_images" else ["linear"]
    made = Run(small(data=data, loss=loss, layers=layers)).trainer.data
    assert model.mode_of(made) == mode
    assert model.MODES[mode]


def test_axes_say_whether_features_are_standardised(run):
    assert model.feature_words(run.trainer.data, 0) == "Feature x₁ (standardised)"
    plain = Run(small(split={"standardise": False})).trainer.data
    assert model.feature_words(plain, 1) == "Feature x₂"


def test_strokes_are_ink_on_the_ground_and_an_atlas_keeps_their_places():
    data = Run(small(data="digits", layers=["linear"])).trainer.data
    bright = Brightness(data)
    assert bright.is_ink
    pixels = bright.pixels(data, np.array([0, 1, 2]), (255, 255, 255), (0, 0, 0))
    wanted = 255 - np.round(data.original[1].reshape(8, 8) / 16 * 255)
    np.testing.assert_allclose(pixels[1, :, :, 0], wanted, atol=1)
    whole = atlas(pixels, 2)
    assert whole.shape == (16, 16, 3)
    np.testing.assert_array_equal(whole[8:, :8], pixels[2])
    np.testing.assert_array_equal(whole[:8, 8:], pixels[1])


def test_drawn_points_are_kept_in_the_units_of_the_source(run):
    data = run.trainer.data
    points = model.raw_points(data)
    np.testing.assert_allclose([p[:2] for p in points], data.original, atol=1e-4)
    place = np.array([[0.5, -1.0]])
    more = model.with_points(data, points, place, 2)
    assert more[-1] == (*(place[0] * data.deviation + data.mean).round(4).tolist(), 2)
    assert model.without_points(data, more, place, 0.001) == points


def test_the_rubber_takes_what_lies_within_its_radius(run):
    data = run.trainer.data
    points = model.raw_points(data)
    left = model.without_points(data, points, data.x[:1], 0.5)
    far = np.hypot(*(data.x - data.x[0]).T) > 0.5
    assert len(left) == far.sum()
    assert model.without_points(data, [], data.x[:1], 1) == []
