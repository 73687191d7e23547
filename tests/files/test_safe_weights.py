from __future__ import annotations

import hashlib
import json
import os
import struct

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lab.files import weights as module
from lab.files.errors import LoadError, SaveError
from lab.files.weights import (
    Difference,
    compare,
    non_finite,
    read_safetensors,
    shapes,
    write_safetensors,
)

ONE = {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}


def tensor(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def file_of(header, body=bytes(8), length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


@pytest.fixture
def read(tmp_path):
    def read_content(content):
        path = tmp_path / "w.safetensors"
        path.write_bytes(content)
        return read_safetensors(path)

    return read_content


def test_weights_come_back_and_load_elsewhere(tmp_path):
    path = tmp_path / "w.safetensors"
    state = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).state_dict()
    write_safetensors(path, state, {"experiment": "seed = 1"})
    read = read_safetensors(path)
    assert read.metadata == {"experiment": "seed = 1"}
    for name, value in state.items():
        assert torch.equal(read.tensors[name], value)
        assert torch.equal(load_file(path)[name], value)


DTYPES = [
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn),
    *(torch.float8_e5m2, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8),
    *(torch.uint16, torch.uint32, torch.uint64, torch.bool, torch.complex64),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(3, 4), (), (0,), (2, 0, 3)], ids=str)
def test_every_type_and_shape_comes_back_to_the_bit(tmp_path, dtype, shape):
    value = torch.randint(0, 2, shape).to(dtype)
    write_safetensors(tmp_path / "w", {"w": value})
    back = read_safetensors(tmp_path / "w").tensors["w"]
    assert back.dtype == dtype
    assert back.shape == value.shape
    as_bytes = [
        t.reshape(-1).view(torch.uint8).numpy().tobytes() for t in (back, value) if t.numel()
    ]
    assert len(set(as_bytes)) <= 1


def test_shared_strided_and_numpy_values_are_written_as_they_show(tmp_path):
    tied = torch.randn(4, 4)
    given = {"a": tied, "b": tied, "c": tied.t(), "d": tied[::2], "e": np.arange(3.0)}
    given["f"] = torch.nn.Parameter(tied)
    write_safetensors(tmp_path / "w", given)
    back = read_safetensors(tmp_path / "w").tensors
    for name, value in given.items():
        wanted = torch.as_tensor(value).detach().contiguous().numpy().tobytes()
        found = back[name].numpy().tobytes()
        assert hashlib.sha256(found).digest() == hashlib.sha256(wanted).digest()
    back["a"].zero_()
    assert torch.equal(back["b"], tied), "tied tensors came back sharing memory"


@pytest.mark.parametrize(
    ("tensors", "metadata", "words"),
    [
        ({"w": "text"}, {}, "no plain tensor"),
        ({"w": torch.zeros(2).to_sparse()}, {}, "not saved"),
        ({"w": torch.zeros(2, dtype=torch.complex128)}, {}, "do not fit"),
        ({"w": torch.zeros(2)}, {"a": 1}, "do not fit"),
        ({"a\0": torch.zeros(2)}, {}, "has the name"),
        ({"w": torch.zeros([1] * 9)}, {}, "at most 8 sizes"),
    ],
)
def test_what_cannot_be_written_leaves_nothing(tmp_path, tensors, metadata, words):
    with pytest.raises(SaveError, match=words):
        write_safetensors(tmp_path / "w", tensors, metadata)
    assert list(tmp_path.iterdir()) == []


BAD = {
    "short": b"\x01\x00",
    "length 2^63": struct.pack("<Q", 2**63) + bytes(100),
    "length 100 MB": struct.pack("<Q", 100_000_001) + bytes(100),
    "length past the end": file_of(ONE, length=900),
    "no JSON": file_of(b"{nonsense}"),
    "no UTF-8": file_of(b'{"\xff": 1}'),
    "a list": file_of(b"[1, 2]"),
    "deep": file_of(b"[" * 20_000 + b"]" * 20_000),
    "deep table": file_of(b'{"a":' * 20_000 + b"1" + b"}" * 20_000),
    "huge number": file_of(b'{"w":' + b"9" * 5000 + b"}"),
    "NaN": file_of(b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, NaN]}}'),
    "double key": file_of(b'{"w": %s, "w": %s}' % ((json.dumps(ONE["w"]).encode(),) * 2)),
    "overlap": file_of({"a": tensor(), "b": tensor(offsets=(4, 12))}, bytes(12)),
    "hole": file_of({"a": tensor(), "b": tensor(offsets=(16, 24))}, bytes(24)),
    "trailing": file_of(ONE, bytes(9)),
    "truncated": file_of(ONE, bytes(7)),
    "negative": file_of({"w": tensor(shape=(-2,), offsets=(8, 0))}),
    "negative offset": file_of({"w": tensor(offsets=(-8, 0))}),
    "overflow": file_of({"w": tensor(shape=(2**62, 4), offsets=(0, 0))}),
    "wrong size": file_of({"w": tensor(shape=(3,))}),
    "no table": file_of({"w": 3}),
    "missing key": file_of({"w": {"dtype": "F32", "shape": [2]}}),
    "further key": file_of({"w": {**tensor(), "x": 1}}),
    "float shape": file_of({"w": tensor(shape=(2.0,))}),
    "bool shape": file_of({"w": tensor(shape=(True, 2))}),
    "three offsets": file_of({"w": tensor(offsets=(0, 8, 8))}),
    "unknown type": file_of({"w": tensor(dtype="F4")}),
    "type a list": file_of({"w": {**tensor(), "dtype": ["F32"]}}),
    "metadata number": file_of({"__metadata__": {"a": 1}, **ONE}),
    "metadata list": file_of({"__metadata__": [], **ONE}),
    "name ../..": file_of({"../../x": tensor()}),
    "name /x": file_of({"/etc/x": tensor()}),
    "name NUL": file_of({"a\0b": tensor()}),
    "name surrogate": file_of({"\ud800": tensor()}),
    "name empty": file_of({"": tensor()}),
    "name 1 MB": file_of({"x" * 2**20: tensor()}),
    "rank 10000": file_of({"w": tensor(shape=[1] * 10_000, offsets=(0, 4))}, bytes(4)),
    "shape 10^18, 0": file_of({"w": tensor(shape=(10**18, 0), offsets=(0, 0))}, b""),
    "100,000 tensors": file_of(
        {f"t{k}": tensor(shape=(0,), offsets=(0, 0)) for k in range(100_000)}, b""
    ),
    "a million tensors": file_of(
        b"{" + b",".join(b'"%d":{}' % k for k in range(1_000_000)) + b"}", b""
    ),
    "zip": b"PK\x03\x04" + bytes(100),
    "text": b"just some words\n" * 10,
}


