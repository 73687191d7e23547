"""Numbers that no run can use, typed into the form: told and taken back; nothing changes."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lab.ui.fields import IntField, NumberField

ADAM = {
    "data": {"kind": "circle", "samples": 60},
    "batches": {"size": 10},
    "layers": [{"kind": "linear", "units": 4}, {"kind": "dropout", "p": 0.25}, "linear"],
    "optimizer": {"kind": "adam", "learning_rate": 0.05},
}
SGD = ADAM | {"optimizer": {"kind": "sgd", "learning_rate": 0.05, "momentum": 0.5}}
NO_NUMBERS = ("nan", "NaN", "inf", "-inf", "1e999", "")


class Typist:
    """Types into fields of the panel and listens to what they say."""

    def __init__(self, desk):
        self.desk, self.told = desk, []

    def types(self, path, text):
        field = self.desk.field(path)
        assert isinstance(field, NumberField | IntField)
        field.refused.connect(self.told.append)
        self.desk.put(path, text)
        if not text:  # which types nothing: the number has to be taken away
            field.selectAll()
            self.desk.qtbot.keyClick(field, Qt.Key.Key_Delete)
            self.desk.qtbot.keyClick(field, Qt.Key.Key_Return)
        field.refused.disconnect(self.told.append)

    def everything_told(self):
        return [*self.told, *([self.desk.banner.text()] if self.desk.banner else [])]


@pytest.fixture
def typist(desk):
    return Typist(desk)


def nothing_has_changed(typist, described, cases):
    """Type every text, and see a sentence and the old settings after each."""
    desk = typist.desk.load(described)
    before = desk.look
    for path, text in cases:
        typist.told.clear()
        shown = desk.field(path).value()
        typist.types(path, text)
        desk.until(lambda: bool(typist.everything_told()))
        assert typist.everything_told()[0].strip(), f"{path}: {text!r}"
        assert desk.field(path).value() == shown
        assert desk.look.settings == before.settings
        desk.view.hide_banner()
    newest = desk.look.newest
    desk.bridge.step()  # comes after whatever the fields had sent
    desk.until(lambda: desk.look.newest == newest + 1)
    assert (desk.look.run, desk.look.edits) == (before.run, ())
    assert desk.look.settings == before.settings


@pytest.mark.fault("N6")
def test_learning_rates_momenta_betas_and_decays_that_cannot_be(typist):
    of_adam = [
        *(("optimizer.learning_rate", t) for t in (*NO_NUMBERS, "-1", "0", "1e30", "1e-400")),
        *((f"optimizer.{beta}", "1") for beta in ("beta1", "beta2")),
        ("regularisation.weight_decay", "-1"),
        ("regularisation.weight_decay", "nan"),
    ]
    nothing_has_changed(typist, ADAM, of_adam)
    of_sgd = [("optimizer.momentum", t) for t in ("1.5", "1", "-0.5", "nan")]
    nothing_has_changed(typist, SGD, of_sgd)


@pytest.mark.fault("N7")
def test_batches_steps_and_seeds_that_cannot_be(typist):
    cases = [
        ("batches.size", "-1"),
        ("batches.size", "49"),
        ("batches.size", "2.5"),
        ("steps", "0"),
        ("steps", "1000000000000"),
        ("seed", "-1"),
        ("seed", str(2**70)),
        ("seed", "nan"),
    ]
    nothing_has_changed(typist, ADAM, cases)


@pytest.mark.fault("N4")
def test_a_share_of_dropout_that_cannot_be(typist):
    nothing_has_changed(typist, ADAM, [("layers.1.p", t) for t in ("1.5", "1", "-0.1", "nan")])


@pytest.mark.fault("N4")
def test_a_last_batch_that_cannot_be_normalised_is_told_in_the_panel(desk):
    layers = [{"kind": "linear", "units": 4}, "batch_norm", "linear"]
    desk.load(ADAM | {"layers": layers})
    desk.put("batches.size", "47")  # of 48 samples one would be left
    desk.until(lambda: desk.banner is not None)
    assert "last batch of 1" in desk.banner.text()
    assert "drop_last" in desk.banner.text()
    assert desk.look.settings.batches.size == 10
    assert desk.field("batches.size").value() == 10
