"""The inspector with a real engine behind it, moved by gestures, judged by what it drew."""

import numpy as np
import pytest

from lab.engine.run import Run
from lab.numerals import shown
from lab.panels.inspector import model
from lab.panels.inspector.model import inspect, sheet, stems, tensors
from lab.panels.inspector.view import ANSWER, InspectorView
from lab.presets import load


@pytest.fixture
def view(qtbot, bridge):
    made = InspectorView(bridge)
    qtbot.addWidget(made)
    made.resize(600, 560)
    made.show()
    return made


def trained(qtbot, bridge, view, preset, steps):
    bridge.load(load(preset))
    bridge.run_to(steps)
    qtbot.waitUntil(lambda: view.found is not None and view.found.step == steps, timeout=60_000)
    run = Run(load(preset))
    run.advance(steps)
    return run


def test_every_tensor_of_every_layer_is_drawn_as_it_is(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 7)
    wanted = inspect(run.trainer, 0, with_differences=False)
    for report in wanted.layers:
        view.layer.chosen.emit(report.title)
        assert view.state.layer == report.name
        for name in view.tensor.choices():
            view.tensor.chosen.emit(name)
            drawn = tensors(report)[name]
            assert (
                view.subtitle() == f"{report.title}, {name} {'×'.join(map(str, drawn.shape))}"
            )
            low, high, mean = (shown(float(f(drawn)), 3) for f in (np.min, np.max, np.mean))
            assert f"sample 0: {low} to {high}, mean {mean}; " in view.reading()
    first = wanted.layers[0]
    view.layer.chosen.emit(first.title)
    view.tensor.chosen.emit("weight")
    np.testing.assert_array_equal(view.image.cells, first.weights["weight"])
    view.tensor.chosen.emit("Δweight")
    np.testing.assert_array_equal(view.image.cells, first.updates["weight"])
    view.tensor.chosen.emit("δ = ∂L/∂z")
    np.testing.assert_array_equal(view.ends.y, first.delta)
    assert "autograd differs by" in view.reading()


def test_the_tensors_are_those_of_the_cursors_step(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 9)
    bridge.seek(4)
    qtbot.waitUntil(lambda: view.found.step == 4)
    run.seek(4)
    wanted = inspect(run.bench, 0, with_differences=False)
    assert view.found.loss == wanted.loss
    np.testing.assert_array_equal(view.ends.y, wanted.layers[0].a)


def test_a_sample_selected_anywhere_is_the_one_inspected(qtbot, bridge, view):
    run = trained(qtbot, bridge, view, "playground", 3)
    bridge.select("sample", 11)
    qtbot.waitUntil(lambda: view.found.sample == 11)
    assert view.found.input.tolist() == run.trainer.data.x[11].tolist()
    with qtbot.waitSignal(bridge.selected) as told:
        view.sample.edited.emit(4)
    assert told.args == ["sample", 4]
    qtbot.waitUntil(lambda: view.found.sample == 4)


def test_another_network_offers_its_own_layers(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    view.layer.chosen.emit("5 Linear")
    trained(qtbot, bridge, view, "digits-cnn", 2)
    assert view.layer.choices()[:3] == ("1 Convolution", "2 ReLU", "3 Max pooling")
    view.layer.chosen.emit("1 Convolution")
    view.tensor.chosen.emit("a")
    assert view.image.cells.shape == (4 * 9 - 1, 4 * 9 - 1)
    assert view.image.gaps == 0  # what parts the channels is no number that is missing
    view.tensor.chosen.emit("weight")
    assert view.image.cells.shape == (16 * 3, 3)


def test_a_hidden_inspector_asks_nothing(qtbot, bridge, view):
    trained(qtbot, bridge, view, "playground", 3)
    assert ANSWER in bridge.look.answers
    view.hide()
    bridge.run_to(6)
    qtbot.waitUntil(lambda: bridge.look.step == 6 and ANSWER not in bridge.look.answers)
    assert view.found.step == 3
    view.show()
    qtbot.waitUntil(lambda: view.found.step == 6)


def test_without_a_network_it_says_so(qtbot, bridge, view):
    assert view.is_empty()
    view.empty_pressed.emit()
    qtbot.waitUntil(lambda: not view.is_empty(), timeout=60_000)
    assert view.found.step == 0


def test_layouts_lose_nothing():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(5, 3, 4))
    cells = sheet(images).cells
    assert cells.shape == (2 * 4 - 1, 3 * 5 - 1)
    assert sorted(cells[np.isfinite(cells)]) == sorted(images.ravel())
    np.testing.assert_array_equal(cells[4:7, 5:9], images[4])
    kernels = rng.normal(size=(2, 3, 2, 2))
    np.testing.assert_array_equal(sheet(kernels).cells[2:4, 4:6], kernels[1, 2])
    x, y = stems(np.array([1.0, -2.0]))
    assert x.tolist() == [0, 0, 0, 1, 1, 1]
    assert y[[0, 1, 3, 4]].tolist() == [0, 1, 0, -2]


def test_a_network_too_large_is_refused_in_a_sentence_and_not_asked_again(
    qtbot, bridge, view, monkeypatch
):
    trained(qtbot, bridge, view, "xor", 3)
    monkeypatch.setattr(model, "MOST_PARAMETERS", 20)
    told = []
    bridge.happened.connect(lambda event: told.append(event.channel))
    bridge.load(load("playground"))
    bridge.run_to(5)
    qtbot.waitUntil(
        lambda: view._banner is not None and "too large" in view._banner.text(), timeout=60_000
    )
    qtbot.waitUntil(lambda: bridge.look.newest == 5 and not bridge.look.playing, timeout=60_000)
    for step in (2, 3, 4):
        bridge.seek(step)
        qtbot.waitUntil(lambda step=step: bridge.look.step == step)
    assert view.is_empty()
    assert told.count(ANSWER) <= 3  # once for each way of asking: loaded, playing, paused
