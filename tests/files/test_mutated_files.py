"""Mutants of sound files: a reader answers with values or a LoadError, soon, and survives."""

from __future__ import annotations

import io
import random
import time
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from lab.files.arrays import pick, read_arrays
from lab.files.errors import LoadError
from lab.files.images import read_image_folder
from lab.files.numbers import read_jsonl, read_toml
from lab.files.pickles import PickleReader
from lab.files.tables import design, read_table
from lab.files.weights import read_safetensors, write_safetensors

SPICE = (
    b"\0",
    b"\xff",
    b'"',
    b",",
    b";",
    b"\n",
    b"[",
    b"{",
    b"}",
    b"-",
    b"9" * 40,
    b"e",
    b"PK",
)


def sound_table(folder):
    lines = [f'{k * 0.7},"name, {k % 5}",2024-01-{k % 28 + 1:02},{k % 3}' for k in range(60)]
    return ("size,name,day,label\n" + "\n".join(lines)).encode()


def sound_safetensors(folder):
    path = folder / "sound"
    write_safetensors(path, {"a": torch.ones(5, 3), "b": torch.arange(4)}, {"k": "v"})
    return path.read_bytes()


def sound_npy(folder):
    buffer = io.BytesIO()
    np.save(buffer, np.arange(60.0).reshape(12, 5))
    return buffer.getvalue()


def sound_npz(folder):
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=np.arange(60.0).reshape(12, 5), y=np.arange(12))
    return buffer.getvalue()


def sound_pt(folder):
    buffer = io.BytesIO()
    torch.save({"model": torch.nn.Linear(3, 2).state_dict(), "epoch": 3}, buffer)
    return buffer.getvalue()


def sound_legacy_pt(folder):
    buffer = io.BytesIO()
    state = torch.nn.Linear(3, 2).state_dict()
    torch.save(state, buffer, _use_new_zipfile_serialization=False)
    return buffer.getvalue()


def sound_png(folder):
    buffer = io.BytesIO()
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(buffer, "PNG")
    return buffer.getvalue()


def sound_toml(folder):
    return b'seed = 3\nrate = 1e-3\n[data]\nname = "x"\n[[layers]]\nwidth = 4\nd = 2024-01-01\n'


def sound_lines(folder):
    return b'{"step": 1, "loss": 0.5}\n' * 20


def table_used(path):
    table = read_table(path)
    design(table, table.suggested_target.name)


def arrays_used(path):
    pick(read_arrays(path), path)


def pictures_used(path):
    for k, class_name in enumerate(("a", "b")):
        if not (path.parent / class_name).exists():
            (path.parent / class_name).mkdir()
            Image.new("RGB", (10, 10)).save(path.parent / class_name / f"{k}.png")
    (path.parent / "a" / "mutant.png").write_bytes(path.read_bytes())
    read_image_folder(path.parent)


READERS = {
    "table": (sound_table, table_used),
    "safetensors": (sound_safetensors, read_safetensors),
    "npy": (sound_npy, read_arrays),
    "npz": (sound_npz, arrays_used),
    "pt": (sound_pt, None),
    "legacy pt": (sound_legacy_pt, None),
    "picture": (sound_png, pictures_used),
    "toml": (sound_toml, read_toml),
    "lines": (sound_lines, read_jsonl),
}


def mutant(sound, chance):
    """Flip, cut, insert, repeat or zero some bytes."""
    data = bytearray(sound)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and place < len(data):
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[place : place + chance.randrange(1, 40)]
        elif kind == 2:
            data[place:place] = chance.choice(SPICE) * chance.randrange(1, 4)
        elif kind == 3:
            data[place:place] = data[chance.randrange(len(data) + 1) :][:200]
        elif kind == 4:
            data[place : place + 8] = chance.randbytes(8)
        else:
            del data[max(place, 1) :]
        data = data or bytearray(b"x")
    return bytes(data)


def rezipped(sound, chance):
    """Change the inside of a zip, so that the mutant gets past the zip itself."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound)) as old, zipfile.ZipFile(buffer, "w") as new:
        victim = chance.choice(old.namelist())
        for name in old.namelist():
            content = old.read(name)
            new.writestr(
                name, mutant(content, chance) if name == victim and content else content
            )
    return buffer.getvalue()


@pytest.fixture(scope="module")
def reader():
    with PickleReader() as warm:
        yield warm


def survive(folder, name, number, reader):
    """Read mutants; return how many were read as sound, and the slowest in seconds."""
    make, read = READERS[name]
    read = read or reader.read
    chance = random.Random(f"{name} {number}")
    sound = make(folder)
    path, sentences, good, slowest = folder / "mutant.dat", [], 0, 0.0
    path.write_bytes(sound)
    read(path)
    for k in range(number):
        is_inner = sound.startswith(b"PK") and k % 2
        path.write_bytes(rezipped(sound, chance) if is_inner else mutant(sound, chance))
        if name.endswith("pt"):
            reader._started("PyTorch")  # whose start is no file's fault
        start = time.perf_counter()
        try:
            read(path)
            good += 1
        except LoadError as error:
            sentences.append(str(error))
        slowest = max(slowest, time.perf_counter() - start)
    assert [s for s in sentences if not s.isprintable() or len(s) > 600] == []
    return good, slowest


@pytest.mark.parametrize("name", READERS)
def test_three_hundred_mutants_are_survived(tmp_path, name, reader):
    good, _ = survive(tmp_path, name, 300, reader)
    assert good < 300


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", READERS)
def test_ten_thousand_mutants_are_survived_and_none_takes_long(tmp_path, name, reader):
    good, slowest = survive(tmp_path, name, 10_000, reader)
    assert good < 10_000
    assert slowest < 2.0
