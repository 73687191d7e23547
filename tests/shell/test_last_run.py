"""The run comes back at the next start, and a replay brings it to where it was."""

from __future__ import annotations

from lab.shell import sessions


def test_the_session_keeps_the_edits_and_begins_where_they_did(drive, tmp_path):
    drive.run_to(4)
    drive.bridge.edit({"optimizer.learning_rate": 0.5})
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.edits) == 1)
    drive.run_to(8)
    assert sessions.keep(drive.bridge.look, tmp_path)
    record = sessions.kept(tmp_path)
    assert record.experiment.value("optimizer.learning_rate") == 0.05
    assert [(e.step, e.new) for e in record.edits] == [(4, 0.5)]
    (tmp_path / sessions.FILE).write_text("garbage = [")
    assert sessions.kept(tmp_path) is None
    assert sessions.kept(tmp_path / "none") is None


def test_the_last_run_comes_back_and_is_replayed_to_its_step(drive, tmp_path):
    window = drive.window
    loss = drive.run_to(30).bridge.look.numbers["loss"]
    window.last_run.keep(tmp_path)
    run = drive.bridge.look.run
    assert window.last_run.open(tmp_path)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > run)
    drive.qtbot.waitUntil(lambda: bool(window.notices.choices()))
    assert "weights are not kept" in window.notices.text()
    assert drive.bridge.look.step == 0
    (replay,) = window.notices.choices()
    assert replay.text() == "Replay to step 30"
    replay.click()
    drive.wait(30)
    assert drive.bridge.look.numbers["loss"] == loss


def test_weights_that_were_loaded_cannot_be_replayed(drive, tmp_path):
    network = {}
    drive.bridge.watch("test.weights", lambda bench: network.update(bench.network.state_dict()))
    drive.run_to(5)
    drive.bridge.load_weights({n: t.clone() for n, t in network.items()}, "mine.pt")
    drive.qtbot.waitUntil(lambda: len(drive.bridge.look.edits) == 1)
    assert sessions.record_of_look(drive.bridge.look).recorded.steps is None


def test_nothing_is_offered_where_nothing_was_trained(drive, tmp_path):
    drive.window.last_run.keep(tmp_path)
    run = drive.bridge.look.run
    assert drive.window.last_run.open(tmp_path)
    drive.qtbot.waitUntil(lambda: drive.bridge.look.run > run)
    assert drive.window.notices.choices() == []
    assert not drive.window.last_run.open(tmp_path / "none")
