from __future__ import annotations

import io
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from lab.files import archives
from lab.files.arrays import pick, read_arrays
from lab.files.errors import LoadError
from lab.files.limits import LIMITS


def npy(header, body=b"", version=1, length=None):
    text = header if isinstance(header, bytes) else header.encode()
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + body


def described(shape="(2,)", descr="'<f8'", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def saved(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def zipped(entries, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return buffer.getvalue()


def overlapping():
    """A zip in which a thousand directory entries share one packed body."""
    body = zipped([("a.npy", saved(np.zeros(100_000)))], compression=zipfile.ZIP_DEFLATED)
    place = body.rfind(b"PK\x01\x02")
    entry = body[place : body.rfind(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"a.npy", b"%c.npy" % k) for k in range(65, 91))
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 26, 26, len(entries), place, 0)
    return body[:place] + entries + end


@pytest.fixture
def read(tmp_path):
    def read_content(content, name="own.npy"):
        path = tmp_path / name
        path.write_bytes(content)
        return read_arrays(path)

    return read_content


ARRAYS = [
    np.arange(12.0).reshape(3, 4),
    np.asfortranarray(np.arange(12).reshape(3, 4)),
    np.array(3, ">i4"),
    np.empty((0, 3), np.float16),
    np.array(["a", "bü"]),
    np.array([b"x", b"yz"]),
    np.array([True, False]),
    np.array([1 + 2j]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: a.dtype.str)
def test_arrays_are_read_as_numpy_reads_them(read, array):
    found = read(saved(array))
    assert list(found) == ["own"]
    np.testing.assert_array_equal(found["own"], array, strict=True)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_are_read_whatever_their_name(tmp_path, save):
    path = tmp_path / "own.npz"
    save(path, x=ARRAYS[0], y=ARRAYS[4])
    path.rename(tmp_path / "own.dat")
    found = read_arrays(tmp_path / "own.dat")
    assert list(found) == ["x", "y"]
    np.testing.assert_array_equal(found["x"], ARRAYS[0])


def test_newer_headers_are_read(read):
    for version in (2, 3):
        found = read(npy(described("(2,)"), struct.pack("<2d", 1, 2), version))
        np.testing.assert_array_equal(found["own"], [1, 2])


BAD = {
    "empty": (b"", "the file is empty"),
    "text": (b"1,2,3\n", "no NumPy file"),
    "png": (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    "shape 10^12": (npy(described("(1000000000000,)"), bytes(16)), "needs"),
    "shape 2^62 squared": (npy(described(f"({2**62}, {2**62})"), bytes(16)), "impossible"),
    "shape -1": (npy(described("(-1,)"), bytes(16)), "no list of sizes"),
    "shape True": (npy(described("(True,)"), bytes(8)), "no list of sizes"),
    "shape a list": (npy(described("[2]"), bytes(16)), "no list of sizes"),
    "rank 40": (npy(described("(" + "1," * 40 + ")"), bytes(8)), "impossible"),
    "header 4 GB": (npy(described(), b"", 2, 2**32 - 1), "header would have"),
    "header code": (npy("__import__('os').system('true')"), "header cannot be read"),
    "header deep": (npy("(" * 5000), "header cannot be read"),
    "header minus": (npy("-" * 9000 + "1"), "header cannot be read"),
    "header no dict": (npy("[1]"), "header cannot be read"),
    "header cut": (npy(described(), length=500), "cannot be read|needs"),
    "objects": (saved(np.array([{}], object)), "Python objects"),
    "objects by hand": (npy(described("(1,)", "'|O'"), bytes(8)), "Python objects"),
    "records": (saved(np.zeros(2, [("a", int)])), "table of records"),
    "no type": (npy(described("(1,)", "'banana'")), "type 'banana' is unknown"),
    "void": (npy(described("(1,)", "'V8'"), bytes(8)), "not supported"),
    "empty text": (npy(described("(9,)", "'<U0'")), "not supported"),
    "version 9": (b"\x93NUMPY\x09\x00" + bytes(20), "no NumPy array"),
    "half": (saved(np.arange(100.0))[:-400], "needs"),
    "trailing": (saved(np.arange(10.0)) + b"x", "needs"),
    "npz half": (
        zipped([("a.npy", saved(np.arange(9)))])[:-30],
        "end of the archive is missing",
    ),
    "npz pickled": (zipped([("a.npy", saved(np.array([{}], object)))]), "Python objects"),
    "npz other entry": (zipped([("a.txt", b"x")]), "besides arrays.*'a.txt'"),
    "npz empty": (zipped([]), "holds no arrays"),
    "npz many": (zipped([(f"{k}.npy", b"") for k in range(1001)]), "1,001 entries"),
    "npz trailing": (zipped([("a.npy", saved(np.arange(9)) + b"x")]), "needs"),
    "npz overlap": (overlapping(), "share their bytes"),
    "npz bomb": (
        zipped([("a.npy", saved(np.zeros(2**24)))], compression=zipfile.ZIP_DEFLATED),
        "unpacks to 128",
    ),
    "npz bzip2": (
        zipped([("a.npy", saved(np.arange(9)))], compression=zipfile.ZIP_BZIP2),
        "unusual way",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_sentence(read, case):
    content, words = BAD[case]
    with pytest.raises(LoadError, match=words) as caught:
        read(content)
    assert str(caught.value).isprintable()


def test_entries_of_one_name_a_wrong_checksum_and_a_lock_are_named(read):
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped([("a.npy", saved(np.arange(3)))] * 2)
    sound = zipped([("a.npy", saved(np.arange(3.0)))])
    flipped = sound.replace(struct.pack("<d", 2.0), struct.pack("<d", 7.0))
    locked = bytearray(sound)
    locked[sound.rfind(b"PK\x01\x02") + 8] |= 1
    for content, words in [
        (twice, "two entries have one name"),
        (flipped, "'a.npy' is damaged"),
        (bytes(locked), "encrypted"),
    ]:
        with pytest.raises(LoadError, match=words):
            read(content)


def test_an_entry_larger_than_it_claims_is_refused(read):
    body = saved(np.arange(3.0))
    content = zipped([("a.npy", body)]).replace(
        struct.pack("<2I", len(body), len(body)), struct.pack("<2I", len(body), len(body) - 8)
    )
    with pytest.raises(LoadError, match=r"own\.npy: "):
        read(content)


def test_a_directory_that_claims_too_much_is_not_parsed(read, monkeypatch):
    monkeypatch.setattr(archives, "LIMITS", replace(LIMITS, archive_directory=100))
    entries = [(f"{k}.npy", saved(np.arange(3))) for k in range(3)]
    with pytest.raises(LoadError, match="directory has"):
        read(zipped(entries))
    sixty_four = zipped(entries)
    place = sixty_four.rfind(b"PK\x05\x06")
    record = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, 10**9, 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, place, 1)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 3, 3, 50, 0, 0)
    with pytest.raises(LoadError, match=r"directory has 953\.7 MiB"):
        read(sixty_four[:place] + record + locator + end)


@pytest.mark.parametrize(
    "names",
    [("x", "y"), ("X", "Y"), ("data", "target"), ("images", "labels"), ("x_train", "y_train")],
)
def test_inputs_and_targets_are_picked_by_their_names(names):
    arrays = {"other": np.arange(9), names[1]: np.arange(3), names[0]: np.zeros((3, 2))}
    x, y = pick(arrays)
    assert (x.shape, y.shape) == ((3, 2), (3,))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        (
            {"own": np.zeros((3, 2))},
            r"no array is named as inputs \(x\); there are 'own' \(3, 2\)",
        ),
        ({"x": np.zeros(3)}, r"targets \(y\); there are 'x' \(3,\)"),
        ({"x": np.zeros(3), "y": np.zeros(4)}, "differ in length"),
        ({"x": np.zeros(()), "y": np.zeros(4)}, "differ in length"),
        ({"x": np.zeros(0), "y": np.zeros(0)}, "are empty"),
    ],
)
def test_what_cannot_be_picked_is_listed(arrays, words):
    with pytest.raises(LoadError, match=words) as caught:
        pick(arrays, "own.npz")
    assert str(caught.value).startswith("own.npz: ")
