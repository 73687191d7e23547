"""A panel that shows a run that is being replaced says so."""

from __future__ import annotations

from threading import Event

import pytest


@pytest.mark.fault("N8")
def test_panels_say_that_they_show_the_old_run_until_the_new_one_is_there(
    drive, tiny_experiment
):
    begun, freed = Event(), Event()

    def hold(_run):
        begun.set()
        freed.wait(20)
        yield None

    docks, run = drive.window.desk.host.docks, drive.bridge.look.run
    drive.bridge.submit("hold", hold)
    assert begun.wait(20)
    drive.bridge.load(tiny_experiment(seed=4))
    try:
        drive.qtbot.waitUntil(
            lambda: {dock.bar.badge() for dock in docks.values()} == {"old run"}
        )
        assert drive.bridge.look.run == run
    finally:
        freed.set()
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > run)
    drive.qtbot.waitUntil(lambda: {dock.bar.badge() for dock in docks.values()} == {""})


@pytest.mark.fault("N8")
def test_the_first_of_two_runs_asked_for_does_not_end_the_wish(drive, tiny_experiment):
    first, second = tiny_experiment(seed=4), tiny_experiment(seed=5)
    wishes = []
    drive.bridge.happened.connect(lambda event: wishes.append(drive.bridge.wish))
    drive.bridge.load(first)
    drive.bridge.load(second)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.experiment.seed == 5)
    drive.qtbot.waitUntil(lambda: drive.bridge.wish is None)
    assert wishes[0] == second
