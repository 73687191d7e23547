"""Pictures of a finished run, drawn from its results into the same folder.

Why in processes of their own (``python -m lab.cli.drawings plots DIR``, ``window DIR``): where
a library that Qt needs is missing, Qt ends the process that asks for it, and the results of a
long run are not to depend on that. The window gets a fresh one, as it gets when it is opened.
"""

from __future__ import annotations

import json
import logging
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lab.cli.metrics import FILE_NAME as METRICS
from lab.cli.outputs import RECORD
from lab.engine.kinds import ExperimentError
from lab.files.errors import FileError

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]
    from lab.ui.plots import Plot

    Columns = dict[str, tuple[FloatArray, FloatArray]]

WIDTH, HEIGHT, SCALE = 900, 560, 2
LEGEND_SHARE = 0.2

PLOTS = {
    "loss": ("Loss", {"loss": "Training, each batch", "test_loss": "Test"}),
    "accuracy": ("Accuracy", {"accuracy": "Training", "test_accuracy": "Test"}),
}
"""A file for each: its axis, and what is drawn in it with its name."""


def read_columns(path: Path) -> Columns:
    """Return steps and values of each column of a ``metrics.jsonl``; null becomes NaN."""
    steps, values = defaultdict(list), defaultdict(list)
    with open(path, encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            for name, value in row.items():
                steps[name].append(row["step"])
                values[name].append(np.nan if value is None else value)
    return {n: (np.array(steps[n], float), np.array(values[n], float)) for n in values}


def leave_plots(folder: Path) -> list[Path]:
    """Draw the plots of a folder of results into it, as PNG and SVG.

    Raises
    ------
    SaveError
        If one cannot be written; nothing that is there is replaced.
    """
    from lab.app import application
    from lab.ui import theme

    theme.apply(application(), "light")
    columns = read_columns(folder / METRICS)
    drawn = (name for name, (_, lines) in PLOTS.items() if lines.keys() & columns.keys())
    return [path for name in drawn for path in _plot(folder, name, columns)]


def _plot(folder: Path, name: str, columns: Columns) -> list[Path]:
    from lab.ui.figures import export_picture
    from lab.ui.plots import Plot

    title, lines = PLOTS[name]
    plot = Plot("Step", title, legend=True, tight_x=True)
    plot.resize(WIDTH, HEIGHT)
    for series, (column, label) in enumerate(lines.items()):
        if column in columns:
            is_test = series > 0
            mark = plot.add_line(label, series, dash="dash" if is_test else "solid", width=1.5)
            mark.set(*columns[column])
    _make_room(plot)
    return [
        export_picture(plot, folder / f"{name}.{kind}", scale=SCALE if kind == "png" else 1)
        for kind in ("png", "svg")
    ]


def _make_room(plot: Plot) -> None:
    """Show all of every line, with room above for their names."""
    plot.reset_view()
    _, (low, high) = plot.view_range()
    plot.set_range(y=(low, high + LEGEND_SHARE * (high - low)))


def leave_window(folder: Path) -> list[Path]:
    """Draw the window as it is at the last step of a folder of results into it.

    The run is carried out again in it; so ``steps`` are those recorded.

    Raises
    ------
    ExperimentError, SaveError
        If it cannot be carried out or written.
    """
    from lab.app import screenshot
    from lab.engine.records import read_record

    record = read_record(folder / RECORD)
    return [screenshot(record, folder / "window.png", steps=record.steps)]


DRAWN = {"plots": leave_plots, "window": leave_window}


def main(arguments: list[str]) -> int:
    """Draw one thing into a folder; what goes wrong is one line on standard output.

    Standard error is Qt's, which says there whatever it likes.
    """
    logging.getLogger("lab").addHandler(logging.NullHandler())
    what, folder = arguments
    try:
        DRAWN[what](Path(folder))
    except (FileError, ExperimentError, OSError, ImportError) as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
