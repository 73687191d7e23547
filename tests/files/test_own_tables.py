from __future__ import annotations

import csv
import gzip
import io
import os
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.files import rows
from lab.files.errors import LoadError
from lab.files.limits import LIMITS
from lab.files.tables import read_table


@pytest.fixture
def table(tmp_path):
    """Write text (or bytes) to a file and read it as a table."""

    def read(content, **asked):
        path = tmp_path / "own.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_table(path, **asked)

    return read


def kinds(read):
    return {column.name: column.kind for column in read.columns}


def all_notes(read):
    return "; ".join(read.notes)


@pytest.mark.fault("F14")
@pytest.mark.fault("F15")
def test_kinds_are_recognised_and_shown(table):
    lines = [
        f"{k / 2},{'red' if k % 3 else 'blue'},2024-01-{k + 1:02},7,,{k}" for k in range(20)
    ]
    read = table("size,colour,day,seven,nothing,count\n" + "\n".join(lines))
    assert kinds(read) == {
        "size": "number",
        "colour": "category",
        "day": "date",
        "seven": "constant",
        "nothing": "empty",
        "count": "number",
    }
    assert read.rows == 20
    np.testing.assert_array_equal(read.column("size").values, np.arange(20) / 2)
    assert read.column("colour").levels == ("blue", "red")
    np.testing.assert_array_equal(read.column("colour").values[:4], [0, 1, 1, 0])
    assert read.column("day").values[1] == 19724  # 2024-01-02
    assert "column 4 ('seven') is constant" in read.notes
    assert "column 5 ('nothing') is empty" in read.notes
    assert read.dialect.has_header
    assert len(read.dialect.reasons) == 4
    assert not read.column("size").values.flags.writeable


