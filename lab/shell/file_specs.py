"""What the File menu offers besides ready experiments and exports."""

from __future__ import annotations

from lab.shell.actions import ActionSpec

OPEN_FILTER = (
    "Everything Nabla opens (*.toml *.csv *.tsv *.txt *.npy *.npz *.safetensors *.pt *.pth)"
    ";;Experiments (*.toml);;Tables (*.csv *.tsv *.txt);;Arrays (*.npy *.npz)"
    ";;Weights (*.safetensors *.pt *.pth)"
)

SPECS = (
    ActionSpec("file.new", "New...", "File", "Choose what to begin with", ("New",), "plus"),
    ActionSpec(
        "file.open",
        "Open...",
        "File",
        "Open an experiment, a table, arrays, or weights",
        ("Open",),
        "open",
    ),
    ActionSpec(
        "file.open_folder",
        "Open a folder of images...",
        "File",
        "Learn to tell one's own images apart: a folder with one folder a class",
    ),
    ActionSpec(
        "file.save",
        "Save experiment...",
        "File",
        "Write down the run, so that it can be repeated number for number (TOML)",
        ("Save",),
        "save",
        begins_group=True,
    ),
    ActionSpec(
        "file.quit",
        "Quit",
        "File",
        "Close, without a question: layout and run are kept and come back at the next start. "
        "Trained weights are not kept; a replay makes them again, number for number",
        ("Ctrl+Q",),
        begins_group=True,
        is_last=True,
    ),
)
