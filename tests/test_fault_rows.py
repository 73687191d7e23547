"""Every row of the fault catalogue that is asked for has a test that makes its stimulus.

A test names its row with ``@pytest.mark.fault("N6")``. The marks are read from the sources, so
that the answer is the same whichever part of the suite is being run.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).parent
ROWS = {"F": 32, "N": 8, "M": 9, "R": 8, "T": 12, "K": 9, "E": 7, "D": 6}
"""How many rows the catalogue has under each letter."""
WANTED = (
    *("F12", "F13", "F14", "F15", "F20"),
    *(f"N{row}" for row in range(1, 9)),
    *("M1", "M2"),
    *(f"T{row}" for row in range(1, 9)),
    *(f"E{row}" for row in range(1, 5)),
    *("D1", "D2"),
)
NOT_ALWAYS_RUN = ("soak", "cuda", "skip", "xfail")


def marks_in(node: ast.AST, name: str) -> Iterator[ast.Attribute]:
    """Yield ``pytest.mark.<name>`` wherever it stands below a node, called or bare."""
    for found in ast.walk(node):
        if isinstance(found, ast.Attribute) and found.attr == name:
            owner = found.value
            if isinstance(owner, ast.Attribute) and owner.attr == "mark":
                yield found


def rows_of(node: ast.AST) -> Iterator[str]:
    """Yield the rows that a decorator names."""
    marks = list(marks_in(node, "fault"))
    for found in ast.walk(node):
        if isinstance(found, ast.Call) and found.func in marks:
            assert len(found.args) == 1, "a mark names one row; a test may have several"
            yield ast.literal_eval(found.args[0])


def proofs(source: str, place: str) -> Iterator[tuple[str, str]]:
    """Yield row and test for each mark on a test that every run of the suite carries out."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        rows = [row for d in node.decorator_list for row in rows_of(d)]
        whole = [d for d in node.decorator_list if _is_of_the_whole_test(d)]
        is_always = not any(any(marks_in(d, n)) for d in whole for n in NOT_ALWAYS_RUN)
        assert not rows or node.name.startswith("test_"), f"{place}: {node.name} is no test"
        yield from ((row, f"{place}::{node.name}") for row in rows if is_always)


def _is_of_the_whole_test(decorator: ast.expr) -> bool:
    """Say whether a mark is for all cases of a test, not for one parameter."""
    return not any(marks_in(decorator, "parametrize"))


def marked() -> dict[str, set[str]]:
    """Return the tests of every row that is named anywhere in the suite."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted(TESTS.rglob("test_*.py")):
        place = file.relative_to(TESTS).as_posix()
        for row, test in proofs(file.read_text(encoding="utf-8"), place):
            found[row].add(test)
    return found


def test_every_row_asked_for_has_a_test():
    found = marked()
    missing = [row for row in WANTED if not found.get(row)]
    assert not missing, f"rows of the fault catalogue without a test: {', '.join(missing)}"


def test_every_row_named_is_one_of_the_catalogue():
    for row, tests in marked().items():
        letter, number = row[:1], row[1:]
        is_known = number.isdigit() and 1 <= int(number) <= ROWS.get(letter, 0)
        assert is_known, f"{row}, named by {', '.join(tests)}, is no row"


SOURCE = """
import pytest

@pytest.mark.fault("N6")
@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_one(x): ...

@pytest.mark.soak
@pytest.mark.fault("N7")
def test_two(): ...

@pytest.mark.parametrize("x", [pytest.param(2, marks=pytest.mark.fault("T7"))])
def test_three(x): ...
"""


def test_marks_are_found_where_they_count():
    """A test that only a long run carries out is no proof; a mark on one case is."""
    assert sorted(proofs(SOURCE, "a")) == [
        ("N6", "a::test_one"),
        ("T7", "a::test_three"),
    ]
    for wrong in ("def helper(): ...", "def tes_four(): ..."):
        with pytest.raises(AssertionError, match="is no test"):
            list(proofs(f"@pytest.mark.fault('N6')\n{wrong}", "a"))
