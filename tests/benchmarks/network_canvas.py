"""How long the network builder takes to paint, to pan and to check an edit.

    python tests/benchmarks/network_canvas.py

Prints the median and the 99th percentile of a frame of a network of 2,000 edges (weights that
change every frame; pan; zoom) beside an empty canvas, of one of 100 million parameters, and of
the check of 200 layers at edit time. Frames are painted into a picture, as the screen's are.
"""

from __future__ import annotations

import os
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from lab.engine.drafts import draft_of
from lab.engine.experiment import experiment
from lab.engine.run import Run
from lab.panels.network.blocks import blocks
from lab.panels.network.canvas import NetworkCanvas
from lab.panels.network.model import NetworkState, seen
from lab.panels.network.pictures import pictures
from lab.panels.network.scene import scene
from lab.presets import load
from lab.ui import theme

FRAMES = 60


def told(words: str, times: list[float]) -> None:
    ms = np.array(times) * 1e3
    print(f"{words:<44}{np.median(ms):8.2f} ms{np.percentile(ms, 99):8.2f} ms p99")


class Looked:
    """What a scene wants of a look."""

    def __init__(self, run: Run) -> None:
        self.data, self.settings = run.trainer.data, run.settings


def canvas_of(run: Run) -> tuple[NetworkCanvas, object]:
    layers = run.experiment.layers
    look = Looked(run)
    made = NetworkCanvas()
    made.resize(740, 560)
    drawn = scene(look, layers, draft_of(run.settings, run.trainer.data, layers))
    made.show_scene(drawn, NetworkState())
    return made, drawn


def painted(canvas: NetworkCanvas, image: QImage) -> float:
    began = perf_counter()
    canvas.render(image)
    return perf_counter() - began


def main() -> None:
    app = QApplication([])
    theme.apply(app, "light")
    image = QImage(740, 560, QImage.Format.Format_RGB32)
    hidden = {"kind": "linear", "units": 30}
    layers = [hidden, "tanh", hidden, "tanh", hidden, "tanh", "linear"]  # 2·30 + 2·900 + 30
    run = Run(load("spiral").changed({"layers": layers}))
    canvas, drawn = canvas_of(run)
    run.advance(5)
    empty = NetworkCanvas()
    empty.resize(740, 560)
    told("an empty canvas", [painted(empty, image) for _ in range(FRAMES)])
    live, pan, zoom = [], [], []
    for frame in range(FRAMES):
        run.step()
        found = seen(run.bench, blocks(run.experiment.layers), 0, "Response")
        began = perf_counter()
        shown = pictures(drawn.layout, found, run.trainer.data.x[0], "Response")
        canvas.show_seen(found, shown)
        canvas.render(image)
        live.append(perf_counter() - began)
        canvas.look(canvas.now.camera.moved(3 if frame % 2 else -3, 1))
        pan.append(painted(canvas, image))
        canvas.look(canvas.now.camera.zoomed(1.02 if frame % 2 else 1 / 1.02, 300, 200))
        zoom.append(painted(canvas, image))
    told("1,890 edges, all weights new", live)
    told("1,890 edges, pan", pan)
    told("1,890 edges, zoom", zoom)
    large()
    checks()


def large() -> None:
    """A network of 100 million parameters is drawn as layers."""
    wide = {"kind": "linear", "units": 5000}
    described = load("spiral").changed({"layers": [*[wide, "relu"] * 5, "linear"]})
    small = Run(load("spiral"))
    look = Looked(small)
    canvas = NetworkCanvas()
    canvas.resize(740, 560)
    image = QImage(740, 560, QImage.Format.Format_RGB32)
    draft = draft_of(described, small.trainer.data)
    canvas.show_scene(scene(look, described.layers, draft), NetworkState())
    told(f"{draft.parameters:,} parameters", [painted(canvas, image) for _ in range(FRAMES)])


def checks() -> None:
    """The check of 200 layers, as every edit has it."""
    part = [{"kind": "linear", "units": 32}, "batch_norm", "relu", "dropout"]
    layers = experiment({"layers": [*part * 50, "linear"]}).layers
    run = Run(load("spiral"))
    look = Looked(run)
    times, whole = [], []
    for _ in range(20):
        began = perf_counter()
        draft = draft_of(run.settings, run.trainer.data, layers)
        times.append(perf_counter() - began)
        scene(look, layers, draft)
        whole.append(perf_counter() - began)
    told("check of 201 layers", times)
    told("check and layout of 201 layers", whole)


if __name__ == "__main__":
    main()
