"""Torch's own generator belongs to one thread at a time, so that bits stay as they are."""

from __future__ import annotations

import sys
from threading import Event, Thread
from types import ModuleType

import pytest
import torch

from lab.engine import foreign, foreign_building, seeds
from lab.engine.experiment import experiment
from lab.engine.imports import opened_module
from lab.engine.kinds import ExperimentError
from lab.engine.networks import build_network

FILE = """
import torch
from torch import nn

import gate_of_a_test


class Held(nn.Module):
    def __init__(self, which):
        super().__init__()
        self.first = nn.Linear(2, 2)
        gate_of_a_test.held(which)
        self.second = nn.Linear(2, 2)

    def forward(self, x):
        return self.second(self.first(x))
"""
TIMEOUT = 60


class Gate(ModuleType):
    """Holds constructors open in their midst once it is closed."""

    def __init__(self):
        super().__init__("gate_of_a_test")
        self.is_open = True
        self.begun, self.go = [Event(), Event()], [Event(), Event()]

    def held(self, which):
        if not self.is_open:
            self.begun[which].set()
            assert self.go[which].wait(TIMEOUT)


@pytest.fixture
def gate(monkeypatch):
    made = Gate()
    monkeypatch.setitem(sys.modules, "gate_of_a_test", made)
    return made


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "held.py"
    made.write_text(FILE)
    foreign.allow(made)
    yield made
    foreign.forbid(made)


def built(file, which):
    part = {"kind": "module", "path": str(file), "name": "Held", "arguments": f"which={which}"}
    network = build_network(experiment({"layers": [part]}).layers, (2,), 2, seed=which)
    return list(network.state_dict().values())


def opened(file, which):
    found = opened_module(file, "Held", f"which={which}", (2,), 2, seed=which)
    return list(found.tensors.values())


@pytest.mark.parametrize("first", [built, opened])
@pytest.mark.parametrize("second", [built, opened])
def test_builds_at_one_time_give_the_bits_they_give_alone(file, gate, first, second):
    alone = [first(file, 0), second(file, 1)]
    before = torch.get_rng_state()
    gate.is_open = False
    found = [[], []]
    threads = [
        Thread(target=lambda i=i, make=make: found[i].extend(make(file, i)), daemon=True)
        for i, make in enumerate((first, second))
    ]
    threads[0].start()
    assert gate.begun[0].wait(TIMEOUT)
    threads[1].start()
    gate.begun[1].wait(0.3)  # it begins only if nothing keeps it from doing so
    for go, thread in zip(gate.go, threads, strict=True):
        go.set()
        thread.join(TIMEOUT)
    for mine, others in zip(found, alone, strict=True):
        assert len(mine) == len(others) == 4
        assert all(torch.equal(a, b) for a, b in zip(mine, others, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_code_that_never_ends_does_not_hold_all_others_up(gate, file, monkeypatch):
    opened(file, 0)
    gate.is_open = False
    thread = Thread(target=opened, args=(file, 0), daemon=True)
    thread.start()
    assert gate.begun[0].wait(TIMEOUT)
    monkeypatch.setattr(seeds, "PATIENCE_S", 0.01)
    with pytest.raises(ExperimentError, match="code of a module has been running"):
        build_network(experiment({"layers": ["linear"]}).layers, (2,), 2, seed=0)
    gate.go[0].set()
    thread.join(TIMEOUT)


def test_the_seed_of_a_run_is_that_of_a_module(file, gate):
    theirs = opened_module(file, "Held", "which=0", (2,), 2, seed=3).tensors.values()
    part = {"kind": "module", "path": str(file), "name": "Held", "arguments": "which=0"}
    mine = build_network(experiment({"layers": [part]}).layers, (2,), 2, seed=3)
    assert all(
        torch.equal(a, b) for a, b in zip(theirs, mine.state_dict().values(), strict=True)
    )


FORWARD = """
import torch
from torch import nn

import gate_of_a_test


class Slow(nn.Module):
    def forward(self, x):
        torch.rand(3, device="cpu")
        gate_of_a_test.held(0)
        return nn.functional.dropout(x + torch.rand(2, device="cpu").numel(), 0.5, True)
"""


def test_a_forward_pass_without_end_keeps_nobody_from_drawing(gate, tmp_path, monkeypatch):
    file = tmp_path / "slow.py"
    file.write_text(FORWARD)
    foreign.allow(file)
    before = torch.get_rng_state()
    options = {"path": str(file), "name": "Slow", "arguments": ""}
    plain = experiment({"layers": ["linear"]}).layers
    alone = build_network(plain, (2,), 2, seed=0).state_dict()
    gate.is_open = False
    found = []
    thread = Thread(
        target=lambda: found.append(foreign_building.facts(options, (2,))), daemon=True
    )
    thread.start()
    assert gate.begun[0].wait(TIMEOUT)
    monkeypatch.setattr(seeds, "PATIENCE_S", 0.01)
    with seeds.drawing(1):
        state = torch.get_rng_state()
    mine = build_network(plain, (2,), 2, seed=0).state_dict()
    assert all(torch.equal(mine[name], alone[name]) for name in alone)
    monkeypatch.setattr(seeds, "PATIENCE_S", TIMEOUT)
    with seeds.drawing(1):
        gate.go[0].set()
        thread.join(0.3)  # it waits for its turn to draw
        assert not found
        assert torch.equal(torch.get_rng_state(), state)
    thread.join(TIMEOUT)
    assert found[0].shape == (2,)
    assert torch.equal(torch.get_rng_state(), before)
    foreign.forbid(file)
