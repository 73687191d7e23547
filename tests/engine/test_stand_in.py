"""Settings of another run, as of a look that is a moment old, change nothing."""

from __future__ import annotations

import pytest

from lab.engine.run import Run
from lab.engine.stand_in import stand_in
from lab.presets import load


@pytest.mark.parametrize("other", ["xor", "digits-cnn", "iris"])
def test_the_settings_of_another_run_are_not_for_this_one(other):
    trainer = Run(load("playground")).trainer
    assert stand_in(trainer, load(other)) is trainer


def test_an_edit_that_waits_is_for_the_copy_alone():
    trainer = Run(load("playground")).trainer
    twin = stand_in(trainer, trainer.experiment.changed({"optimizer.learning_rate": 0.5}))
    assert twin is not trainer
    assert twin.experiment.optimizer["learning_rate"] == 0.5
    assert trainer.experiment.optimizer["learning_rate"] != 0.5
    assert stand_in(trainer, trainer.experiment) is trainer
    wider = trainer.experiment.changed({"layers.0.units": 9})
    assert stand_in(trainer, wider) is trainer
