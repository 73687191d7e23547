"""Every format is offered in the real window once there is a run."""

from __future__ import annotations

from lab import app as nabla
from lab.engine.exports import FORMATS


def test_every_format_can_be_chosen_once_a_run_is_there(qtbot):
    with nabla.staged("xor", "Build", "light", (1280, 800), 1.0, 1) as window:
        for name in FORMATS:
            assert window.actions_[f"file.export.{name}"].isEnabled(), name
