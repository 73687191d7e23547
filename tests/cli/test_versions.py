"""Which pairs of versions are known to break."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.versions import bad_pairs, installed, known_bad_pairs, parsed

SOUND = {"PySide6": "6.9.3", "torch": "2.13.0+cpu", "safetensors": "0.8.0"}


def test_what_is_installed_here_is_sound() -> None:
    assert known_bad_pairs() == []
    assert {"PySide6", "torch", "safetensors"} <= installed().keys()


@pytest.mark.parametrize(
    ("package", "number", "python", "words"),
    [
        ("PySide6", "6.12.0", (3, 11, 7), "aborts on Python 3.11"),
        ("PySide6", "6.12.0", (3, 12, 1), "crash the plot"),
        ("PySide6", "6.10.0", (3, 13, 0), "crash the plot"),
        ("PySide6", "6.9.1", (3, 13, 0), "6.9.3"),
        ("torch", "2.9.1", (3, 11, 0), "run code"),
        ("torch", "2.9.1+cu126", (3, 11, 0), "2.10 or newer"),
        ("safetensors", "0.7.0", (3, 11, 0), "0.8 or newer"),
    ],
)
def test_a_bad_pair_is_one_sentence(
    package: str, number: str, python: tuple[int, ...], words: str
) -> None:
    (sentence,) = bad_pairs(SOUND | {package: number}, python)
    assert sentence.startswith(f"{package} {number} ")
    assert words in sentence
    assert sentence.endswith(".")


@pytest.mark.parametrize("python", [(3, 11, 0), (3, 13, 9)])
def test_sound_pairs_and_what_is_not_there_are_no_fault(python: tuple[int, ...]) -> None:
    assert bad_pairs(SOUND, python) == []
    assert bad_pairs({}, python) == []
    assert bad_pairs({"torch": "2.10.0", "PySide6": "6.8.3"}, python) == []


def test_versions_are_read_as_numbers() -> None:
    assert parsed("2.13.0+cpu") == (2, 13, 0)
    assert parsed("6.10.0rc1") == (6, 10, 0)
    assert parsed("unknown") == ()


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, lab.versions as v; v.known_bad_pairs();"
    code += "print({'torch', 'PySide6', 'numpy', 'safetensors'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
