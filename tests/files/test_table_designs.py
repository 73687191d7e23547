from __future__ import annotations

import numpy as np
import pytest

from lab.files.errors import LoadError
from lab.files.tables import design, read_table

IRIS = "size,colour,species\n" + "1.5,red,a\n2.5,blue,b\n3.5,red,b\n4.5,green,a\n"


@pytest.fixture
def table(tmp_path):
    def read(content):
        path = tmp_path / "own.csv"
        path.write_text(content, encoding="utf-8")
        return read_table(path)

    return read


@pytest.mark.parametrize(
    ("header", "name", "reason"),
    [
        ("a,b,species", "species", "named so"),
        ("Target,b,c", "Target", "named so"),
        ("y,label,c", "label", "named so"),
        ("a,b,c", "c", "the last column"),
    ],
)
def test_the_target_is_suggested_with_its_reason(table, header, name, reason):
    found = table(header + "\n" + "1.5,2,x\n2.5,3,y\n3.5,2,y\n4.5,3,x\n").suggested_target
    assert found.name == name
    assert reason in found.reason


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["x", "y"] * 10, "classification"),
        ([0, 1, 2, 3] * 5, "classification"),
        ([0.5, 1.5] * 10, "regression"),
        (range(100), "regression"),
        ([f"2024-01-{k:02}" for k in range(1, 31)], "regression"),
    ],
)
def test_the_task_is_recognised(table, values, task):
    read = table("a,b\n" + "".join(f"{k * 0.7},{v}\n" for k, v in enumerate(values)))
    assert read.suggested_target.task == task


def test_text_and_constants_are_not_suggested(table):
    lines = "".join(f"{k},1,text {k}\n" for k in range(50))
    assert table("a,b,c\n" + lines).suggested_target.name == "a"
    assert table("b\n" + "1\n" * 5).suggested_target.name == "b"


def test_features_and_classes(table):
    made = design(table(IRIS), "species")
    assert made.feature_names == ("size", "colour=blue", "colour=green", "colour=red")
    assert made.class_names == ("a", "b")
    assert made.target_name == "species"
    np.testing.assert_array_equal(made.y, [0, 1, 1, 0])
    assert made.y.dtype == np.int64
    np.testing.assert_array_equal(
        made.x, [[1.5, 0, 0, 1], [2.5, 1, 0, 0], [3.5, 0, 0, 1], [4.5, 0, 1, 0]]
    )


def test_a_regression(table):
    made = design(table(IRIS), "size", ["colour", "species"])
    assert made.class_names == ()
    np.testing.assert_array_equal(made.y, [1.5, 2.5, 3.5, 4.5])
    assert made.x.shape == (4, 5)


def test_numbers_can_be_classes(table):
    made = design(table("a,b\n1.5,-1\n2.5,9\n3.5,-1\n4.5,9\n"), "b", task="classification")
    assert made.class_names == ("-1", "9")
    np.testing.assert_array_equal(made.y, [0, 1, 0, 1])


def test_rows_with_missing_values_are_left_out_and_counted(table):
    made = design(table("a,b,c\n1,x,1.5\nNA,y,2.5\n3,,3.5\n4,y,4.5\n5,x,5.5\n"), "c")
    assert len(made.x) == 3
    said = "left out for a missing value: 2 of 5 rows, rows 2, 3 (most in column 'a': 1)"
    assert said in made.notes


@pytest.mark.fault("M2")
@pytest.mark.parametrize("word", ["nan", "NaN", "", "inf", "-inf", "1e999", "oops"])
def test_a_number_that_is_none_is_left_out_naming_its_row(table, word):
    lines = [f"{k},{k / 2},{k % 2}" for k in range(1000)]
    lines[776] = f"776,{word},0"
    made = design(table("a,b,y\n" + "\n".join(lines)), "y")
    said = "left out for a missing value: 1 of 1,000 rows, row 777 (most in column 'b': 1)"
    assert said in made.notes
    assert np.isfinite(made.x).all()
    assert len(made.x) == 999


def test_of_many_rows_left_out_the_first_ten_are_named(table):
    lines = [f"{k},{'' if k % 2 else k},{k % 3}" for k in range(60)]
    note = design(table("a,b,y\n" + "\n".join(lines)), "y").notes[0]
    assert "30 of 60 rows, rows 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 20 more (" in note


@pytest.mark.fault("F15")
def test_what_cannot_be_used_is_left_out_and_said(table):
    lines = "".join(f"{k},1,,word {k},{k % 2}\n" for k in range(50))
    made = design(table("a,one,none,words,y\n" + lines), "y")
    assert made.feature_names == ("a",)
    for words in (
        "'one' is left out: it is constant",
        "'none'",
        "'words' is left out: it is text",
    ):
        assert any(words in note for note in made.notes)


def test_a_column_that_becomes_constant_without_the_missing_rows_is_named(table):
    made = design(table("a,b,y\n1,1,0.5\n2,,1.5\n1,3,2.5\n1,4,3.5\n"), "y")
    assert made.notes[-1] == "column 'a' is constant"


@pytest.mark.fault("F15")
@pytest.mark.parametrize("labels", [20_000, pytest.param(10**6, marks=pytest.mark.soak)])
def test_a_million_labels_are_refused_with_the_column(table, labels):
    lines = "".join(f"{k},n{k}\n" for k in range(labels))
    read = table("a,label\n" + lines)
    assert read.column("label").kind == "text"
    words = rf"{labels:,} classes, more than 1,000 \(column 'label'\)"
    with pytest.raises(LoadError, match=words):
        design(read, "label")


@pytest.mark.fault("F15")
@pytest.mark.parametrize(
    ("target", "options", "words"),
    [
        ("nothing", {}, "no column 'nothing'"),
        ("one", {"features": ["c"]}, r"one value only.*\(column 'one'\)"),
        (
            "c",
            {"features": ["y"], "task": "regression"},
            "cannot be the target of a regression",
        ),
        ("y", {"features": ["one"]}, r"cannot be a feature: it is constant \(column 'one'\)"),
        ("y", {"features": ["y"]}, "no column is left"),
        ("y", {"features": ["gap"]}, r"every row has a missing value \(most in column 'y'"),
    ],
)
def test_what_stands_in_the_way_is_named(table, target, options, words):
    read = table("one,c,gap,y\n1,x,,0.5\n1,y,,1.5\n1,x,3,\n1,y,4,\n")
    with pytest.raises(LoadError, match=words):
        design(read, target, **options)


def test_too_many_levels_are_refused_before_they_are_built(table):
    lines = "".join(
        ",".join(f"c{(k + j) % 900}" for j in range(1, 8)) + f",{k}\n" for k in range(3000)
    )
    read = table("a,b,c,d,e,f,g,y\n" + lines)
    with pytest.raises(LoadError, match="features, more than 4,096"):
        design(read, "y")


def test_a_category_of_too_many_levels_is_no_feature(table):
    read = table("a,b,y\n" + "".join(f"n{k},{k},{k % 2}\n" for k in range(1001)))
    read = read.with_kind("a", "category")
    made = design(read, "y")
    assert made.feature_names == ("b",)
    assert "column 'a' is left out: it has 1,001 levels, more than 1,000" in made.notes


def test_what_the_design_says_is_counted_from_the_rows_it_keeps(table):
    made = design(table("a,c,y\n1,x,0\n2,y,1\n3,,2\n4,z,1\n"), "y", ["c"], "classification")
    assert made.class_names == ("0", "1")
    np.testing.assert_array_equal(made.x.sum(axis=1), [1, 1, 1])
