"""Ready experiments: one file each, one line each in this table.

The table holds names and sentences only; an experiment's file is read when it is asked for,
so that a start page or ``nabla presets`` costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab.engine.experiment import Experiment

DEFAULT = "digits-mlp"


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready experiment: its name, its title, and what a person will see."""

    name: str
    title: str
    summary: str

    @property
    def described(self) -> dict[str, Any]:
        """The experiment as plain values, from the file named after the preset."""
        module = import_module(f"lab.presets.{self.name.replace('-', '_')}")
        return {"title": self.title, **module.EXPERIMENT}


PRESETS: dict[str, Preset] = {
    p.name: p
    for p in (
        Preset("digits-mlp", "Digits", "A network learns to read 1,797 handwritten digits."),
        Preset("digits-cnn", "Digits by convolution", "Small windows find strokes in images."),
        Preset("spiral", "Spiral", "A straight border bends until it follows two spiral arms."),
        Preset("xor", "XOR", "Four hidden units part what no single line can part."),
        Preset("xor-single-layer", "XOR without a hidden layer", "It can only fail: see how."),
        Preset("curve-fit", "Curve fit", "A flat line turns into waves drawn through noise."),
        Preset("iris", "Iris", "Three species of flowers told apart by four measures."),
        Preset("vanishing", "Vanishing gradients", "Eight sigmoid layers, and nothing moves."),
        Preset("exploding", "Exploding gradients", "Twenty steep layers, every step a leap."),
        Preset(
            "brackets-gru", "Brackets, one by one", "A memory learns to count what is open."
        ),
        Preset(
            "brackets-transformer",
            "Brackets, all at once",
            "Attention finds where one bracket too many is closed.",
        ),
        Preset("playground", "Playground", "2-4-2-1 on a circle, as in TensorFlow Playground."),
    )
}


def load(name: str) -> Experiment:
    """Return the experiment of a preset.

    Raises
    ------
    ExperimentError
        If there is no preset of this name, with the names there are.
    """
    from lab.engine.experiment import experiment
    from lab.engine.kinds import find

    preset: Preset = find(PRESETS, name, "preset")
    return experiment(preset.described)