WORDS = {
    "length 2^63": "its header would have",
    "length past the end": "ends inside its header",
    "NaN": "not valid JSON",
    "double key": "not valid JSON",
    "overlap": "overlap or leave a gap",
    "hole": "overlap or leave a gap",
    "trailing": "the tensors need 8 bytes and the file has 9",
    "truncated": "the tensors need 8 bytes and the file has 7",
    "negative": "its shape is not a list",
    "negative offset": "its place is not given",
    "overflow": "its shape is not a list",
    "wrong size": "does not fit its bytes",
    "unknown type": "its type 'F4' is not supported",
    "name ../..": "has the name '../../x'",
    "100,000 tensors": "more than the 20,000 tensors",
    "a million tensors": "its header would have 11",
    "zip": "a zip archive",
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_refused_in_one_sentence(read, case):
    with pytest.raises(LoadError, match=WORDS.get(case)) as caught:
        read(BAD[case])
    assert str(caught.value).startswith("w.safetensors: ")
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_a_sound_file_made_by_hand_is_read(read):
    header = {"__metadata__": {"a": "b"}, **ONE, "x": tensor("BOOL", (2,), (8, 10))}
    found = read(file_of(header, struct.pack("<2f", 1.5, -2.0) + b"\x02\x00"))
    assert found.tensors["w"].tolist() == [1.5, -2.0]
    assert found.tensors["x"].view(torch.uint8).tolist() == [1, 0], "an undefined bool"


def test_a_file_too_large_for_the_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = tmp_path / "w"
    with path.open("wb") as stream:
        stream.truncate(30 * 2**30)
    with pytest.raises(LoadError, match=r"30\.0 GiB, more than the"):
        read_safetensors(path)
    monkeypatch.setattr(module, "memory_available", lambda: 1000)
    path.write_bytes(bytes(501))
    with pytest.raises(LoadError, match="501 bytes, more than the 500 bytes"):
        read_safetensors(path)


def test_memory_is_measured():
    assert 2**20 < module.memory_available() < 2**60


def test_a_file_changed_after_loading_does_not_change_the_weights(tmp_path):
    path = tmp_path / "w"
    write_safetensors(path, {"w": torch.ones(100_000)})
    loaded = read_safetensors(path).tensors["w"]
    path.write_bytes(b"\xff" * os.path.getsize(path))
    assert torch.equal(loaded, torch.ones(100_000))
    os.truncate(path, 0)
    assert torch.equal(loaded, torch.ones(100_000))


def test_weights_can_be_saved_over_the_file_they_came_from(tmp_path):
    path = tmp_path / "w"
    write_safetensors(path, {"w": torch.ones(1000)})
    loaded = read_safetensors(path)
    write_safetensors(path, loaded.tensors, overwrite=True)
    assert torch.equal(read_safetensors(path).tensors["w"], torch.ones(1000))


def test_the_differences_are_a_table():
    wanted = {"a": (2, 3), "b": (4,), "c": ()}
    found = {"extra": (1,), "a": (3, 2), "c": ()}
    assert compare(wanted, found) == (
        Difference("a", (2, 3), (3, 2), "shape"),
        Difference("b", (4,), None, "missing"),
        Difference("c", (), (), "same"),
        Difference("extra", None, (1,), "unexpected"),
    )
    assert shapes({"a": torch.zeros(2, 3)}) == {"a": (2, 3)}


def test_values_that_are_not_finite_are_counted():
    bad = torch.tensor([1.0, float("nan"), float("inf"), float("-inf")])
    counts = non_finite(
        {
            "bad": bad,
            "good": torch.ones(3),
            "whole": torch.ones(3, dtype=torch.int64),
            "small": bad[:2].to(torch.float8_e4m3fn),
            "empty": torch.empty(0),
        }
    )
    assert counts == {"bad": (1, 2), "small": (1, 0)}


@pytest.mark.parametrize("length", range(600, 1500, 8))
def test_a_header_of_any_length_is_one(tmp_path, length):
    """Lengths such as 640 and 896 begin with the bytes that a pickle begins with."""
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"w": torch.ones(2)}, {"note": ""})
    plain = int.from_bytes(path.read_bytes()[:8], "little")
    write_safetensors(
        path, {"w": torch.ones(2)}, {"note": "x" * (length - plain)}, overwrite=True
    )
    assert int.from_bytes(path.read_bytes()[:8], "little") in range(length, length + 8)
    assert read_safetensors(path).tensors["w"].tolist() == [1, 1]