@pytest.mark.fault("F12")
@pytest.mark.fault("F13")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"\n" * 10**6, "the file has no rows"),
        (b"a,b,c\n", "a header and no rows"),
        (b"a\0b\n1,2\n", r"NUL character \(line 1\)"),
        (b"a,b\n1,2\n3,\0\n", r"NUL character \(line 3\)"),
        (gzip.compress(b"a,b\n1,2\n"), "this is a gzip archive"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "this is a PNG picture"),
        (b"\x80\x04\x95\x10", "this is a Python pickle"),
        (bytes(range(1, 32)) * 10, "not a text file"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "unclosed quote opened at line 2"),
        (b'a,b\n1,2\n"x"y\n,"z"\n3,"4', "unclosed quote opened at line 5"),
        (b'a,b\n1,"2\n3,"4"\n5,6\n', "unclosed quote opened at line 2"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(table, content, words):
    with pytest.raises(LoadError, match=words) as caught:
        table(content)
    assert str(caught.value).startswith("own.csv: ")
    assert "\n" not in str(caught.value)


def test_a_zip_a_folder_a_pipe_and_a_missing_file_are_named_for_what_they_are(tmp_path):
    packed = tmp_path / "a.csv"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a", "a,b")
    os.mkfifo(tmp_path / "pipe.csv")
    for path, words in [
        (packed, "zip archive"),
        (tmp_path, "a folder, not a file"),
        (tmp_path / "pipe.csv", "a pipe, not a file"),
        (tmp_path / "none.csv", "no such file"),
    ]:
        with pytest.raises(LoadError, match=words):
            read_table(path)


@pytest.mark.fault("F13")
def test_an_unclosed_quote_in_a_large_file_is_found_without_reading_all_of_it(table):
    with pytest.raises(LoadError, match="unclosed quote opened at line 2"):
        table(b'a,b\n1,"2\n' + b"3,4\n" * 12_000_000)  # 48 MB


@pytest.mark.soak
@pytest.mark.fault("F12")
def test_ten_million_rows_are_read_and_one_cell_too_many_is_refused(table, monkeypatch):
    content = b"a,b\n" + b"1,2\n3,4\n" * 5_000_000
    assert table(content).rows == 10_000_000
    monkeypatch.setattr(rows, "LIMITS", replace(LIMITS, table_cells=19_999_999))
    with pytest.raises(LoadError, match=r"more than 19,999,999 cells"):
        table(content)


@pytest.mark.fault("F12")
@pytest.mark.fault("F13")
def test_limits_are_named(table, monkeypatch):
    with pytest.raises(LoadError, match="1,000,000 columns, more than the 4,096 allowed"):
        table(b",".join([b"1"] * 1_000_000) + b"\n")
    with pytest.raises(LoadError, match=r"a line is longer than 16\.0 MiB \(line 2\)"):
        table(b"a,b\n" + b"x" * (17 * 2**20))
    with pytest.raises(LoadError, match=r"field is longer than 1\.0 MiB \(line 2\)"):
        table(b"a,b\n" + b"x" * (2 * 2**20) + b",1\n")
    monkeypatch.setattr(rows, "LIMITS", replace(LIMITS, table_cells=100))
    with pytest.raises(LoadError, match=r"more than 100 cells"):
        table("a,b\n" + "1,2\n" * 51)


@pytest.mark.fault("F13")
def test_a_long_field_is_text_and_the_csv_module_is_left_as_it_was(table):
    before = csv.field_size_limit()
    read = table("a,b\n" + "x" * 200_000 + ",1\ny,2\n")
    assert len(read.column("a").levels[0]) == 200_000
    assert csv.field_size_limit() == before


def test_two_readers_share_the_limit_of_the_csv_module():
    before = csv.field_size_limit()
    with rows.field_limit():
        with rows.field_limit():
            assert csv.field_size_limit() == LIMITS.table_field
        assert csv.field_size_limit() == LIMITS.table_field
    assert csv.field_size_limit() == before


@pytest.mark.fault("F12")
def test_one_column_loads_and_says_so(table):
    read = table("a\n1\n2\n")
    assert kinds(read) == {"a": "number"}
    assert "one column" in all_notes(read)
    assert "no delimiter found" in read.dialect.reasons[1]


@pytest.mark.fault("F14")
def test_a_few_ragged_rows_are_left_out_and_listed(table):
    lines = ["1,2"] * 2000
    lines[4], lines[10] = "1,2,3", '"x"y,2'
    read = table("a,b\n" + "\n".join(lines))
    assert read.rows == 1998
    assert "left out for a wrong number of fields: 2 rows, lines 6, 12" in read.notes


@pytest.mark.fault("F14")
def test_many_ragged_rows_refuse_the_file_with_the_first_ten_lines(table):
    lines = ["1,2"] * 1000 + ["1"] * 12
    with pytest.raises(LoadError) as caught:
        table("a,b\n" + "\n".join(lines))
    assert str(caught.value) == (
        "own.csv: 12 of 1,012 rows cannot be read as 2 fields, as the header has "
        "(lines 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011 and 2 more). "
        "Correct them, or set the delimiter."
    )


@pytest.mark.fault("F14")
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_delimiters_and_line_ends(table, delimiter, newline):
    lines = [f'{k},5{delimiter}"a, b"' for k in range(9)] if delimiter != "," else ["1.5,x"] * 9
    read = table(newline.join([f"n{delimiter}t", *lines]))
    assert read.dialect.delimiter == delimiter
    assert read.dialect.decimal == ("." if delimiter == "," else ",")
    assert read.rows == 9
    assert read.column("n").values[1] == 1.5


@pytest.mark.fault("F14")
def test_a_thousands_sign_that_may_be_a_decimal_sign_is_not_guessed(table):
    content = 'a,b\n"1,234",x\n"5,678",y\n'
    read = table(content)
    assert read.column("a").kind == "category"
    assert "may mean 1234 or 1.234" in read.column("a").note
    np.testing.assert_array_equal(table(content, decimal=".").column("a").values, [1234, 5678])
    np.testing.assert_array_equal(
        table(content, decimal=",").column("a").values, [1.234, 5.678]
    )


@pytest.mark.fault("F14")
def test_a_thousands_sign_with_evidence_is_read_and_noted(table):
    read = table('a,b\n"1,234",2.5\n"1,234,567",3.5\n')
    np.testing.assert_array_equal(read.column("a").values, [1234, 1234567])
    assert read.column("a").note == "commas read as thousands separators"
    whole = table('a,b\n"1,234",2\n"1,234,567",3\n')
    np.testing.assert_array_equal(whole.column("a").values, [1234, 1234567])
    german = table("a;b\n1.234,5;x\n12,25;y\n")
    np.testing.assert_array_equal(german.column("a").values, [1234.5, 12.25])
    assert german.column("a").note == "points read as thousands separators"


@pytest.mark.fault("F14")
def test_headers_are_made_usable_and_the_change_is_said(table):
    read = table(f'a,a,,{"n" * 10_240},"x\ny"\n' + "1,2,3,4,5\n2,3,4,5,6\n")
    assert read.names[:3] == ("a", "a (2)", "column 3")
    assert len(read.names[3]) == 201
    assert read.names[4] == "x y"
    for words in ("'a' comes again", "column 3 has no name", "10,240 characters"):
        assert words in all_notes(read)


def test_no_header_is_recognised_and_can_be_overruled(table):
    assert table("1,2\n3,4\n").names == ("column 1", "column 2")
    assert table("1,2\n3,4\n", header=True).names == ("1", "2")
    words = table("red,x\nblue,y\nred,z\n")
    assert words.rows == 3
    assert "come again" in words.dialect.reasons[3]
    assert table("red,x\nblue,y\nred,z\n", header=True).rows == 2
    assert table("name,what\nann,x\nbob,y\n").names == ("name", "what")


def test_the_row_names_of_r_get_a_column(table):
    read = table("a,b\nr1,1,2\nr2,3,4\n")
    assert read.names == ("row", "a", "b")


@pytest.mark.fault("F14")
def test_a_late_text_in_a_column_of_numbers_is_found_with_its_row(table, monkeypatch):
    monkeypatch.setattr(rows, "_CHUNK_CELLS", 2048)
    lines = [f"{k},{k}" for k in range(30_000)]
    lines[26_999], lines[27_000] = "NA,1", "oops,1"
    read = table("a,b\n" + "\n".join(lines))
    assert read.column("a").kind == "number"
    assert read.column("a").missing == 2
    assert "1 entry that is no number (first in row 27,001: 'oops')" in read.column("a").note


def test_a_column_that_is_mostly_text_is_not_read_to_its_end_as_numbers(table, monkeypatch):
    monkeypatch.setattr(rows, "_CHUNK_CELLS", 200)
    lines = ["1,1"] * 30 + ["x,1"] * 70 + ["2,1"] * 900
    read = table("a,b\n" + "\n".join(lines))
    assert read.column("a").note == "numbers and text mixed, mostly text: kept as names"
    assert read.column("a").levels == ("1", "2", "x")
    assert read.with_kind("a", "number").column("a").missing == 70


@pytest.mark.fault("F14")
@pytest.mark.soak
def test_a_late_text_in_a_million_rows(table):
    lines = [f"{k},{k}" for k in range(1_000_000)]
    lines[900_000] = "oops,1"
    assert "row 900,001" in table("a,b\n" + "\n".join(lines)).column("a").note


def test_much_text_among_numbers_makes_names(table):
    read = table("a,b\n" + "1,2\nx,3\n" * 20)
    assert read.column("a").kind == "category"
    assert "20 entries that are no numbers, first in row 2" in read.column("a").note
    again = read.with_kind("a", "number")
    assert again.column("a").kind == "constant"
    assert again.column("a").missing == 20
    assert read.column("a").kind == "category"


@pytest.mark.parametrize("text", ["1_000", "١٢", "0x1p3", "1e", "--1", "1 2"])
def test_numbers_are_strict(table, text):
    assert table(f"a,b\n{text},1\nx,2\n").column("a").kind == "category"


def test_what_is_missing_or_infinite_is_said(table):
    values = ["1.5"] * 3 + ["NA", "", "?", "nan", "inf", "1e999", "-2"] + ["3"] * 5
    read = table("a,b\n" + "\n".join(f"{v},1" for v in values))
    column = read.column("a")
    assert column.missing == 6
    assert "missing is written '?', 'NA', 'nan'" in column.note
    assert "2 entries that are not finite" in column.note


@pytest.mark.fault("F15")
def test_whole_numbers_that_float_cannot_hold_are_said(table):
    read = table(f"a,b\n{2**53 + 1},1\n{2**53},2\n")
    assert read.column("a").note == "rounded: 1 whole number above 2^53"


@pytest.mark.fault("F14")
@pytest.mark.parametrize(
    ("days", "kind", "words"),
    [
        (["2024-02-29", "2023-01-01T12:00"], "date", "ISO"),
        (["31.12.2024", "01.02.2024"], "date", "day first"),
        (["12/31/2024", "01/02/2024"], "date", "month first"),
        (["01/02/2024", "03/04/2024"], "category", "cannot be told apart"),
        (["2024-02-30", "2024-01-01"], "category", ""),
        (["31/12/2024", "12/31/2024"], "category", ""),
        (["0000-01-01", "2024-01-01"], "category", ""),
    ],
)
def test_dates(table, days, kind, words):
    read = table("d,b\n" + "\n".join(f"{day},1" for day in days))
    assert read.column("d").kind == kind
    assert words in read.column("d").note


def test_kinds_can_be_corrected(table):
    read = table("d,n,t\n01/02/2024,1,x\n03/04/2024,2,\n")
    assert read.with_kind("d", "date").column("d").values[0] == 19754  # 1 February
    named = read.with_kind("n", "category")
    assert named.column("n").levels == ("1", "2")
    assert named.with_kind("n", "number").column("n").values[1] == 2
    assert read.with_kind("t", "text").column("t").kind == "text"
    for name, kind, words in [
        ("t", "number", "no entry is a number"),
        ("t", "date", "not every entry is a date"),
        ("t", "banana", "cannot be made banana"),
        ("z", "text", "no column 'z'"),
    ]:
        with pytest.raises(LoadError, match=words):
            read.with_kind(name, kind)
    with pytest.raises(LoadError, match="no cell has a value"):
        table("a,b\n,1\n,2\n").with_kind("a", "category")


@pytest.mark.parametrize(
    ("encoding", "reason"),
    [
        ("utf-8", "every byte fits"),
        ("utf-8-sig", "UTF-8: the file begins with its mark"),
        ("utf-16", "UTF-16: the file begins"),
        ("utf-16-be", "every second byte is zero"),
        ("utf-16-le", "every second byte is zero"),
        ("utf-32", "UTF-32"),
        ("latin-1", "byte 0xe9 that is not UTF-8"),
    ],
)
def test_encodings(table, encoding, reason):
    text = "name,n\n" + "".join(f"{'café' if k == 50 else 'x'},{k}\n" for k in range(99))
    read = table(text.encode(encoding))
    assert read.names[0] == "name"
    assert read.column("name").levels == ("café", "x")
    assert reason in read.dialect.reasons[0]


def test_half_a_character_is_told_and_nothing_else_escapes(table):
    with pytest.raises(LoadError, match="cannot be read as a table"):
        table("a,b\n1,2\n".encode("utf-16") + b"\x00")


@pytest.mark.parametrize("asked", [{"delimiter": "ab"}, {"decimal": "x"}, {"delimiter": "\n"}])
def test_impossible_signs_are_refused(table, asked):
    with pytest.raises(LoadError, match="must be"):
        table("a,b\n1,2\n", **asked)
    with pytest.raises(LoadError, match="are the same"):
        table("a,b\n1,2\n", delimiter=".", decimal=".")


def test_what_is_asked_for_is_not_guessed(table):
    read = table("a;b\n1;2\n", delimiter=",", decimal=".", header=False)
    assert kinds(read) == {"column 1": "category"}
    assert read.dialect.reasons[1:] == (
        "delimiter as asked for",
        "decimal sign as asked for",
        "header as asked for",
    )


CELL = st.text(
    st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), max_size=9
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 99), CELL, st.floats(allow_nan=False)), min_size=1))
def test_a_written_table_reads_back(tmp_path_factory, lines):
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerows([("k", "text", "number"), *lines])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    read = read_table(path, delimiter=",", decimal=".", header=True)
    assert read.rows == len(lines)
    found = read.with_kind("k", "number").column("k").values
    np.testing.assert_array_equal(found, [line[0] for line in lines])
    wanted = np.array([line[2] for line in lines])
    if np.isfinite(wanted).all():
        np.testing.assert_array_equal(read.column("number").values, wanted)
