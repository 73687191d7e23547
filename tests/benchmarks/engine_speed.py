"""Steps per second of the engine against the plain PyTorch loop of the same run.

    python tests/benchmarks/engine_speed.py [--rounds 15] [preset ...]

Both run in one process, in turns, on one thread. The engine records loss, gradient norm and a
snapshot of every step; the plain loop records nothing. Both shuffle, and both evaluate the
training and test set where the preset says so. Printed: the median over rounds of each, and
the median of the ratios engine/plain round by round. The losses of both are compared first.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import torch
from torch import nn

from lab.engine.batches import order_of_epoch
from lab.engine.losses import LOSSES, build_loss
from lab.engine.networks import build_network
from lab.engine.optimizers import torch_options
from lab.engine.run import Run
from lab.presets import load

PRESETS = ("playground", "digits-mlp", "digits-cnn")
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class PlainLoop:
    """The loop a student would write: Sequential, DataLoader-like batches, torch.optim."""

    def __init__(self, run: Run) -> None:
        trainer, spec = run.trainer, run.experiment
        outputs = trainer.data.encoding.outputs
        self.network: nn.Module = build_network(
            spec.layers, trainer.data.shape, outputs, spec.seed
        )
        self.x, self.y = trainer.train_x, trainer.train_y
        self.test_x, self.test_y = trainer.test_x, trainer.test_y
        self.loss = build_loss(LOSSES[spec.loss.kind], spec.loss.as_dict())
        make = OPTIMIZERS[spec.optimizer.kind]
        self.optimizer = make(
            self.network.parameters(), **torch_options(spec.optimizer.as_dict())
        )
        self.spec, self.step_number = spec, 0
        self.size = spec.batches.size or len(self.x)
        self.per_epoch = -(-len(self.x) // self.size)
        self.every = spec.evaluate_every or self.per_epoch

    def advance(self, steps: int) -> float:
        for _ in range(steps):
            epoch, place = divmod(self.step_number, self.per_epoch)
            if place == 0:
                shuffle = self.spec.batches.shuffle and self.size < len(self.x)
                order = order_of_epoch(len(self.x), epoch, self.spec.seed, shuffle)
                self.order = torch.from_numpy(order)
            rows = self.order[place * self.size : (place + 1) * self.size]
            x, y = self.x[rows], self.y[rows]
            self.optimizer.zero_grad()
            loss = self.loss(self.network(x), y)
            loss.backward()
            self.optimizer.step()
            self.step_number += 1
            if self.step_number % self.every == 0:
                self.evaluate()
        return loss.item()

    def evaluate(self) -> None:
        self.network.eval()
        with torch.no_grad():
            for x, y in ((self.x, self.y), (self.test_x, self.test_y)):
                output = self.network(x)
                float(self.loss(output, y))
                if output.shape[1] > 1:
                    float((output.argmax(1) == y).double().mean())
                else:
                    float(((output > 0) == (y > 0)).double().mean())
        self.network.train()


def compare(preset: str, rounds: int) -> None:
    """Print the figures of one preset."""
    spec = load(preset)
    run = Run(spec)
    plain = PlainLoop(run)
    steps = run.trainer.batches.per_epoch * (20 if preset == "playground" else 4)
    run.advance(steps)
    last = plain.advance(steps)
    recorded = run.timeline.current.row(steps)
    assert recorded is not None
    assert abs(recorded["loss"] - last) <= 1e-3 * abs(last) + 1e-6, (recorded, last)
    engine_s, plain_s, ratios = [], [], []
    for turn in range(rounds):
        pair = [(engine_s, run.advance), (plain_s, plain.advance)]
        for times, advance in pair if turn % 2 else reversed(pair):
            began = perf_counter()
            advance(steps)
            times.append((perf_counter() - began) / steps)
        ratios.append(plain_s[-1] / engine_s[-1])
    engine, loop = 1 / statistics.median(engine_s), 1 / statistics.median(plain_s)
    print(
        f"{preset:12} engine {engine:8.0f} steps/s   plain loop {loop:8.0f} steps/s   "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="*", default=PRESETS)
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for preset in asked.presets:
        compare(preset, asked.rounds)


if __name__ == "__main__":
    main()
