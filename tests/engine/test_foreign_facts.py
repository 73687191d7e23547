"""What a person's module makes of samples: found beside the window, and then only looked up."""

from __future__ import annotations

from threading import Thread

import pytest

from lab.engine import foreign, foreign_building
from lab.engine.drafts import check
from lab.engine.experiment import experiment
from lab.engine.foreign_building import Asked, find, only_known

FILE = """
from pathlib import Path

import torch
from torch import nn

Path(__file__).with_suffix(".ran").write_text("ran")


class Any(nn.Module):
    def forward(self, x):
        return x.sin()


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x):
        return self.layer(x)


class Late(nn.Module):
    def __init__(self):
        super().__init__()
        assert Path(__file__).with_suffix(".late").exists(), "too early"

    def forward(self, x):
        return x


class Stopping(nn.Module):
    def forward(self, x):
        raise KeyboardInterrupt
"""
BEING_FOUND = "layers.0 (Module of a file): its shape is being found."


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "net.py"
    made.write_text(FILE)
    foreign.allow(made)
    yield made
    foreign.forbid(made)


def layers(file, *names):
    path = {"kind": "module", "path": str(file)}
    return experiment({"layers": [*({**path, "name": n} for n in names), "linear"]}).layers


def seen(parts, shape):
    """What the window finds of layers, and what it does not know."""
    with only_known() as missing:
        found = check(parts, shape, 2)
    return found, missing


def test_the_window_runs_nothing_and_lists_what_it_does_not_know(file):
    found, missing = seen(layers(file, "Any"), (2,))
    assert [p.text for p in found.problems] == [BEING_FOUND]
    assert (found.problems[0].where, found.problems[0].short) == ("layer", "being found")
    assert [(m.name, m.shape) for m in missing] == [("Any", (2,))] * len(missing)
    assert not file.with_suffix(".ran").exists()
    find(missing)
    found, missing = seen(layers(file, "Any"), (2,))
    assert found.is_sound
    assert not missing
    assert seen(layers(file, "Any"), (3,))[1], "known of another shape"


def test_what_comes_behind_is_asked_for_in_its_turn(file):
    for name in ("Any", "Two"):
        _, missing = seen(layers(file, "Any", "Two"), (2,))
        assert {m.name for m in missing} == {name}
        find(missing)
    assert seen(layers(file, "Any", "Two"), (2,))[0].is_sound


def test_failures_are_known_too(file, monkeypatch):
    _, missing = seen(layers(file, "Two"), (3,))
    find(missing)
    monkeypatch.setattr(foreign_building, "build", None)
    found, missing = seen(layers(file, "Two"), (3,))
    assert not missing
    assert found.problems[0].text.startswith(
        "layers.0 (Module of a file): net.py: Two cannot take"
    )


def test_building_tries_again_what_failed_once(file):
    parts = layers(file, "Late")
    assert "too early" in check(parts, (2,), 2).problems[0].text
    file.with_suffix(".late").touch()
    assert "too early" in seen(parts, (2,))[0].problems[0].text
    assert check(parts, (2,), 2).is_sound
    assert seen(parts, (2,))[0].is_sound


def test_no_code_runs_for_a_guess(file, monkeypatch):
    tried = []

    def counted(asked, found=foreign_building._tried):
        tried.append(asked.shape)
        return found(asked)

    monkeypatch.setattr(foreign_building, "_tried", counted)
    assert not check(layers(file, "Two"), (5,), 2).is_sound
    assert set(tried) == {(5,)}


def test_the_file_is_read_only_when_it_has_changed(file, monkeypatch):
    check(layers(file, "Any"), (2,), 2)
    read = []

    def counted(path, most, found=foreign.read_bytes):
        read.append(path)
        return found(path, most)

    monkeypatch.setattr(foreign, "read_bytes", counted)
    assert seen(layers(file, "Any"), (2,))[0].is_sound
    assert read == []
    file.write_text(FILE + "\n# changed\n")
    assert "has changed since" in seen(layers(file, "Any"), (2,))[0].problems[0].text
    assert read
    file.unlink()
    assert "no such file" in seen(layers(file, "Any"), (2,))[0].problems[0].text


def test_code_that_interrupts_its_thread_has_failed_like_any_other(file):
    _, missing = seen(layers(file, "Stopping"), (2,))
    thread = Thread(target=find, args=(missing,), daemon=True)
    thread.start()
    thread.join(60)
    found, missing = seen(layers(file, "Stopping"), (2,))
    assert not missing
    assert "KeyboardInterrupt" in found.problems[0].text


def test_not_everything_is_kept(file, monkeypatch):
    monkeypatch.setattr(foreign_building, "_known", {})
    monkeypatch.setattr(foreign_building, "MOST_KNOWN", 3)
    digest = foreign_building.digest_of({"path": str(file), "name": "Any"})[1]
    asked = [Asked(str(file), digest, "Any", "", (n,)) for n in range(1, 6)]
    find(asked)
    assert list(foreign_building._known) == asked[2:]
