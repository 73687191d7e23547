"""What may be imported without torch, and what without Qt: looked up in fresh processes."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import lab.engine
import lab.maths

WITHOUT_TORCH = [
    "lab.maths.schedules",
    *("lab.engine." + name for name in ("kinds", "experiment", "datasets", "layers", "losses")),
    *("lab.engine." + name for name in ("optimizers", "schedules", "clips", "data", "shapes")),
    *(
        "lab.engine." + name
        for name in ("preparation", "samples", "series", "networks", "edits")
    ),
    *("lab.engine." + name for name in ("preflight", "device", "seeds", "news", "phases")),
]
HEAVY = {"torch", "sklearn", "scipy", "pandas", "onnx", "transformers", "PIL"}
QT = {"PySide6", "pyqtgraph", "qtawesome", "superqt"}


def loaded_after(code: str) -> set[str]:
    """Return the top-level modules that a fresh process holds after running some code."""
    said = f"{code}\nimport sys\nprint(*{{m.partition('.')[0] for m in sys.modules}})"
    asked = [sys.executable, "-c", said]
    found = subprocess.run(asked, capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_descriptions_tables_and_shapes_need_no_torch():
    code = "\n".join(f"import {name}" for name in WITHOUT_TORCH)
    used = (
        "from lab.engine.experiment import experiment\n"
        "from lab.engine.data import prepare\n"
        "from lab.engine.networks import checked_sizes\n"
        "layers = [{'kind': 'linear', 'units': 3}, 'relu', 'dropout', 'linear']\n"
        "asked = experiment({'data': 'moons', 'layers': layers})\n"
        "data = prepare(asked)\n"
        "checked_sizes(asked.layers, data.shape, data.encoding.outputs, 2, 4)\n"
    )
    loaded = loaded_after(f"{code}\n{used}")
    assert "numpy" in loaded
    assert not loaded & (HEAVY | QT)


@pytest.mark.fault("T6")
@pytest.mark.parametrize("package", [lab.engine, lab.maths])
def test_nothing_of_the_engine_imports_qt(package):
    names = [m.name for m in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    assert names
    assert not loaded_after("\n".join(f"import {n}" for n in names)) & QT
