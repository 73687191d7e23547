"""A run that diverges stops at its very step, and one click leads out of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lab.shell.ways_out import RATE, last_well
from lab.ui.undo import change_settings

pytestmark = pytest.mark.fault("M1")


class Recorded:
    """A history of given losses."""

    def __init__(self, *losses):
        self.losses = losses

    def row(self, step):
        return {"loss": self.losses[step - 1]}

    @property
    def last_well(self):
        return last_well(self, len(self.losses))


def test_the_weights_before_a_leap_are_well():
    assert Recorded(1.0, 0.9, 0.8, 0.7, 1e6, 1e12).last_well == 3
    assert Recorded(1.0, 1e12).last_well == 0
    assert Recorded(1.0, 0.9, 0.8).last_well == 2
    assert Recorded().last_well == 0
    assert Recorded(0.0, 0.0).last_well == 1
    assert Recorded(-1.0, -2.0, -1e9).last_well == 1


@pytest.fixture
def diverged(drive, tiny_experiment):
    """A line that learned for 30 steps and then got a rate of a million."""
    data = {"kind": "curve", "samples": 40}
    line = tiny_experiment(layers=["linear"], data=data, loss="mse_loss", steps=10_000)
    drive.begin(line).run_to(30)
    change_settings(drive.bridge, {RATE: 1e6}, "learning rate")
    drive.bridge.play()
    drive.qtbot.waitUntil(lambda: "not finite" in drive.window.notices.text())
    return drive


def choose(drive, words):
    (button,) = (b for b in drive.window.notices.choices() if words in b.text())
    drive.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_pauses_at_its_step_and_says_what_was_not_finite(diverged):
    look, told = diverged.bridge.look, diverged.window.notices.text()
    assert not look.playing
    assert look.step == look.newest
    assert look.branches[0].diverged_at == look.newest + 1
    assert told.startswith(f"Step {look.newest + 1}: ")
    assert "The loss leapt after step 30." in told


def test_one_click_goes_back_to_the_last_good_step(diverged):
    newest = diverged.bridge.look.newest
    choose(diverged, "Go to step 30")
    diverged.wait(30)
    assert diverged.bridge.look.newest == newest
    assert diverged.window.notices.text() == ""


def test_one_click_goes_on_with_the_rate_that_worked(diverged):
    choose(diverged, "Branch at step 30 with learning rate 0.05")
    diverged.qtbot.waitUntil(lambda: diverged.bridge.look.newest > 200)
    look = diverged.bridge.look
    assert (look.branch, look.settings.value(RATE)) == (1, 0.05)
    assert look.branches[0].diverged_at is not None  # the other branch stays as it was
    diverged.bridge.pause()


def onto_another_branch(drive):
    drive.bridge.branch(10, {RATE: 0.01})
    drive.qtbot.waitUntil(lambda: drive.bridge.look.branch == 1)


def test_a_way_out_is_not_offered_on_another_branch(diverged):
    onto_another_branch(diverged)
    diverged.qtbot.waitUntil(lambda: diverged.window.notices.text() == "")
    assert diverged.window.notices.choices() == []


def test_a_message_of_something_else_outlives_the_way_out(diverged):
    diverged.window.notices.tell("warning", "A file could not be read.")
    onto_another_branch(diverged)
    diverged.run_to(12)
    assert diverged.window.notices.text() == "A file could not be read."


def test_a_rate_that_was_wrong_from_the_first_step_is_cut_to_a_tenth(drive, tiny_experiment):
    rate = {"kind": "sgd", "learning_rate": 1e6}
    data = {"kind": "curve", "samples": 40}
    changed = tiny_experiment(layers=["linear"], data=data, loss="mse_loss", optimizer=rate)
    drive.begin(changed)
    drive.bridge.play()
    drive.qtbot.waitUntil(lambda: "not finite" in drive.window.notices.text())
    assert drive.window.notices.choices()[-1].text().endswith("with learning rate 1e5")
